//! Exchange rates as the European Central Bank publishes them (`eurofxref-hist.csv`):
//! `Date,USD,JPY,...`, a line per working day, units of each currency for one euro, `N/A` or nothing
//! where there is no rate, a comma at the end of each line.
//!
//! A rate is kept as the price of EUR in the currency, under the source `ecb`. Columns of currencies
//! that are no longer any country's (CYP, SIT) are checked and not kept: no row can have a leg in
//! them. Source of the form: the ECB's page "Euro foreign exchange reference rates".

use std::collections::HashMap;

use domain::asset::Asset;
use domain::money::Decimal;
use domain::prices::ECB;
use domain::quote::quote;
use domain::time::Day;
use lambda::problem::{Fault, Problem};
use ports::tables::DayPrice;

use super::file::{amount, cells, day, no_prices};

/// Faults that are told at once: a file of another form has one in every cell.
const MAX_FAULTS: usize = 100;

/// Whether a header is that of a rates file: `Date` and three-letter codes.
pub(crate) fn is_header(header: &str) -> bool {
    let mut names = columns_of(header).into_iter();
    let dated = names
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("date"));
    let code = |name: &str| name.len() == 3 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    dated && names.len() > 0 && names.all(code)
}

/// Reads the lines behind the header.
///
/// # Errors
/// 400 with the first lines and columns that are wrong.
pub(crate) fn parse<'a>(
    (number, header): (u64, &str),
    lines: impl Iterator<Item = (u64, &'a str)>,
) -> Result<Vec<DayPrice>, Problem> {
    let mut file = RatesFile::new(number, header)?;
    for (number, line) in lines {
        file.line(number, line);
        if file.faults.len() >= MAX_FAULTS {
            break;
        }
    }
    file.finish()
}

/// The cells of a line without the empty one behind the comma at its end.
fn columns_of(line: &str) -> Vec<&str> {
    let mut cells: Vec<&str> = cells(line).collect();
    if cells.last().is_some_and(|cell| cell.is_empty()) {
        cells.pop();
    }
    cells
}

/// What has been read so far.
struct RatesFile {
    /// Fields of a line, the date and the empty one at the end included.
    columns: usize,
    /// The columns behind the date.
    currencies: Vec<Asset>,
    /// The line of each day.
    seen: HashMap<Day, u64>,
    rates: Vec<DayPrice>,
    faults: Vec<Fault>,
}

impl RatesFile {
    fn new(number: u64, header: &str) -> Result<Self, Problem> {
        let mut currencies: Vec<Asset> = Vec::new();
        for name in columns_of(header).into_iter().skip(1) {
            let currency: Asset = name.parse().map_err(|error: domain::ids::InvalidName| {
                Problem::invalid(vec![Fault::cell(number, Some(name), error.to_string())])
            })?;
            if currencies.contains(&currency) {
                let detail = format!("the header names {currency} twice; keep one column");
                return Err(Problem::invalid(vec![Fault::cell(
                    number,
                    Some(name),
                    detail,
                )]));
            }
            currencies.push(currency);
        }
        Ok(Self {
            columns: cells(header).count(),
            currencies,
            seen: HashMap::new(),
            rates: Vec::new(),
            faults: Vec::new(),
        })
    }

    fn line(&mut self, number: u64, line: &str) {
        let mut cells = cells(line);
        let day = match day(cells.next().unwrap_or_default()) {
            Ok(day) => day,
            Err(detail) => return self.fault(number, Some("Date"), detail),
        };
        let rates: Vec<&str> = cells.collect();
        if rates.len() + 1 != self.columns
            || rates
                .iter()
                .skip(self.currencies.len())
                .any(|cell| !cell.is_empty())
        {
            let (found, expected) = (rates.len() + 1, self.columns);
            let detail = format!("has {found} fields where the header has {expected}");
            return self.fault(number, None, detail);
        }
        if let Some(earlier) = self.seen.insert(day, number) {
            let detail = format!("line {earlier} is of the same day; keep one");
            return self.fault(number, Some("Date"), detail);
        }
        let named: Vec<(Asset, &str)> = self
            .currencies
            .iter()
            .cloned()
            .zip(rates.iter().copied())
            .collect();
        for (currency, text) in named {
            self.rate(number, day, currency, text);
        }
    }

