//! What a run shows: a summary a person understands, or one JSON document. It is read from the
//! ledger's own exports, so it says what the files say.

mod show;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use domain::money::{ArithmeticError, Decimal};
use serde::{Deserialize, Serialize};

use super::Failure;
use super::outputs::Outputs;
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
    year: String,
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
}

/// The summary's years with the gains that the disposals show.
fn years(totals: &[YearTotals], disposals: &[Disposal]) -> Result<Vec<Year>, Failure> {
    let of_year = |totals: &YearTotals| {
        let mut year = Year {
            year: totals.name.clone(),
            income: totals.income.clone(),
            unpriced: totals.unpriced,
            gain_short: Decimal::ZERO,
            gain_long: Decimal::ZERO,
            gain: Decimal::ZERO,
        };
        for disposal in disposals
            .iter()
            .filter(|disposal| (&totals.from..=&totals.to).contains(&&disposal.date))
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
            "years": [{"year": 2023, "name": "2023/24", "from": "2023-01-02", "to": "2023-12-31", "gain_short": "1234.565", "gain_long": "-5", "gain_reported": "1229.57", "income": "0", "unpriced": 1}],
        });
        std::fs::write(outputs.path("summary.json"), summary.to_string()).unwrap();
        std::fs::write(
            outputs.path("transfers.csv"),
            "withdrawal_id,deposit_id\na,b\n",
        )
        .unwrap();
        std::fs::write(outputs.path("disposals.csv"), "id,date,gain_reported,gain_long_reported\nw,2023-01-01,99.00,0.00\nx,2023-01-02,1234.57,0.00\ny,2023-05-01,-5.01,-5.01\nz,2023-06-01,,\n").unwrap();
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
            "1 transfer matched, 4 disposals; fifo cost, amounts in USD",
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
        assert_eq!(json["years"][0]["year"], "2023/24");
        assert_eq!(json["holdings"][0]["asset"], "BTC");
    }
}
