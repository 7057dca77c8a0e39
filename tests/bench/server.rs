//! The stack under load, in a process of its own: its memory is no client's, and its threads are not
//! theirs.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use embedded::Place;
use millrace::stack::{Stack, StackConfig};
use millrace::tokens::TENANT;
use tempfile::TempDir;

/// Where that process keeps its data; set for it alone.
const DATA: &str = "MILLRACE_BENCH_SERVE";
/// Whether it waits for the disk.
const SYNCED: &str = "MILLRACE_BENCH_SYNCED";

/// A stack at work.
pub(crate) struct Server {
    process: Child,
    base_url: String,
    token: String,
    _folder: TempDir,
}

/// Whether this process was started to be the server; then it has been, until its input ended.
pub(crate) async fn served() -> bool {
    let Some(data) = std::env::var_os(DATA) else {
        return false;
    };
    let data = PathBuf::from(data);
    let place = match std::env::var_os(SYNCED) {
        Some(_) => Place::Folder(data),
        None => Place::Scratch(data),
    };
    let stack = Stack::start(StackConfig::new(place))
        .await
        .expect("the stack starts");
    println!("{}", stack.base_url());
    println!("{}", stack.token(TENANT).expect("a token"));
    let input_ends = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let ended = input_ends.await.expect("a thread");
    ended.expect("the input of this process");
    stack.stop().await;
    true
}

impl Server {
    /// Starts this program once more as the server.
    pub(crate) fn start(synced: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = command(folder.path(), synced)
            .spawn()
            .expect("this program again");
        let output = process.stdout.take().expect("its output");
        let mut said = BufReader::new(output).lines();
        let mut line = || said.next().expect("the stack did not start");
        let (base_url, token) = (line(), line());
        Self {
            process,
            base_url: base_url.expect("its address"),
            token: token.expect("its token"),
            _folder: folder,
        }
    }

    /// Its address.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Who may ask there.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Its process.
    pub(crate) fn process(&self) -> String {
        self.process.id().to_string()
    }

    /// Ends its input and waits for its end.
    pub(crate) fn stop(mut self) {
        let status = self.process.wait().expect("the end of the stack");
        assert!(status.success(), "the stack ended with {status}");
    }
}

fn command(folder: &Path, synced: bool) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .env(DATA, folder.join("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if synced {
        command.env(SYNCED, "1");
    }
    command
}
