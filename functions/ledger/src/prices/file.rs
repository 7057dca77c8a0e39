//! The user's own prices as CSV: `date,asset,currency,price`, all or nothing. A file whose header is
//! that of a rates file is read as one (`rates`).
//!
//! No field of a price can hold a comma, a quote or a line end, so a line is a record and its number
//! is the line's. Quotes around a whole field are taken off.

use std::collections::HashMap;

use domain::asset::Asset;
use domain::money::Decimal;
use domain::prices::OWN;
use domain::quote::quote;
use domain::time::Day;
use lambda::problem::{Fault, Problem};
use ports::tables::DayPrice;

use super::rates;

/// The columns, in any order.
const COLUMNS: [&str; 4] = ["date", "asset", "currency", "price"];

/// Reads a price file.
///
/// # Errors
/// 400 with every line and column that is wrong.
pub fn parse(body: &[u8]) -> Result<Vec<DayPrice>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, error))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    let Some((number, header)) = lines.next() else {
        return Err(no_prices(
            "the body is empty; send lines of date,asset,currency,price, or a rates file of the ECB",
        ));
    };
    if rates::is_header(header) {
        return rates::parse((number, header), lines);
    }
    let order = columns(number, header).map_err(|fault| Problem::invalid(vec![fault]))?;
    let mut file = PriceFile::default();
    for (number, line) in lines {
        file.line(number, line, order);
    }
    file.finish()
}

fn not_utf8(body: &[u8], error: std::str::Utf8Error) -> Problem {
    let before = body.get(..error.valid_up_to()).unwrap_or_default();
    let line = before.split(|byte| *byte == b'\n').count() as u64;
    Problem::invalid(vec![Fault::cell(
        line,
        None,
        "the text is not valid UTF-8; save the file as UTF-8",
    )])
}

/// Where each of `COLUMNS` stands.
fn columns(line: u64, header: &str) -> Result<[usize; 4], Fault> {
    let names: Vec<String> = cells(header).map(str::to_ascii_lowercase).collect();
    let mut order = [0; 4];
    for (place, column) in order.iter_mut().zip(COLUMNS) {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == column);
        match (found.next(), found.next()) {
            (Some((at, _)), None) if names.len() == COLUMNS.len() => *place = at,
            _ => {
                return Err(Fault::cell(
                    line,
                    None,
                    format!(
                        "the header must be {}, or Date and the currencies of a rates file of the ECB",
                        COLUMNS.join(",")
                    ),
                ));
            }
        }
    }
    Ok(order)
}

pub(crate) fn no_prices(detail: &str) -> Problem {
    Problem::bad_request("no_prices", detail)
}

pub(crate) fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| {
        let cell = cell.trim();
        cell.strip_prefix('"')
            .and_then(|cell| cell.strip_suffix('"'))
            .unwrap_or(cell)
            .trim()
    })
}

/// What has been read so far.
#[derive(Default)]
struct PriceFile {
    prices: Vec<DayPrice>,
    /// Line and place in `prices` of each key.
    seen: HashMap<(Day, Asset, Asset), (u64, usize)>,
    faults: Vec<Fault>,
}

impl PriceFile {
    fn line(&mut self, number: u64, line: &str, order: [usize; 4]) {
        let cells: Vec<&str> = cells(line).collect();
        if cells.len() != COLUMNS.len() {
            let detail = format!(
                "has {} fields where the header has {}",
                cells.len(),
                COLUMNS.len()
            );
            self.faults.push(Fault::cell(number, None, detail));
            return;
        }
        let [date, asset, currency, price] =
            order.map(|place| cells.get(place).copied().unwrap_or_default());
        let day = self.checked(number, "date", day(date));
        let asset = self.checked(
            number,
            "asset",
            asset.parse::<Asset>().map_err(|error| error.to_string()),
        );
        let quote = self.checked(
            number,
            "currency",
            currency.parse::<Asset>().map_err(|error| error.to_string()),
        );
        let price = self.checked(number, "price", amount(price));
        if let (Some(day), Some(asset), Some(quote), Some(price)) = (day, asset, quote, price) {
            self.price(
                number,
                DayPrice {
                    asset,
                    quote,
                    day,
                    price: Some(price),
                    source: OWN.to_owned(),
                },
            );
        }
    }

