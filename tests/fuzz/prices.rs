//! A user's own prices and a bank's exchange rates: every line is prices, or a fault that names it.

use ledger::prices::file;

use crate::engine::{fuzz, outcome};

#[test]
fn a_price_file_is_read_or_refused_whole() {
    let seeds = [
        &b"date,asset,currency,price\n2024-01-01,BTC,USD,42000.5\n2024-01-02,ETH,EUR,1e-8\n"[..],
        b"\xef\xbb\xbfprice,currency,asset,date\r\n\"1\",usd,btc,2024-02-29\r\n\r\n1,usd,btc,2024-02-29",
        b"date,asset,currency,price\n2024-13-01,,$,-1\n1,2\n",
        b"Date,USD,JPY,\n2024-01-03,1.0919,N/A,\n2024-01-02,1.0956,155.68,\n",
    ];
    fuzz("price file", seeds.map(<[u8]>::to_vec).to_vec(), check);
}

fn check(file: &[u8]) -> u64 {
    match file::parse(file) {
        Ok(prices) => {
            assert!(prices.len() < file.len(), "{} prices", prices.len());
            let positive = |price: &domain::money::Decimal| !price.is_negative();
            assert!(
                prices
                    .iter()
                    .all(|row| row.price.as_ref().is_some_and(positive))
            );
            outcome(prices.len().min(40))
        }
        Err(problem) => {
            let said = format!("{problem:?}");
            assert!(said.len() < 100_000, "{} bytes", said.len());
            outcome(
                said.chars()
                    .filter(char::is_ascii_alphabetic)
                    .take(200)
                    .collect::<String>(),
            )
        }
    }
}
