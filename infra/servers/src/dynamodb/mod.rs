//! DynamoDB Local: tables in memory, gone when it stops.

use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;
use crate::{ServerError, http, port, versions};

const NAME: &str = "DynamoDB Local";

/// A running DynamoDB Local. It takes any credentials and any region; all see the same tables.
pub struct DynamoDb {
    endpoint: String,
    _process: Process,
    _folder: TempDir,
}

impl DynamoDb {
    /// Starts it; returns when it answers.
    ///
    /// # Errors
    /// It cannot be fetched or does not come up.
    pub fn start() -> Result<Self, ServerError> {
        let jars = versions::DYNAMODB.folder()?.join("jars");
        let folder = crate::own_folder(NAME)?;
        let launcher = folder.path().join("Loopback.java");
        std::fs::write(&launcher, include_str!("Loopback.java"))
            .map_err(ServerError::doing("write a launcher"))?;
        let port = port::free()?;
        let mut java = Command::new("java");
        java.arg("-Xmx512m")
            .arg(format!("-Djava.library.path={}", jars.display()))
            .arg("-cp")
            .arg(jars.join("*"))
            .arg(launcher)
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port"])
            .arg(port.to_string())
            .current_dir(folder.path());
        let mut process = Process::start(NAME, &java, &folder.path().join("log"))?;
        process.wait_until(|| http::answers(port, "/"))?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            _process: process,
            _folder: folder,
        })
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}
