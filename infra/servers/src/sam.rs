//! The SAM command line: no server, but fetched and kept as they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{ServerError, versions};

/// The SAM command line and what it calls.
#[derive(Debug, Clone)]
pub struct SamCli {
    folder: PathBuf,
}

impl SamCli {
    /// Finds it in the cache, fetched first if it is not there yet.
    ///
    /// # Errors
    /// It cannot be fetched.
    pub fn fetch() -> Result<Self, ServerError> {
        let folder = versions::SAM.folder()?.join("bin");
        Ok(Self { folder })
    }

    /// The folder of its commands. The scripts in it name the folder they were made in: run
    /// their modules with its `python`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `sam`, without arguments yet. It finds `cargo-lambda` and `ziglang` on its path, and tells
    /// nobody that it runs.
    #[must_use]
    pub fn command(&self) -> Command {
        self.python(&["-m", "samcli"])
    }

    /// `cfn-lint`, without arguments yet.
    #[must_use]
    pub fn lint(&self) -> Command {
        let main = "import sys; from cfnlint.runner import main; sys.exit(main())";
        self.python(&["-c", main])
    }

    fn python(&self, arguments: &[&str]) -> Command {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.folder.clone()).chain(std::env::split_paths(&inherited));
        let mut command = Command::new(self.folder.join("python"));
        command
            .args(arguments)
            .env("PATH", std::env::join_paths(folders).unwrap_or(inherited))
            .env("SAM_CLI_TELEMETRY", "0");
        command
    }
}
