//! The command as a process that is watched.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Megabytes and seconds that no hostile file may take, in a build that is not optimised, on a machine
/// that does other things as well.
const MEGABYTES: u64 = 300;
const SECONDS: u64 = 300;

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    /// Megabytes of memory at its peak; absent where the system does not say.
    peak: Option<u64>,
    took: Duration,
}

impl Ended {
    /// Fails when the run took more.
    pub(crate) fn took_less_than(&self, seconds: u64, megabytes: u64) {
        assert!(self.took.as_secs() < seconds, "{:?}", self.took);
        let peak = self.peak.unwrap_or_default();
        assert!(peak < megabytes, "{peak} MB at the peak");
        assert!(self.peak.is_some() || !cfg!(target_os = "linux"));
    }
}

/// A folder to run the command in.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `millrace ingest`; no run may panic or go beyond the bounds of all.
    pub(crate) fn ingest(&self, arguments: &[&str]) -> Ended {
        let child = Command::new(env!("CARGO_BIN_EXE_millrace"))
            .arg("ingest")
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("MILLRACE_LOG")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let ended = watched(child);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        println!("{arguments:?}: {:?}, {:?} MB", ended.took, ended.peak);
        ended.took_less_than(SECONDS, MEGABYTES);
        ended
    }

    /// The names in a sub-folder, sorted; hidden ones too.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// What `job.json` says of the one file.
    pub(crate) fn job(&self) -> serde_json::Value {
        let jobs: serde_json::Value =
            serde_json::from_slice(&fs::read(self.path("out/job.json")).unwrap()).unwrap();
        jobs["files"][0]["job"].clone()
    }

    /// The records of a CSV file behind its header.
    pub(crate) fn records(&self, name: &str) -> Vec<csv::StringRecord> {
        let bytes = fs::read(self.path(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reader = csv::Reader::from_reader(text.as_bytes());
        reader.into_records().map(Result::unwrap).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a watcher looks again and again")]
fn watched(mut child: Child) -> Ended {
    let start = Instant::now();
    let mut pipe = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        pipe.read_to_end(&mut said).unwrap();
        String::from_utf8_lossy(&said).into_owned()
    });
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = None;
    let exit = loop {
        peak = peak.max(peak_megabytes(&status));
        if let Some(exit) = child.try_wait().unwrap() {
            break exit;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Ended {
        code: exit.code(),
        stderr: said.join().unwrap(),
        peak,
        took: start.elapsed(),
    }
}

/// The kernel keeps the peak, so that the last look before the end tells nearly all of it.
fn peak_megabytes(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024)
}
