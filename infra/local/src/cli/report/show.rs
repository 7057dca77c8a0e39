//! The report as people read it: what became of the files, the years, the holdings, what to look at.

use domain::money::Decimal;

use super::super::outputs::Outputs;
use super::super::table::{count, money, table};
use super::{FileReport, Holding, Report, Year};
use crate::client::Segments;

impl Report {
    /// Tables.
    pub(in crate::cli) fn text(&self) -> String {
        let mut text = String::from("\n");
        for file in &self.files {
            text.push_str(&file.line());
        }
        text.push_str(&format!(
            "{}, {}; {} cost, amounts in {}\n\n",
            many(
                self.transfers_matched,
                "transfer matched",
                "transfers matched"
            ),
            many(self.disposals, "disposal", "disposals"),
            self.method,
            self.base,
        ));
        let tables = [self.years(), self.holdings(), self.issues()];
        let shown: Vec<String> = tables.into_iter().flatten().collect();
        text.push_str(&shown.join("\n"));
        if let Some(out) = &self.out {
            let names = Outputs::names().join(", ");
            text.push_str(&format!("\nwritten to {}: {names}\n", out.display()));
        }
        text
    }

    fn years(&self) -> Option<String> {
        let unpriced = self.years.iter().any(|year| year.unpriced > 0);
        let row = |year: &Year| {
            let mut row = vec![
                year.year.clone(),
                money(&year.gain_short),
                money(&year.gain_long),
                money(&year.gain),
                year.income
                    .as_deref()
                    .map_or_else(|| "?".to_owned(), amount),
            ];
            row.extend(unpriced.then(|| count(year.unpriced)));
            row
        };
        let mut headings = vec![
            "Tax year",
            ">Short-term gain",
            ">Long-term gain",
            ">Gain",
            ">Income",
        ];
        headings.extend(unpriced.then_some(">Unpriced rows"));
        let rows: Vec<_> = self.years.iter().map(row).collect();
        (!rows.is_empty()).then(|| table(&headings, rows))
    }

    fn holdings(&self) -> Option<String> {
        let row = |holding: &Holding| {
            vec![
                holding.asset.clone(),
                holding.quantity.clone(),
                amount(&holding.cost_basis),
                amount(&holding.average_cost),
            ]
        };
        let held = self
            .holdings
            .iter()
            .filter(|holding| holding.quantity != "0");
        let rows: Vec<_> = held.map(row).collect();
        (!rows.is_empty()).then(|| {
            table(
                &["Holding", ">Quantity", ">Cost basis", ">Average cost"],
                rows,
            )
        })
    }

    fn issues(&self) -> Option<String> {
        let row = |(code, number): (&String, &u64)| {
            vec![code.clone(), count(*number), meaning(code).to_owned()]
        };
        let rows: Vec<_> = self.issues.iter().map(row).collect();
        (!rows.is_empty()).then(|| table(&["To look at", ">Rows", "What it means"], rows))
    }
}

impl FileReport {
    /// `first.csv: 26 rows accepted, 1 rejected; 3 of 5 segments computed`.
    fn line(&self) -> String {
        let mut line = format!(
            "{}: {} rows accepted",
            self.file.display(),
            count(self.counts.accepted)
        );
        let others = [
            (self.counts.duplicate, "duplicate"),
            (self.counts.rejected, "rejected"),
            (self.counts.ignored, "blank"),
        ];
        for (number, what) in others.into_iter().filter(|(number, _)| *number > 0) {
            line.push_str(&format!(", {} {what}", count(number)));
        }
        if let Some(Segments { total, recomputed }) = self.segments {
            line.push_str(&format!("; {recomputed} of {total} segments computed"));
        }
        line + "\n"
    }
}

/// `1 disposal`, `2 disposals`.
fn many(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}

/// An amount as people read it; what is no number stays as it is.
fn amount(text: &str) -> String {
    text.parse::<Decimal>()
        .map_or_else(|_| text.to_owned(), |amount| money(&amount))
}

/// What a user should know about an issue.
fn meaning(code: &str) -> &'static str {
    match code {
        "missing_cost_basis" => "more was disposed of than was there; the missing part cost 0",
        "negative_balance" => "an account fell under zero: a row is missing or on another account",
        "unpriced" => "no price: the row's value is in no total",
        "unmatched_deposit" => "no withdrawal was found for it: taken as bought at its value",
        "unmatched_withdrawal" => "no deposit was found for it: taken as sold at its value",
        "duplicate" => "repeats an earlier row: kept, without effect",
        "same_content_other_id" => "the same content stands under another ID: both count",
        "overflow" => "too many digits to be exact",
        "value_mismatch" => {
            "what was sent and what was received differ in value: check the amounts"
        }
        "price_outlier" => "Net Worth is far off the price: check one or the other",
        _ => "",
    }
}
