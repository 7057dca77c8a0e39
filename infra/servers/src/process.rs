//! A server's process: started so that it cannot outlive this one, stopped when it is dropped.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::ServerError;
use crate::ambient::{Deadline, keep_running, pause};
use crate::error::tail;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a server may take to come up on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(180);

/// A running server. Dropping it kills it and everything it started.
pub(crate) struct Process {
    server: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command whose output goes to the end of `log`.
    ///
    /// # Errors
    /// The program is missing or cannot be started.
    pub(crate) fn start(
        server: &'static str,
        command: &Command,
        log: &Path,
    ) -> Result<Self, ServerError> {
        let writing = || ServerError::doing(format!("write {server}'s log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(writing())?;
        let errors = output.try_clone().map_err(writing())?;
        let mut bound = bound_to_us(command);
        bound
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let tool = command.get_program().to_string_lossy().into_owned();
        // Looked for here, because setpriv would only write into the log that it is missing.
        which(&tool).map_err(ServerError::running(&tool, server))?;
        let child = spawn(bound).map_err(ServerError::running(&tool, server))?;
        Ok(Self {
            server,
            child,
            log: log.to_owned(),
        })
    }

    /// Waits until `answers` says so.
    ///
    /// # Errors
    /// The process ended, or three minutes passed; with the end of its log.
    pub(crate) fn wait_until(
        &mut self,
        mut answers: impl FnMut() -> bool,
    ) -> Result<(), ServerError> {
        let deadline = Deadline::after(START_LIMIT);
        loop {
            let ended = self
                .child
                .try_wait()
                .map_err(ServerError::doing(format!("watch {}", self.server)))?;
            if let Some(status) = ended {
                return Err(self.failed(format!("ended with {status}")));
            }
            if answers() {
                return Ok(());
            }
            if deadline.passed() {
                let seconds = START_LIMIT.as_secs();
                return Err(self.failed(format!("did not answer for {seconds} seconds")));
            }
            pause(LOOK_EVERY);
        }
    }

    fn failed(&self, how: String) -> ServerError {
        ServerError::Start {
            server: self.server,
            how,
            tail: tail(&self.log),
        }
    }

    /// Sends a signal, such as `STOP`, to the server and what it started.
    ///
    /// # Errors
    /// There is nobody left to take it.
    pub(crate) fn signal(&self, signal: &str) -> Result<(), ServerError> {
        let group = format!("-{}", self.child.id());
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$0" -- "$1""#, signal, &group])
            .stderr(Stdio::null())
            .status()
            .map_err(ServerError::running("sh", "sending a signal"))?;
        if status.success() {
            return Ok(());
        }
        Err(self.failed(format!("could not be sent {signal}")))
    }

    /// Kills the server as a power cut would, and waits until it is gone. A second call does nothing.
    pub(crate) fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Who cannot be signalled is gone, which is what was wanted; so for the next two lines.
            let _gone = self.signal("KILL");
            let _gone = self.child.kill();
            let _gone = self.child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The same command, ended by the kernel when this process ends without having stopped it: a test
/// that is killed drops nothing. Where util-linux's `setpriv` is missing the command stays as it is.
fn bound_to_us(command: &Command) -> Command {
    static SETPRIV: OnceLock<bool> = OnceLock::new();
    let has_setpriv = *SETPRIV.get_or_init(|| {
        Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "true"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    let mut bound = if has_setpriv {
        let mut setpriv = Command::new("setpriv");
        setpriv
            .args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program());
        setpriv
    } else {
        Command::new(command.get_program())
    };
    bound.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    bound
}

type Order = (Command, Sender<std::io::Result<Child>>);

/// Starts a process from a thread that lives as long as this process: the kernel counts the death of
/// the thread that started a child as the death of its parent.
fn spawn(command: Command) -> std::io::Result<Child> {
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, taken) = channel::<Order>();
        keep_running(move || {
            for (mut command, answer) in taken {
                // Who asked and went away again has no use for the answer.
                let _unheard = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, started) = channel();
    let gone = || std::io::Error::other("the thread that starts servers is gone");
    starter.send((command, answer)).map_err(|_| gone())?;
    started.recv().map_err(|_| gone())?
}

/// Finds a program as the system would.
pub(crate) fn which(program: &str) -> std::io::Result<PathBuf> {
    if program.contains('/') {
        return std::fs::metadata(program).map(|_| PathBuf::from(program));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| std::io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn shell(script: &str, folder: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("a shell", &command, &folder.join("log")).unwrap()
    }

    fn is_alive(pid: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    }

    #[test]
    fn a_dropped_server_is_gone_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let script = format!(
            "sleep 60 & echo $! >> {0}; echo $$ >> {0}; wait",
            pids.display()
        );
        let mut process = shell(&script, folder.path());
        let both = || std::fs::read_to_string(&pids).is_ok_and(|text| text.lines().count() == 2);
        process.wait_until(both).unwrap();
        let started = std::fs::read_to_string(&pids).unwrap();
        assert!(started.lines().all(is_alive));
        drop(process);
        let deadline = Deadline::after(Duration::from_secs(10));
        while started.lines().any(is_alive) && !deadline.passed() {
            pause(LOOK_EVERY);
        }
        assert!(!started.lines().any(is_alive), "{started}");
    }

    #[test]
    fn a_server_that_ends_shows_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("echo no room left; exit 3", folder.path());
        let error = process.wait_until(|| false).unwrap_err().to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("no room left"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let command = Command::new("no-such-program-anywhere");
        let started = Process::start("a server", &command, &folder.path().join("log"));
        let error = started.err().unwrap().to_string();
        assert!(
            error.contains("no-such-program-anywhere is not installed"),
            "{error}"
        );
    }

    #[test]
    fn a_frozen_server_goes_on_when_it_is_thawed() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("read line; echo woken", folder.path());
        process.signal("STOP").unwrap();
        process.signal("CONT").unwrap();
        let log = folder.path().join("log");
        let woken = || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("woken"));
        // It ends by itself once it goes on: the end is as good as the word.
        assert!(process.wait_until(woken).is_ok() || woken());
    }
}
