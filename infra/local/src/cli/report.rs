//! What a run shows: a summary a person understands, or one JSON document. It is read from the
//! ledger's own exports, so it says what the files say.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use domain::money::{ArithmeticError, Decimal};
use serde::{Deserialize, Serialize};

use super::Failure;
use super::outputs::Outputs;
use super::table::{count, money, table};
use crate::client::{Counts, JobAnswer, Segments, Summary, YearTotals};

/// One file of the command line and its job's end.
#[derive(Debug)]
pub(super) struct FileOutcome {
    /// The file.
    pub(super) file: PathBuf,
    /// The same content was in the ledger before this run.
    pub(super) known_before: bool,
    /// Its job.
    pub(super) job: JobAnswer,
}

/// What a run shows.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    ledger: String,
    base: String,
    method: String,
    /// A value is missing somewhere; the totals leave it out.
    incomplete: bool,
    counts: Counts,
    transfers_matched: u64,
    disposals: u64,
    years: Vec<Year>,
    holdings: Vec<Holding>,
    issues: BTreeMap<String, u64>,
    files: Vec<FileReport>,
    out: Option<PathBuf>,
}

/// A tax year. Gains are the sums of what each disposal shows, rounded to 0.01, so that they add up.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Year {
    year: i64,
    gain_short: Decimal,
    gain_long: Decimal,
    gain: Decimal,
    income: Option<String>,
    unpriced: u64,
}

/// A line of `disposals.csv`, as much of it as is summed; a gain is empty where it has no price.
#[derive(Debug, Deserialize)]
struct Disposal {
    date: String,
    gain_reported: Option<Decimal>,
    gain_long_reported: Option<Decimal>,
}

/// A line of `holdings.csv`.
#[derive(Debug, Serialize, Deserialize)]
struct Holding {
    asset: String,
    quantity: String,
    cost_basis: String,
    average_cost: String,
}

/// What became of one file.
#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    file: PathBuf,
    job_id: String,
    state: String,
    known_before: bool,
    counts: Counts,
    segments: Option<Segments>,
    warnings: Vec<String>,
}

impl Report {
    /// Reads the exports that were downloaded.
    pub(super) fn read(
        ledger: &str,
        files: Vec<FileOutcome>,
        outputs: &Outputs,
    ) -> Result<Self, Failure> {
        let mut counts = Counts::default();
        for file in &files {
            counts.add(&file.job.counts);
        }
        let summary = summary(&outputs.path("summary.json"))?;
        let disposals: Vec<Disposal> = records(&outputs.path("disposals.csv"))?;
        Ok(Self {
            ledger: ledger.to_owned(),
            counts,
            transfers_matched: lines(&outputs.path("transfers.csv"))?,
            disposals: disposals.len() as u64,
            years: years(&summary.years, &disposals)?,
            holdings: records(&outputs.path("holdings.csv"))?,
            base: summary.base,
            method: summary.method,
            incomplete: summary.incomplete,
            issues: summary.counts.issues,
            files: files.into_iter().map(FileReport::of).collect(),
            out: outputs.kept().map(PathBuf::from),
        })
    }

    /// What went well but should be looked at.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all: Vec<String> = self.files.iter().flat_map(FileReport::warnings).collect();
        if self.incomplete {
            all.push(
                "some rows have no value: the totals are incomplete; give prices with --prices"
                    .to_owned(),
            );
        }
        all
    }

    /// One JSON document.
    pub(super) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|error| Failure::failed(format!("the report: {error}")))
    }

    /// Tables.
    pub(super) fn text(&self) -> String {
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
                year.year.to_string(),
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
    /// The report of a file whose job has ended.
    pub(super) fn of(outcome: FileOutcome) -> Self {
        let FileOutcome {
            file,
            known_before,
            job,
        } = outcome;
        Self {
            file,
            job_id: job.job_id,
            state: job.state,
            known_before,
            counts: job.counts,
            segments: job.segments,
            warnings: job
                .warnings
                .into_iter()
                .map(|warning| warning.message)
                .collect(),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let name = self.file.display();
        let known = self
            .known_before
            .then(|| format!("{name}: the same content was in the ledger before"));
        let told = self
            .warnings
            .iter()
            .map(|warning| format!("{name}: {warning}"));
        known.into_iter().chain(told).collect()
    }

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

/// The summary's years with the gains that the disposals show.
fn years(totals: &[YearTotals], disposals: &[Disposal]) -> Result<Vec<Year>, Failure> {
    let of_year = |totals: &YearTotals| {
        let mut year = Year {
            year: totals.year,
            income: totals.income.clone(),
            unpriced: totals.unpriced,
            gain_short: Decimal::ZERO,
            gain_long: Decimal::ZERO,
            gain: Decimal::ZERO,
        };
        let prefix = format!("{:04}-", totals.year);
        for disposal in disposals
            .iter()
            .filter(|disposal| disposal.date.starts_with(&prefix))
        {
            year.add(disposal)?;
        }
        Ok(year)
    };
    let sums: Result<_, ArithmeticError> = totals.iter().map(of_year).collect();
    sums.map_err(|error| Failure::failed(format!("the gains of a year: {error}")))
}

impl Year {
    fn add(&mut self, disposal: &Disposal) -> Result<(), ArithmeticError> {
        let (Some(gain), Some(long)) = (&disposal.gain_reported, &disposal.gain_long_reported)
        else {
            return Ok(());
        };
        self.gain = self.gain.plus(gain)?;
        self.gain_long = self.gain_long.plus(long)?;
        self.gain_short = self.gain.minus(&self.gain_long)?;
        Ok(())
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
        _ => "",
    }
}

fn summary(path: &Path) -> Result<Summary, Failure> {
    let file = File::open(path).map_err(|error| odd(path, &error))?;
    serde_json::from_reader(std::io::BufReader::new(file)).map_err(|error| odd(path, &error))
}

fn records<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failure> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| odd(path, &error))?;
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| odd(path, &error))
}

