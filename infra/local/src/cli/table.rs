//! Tables for people: amounts stand right, text stands left.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use domain::money::Decimal;

/// A table. The columns whose heading begins with `>` stand right; the sign itself is not shown.
pub(super) fn table(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let right: Vec<bool> = headings
        .iter()
        .map(|heading| heading.starts_with('>'))
        .collect();
    let cell = |(text, right): (String, &bool)| {
        let side = if *right {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        };
        Cell::new(text).set_alignment(side)
    };
    let cells = |texts: Vec<String>| texts.into_iter().zip(&right).map(cell).collect::<Vec<_>>();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let names = headings
        .iter()
        .map(|heading| heading.trim_start_matches('>').to_owned());
    table.set_header(cells(names.collect()));
    for row in rows {
        table.add_row(cells(row));
    }
    format!("{}\n", table.trim_fmt())
}

/// Money as people read it: two places, half-even, a comma between thousands.
pub(super) fn money(amount: &Decimal) -> String {
    let text = amount.rounded(2).to_string();
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    format!("{sign}{}.{cents:0<2}", thousands(whole))
}

/// A count with a comma between thousands.
pub(super) fn count(number: u64) -> String {
    thousands(&number.to_string())
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn money_has_two_places_and_commas() {
        let shown = |text: &str| money(&text.parse().unwrap());
        assert_eq!(shown("1234567.891"), "1,234,567.89");
        assert_eq!(shown("-999.5"), "-999.50");
        assert_eq!(shown("0"), "0.00");
        assert_eq!(shown("-0.004"), "0.00");
        assert_eq!(count(1_000), "1,000");
    }

    #[test]
    fn amounts_stand_right() {
        let text = table(
            &["Asset", ">Gain"],
            vec![
                vec!["BTC".into(), "1".into()],
                vec!["ETH".into(), "1000".into()],
            ],
        );
        assert!(
            text.lines()
                .any(|line| line.contains("BTC") && line.ends_with("    1 │")),
            "{text}"
        );
    }
}
