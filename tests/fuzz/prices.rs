//! A user's own prices: every line is a price or a fault that names it.

use ledger::price_file;

use crate::engine::{fuzz, outcome};

#[test]
fn a_price_file_is_read_or_refused_whole() {
    let seeds = [
        &b"date,asset,currency,price\n2024-01-01,BTC,USD,42000.5\n2024-01-02,ETH,EUR,1e-8\n"[..],
        b"\xef\xbb\xbfprice,currency,asset,date\r\n\"1\",usd,btc,2024-02-29\r\n\r\n1,usd,btc,2024-02-29",
        b"date,asset,currency,price\n2024-13-01,,$,-1\n1,2\n",
    ];
    fuzz("price file", seeds.map(<[u8]>::to_vec).to_vec(), check);
}

fn check(file: &[u8]) -> u64 {
    let lines = file.split(|byte| *byte == b'\n').count();
    match price_file::parse(file) {
        Ok(prices) => {
            assert!(prices.len() < lines, "{} prices", prices.len());
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
