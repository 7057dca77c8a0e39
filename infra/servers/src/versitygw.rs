//! versitygw: S3 over a folder, with versions, strict signatures and events.
//!
//! It differs from S3 in what tests must allow for: keys in events are not encoded, an event's eTag is
//! quoted, its versionId is null for a Put, and an event that nobody takes is not sent again.

use std::process::Command;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use tempfile::TempDir;

use crate::http::Request;
use crate::process::Process;
use crate::{ServerError, http, port, versions};

const NAME: &str = "versitygw";
/// The root user of a server that lives for minutes on the loopback address.
const ACCESS_KEY: &str = "millrace";
const SECRET_KEY: &str = "millrace-on-loopback";
const REGION: &str = "us-east-1";
const VERSIONED: &str = r#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>"#;

/// A running versitygw.
pub struct VersityGw {
    port: u16,
    endpoint: String,
    bucket: String,
    _process: Process,
    _folder: TempDir,
}

impl VersityGw {
    /// Starts it with one bucket that keeps versions; returns when it answers. Every change of an
    /// object is posted to `events`, whose address must already be listened on.
    ///
    /// # Errors
    /// It cannot be fetched, does not come up, or refuses the bucket.
    pub fn start(bucket: &str, events: Option<&str>) -> Result<Self, ServerError> {
        let binary = versions::VERSITYGW.folder()?.join("bin/versitygw");
        let folder = crate::own_folder(NAME)?;
        let (objects, old) = (folder.path().join("objects"), folder.path().join("old"));
        for place in [&objects, &old] {
            std::fs::create_dir(place).map_err(ServerError::doing("make a folder"))?;
        }
        let port = port::free()?;
        let mut gateway = Command::new(binary);
        gateway
            .args(["--port", &format!("127.0.0.1:{port}")])
            .args(["--access", ACCESS_KEY, "--secret", SECRET_KEY])
            .args(["--region", REGION, "--keep-alive", "--quiet"]);
        if let Some(events) = events {
            gateway.args(["--event-webhook-url", events]);
        }
        gateway
            .arg("posix")
            .arg("--versioning-dir")
            .arg(&old)
            .arg(&objects)
            .current_dir(folder.path());
        let mut process = Process::start(NAME, &gateway, &folder.path().join("log"))?;
        process.wait_until(|| http::answers(port, "/"))?;
        let server = Self {
            port,
            endpoint: format!("http://127.0.0.1:{port}"),
            bucket: bucket.to_owned(),
            _process: process,
            _folder: folder,
        };
        server.create_bucket(bucket)?;
        Ok(server)
    }

    /// Creates one more bucket that keeps versions. A bucket that exists is an error.
    ///
    /// # Errors
    /// The server refuses the name.
    pub fn create_bucket(&self, name: &str) -> Result<(), ServerError> {
        self.put(&format!("/{name}"), "")?;
        self.put(&format!("/{name}?versioning="), VERSIONED)
    }

    fn put(&self, target: &str, body: &str) -> Result<(), ServerError> {
        let failed = || ServerError::doing(format!("set up versitygw's {target}"));
        let headers = self
            .signed(target, body)
            .map_err(|error| failed()(std::io::Error::other(error)))?;
        let request = Request {
            method: "PUT",
            target,
            headers: &headers,
            body,
        };
        let (status, answer) = request.send(self.port).map_err(failed())?;
        if status == 200 {
            return Ok(());
        }
        Err(failed()(std::io::Error::other(answer)))
    }

    /// The headers of a signed PUT.
    #[expect(
        clippy::disallowed_methods,
        reason = "a signature holds for minutes around the machine's time"
    )]
    fn signed(
        &self,
        target: &str,
        body: &str,
    ) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
        let identity = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "servers").into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()?
            .into();
        let host = format!("127.0.0.1:{}", self.port);
        let url = format!("{}{target}", self.endpoint);
        let headers = [("host", host.as_str())].into_iter();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("PUT", url, headers, body)?;
        let (signature, _) = sign(request, &parameters)?.into_parts();
        let (headers, _) = signature.into_parts();
        Ok(headers
            .iter()
            .map(|header| (header.name().to_owned(), header.value().to_owned()))
            .collect())
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The bucket it was started with.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The region it signs for.
    #[must_use]
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// The root user's access key.
    #[must_use]
    pub fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// The root user's secret key.
    #[must_use]
    pub fn secret_key(&self) -> &'static str {
        SECRET_KEY
    }
}
