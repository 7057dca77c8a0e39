//! The API's questions and answers, as much of them as this client uses. Unknown fields are
//! ignored, so a newer server can say more.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// `POST /v1/uploads`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UploadRequest {
    /// The file's name, shown to the reader.
    pub filename: String,
    /// Its bytes.
    pub size: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Which ledger.
    pub ledger: String,
    /// The account of rows that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The zone of times that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The order of day and month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_format: Option<String>,
    /// The format, when it is not to be detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// The answer to it.
#[derive(Debug, Clone, Deserialize)]
pub struct UploadAnswer {
    /// The job.
    pub job_id: String,
    /// How to upload; absent when the same content is there already.
    #[serde(default)]
    pub upload: Option<UploadTerms>,
    /// The same content with the same options is a job that runs or is done.
    #[serde(default)]
    pub deduplicated: bool,
}

/// How to upload.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum UploadTerms {
    /// In one PUT.
    Single(SignedPut),
    /// In parts.
    Multipart(SignedParts),
}

/// A PUT that the storage takes.
#[derive(Clone, Deserialize)]
pub struct SignedPut {
    /// Where to: a secret.
    pub url: String,
    /// Headers that are part of the signature.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl fmt::Debug for SignedPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPut").finish_non_exhaustive()
    }
}

/// Parts that may be sent; `GET /v1/jobs/{id}/parts` answers more of them.
#[derive(Debug, Clone, Deserialize)]
pub struct SignedParts {
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// Parts there are.
    pub part_count: u32,
    /// Some that are missing.
    pub parts: Vec<SignedPart>,
}

/// One part.
#[derive(Debug, Clone, Deserialize)]
pub struct SignedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// Where it goes.
    #[serde(flatten)]
    pub put: SignedPut,
}

/// `GET /v1/jobs/{id}/parts`.
#[derive(Debug, Clone, Deserialize)]
pub struct PartsAnswer {
    /// open, or received when the file is here.
    pub state: String,
    /// Parts the storage holds.
    pub held: Vec<HeldPart>,
    /// Parts that are missing.
    #[serde(flatten)]
    pub missing: SignedParts,
}

/// A part the storage holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeldPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// Its entity tag.
    pub etag: String,
}

/// The answer to a change of settings, prices or an undo.
#[derive(Debug, Clone, Deserialize)]
pub struct Accepted {
    /// The job that carries the change.
    pub job_id: String,
}

/// `GET /v1/jobs/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobAnswer {
    /// The job.
    pub job_id: String,
    /// What it is for.
    pub kind: String,
    /// awaiting_upload, running, completed, completed_with_warnings, failed, cancelled, expired.
    pub state: String,
    /// Whether it stays so.
    pub is_terminal: bool,
    /// Where it is.
    pub stage: Option<String>,
    /// How far it is.
    pub progress: Progress,
    /// What became of its records.
    pub counts: Counts,
    /// Seconds after which asking again makes sense.
    pub poll_after_seconds: Option<u64>,
    /// Why it failed.
    pub error: Option<JobProblem>,
    /// What a user should look at.
    pub warnings: Vec<Warning>,
    /// How much of the ledger was computed for it, once it is published.
    pub segments: Option<Segments>,
    /// What else the server says; kept for `job.json`.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

/// How much of a ledger was computed for a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Segments {
    /// Segments of the ledger.
    pub total: u64,
    /// Those that were computed; the rest is shared with the revision before.
    pub recomputed: u64,
}

impl JobAnswer {
    /// Whether it ended well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "completed_with_warnings")
    }
}

/// How far a job is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Of a hundred.
    pub percent: u64,
    /// In words.
    pub message: String,
    /// Stage by stage.
    pub stages: Vec<StageProgress>,
}

/// How far a stage is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StageProgress {
    /// Which stage.
    pub name: String,
    /// pending, running, done, failed.
    pub state: String,
    /// Batches done.
    pub done: u64,
    /// Batches there are; 0 until they are planned, and when there is nothing to do.
    pub total: u64,
    /// Batches given up.
    pub failed: u64,
}

/// What became of a file's records (I3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Rows that count.
    pub accepted: u64,
    /// Rows that repeat earlier ones.
    pub duplicate: u64,
    /// Records that were refused.
    pub rejected: u64,
    /// Blank records.
    pub ignored: u64,
    /// Records in chunks that failed.
    pub failed: u64,
    /// Records whose fate is not known yet.
    pub pending: u64,
}

