//! What a run shows: a summary a person understands, or one JSON document.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::money::Decimal;
use serde::Serialize;

use super::Failure;
use super::outputs::Outputs;
use super::table::{count, money, table};
use crate::client::{Client, Counts, Holding, JobAnswer, Summary, SummaryTotal};

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

/// One tax year's totals, each the sum of amounts rounded to 0.01 (the report's rule).
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Year {
    /// Gain on lots that were not held for the long term.
    pub(super) gain_short: Decimal,
    /// Gain on lots held for the long term.
    pub(super) gain_long: Decimal,
    /// Both.
    pub(super) gain: Decimal,
    /// Income.
    pub(super) income: Decimal,
    /// Rows without a price: where it is not 0 the totals are incomplete.
    pub(super) unpriced: u64,
}

/// What a run shows.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    ledger: String,
    base: String,
    method: String,
    counts: Counts,
    transfers: u64,
    disposals: u64,
    years: BTreeMap<i64, Year>,
    holdings: Vec<Holding>,
    issues: BTreeMap<String, u64>,
    files: Vec<FileReport>,
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: PathBuf,
    job_id: String,
    state: String,
    known_before: bool,
    counts: Counts,
    warnings: Vec<String>,
}

impl Report {
    /// Asks the API for the summary and the holdings, and counts the lines of the exports.
    pub(super) async fn read(
        client: &Client,
        ledger: &str,
        files: Vec<FileOutcome>,
        outputs: &Outputs,
    ) -> Result<Self, Failure> {
        let Summary { base, method, totals } = client.summary(ledger).await?;
        let mut counts = Counts::default();
        for file in &files {
            counts.add(&file.job.counts);
        }
        let by_kind = |name: &str, column: &str| tally(&outputs.path(name), column);
        Ok(Self {
            ledger: ledger.to_owned(),
            base,
            method,
            counts,
            transfers: by_kind("transfers.csv", "withdrawal_id")?.values().sum(),
            disposals: by_kind("disposals.csv", "asset")?.values().sum(),
            years: years(&totals)?,
            holdings: client.holdings(ledger).await?,
            issues: by_kind("issues.csv", "code")?,
            files: files.into_iter().map(FileReport::of).collect(),
            out: outputs.kept().map(PathBuf::from),
        })
    }