    fn checked<T>(&mut self, line: u64, column: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|detail| self.faults.push(Fault::cell(line, Some(column), detail)))
            .ok()
    }

    /// The same price twice is no harm; two prices of one day are a contradiction.
    fn price(&mut self, line: u64, price: DayPrice) {
        let key = (price.day, price.asset.clone(), price.quote.clone());
        match self.seen.get(&key) {
            None => {
                self.seen.insert(key, (line, self.prices.len()));
                self.prices.push(price);
            }
            Some((earlier, at)) => {
                if self.prices.get(*at) != Some(&price) {
                    let detail = format!(
                        "line {earlier} has another price for the same date, asset and currency; keep one"
                    );
                    self.faults.push(Fault::cell(line, Some("price"), detail));
                }
            }
        }
    }

    fn finish(self) -> Result<Vec<DayPrice>, Problem> {
        if !self.faults.is_empty() {
            return Err(Problem::invalid(self.faults));
        }
        if self.prices.is_empty() {
            return Err(no_prices("the body has a header and no prices"));
        }
        Ok(self.prices)
    }
}

pub(crate) fn day(text: &str) -> Result<Day, String> {
    let plain = text.len() == "2024-12-31".len();
    let date = plain
        .then(|| text.parse::<jiff::civil::Date>().ok())
        .flatten();
    date.map(Day::of)
        .ok_or_else(|| format!("{} is not a date; write it as 2024-12-31", quote(text)))
}

pub(crate) fn amount(text: &str) -> Result<Decimal, String> {
    match Decimal::parse_amount(text) {
        Ok(price) if price.is_negative() => {
            Err(format!("{} is negative; a price is 0 or more", quote(text)))
        }
        Ok(price) => Ok(price),
        Err(error) => Err(format!(
            "{} {error}; write digits with a point, e.g. 1234.56",
            quote(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn faults(body: &str) -> Vec<(u64, Option<String>)> {
        let errors = serde_json::to_value(parse(body.as_bytes()).unwrap_err().errors).unwrap();
        let place = |fault: &serde_json::Value| {
            (
                fault["line"].as_u64().unwrap(),
                fault["column"].as_str().map(str::to_owned),
            )
        };
        errors.as_array().unwrap().iter().map(place).collect()
    }

    #[test]
    fn a_file_is_read_in_any_order_of_columns() {
        let prices = parse(
            b"\xef\xbb\xbfPrice, Asset ,currency,\"date\"\r\n33500.00,btc,USD,2021-02-01\r\n\r\n",
        )
        .unwrap();
        assert_eq!(prices.len(), 1);
        assert_eq!(
            (prices[0].asset.as_str(), prices[0].day.to_string()),
            ("BTC", "2021-02-01".to_owned())
        );
        assert_eq!(prices[0].price.as_ref().unwrap().to_string(), "33500");
        assert_eq!(prices[0].source, "own");
    }

    #[test]
    fn every_bad_line_and_column_is_named() {
        let body = "date,asset,currency,price\n2021-02-01,BTC,USD,1\n01/02/2021,,USD,1\n\n2021-02-02,BTC,USD\n2021-02-03,BTC,USD,-1\n2021-02-03,BTC,USD,\"1e2x\"\n";
        let column = |name: &str| Some(name.to_owned());
        assert_eq!(
            faults(body),
            [
                (3, column("date")),
                (3, column("asset")),
                (5, None),
                (6, column("price")),
                (7, column("price"))
            ]
        );
    }

    #[test]
    fn two_prices_of_a_day_are_a_contradiction_and_the_same_twice_is_none() {
        let body = "date,asset,currency,price\n2021-02-01,BTC,USD,1\n2021-02-01,BTC,USD,1.0\n2021-02-01,BTC,EUR,2\n";
        assert_eq!(parse(body.as_bytes()).unwrap().len(), 2);
        assert_eq!(
            faults(&format!("{body}2021-02-01,BTC,USD,3\n")),
            [(5, Some("price".to_owned()))]
        );
    }

    #[test]
    fn a_file_without_prices_or_header_is_refused() {
        assert_eq!(parse(b"").unwrap_err().code, "no_prices");
        assert_eq!(
            parse(b"date,asset,currency,price\n").unwrap_err().code,
            "no_prices"
        );
        for header in [
            "date,asset,price",
            "date,asset,currency,price,note",
            "date,date,currency,price",
        ] {
            assert_eq!(faults(&format!("{header}\n")), [(1, None)]);
        }
        let problem = parse(b"date,asset,currency,price\n\xff").unwrap_err();
        assert!(problem.errors[0].detail.contains("UTF-8"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let with_header = [b"date,asset,currency,price\n".as_slice(), &body].concat();
            prop_assert!(parse(&body).is_err() || !body.is_empty());
            let _ = parse(&with_header).is_ok();
        }
    }
}
