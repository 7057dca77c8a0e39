//! A file goes up: hashed on the way past, streamed from disk, never held in memory.

use std::path::Path;

use bytes::Bytes;
use futures::stream::{self, Stream};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::answers::{SignedPut, UploadAnswer, UploadRequest, UploadTerms};
use super::line::{self, LONGEST_HALT};
use super::{Client, ClientError, send};

/// Bytes read from a file at once.
pub(super) const PIECE_BYTES: usize = 128 * 1024;
/// How often an upload begins anew with fresh terms.
const ATTEMPTS: u32 = 3;

/// What a client declares of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its bytes.
    pub size: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// Reads a file once and says what it is.
///
/// # Errors
/// `File` when it cannot be read.
pub async fn fingerprint(path: &Path) -> Result<Fingerprint, ClientError> {
    let mut file = open(path).await?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut size = 0;
    loop {
        let read = file
            .read(&mut piece)
            .await
            .map_err(|error| unreadable(path, error))?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hasher.update(bytes);
        size += read as u64;
    }
    Ok(Fingerprint {
        size,
        sha256: hex::encode(hasher.finalize()),
    })
}

impl Client {
    /// Asks for an upload of a file and uploads it, unless the same content is there already.
    /// Answers the job.
    ///
    /// # Errors
    /// `File`; `Changed` when the file is not the announced one any more; what the API or the storage
    /// says.
    pub async fn upload(
        &self,
        path: &Path,
        request: &UploadRequest,
    ) -> Result<UploadAnswer, ClientError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let answer = self.announce(request).await?;
            let Some(terms) = &answer.upload else {
                return Ok(answer);
            };
            let sent = match terms {
                UploadTerms::Single(put) => self.put(path, request.size, put).await,
                UploadTerms::Multipart(parts) => {
                    let job = &answer.job_id;
                    self.put_parts(path, request.size, job, parts).await
                }
            };
            if sent.is_err() {
                // Other bytes than announced fail in many ways: the file itself is asked.
                unchanged(path, request).await?;
            }
            match sent {
                Ok(()) => return Ok(answer),
                // Announced again, the same content gets fresh terms of the same job.
                Err(error) if error.is_of_line() && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Announces an upload without making it.
    ///
    /// # Errors
    /// What the API says.
    pub async fn announce(&self, request: &UploadRequest) -> Result<UploadAnswer, ClientError> {
        let what = "asking for an upload";
        let answer = self
            .send(what, || {
                self.request(Method::POST, "/v1/uploads").json(request)
            })
            .await?;
        send::json(what, answer).await
    }

    /// Streams a file to where the storage takes it.
    ///
    /// # Errors
    /// `File`, `Away`, `Halted`; `Unexpected` with what the storage said.
    pub async fn put(&self, path: &Path, size: u64, put: &SignedPut) -> Result<(), ClientError> {
        let pieces = pieces(open(path).await?, size);
        self.put_body(put, size, pieces).await
    }

    /// Sends a body to where the storage takes it.
    pub(super) async fn put_body(
        &self,
        put: &SignedPut,
        size: u64,
        pieces: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), ClientError> {
        let what = "uploading";
        let (body, taken) = line::heard(pieces);
        // No token: the signature is in the URL.
        let mut request = self.uploads.put(&put.url).body(body);
        for (name, value) in &put.headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(name, value);
            }
        }
        if !put
            .headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str()))
        {
            request = request.header(CONTENT_LENGTH, size);
        }
        let sending = async {
            let answer = request.send().await?;
            Ok((answer.status(), answer.text().await.unwrap_or_default()))
        };
        let halt = || crate::ambient::pause(LONGEST_HALT);
        let sent = line::unless_halted(&taken, halt, sending).await;
        let halted = ClientError::Halted {
            what,
            halt: LONGEST_HALT,
        };
        let (status, body) = sent
            .ok_or(halted)?
            .map_err(|error| ClientError::away(what, error))?;
        // When it is there, an attempt whose answer got lost had stored it.
        if status.is_success() || status == StatusCode::PRECONDITION_FAILED {
            return Ok(());
        }
        let detail = format!("the storage answered {status}{}", storage_code(&body));
        Err(ClientError::unexpected(what, detail))
    }
}

