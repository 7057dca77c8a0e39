//! MiniStack: enough of AWS for `sam deploy`, with functions as processes of this machine.

use std::process::Command;

use tempfile::TempDir;

use crate::http::Request;
use crate::process::Process;
use crate::{ServerError, port, versions};

const NAME: &str = "MiniStack";

/// A running MiniStack. Credentials: `test` and `test`.
pub struct MiniStack {
    endpoint: String,
    _process: Process,
    _folder: TempDir,
}

impl MiniStack {
    /// Starts it with nothing deployed; returns when it answers. Functions that it runs end with it.
    ///
    /// # Errors
    /// It cannot be fetched or does not come up.
    pub fn start() -> Result<Self, ServerError> {
        let python = versions::MINISTACK.folder()?.join("bin/python");
        let folder = crate::own_folder(NAME)?;
        let own = folder.path();
        let port = port::free()?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut ministack = Command::new(python);
        ministack
            .args(["-m", "ministack"])
            // Without it MiniStack listens on every interface.
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // What it names itself in queue URLs; by default a name that may resolve to ::1.
            .env("MINISTACK_HOST", "127.0.0.1")
            // Handed on to the functions, whose SDKs find it nowhere else.
            .env("AWS_ENDPOINT_URL", &endpoint)
            // Else it listens for MQTT on a fixed port of every interface.
            .env("IOT_MTLS_ENABLED", "0")
            .env("HOME", own)
            .env("TMPDIR", own)
            .env("STATE_DIR", own.join("state"))
            .env("S3_DATA_DIR", own.join("s3"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(own);
        // What is meant for tests would reach the functions, which refuse settings they do not know.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MILLRACE_") {
                ministack.env_remove(name);
            }
        }
        let mut process = Process::start(NAME, &ministack, &own.join("log"))?;
        process.wait_until(|| {
            let health = Request::get("/_ministack/health").send(port);
            health.is_ok_and(|(status, _)| status == 200)
        })?;
        Ok(Self {
            endpoint,
            _process: process,
            _folder: folder,
        })
    }

    /// Its address: every service's.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The file its log is written to, with what its functions say.
    #[must_use]
    pub fn log(&self) -> std::path::PathBuf {
        self._folder.path().join("log")
    }
}
