//! What a run shows: a summary a person understands, or one JSON document. It is read from the
//! ledger's own exports, so it says what the files say.

use std::fs::File;
use std::path::{Path, PathBuf};

use domain::money::Decimal;
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
    counts: Counts,
    transfers_matched: u64,
    disposals: u64,
    summary: Summary,
    holdings: Vec<Holding>,
    files: Vec<FileReport>,
    out: Option<PathBuf>,
}

/// A line of `holdings.csv`.
#[derive(Debug, Serialize, Deserialize)]
struct Holding {
    asset: String,
    quantity: String,
    cost_basis: String,
    average_cost: String,
}

#[derive(Debug, Serialize)]
struct FileReport {
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
        Ok(Self {
            ledger: ledger.to_owned(),
            counts,
            transfers_matched: lines(&outputs.path("transfers.csv"))?,
            disposals: lines(&outputs.path("disposals.csv"))?,
            summary: summary(&outputs.path("summary.json"))?,
            holdings: records(&outputs.path("holdings.csv"))?,
            files: files.into_iter().map(FileReport::of).collect(),
            out: outputs.kept().map(PathBuf::from),
        })
    }

    /// What went well but should be looked at.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all: Vec<String> = self.files.iter().flat_map(FileReport::warnings).collect();
        if self.summary.incomplete {
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
            "{} transfers matched, {} disposals, {} cost, amounts in {}\n\n",
            count(self.transfers_matched),
            count(self.disposals),
            self.summary.method,
            self.summary.base,
        ));
        let tables = [self.years(), self.holdings(), self.issues()];
        let shown: Vec<String> = tables.into_iter().flatten().collect();
        text.push_str(&shown.join("\n"));
        if let Some(out) = &self.out {
            text.push_str(&format!(
                "\nEvery row, disposal, transfer, issue and reject: {}\n",
                out.display()
            ));
        }
        text
    }

    fn years(&self) -> Option<String> {
        let amount = |text: &Option<String>| text.as_deref().map_or_else(|| "?".to_owned(), amount);
        let row = |year: &YearTotals| {
            let unpriced = if year.unpriced == 0 {
                String::new()
            } else {
                count(year.unpriced)
            };
            vec![
                year.year.to_string(),
                amount(&year.gain_short),
                amount(&year.gain_long),
                amount(&year.gain_reported),
                amount(&year.income),
                unpriced,
            ]
        };
        let headings = [
            "Tax year",
            ">Short-term gain",
            ">Long-term gain",
            ">Gain",
            ">Income",
            ">Unpriced rows",
        ];
        let rows: Vec<_> = self.summary.years.iter().map(row).collect();
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
        let rows: Vec<_> = self.holdings.iter().map(row).collect();
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
        let rows: Vec<_> = self.summary.counts.issues.iter().map(row).collect();
        (!rows.is_empty()).then(|| table(&["To look at", ">Rows", "What it means"], rows))
    }
}

impl FileReport {
    fn of(outcome: FileOutcome) -> Self {
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
        std::fs::write(outputs.path("disposals.csv"), "id,asset\nx,BTC\ny,BTC\n").unwrap();
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
            "1 transfers matched, 2 disposals, fifo cost, amounts in USD",
            "1,234.56",
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
        assert_eq!(json["summary"]["years"][0]["year"], 2023);
        assert_eq!(json["holdings"][0]["asset"], "BTC");
    }
}
