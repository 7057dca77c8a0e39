//! A bootstrap as a process of its own, in an environment that is ours alone.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A bootstrap at work; dropping it kills it.
pub(crate) struct Bootstrap {
    child: Child,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Bootstrap {
    /// Starts it as Lambda does: with what the platform sets, with keys, and with `variables`.
    pub(crate) fn start(binary: &Path, api: &str, variables: &BTreeMap<String, String>) -> Self {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "under-test")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run sam build first", binary.display()));
        Self { child, started }
    }

    /// Waits for its end; answers its code and its log.
    pub(crate) fn end(mut self, longest: Duration) -> (ExitStatus, String) {
        let until = Instant::now() + longest;
        let status = loop {
            match self.child.try_wait().expect("it is our child") {
                Some(status) => break status,
                None => assert!(Instant::now() < until, "it did not end"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        (status, self.log())
    }

    /// What it has logged; it is killed first, unless it has ended.
    pub(crate) fn log(&mut self) -> String {
        let _ended_before = self.child.kill();
        let mut log = String::new();
        let output = self.child.stderr.as_mut().expect("piped");
        output.read_to_string(&mut log).expect("text");
        log
    }
}

impl Drop for Bootstrap {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _its_end = self.child.wait();
    }
}