    fn rate(&mut self, number: u64, day: Day, currency: Asset, text: &str) {
        if text.is_empty() || text.eq_ignore_ascii_case("n/a") {
            return;
        }
        match positive(text) {
            Ok(rate) if currency.is_fiat() => self.rates.push(DayPrice {
                asset: Asset::eur(),
                quote: currency,
                day,
                price: Some(rate),
                source: ECB.to_owned(),
            }),
            Ok(_) => {}
            Err(detail) => self.fault(number, Some(currency.as_str()), detail),
        }
    }

    fn fault(&mut self, line: u64, column: Option<&str>, detail: String) {
        self.faults.push(Fault::cell(line, column, detail));
    }

    fn finish(self) -> Result<Vec<DayPrice>, Problem> {
        if !self.faults.is_empty() {
            return Err(Problem::invalid(self.faults));
        }
        if self.rates.is_empty() {
            return Err(no_prices(
                "the body has a header of currencies and no rates",
            ));
        }
        Ok(self.rates)
    }
}

/// Other currencies are divided by a rate, so none is 0.
fn positive(text: &str) -> Result<Decimal, String> {
    let rate = amount(text)?;
    if rate.is_zero() {
        return Err(format!(
            "{} is no rate; it is more than 0, or N/A where there is none",
            quote(text)
        ));
    }
    Ok(rate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::super::file::parse;

    /// `day asset in quote = price, source` of everything read.
    fn read(body: &str) -> Vec<String> {
        let prices = parse(body.as_bytes()).unwrap().into_iter();
        let shown = prices.map(|it| {
            let price = it.price.unwrap();
            format!(
                "{} {} in {} = {price}, {}",
                it.day, it.asset, it.quote, it.source
            )
        });
        shown.collect()
    }

    fn faults(body: &str) -> Vec<(u64, Option<String>)> {
        let errors = serde_json::to_value(parse(body.as_bytes()).unwrap_err().errors).unwrap();
        let place = |fault: &serde_json::Value| {
            let column = fault["column"].as_str().map(str::to_owned);
            (fault["line"].as_u64().unwrap(), column)
        };
        errors.as_array().unwrap().iter().map(place).collect()
    }

    #[test]
    fn the_banks_file_is_read_newest_first_with_gaps_and_a_comma_at_the_end() {
        let body = "Date,USD,CYP,GBP,\n2021-02-02,1.2044,N/A,0.88,\n2021-02-01,1.2084,0.58,,\n";
        let expected = [
            "2021-02-02 EUR in USD = 1.2044, ecb",
            "2021-02-02 EUR in GBP = 0.88, ecb",
            "2021-02-01 EUR in USD = 1.2084, ecb",
        ];
        assert_eq!(read(body), expected);
    }

    #[test]
    fn windows_ends_spaces_a_mark_and_a_missing_comma_change_nothing() {
        let body = "\u{feff}Date, usd , GBP\r\n\r\n2021-02-02, 1.2044, 0.88\r\n";
        assert_eq!(read(body).len(), 2);
    }

    #[test]
    fn every_bad_line_and_column_is_named() {
        let body = "Date,USD,CYP,\n02/01/2021,1,1,\n2021-02-02,1,\n2021-02-03,0,x,\n2021-02-04,1,1,9,\n2021-02-05,1,,\n2021-02-05,1,,\n2021-02-06,-1,,\n";
        let column = |name: &str| Some(name.to_owned());
        let expected = [
            (2, column("Date")),
            (3, None),
            (4, column("USD")),
            (4, column("CYP")),
            (5, None),
            (7, column("Date")),
            (8, column("USD")),
        ];
        assert_eq!(faults(body), expected);
    }

    #[test]
    fn a_file_without_rates_and_a_currency_named_twice_are_refused() {
        for body in ["Date,USD,\n", "Date,USD,\n2021-02-02,N/A,\n"] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().code, "no_prices");
        }
        assert_eq!(faults("Date,USD,usd,\n"), [(1, Some("usd".to_owned()))]);
    }

    #[test]
    fn a_file_of_another_form_is_not_told_fault_by_fault_without_end() {
        let body = format!("Date,USD,\n{}", "x,y,\n".repeat(10_000));
        assert_eq!(faults(&body).len(), super::MAX_FAULTS);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let body = [b"Date,USD,GBP,\n2021-02-02,1,2,\n".as_slice(), &body].concat();
            if let Ok(rates) = parse(&body) {
                prop_assert!(rates.iter().all(|rate| rate.price.as_ref().is_some_and(|it| !it.is_zero())));
            }
        }
    }
}