/// Checks that a file is still what was announced of it.
async fn unchanged(path: &Path, announced: &UploadRequest) -> Result<(), ClientError> {
    let now = fingerprint(path).await?;
    if now.size == announced.size && now.sha256 == announced.sha256 {
        return Ok(());
    }
    Err(ClientError::Changed {
        path: path.to_owned(),
        announced: announced.size,
        found: now.size,
    })
}

/// The code and message of S3's XML error, without the rest of it, which repeats the request.
fn storage_code(xml: &str) -> String {
    let between = |open: &str, close: &str| {
        let rest = xml.split_once(open)?.1;
        Some(
            rest.split_once(close)?
                .0
                .chars()
                .take(200)
                .collect::<String>(),
        )
    };
    let code = between("<Code>", "</Code>")
        .map(|code| format!(" {code}"))
        .unwrap_or_default();
    let message = between("<Message>", "</Message>")
        .map(|text| format!(": {text}"))
        .unwrap_or_default();
    format!("{code}{message}")
}

/// The file in pieces, if it has exactly `size` bytes: the last one is held back until the file's end
/// is seen behind it, because a storage that has as many bytes as were announced is content.
fn pieces(file: File, size: u64) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold((file, size), |(mut file, left)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        let sent = read as u64;
        let cut = read == 0 && left > 0;
        let grown = sent > left || (sent == left && file.read(&mut [0]).await? > 0);
        if cut || grown {
            return Err(std::io::Error::other(
                "the file has another length than announced",
            ));
        }
        Ok((read > 0).then(|| (Bytes::from(piece), (file, left - sent))))
    })
}

pub(super) async fn open(path: &Path) -> Result<File, ClientError> {
    File::open(path)
        .await
        .map_err(|error| unreadable(path, error))
}

pub(super) fn unreadable(path: &Path, source: std::io::Error) -> ClientError {
    ClientError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[tokio::test]
    async fn a_file_is_hashed_piece_by_piece() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, vec![b'a'; 1_000_000]).unwrap();
        let print = fingerprint(&path).await.unwrap();
        assert_eq!(print.size, 1_000_000);
        // The FIPS 180-2 example: a million times "a".
        assert_eq!(
            print.sha256,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }

    /// What is sent of a file of `bytes` bytes that was announced with `size`.
    async fn sent(bytes: usize, size: u64) -> (usize, bool) {
        use futures::StreamExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, vec![b'a'; bytes]).unwrap();
        let all: Vec<_> = pieces(open(&path).await.unwrap(), size).collect().await;
        let good = all.iter().flatten().map(Bytes::len).sum();
        (good, all.iter().all(Result::is_ok))
    }

    #[tokio::test]
    async fn a_file_of_another_length_is_never_sent_whole() {
        for size in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let announced = size as u64;
            assert_eq!(sent(size, announced).await, (size, true));
            let (grown, good) = sent(size + 1, announced).await;
            assert!(!good && (grown < size || size == 0), "{grown} of {size}");
            let (cut, good) = sent(size, announced + 1).await;
            assert!(!good && cut == size, "{cut} of {size}");
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_named() {
        let error = fingerprint(Path::new("no/such.csv")).await.unwrap_err();
        assert!(error.to_string().contains("no/such.csv"), "{error}");
    }

    #[test]
    fn the_storages_reason_is_told_without_its_request() {
        let xml = "<Error><Code>BadDigest</Code><Message>not what was signed</Message><Resource>/secret</Resource></Error>";
        assert_eq!(storage_code(xml), " BadDigest: not what was signed");
        assert_eq!(storage_code("plain"), "");
    }
}
