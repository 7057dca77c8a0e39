//! The body of `POST /v1/uploads`: everything wrong with it is said at once.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::formats;
use domain::ids::{LedgerId, LedgerRef, TenantId};
use domain::limits::{MAX_FILE_BYTES, MAX_FILENAME_BYTES};
use domain::settings::ParseOptions;
use lambda::fields::Fields;
use lambda::problem::{Limit, Problem};

/// The ledger of an upload that names none.
pub const DEFAULT_LEDGER: &str = "main";

/// What is said of a file that is too large.
const OVER_SIZE: &str = "a file may have at most";

/// A file somebody wants to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// Whose, into which ledger.
    pub owner: LedgerRef,
    /// The file's name, without folders.
    pub filename: String,
    /// Its bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Sha256,
    /// How it is to be read.
    pub options: ParseOptions,
}

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Lower-case hex.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Base64, as S3's `x-amz-checksum-sha256` has it.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl UploadRequest {
    /// Reads a request's body.
    ///
    /// # Errors
    /// 400 with every fault; 413 when nothing is wrong but that the file is too large.
    pub fn parse(tenant: TenantId, body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::parse(body)?;
        let filename = filename(&mut fields);
        let size = size(&mut fields);
        let sha256 = sha256(&mut fields);
        let ledger = ledger(&mut fields);
        let options = options(&mut fields);
        fields.finish().map_err(too_large)?;
        match (filename, size, sha256, ledger) {
            (Some(filename), Some(size), Some(sha256), Some(ledger)) => Ok(Self {
                owner: LedgerRef { tenant, ledger },
                filename,
                size,
                sha256,
                options,
            }),
            // A field is only absent with a fault, and with a fault `finish` has refused.
            _ => Err(Problem::internal()),
        }
    }
}

/// What is refused only because of the file's size is refused in those words.
fn too_large(problem: Problem) -> Problem {
    let alone = match problem.errors.as_slice() {
        [fault] => fault.detail.contains(OVER_SIZE),
        _ => false,
    };
    if !alone {
        return problem;
    }
    let detail = format!("a file may have at most {MAX_FILE_BYTES} bytes: split it by time");
    Problem {
        errors: problem.errors,
        limit: Some(Limit {
            name: "file_bytes",
            value: MAX_FILE_BYTES,
        }),
        ..Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "file_too_large",
            "The file is too large",
            detail,
        )
    }
}

fn filename(fields: &mut Fields) -> Option<String> {
    let text = fields.required_text("filename")?;
    // Browsers may send `C:\fakepath\x.csv`: the folders say nothing about the file.
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let fault = if name.is_empty() || name == "." || name == ".." {
        "must name a file"
    } else if name.len() > MAX_FILENAME_BYTES {
        "must have at most 255 bytes"
    } else if name.chars().any(char::is_control) {
        "must be without control characters"
    } else {
        return Some(name.to_owned());
    };
    fields.fault("filename", fault);
    None
}

fn size(fields: &mut Fields) -> Option<u64> {
    let size = fields.required_whole("size")?;
    if size > MAX_FILE_BYTES {
        fields.fault(
            "size",
            format!("is {size} bytes; {OVER_SIZE} {MAX_FILE_BYTES}: split it by time"),
        );
        return None;
    }
    Some(size)
}

fn sha256(fields: &mut Fields) -> Option<Sha256> {
    let text = fields.required_text("sha256")?;
    let sha256 = Sha256::parse(&text);
    if sha256.is_none() {
        fields.fault(
            "sha256",
            "must be the file's SHA-256 as 64 hexadecimal digits",
        );
    }
    sha256
}

fn ledger(fields: &mut Fields) -> Option<LedgerId> {
    let name = fields
        .text("ledger")
        .unwrap_or_else(|| DEFAULT_LEDGER.to_owned());
    match name.parse() {
        Ok(ledger) => Some(ledger),
        Err(error) => {
            fields.fault("ledger", error.to_string());
            None
        }
    }
}

fn options(fields: &mut Fields) -> ParseOptions {
    let options = ParseOptions {
        account: fields.parsed("account"),
        timezone: fields.text("timezone"),
        date_format: fields.text("date_format"),
        format: fields.text("format"),
    };
    // One at a time, because the check ends at the first fault and a client shall learn of all.
    let none = ParseOptions::default;
    for (name, one) in [
        (
            "timezone",
            ParseOptions {
                timezone: options.timezone.clone(),
                ..none()
            },
        ),
        (
            "date_format",
            ParseOptions {
                date_format: options.date_format.clone(),
                ..none()
            },
        ),
        (
            "format",
            ParseOptions {
                format: options.format.clone(),
                ..none()
            },
        ),
    ] {
        if let Err(error) = formats::check_options(&one) {
            fields.fault(name, error.to_string());
        }
    }
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(body: &Value) -> Result<UploadRequest, Problem> {
        UploadRequest::parse("local".parse().unwrap(), body.to_string().as_bytes())
    }

    fn pointers(problem: &Problem) -> Vec<String> {
        let errors = serde_json::to_value(&problem.errors).unwrap();
        errors
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["pointer"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_good_request_is_read_with_its_defaults() {
        let request =
            parse(&json!({"filename": "a.csv", "size": 0, "sha256": EMPTY.to_uppercase()}))
                .unwrap();
        assert_eq!(request.owner.ledger.as_str(), DEFAULT_LEDGER);
        assert_eq!(request.sha256.hex(), EMPTY);
        assert_eq!(
            request.sha256.base64(),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert_eq!(request.options, ParseOptions::default());
    }

    #[test]
    fn every_wrong_field_is_named_in_one_answer() {
        let body = json!({"filename": "..", "size": MAX_FILE_BYTES + 1, "sha256": "abc", "ledger": "Up", "account": "", "dry_run": true});
        let problem = parse(&body).unwrap_err();
        assert_eq!(
            pointers(&problem),
            [
                "#/filename",
                "#/size",
                "#/sha256",
                "#/ledger",
                "#/account",
                "#/dry_run"
            ]
        );
    }

    #[test]
    fn options_that_cannot_be_followed_are_named_before_anything_is_uploaded() {
        let mut body = json!({"filename": "a.csv", "size": 1, "sha256": EMPTY, "timezone": "Mars", "date_format": "YY", "format": "odd"});
        assert_eq!(
            pointers(&parse(&body).unwrap_err()),
            ["#/timezone", "#/date_format", "#/format"]
        );
        body["timezone"] = json!("Europe/Berlin");
        body["date_format"] = json!("DD/MM/YYYY");
        body["format"] = Value::Null;
        assert_eq!(
            parse(&body).unwrap().options.timezone.as_deref(),
            Some("Europe/Berlin")
        );
    }

    #[test]
    fn folders_are_left_out_of_a_name() {
        for (given, kept) in [
            ("C:\\fakepath\\x.csv", "x.csv"),
            ("/tmp/../y.csv", "y.csv"),
            ("Über 2024.csv", "Über 2024.csv"),
        ] {
            let request = parse(&json!({"filename": given, "size": 1, "sha256": EMPTY})).unwrap();
            assert_eq!(request.filename, kept);
        }
    }

    #[test]
    fn a_name_with_a_line_feed_or_too_long_is_refused() {
        for name in ["a\nb.csv".to_owned(), "x".repeat(256), "folder/".to_owned()] {
            let problem =
                parse(&json!({"filename": name, "size": 1, "sha256": EMPTY})).unwrap_err();
            assert_eq!(pointers(&problem), ["#/filename"]);
        }
    }
}