impl Counts {
    /// The counts of several files together.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.ignored += other.ignored;
        self.failed += other.failed;
        self.pending += other.pending;
    }
}

/// Why a job failed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobProblem {
    /// data, transient, price, internal.
    pub class: String,
    /// A stable code.
    pub code: String,
    /// What happened, where, and what to do.
    pub message: String,
}

/// Something a user should look at.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Warning {
    /// A stable code.
    pub code: String,
    /// In words.
    pub message: String,
}

/// The export `summary.json` of a ledger, as much of it as the report shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The currency of every amount.
    pub base: String,
    /// The cost method.
    pub method: String,
    /// A value is missing somewhere; the totals leave it out.
    pub incomplete: bool,
    /// Rows and issues.
    pub counts: SummaryCounts,
    /// Tax year by tax year.
    pub years: Vec<YearTotals>,
}

/// How many rows and issues a ledger has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryCounts {
    /// Rows, duplicates included.
    pub transactions: u64,
    /// Rows that repeat an earlier one.
    pub duplicates: u64,
    /// Issues by code.
    pub issues: BTreeMap<String, u64>,
}

/// The totals of a tax year; a sum that cannot be held exactly is absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct YearTotals {
    /// What it is called: `2024`, or `2024/25`.
    pub name: String,
    /// Its first day.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// Exact income.
    pub income: Option<String>,
    /// Rows without a price.
    pub unpriced: u64,
}

/// RFC 9457 `problem+json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProblemBody {
    /// The HTTP status.
    pub status: u16,
    /// A stable code.
    pub code: String,
    /// The same words for every problem of this code.
    pub title: String,
    /// What happened this time, and what to do.
    pub detail: String,
    /// Every fault that was found.
    pub errors: Vec<Place>,
    /// The request in the server's log.
    pub request_id: Option<String>,
}

/// One fault of a request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// A field of the body.
    pub pointer: Option<String>,
    /// A query parameter.
    pub parameter: Option<String>,
    /// A line of a CSV body.
    pub line: Option<u64>,
    /// A column of that line.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub detail: String,
}

/// Faults that are written out; the rest is counted.
const FAULTS_SHOWN: usize = 5;

impl fmt::Display for ProblemBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.detail.is_empty() {
            &self.title
        } else {
            &self.detail
        })?;
        for fault in self.errors.iter().take(FAULTS_SHOWN) {
            write!(f, "\n  {fault}")?;
        }
        match self.errors.len().saturating_sub(FAULTS_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            if let Some(column) = &self.column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        } else if let Some(field) = self.pointer.as_ref().or(self.parameter.as_ref()) {
            write!(f, "{}: ", field.trim_start_matches("#/"))?;
        }
        f.write_str(&self.detail)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn a_problem_names_its_faults_and_counts_the_rest() {
        let faults: Vec<_> = (1..=7)
            .map(|line| serde_json::json!({"line": line, "column": "price", "detail": "is no number"}))
            .collect();
        let body = serde_json::json!({"status": 400, "code": "invalid_request", "detail": "7 things", "errors": faults});
        let problem: ProblemBody = serde_json::from_value(body).unwrap();
        let text = problem.to_string();
        assert!(
            text.starts_with("7 things\n  line 1, column price: is no number"),
            "{text}"
        );
        assert!(text.ends_with("and 2 more"), "{text}");
    }

    #[test]
    fn a_signed_url_is_not_in_a_debug_text() {
        let single = r#"{"mode":"single","url":"http://x/?X-Amz-Signature=s3cret"}"#;
        let parts = r#"{"mode":"multipart","part_size":9,"part_count":1,"parts":[
            {"number":1,"size":9,"url":"http://x/?X-Amz-Signature=s3cret"}]}"#;
        for answer in [single, parts] {
            let terms: UploadTerms = serde_json::from_str(answer).unwrap();
            assert!(!format!("{terms:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_job_is_read_even_when_the_server_says_more_or_less() {
        let job: JobAnswer =
            serde_json::from_str(r#"{"job_id":"j","state":"completed","new_field":[1]}"#).unwrap();
        assert!(job.succeeded() && job.error.is_none());
    }
}
