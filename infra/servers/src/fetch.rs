//! Artefacts come by the package clients that people use anyway: Maven, Go, pip.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::tail;
use crate::{ServerError, cache};

/// What is fetched, by which client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Artefact {
    /// A Maven artefact and all it needs, as jars in the folder `jars`.
    Maven {
        /// Its group.
        group: &'static str,
        /// Its name.
        name: &'static str,
        /// Its version.
        version: &'static str,
    },
    /// A Go command, built into the folder `bin`.
    Go {
        /// Its import path.
        package: &'static str,
        /// The binary's name.
        binary: &'static str,
        /// Its version, with its `v`.
        version: &'static str,
    },
    /// Python packages in a virtual environment; run them as `bin/python -m module`, because the
    /// scripts in `bin` name the folder that the environment was made in.
    Python {
        /// The environment's name.
        name: &'static str,
        /// What to install, each as `name==version`; the first is what it is for.
        packages: &'static [&'static str],
    },
}

impl Artefact {
    /// The folder it is in, fetched first if it is not there yet: a second call is instant.
    ///
    /// # Errors
    /// The client is missing or failed; with the end of its output.
    pub fn folder(self) -> Result<PathBuf, ServerError> {
        let name = self.folder_name();
        cache::folder(&cache::root()?, &name, |to| self.fetch(&name, to))
    }

    fn folder_name(self) -> String {
        match self {
            Self::Maven { name, version, .. } => format!("{name}-{version}"),
            Self::Go {
                binary, version, ..
            } => format!("{binary}-{version}"),
            Self::Python { name, packages } => format!("{name}-venv-{}", packages.join("+")),
        }
    }

    fn fetch(self, what: &str, to: &Path) -> Result<(), ServerError> {
        // A minute without a word looks like a stop.
        eprintln!("fetching {what}; this is done once and can take minutes");
        match self {
            Self::Maven {
                group,
                name,
                version,
            } => {
                fs::write(to.join("pom.xml"), pom(group, name, version))
                    .map_err(ServerError::doing("write a pom.xml"))?;
                run(what, to, &mut maven())
            }
            Self::Go {
                package, version, ..
            } => {
                let mut go = Command::new("go");
                go.arg("install")
                    .arg(format!("{package}@{version}"))
                    .env("GOBIN", to.join("bin"));
                run(what, to, &mut go)
            }
            Self::Python { packages, .. } => {
                let mut venv = Command::new("python3");
                venv.args(["-m", "venv", "."]);
                run(what, to, &mut venv)?;
                let mut pip = Command::new(to.join("bin/python"));
                pip.args(["-m", "pip", "install", "--quiet"])
                    .arg("--disable-pip-version-check")
                    .args(packages);
                run(what, to, &mut pip)
            }
        }
    }
}

fn maven() -> Command {
    let mut maven = Command::new("mvn");
    maven.args([
        "--batch-mode",
        "--quiet",
        "dependency:copy-dependencies",
        "-DoutputDirectory=jars",
        "-DincludeScope=runtime",
    ]);
    maven
}

fn pom(group: &str, name: &str, version: &str) -> String {
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId>
  <artifactId>server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{name}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"#
    )
}

/// Runs a client in `folder` to its good end.
fn run(what: &str, folder: &Path, client: &mut Command) -> Result<(), ServerError> {
    let log = folder.join("fetch.log");
    let name = client.get_program().to_string_lossy().into_owned();
    let output = File::options()
        .create(true)
        .append(true)
        .open(&log)
        .map_err(ServerError::doing("write a fetch's log"))?;
    let errors = output
        .try_clone()
        .map_err(ServerError::doing("write a fetch's log"))?;
    let status = client
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .status()
        .map_err(ServerError::running(&name, &format!("fetching {what}")))?;
    if status.success() {
        return Ok(());
    }
    Err(ServerError::Fetch {
        what: what.to_owned(),
        client: name,
        tail: tail(&log),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn a_failed_fetch_shows_the_end_of_the_clients_output() {
        let folder = tempfile::tempdir().unwrap();
        let mut client = Command::new("sh");
        client.args(["-c", "echo no route to the registry >&2; exit 1"]);
        let error = run("it-1", folder.path(), &mut client).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("it-1") && text.contains("no route to the registry"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_client_is_named_with_what_it_was_to_fetch() {
        let folder = tempfile::tempdir().unwrap();
        let mut client = Command::new("no-such-client");
        let text = run("it-1", folder.path(), &mut client)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("no-such-client") && text.contains("it-1"),
            "{text}"
        );
    }

    #[test]
    fn another_version_is_another_folder() {
        let at = |version| Artefact::Maven {
            group: "g",
            name: "n",
            version,
        };
        assert_ne!(at("1").folder_name(), at("2").folder_name());
    }
}
