//! Apache Cassandra: one node with a data folder of its own, which can be killed, started again,
//! frozen and thawed.

mod config;
mod handshake;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;
use crate::{ServerError, port, versions};

const NAME: &str = "Cassandra";
const USER: &str = "cassandra";
const PASSWORD: &str = "cassandra";
const DATACENTER: &str = "datacenter1";

/// A Cassandra, running unless it was killed.
pub struct Cassandra {
    address: String,
    port: u16,
    jars: PathBuf,
    process: Process,
    folder: TempDir,
}

impl Cassandra {
    /// Starts an empty one; returns when it lets its superuser in.
    ///
    /// # Errors
    /// It cannot be fetched or does not come up.
    pub fn start() -> Result<Self, ServerError> {
        let jars = versions::CASSANDRA.folder()?.join("jars");
        let folder = crate::own_folder(NAME)?;
        let (port, storage_port) = (port::free()?, port::free()?);
        let at = folder.path();
        let files = [
            ("cassandra.yaml", config::yaml(at, storage_port, port)),
            ("logback.xml", config::LOGBACK.to_owned()),
        ];
        for (name, text) in files {
            fs::write(at.join(name), text)
                .map_err(ServerError::doing("write Cassandra's settings"))?;
        }
        fs::create_dir(at.join("tmp")).map_err(ServerError::doing("make a folder"))?;
        let process = run(&jars, &folder, port)?;
        Ok(Self {
            address: format!("127.0.0.1:{port}"),
            port,
            jars,
            process,
            folder,
        })
    }

    /// Where it takes CQL: `127.0.0.1:<port>`, the same after it was started again.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its superuser.
    #[must_use]
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The superuser's password.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The name of its only data centre.
    #[must_use]
    pub fn datacenter(&self) -> &'static str {
        DATACENTER
    }

    /// Kills it, as a power cut would. What it acknowledged is on disk. A second call does nothing.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port and data, killing it first if it runs; returns when it lets
    /// its superuser in.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        self.kill();
        self.process = run(&self.jars, &self.folder, self.port)?;
        Ok(())
    }

    /// Stops its time: connections stay open and nothing is answered.
    ///
    /// # Errors
    /// It does not run.
    pub fn freeze(&self) -> Result<(), ServerError> {
        self.process.signal("STOP")
    }

    /// Lets a frozen one go on.
    ///
    /// # Errors
    /// It does not run.
    pub fn thaw(&self) -> Result<(), ServerError> {
        self.process.signal("CONT")
    }
}

fn run(jars: &std::path::Path, folder: &TempDir, port: u16) -> Result<Process, ServerError> {
    let mut java = Command::new("java");
    java.args(config::java_options(folder.path()))
        .arg("-cp")
        .arg(jars.join("*"))
        .arg("org.apache.cassandra.service.CassandraDaemon")
        .current_dir(folder.path());
    let mut process = Process::start(NAME, &java, &folder.path().join("log"))?;
    process.wait_until(|| handshake::lets_in(port, USER, PASSWORD))?;
    Ok(process)
}