    /// What went well but should be looked at, each with its file.
    pub(super) fn warnings(&self) -> Vec<String> {
        let of_file = |file: &FileReport| {
            let name = file.file.display().to_string();
            let known = file.known_before.then(|| format!("{name}: the same content was in the ledger before"));
            let told = file.warnings.iter().map(move |warning| format!("{name}: {warning}"));
            known.into_iter().chain(told).collect::<Vec<_>>()
        };
        let mut all: Vec<String> = self.files.iter().flat_map(of_file).collect();
        let unpriced: u64 = self.years.values().map(|year| year.unpriced).sum();
        if unpriced > 0 {
            all.push(format!("{unpriced} rows have no price: the totals are incomplete; give prices with --prices"));
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
        let mut text = format!(
            "\n{} · {} transfers matched · {} disposals · {} cost in {}\n\n",
            counted(&self.counts),
            count(self.transfers),
            count(self.disposals),
            self.method,
            self.base,
        );
        text.push_str(&self.years_table());
        text.push('\n');
        text.push_str(&self.holdings_table());
        if !self.issues.is_empty() {
            text.push('\n');
            text.push_str(&self.issues_table());
        }
        for file in &self.files {
            text.push_str(&format!("\n{}: {}", file.file.display(), counted(&file.counts)));
        }
        if let Some(out) = &self.out {
            text.push_str(&format!("\n\nwritten to {}: transactions, disposals, transfers, issues, holdings, summary, rejects", out.display()));
        }
        text.push('\n');
        text
    }

    fn years_table(&self) -> String {
        let row = |(year, totals): (&i64, &Year)| {
            let gain = [&totals.gain_short, &totals.gain_long, &totals.gain, &totals.income];
            let mut row = vec![year.to_string()];
            row.extend(gain.map(money));
            row.push(if totals.unpriced == 0 { String::new() } else { count(totals.unpriced) });
            row
        };
        let headings = ["Tax year", ">Short-term gain", ">Long-term gain", ">Gain", ">Income", ">Unpriced rows"];
        table(&headings, self.years.iter().map(row).collect())
    }

    fn holdings_table(&self) -> String {
        let row = |holding: &Holding| {
            let shown = |text: &str| text.parse::<Decimal>().map_or_else(|_| text.to_owned(), |amount| money(&amount));
            vec![
                holding.asset.clone(),
                holding.quantity.clone(),
                shown(&holding.cost_basis),
                holding.average_cost.as_deref().map(shown).unwrap_or_default(),
            ]
        };
        let headings = ["Holding", ">Quantity", ">Cost basis", ">Average cost"];
        table(&headings, self.holdings.iter().map(row).collect())
    }

    fn issues_table(&self) -> String {
        let row = |(code, number): (&String, &u64)| vec![code.clone(), count(*number), meaning(code).to_owned()];
        table(&["Issue", ">Rows", "What it means"], self.issues.iter().map(row).collect())
    }
}

impl FileReport {
    fn of(outcome: FileOutcome) -> Self {
        let FileOutcome { file, known_before, job } = outcome;
        Self {
            file,
            job_id: job.job_id,
            state: job.state,
            known_before,
            counts: job.counts,
            warnings: job.warnings.into_iter().map(|warning| warning.message).collect(),
        }
    }
}

fn counted(counts: &Counts) -> String {
    let mut text = format!("{} rows accepted", count(counts.accepted));
    for (number, what) in [
        (counts.duplicate, "duplicate"),
        (counts.rejected, "rejected"),
        (counts.ignored, "blank"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {} {what}", count(number)));
        }
    }
    text
}

fn meaning(code: &str) -> &'static str {
    match code {
        "missing_cost_basis" => "more was disposed of than was there; the missing part cost 0",
        "negative_balance" => "an account fell under zero: a row is missing or stands on another account",
        "unpriced" => "no price; the row counts in no total",
        "unmatched_deposit" => "no withdrawal was found for it; taken as bought at its value",
        "unmatched_withdrawal" => "no deposit was found for it; taken as sold at its value",
        "duplicate" => "repeats an earlier row; kept, without effect",
        "same_content_other_id" => "the same content stands under another ID; both count",
        "overflow" => "too many digits to be exact",
        _ => "",
    }
}

fn years(totals: &[SummaryTotal]) -> Result<BTreeMap<i64, Year>, Failure> {
    let odd = |what: &str| Failure::failed(format!("the summary holds an odd amount: {what}"));
    let amount = |text: &str| text.parse::<Decimal>().map_err(|_| odd(text));
    let sum = |to: &mut Decimal, add: &Decimal| -> Result<(), Failure> {
        *to = to.plus(add).map_err(|error| odd(&error.to_string()))?;
        Ok(())
    };
    let mut years: BTreeMap<i64, Year> = BTreeMap::new();
    for total in totals {
        let year = years.entry(total.year).or_default();
        let gain = amount(&total.gain_reported)?;
        let long = amount(&total.gain_long)?;
        let short = gain.minus(&long).map_err(|error| odd(&error.to_string()))?;
        sum(&mut year.gain, &gain)?;
        sum(&mut year.gain_long, &long)?;
        sum(&mut year.gain_short, &short)?;
        sum(&mut year.income, &amount(&total.income)?)?;
        year.unpriced += total.unpriced;
    }
    Ok(years)
}

/// How often each value stands in a column of a CSV.
fn tally(path: &std::path::Path, column: &str) -> Result<BTreeMap<String, u64>, Failure> {
    let trouble = |error: csv::Error| Failure::failed(format!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(trouble)?;
    let place = reader.headers().map_err(trouble)?.iter().position(|name| name == column);
    let place = place.ok_or_else(|| Failure::failed(format!("{}: no column {column}", path.display())))?;
    let mut tally = BTreeMap::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(trouble)? {
        *tally.entry(record.get(place).unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    Ok(tally)
}