/// Records of a CSV, its header left out.
fn lines(path: &Path) -> Result<u64, Failure> {
    let mut record = csv::ByteRecord::new();
    let mut file = csv::Reader::from_path(path).map_err(|error| odd(path, &error))?;
    let mut lines = 0;
    while file
        .read_byte_record(&mut record)
        .map_err(|error| odd(path, &error))?
    {
        lines += 1;
    }
    Ok(lines)
}

fn odd(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn report() -> Report {
        let folder = tempfile::tempdir().unwrap();
        let outputs = Outputs::new(Some(folder.path())).unwrap();
        let summary = serde_json::json!({
            "base": "USD", "method": "fifo", "incomplete": true,
            "counts": {"transactions": 3, "duplicates": 0, "issues": {"unpriced": 1}},
            "years": [{"year": 2023, "gain_short": "1234.565", "gain_long": "-5", "gain_reported": "1229.57", "income": "0", "unpriced": 1}],
        });
        std::fs::write(outputs.path("summary.json"), summary.to_string()).unwrap();
        std::fs::write(
            outputs.path("transfers.csv"),
            "withdrawal_id,deposit_id\na,b\n",
        )
        .unwrap();
        std::fs::write(outputs.path("disposals.csv"), "id,date,gain_reported,gain_long_reported\nx,2023-01-01,1234.57,0.00\ny,2023-05-01,-5.01,-5.01\nz,2023-06-01,,\n").unwrap();
        let holdings =
            "asset,quantity,cost_basis,average_cost,balances\nBTC,0.5,8500,17000,Kraken 0.5\n";
        std::fs::write(outputs.path("holdings.csv"), holdings).unwrap();
        let job = serde_json::json!({
            "job_id": "0190", "state": "completed_with_warnings", "counts": {"total": 4, "accepted": 3, "rejected": 1},
            "warnings": [{"code": "rejected_records", "message": "1 of 4 records were refused"}],
            "segments": {"total": 2, "recomputed": 1},
        });
        let job = serde_json::from_value(job).unwrap();
        Report::read(
            "main",
            vec![FileOutcome {
                file: "a.csv".into(),
                known_before: false,
                job,
            }],
            &outputs,
        )
        .unwrap()
    }

    #[test]
    fn the_text_says_what_a_user_asks_first() {
        let text = report().text();
        for said in [
            "a.csv: 3 rows accepted, 1 rejected; 1 of 2 segments computed",
            "1 transfer matched, 3 disposals; fifo cost, amounts in USD",
            "1,234.57",
            "-5.01",
            "1,229.56",
            "17,000.00",
            "no price: the row's value is in no total",
        ] {
            assert!(text.contains(said), "{said} is not in {text}");
        }
    }

    #[test]
    fn warnings_name_the_file_and_what_is_incomplete() {
        let warnings = report().warnings();
        assert_eq!(warnings[0], "a.csv: 1 of 4 records were refused");
        assert!(warnings[1].contains("--prices"));
    }

    #[test]
    fn the_json_is_one_document_with_the_counts() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(json["counts"]["accepted"], 3);
        assert_eq!(json["years"][0]["gain_short"], "1234.57");
        assert_eq!(json["holdings"][0]["asset"], "BTC");
    }
}
