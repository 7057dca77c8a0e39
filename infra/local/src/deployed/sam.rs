//! The SAM command line, as README uses it, pointed at an emulator of AWS on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use servers::{Compiled, SamCli};

use super::DeployError;

/// Lines of a command's output that an error shows.
const TAIL_LINES: usize = 40;
/// The emulator takes any region; every name in the stack carries this one.
const REGION: &str = "us-east-1";

/// The commands of one stack.
pub(super) struct Sam {
    /// The root of the source tree.
    pub(super) root: PathBuf,
    /// The command line.
    pub(super) cli: SamCli,
    /// Where `sam build` puts what `sam deploy` takes.
    pub(super) built: PathBuf,
    /// The emulator's address.
    pub(super) endpoint: String,
    /// The stack's name.
    pub(super) stack: String,
}

#[derive(Deserialize)]
struct Output {
    #[serde(rename = "OutputKey")]
    key: String,
    #[serde(rename = "OutputValue")]
    value: String,
}

impl Sam {
    /// Builds every function of the template for x86_64, the emulator's own architecture.
    pub(super) fn build(&self) -> Result<(), DeployError> {
        let mut command = self.command(&["build"]);
        command
            .arg("--build-dir")
            .arg(&self.built)
            .args(["--parameter-overrides", "Architecture=x86_64"]);
        let compiled = Compiled::of(&self.root)?;
        compiled.quickly(&mut command);
        run("sam build", command).map(drop)
    }

    /// Deploys what was built, with the template's parameters.
    pub(super) fn deploy(&self, parameters: &[(&str, String)]) -> Result<(), DeployError> {
        let mut command = self.command(&["deploy"]);
        command
            .arg("--template-file")
            .arg(self.built.join("template.yaml"))
            .args(["--stack-name", &self.stack, "--resolve-s3"])
            .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
            .args(["--no-confirm-changeset", "--no-progressbar"])
            .arg("--parameter-overrides")
            .args(
                parameters
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            );
        run("sam deploy", command).map(drop)
    }

    /// The deployed stack's outputs.
    pub(super) fn outputs(&self) -> Result<BTreeMap<String, String>, DeployError> {
        let mut command = self.command(&["list", "stack-outputs"]);
        command
            .args(["--stack-name", &self.stack])
            .args(["--output", "json"]);
        let printed = run("sam list stack-outputs", command)?;
        let listed: Vec<Output> =
            serde_json::from_str(&printed).map_err(|error| DeployError::Odd {
                what: "sam list stack-outputs",
                detail: error.to_string(),
            })?;
        Ok(listed
            .into_iter()
            .map(|output| (output.key, output.value))
            .collect())
    }

    /// Deletes the stack and what `sam deploy` uploaded for it.
    pub(super) fn delete(&self) -> Result<(), DeployError> {
        let mut command = self.command(&["delete"]);
        command.args(["--stack-name", &self.stack, "--no-prompts"]);
        run("sam delete", command).map(drop)
    }

    fn command(&self, verb: &[&str]) -> Command {
        let mut command = self.cli.command();
        command
            .args(verb)
            // The settings in samconfig.toml are for real accounts; it has no section of this name.
            .args(["--config-env", "emulator"])
            .current_dir(&self.root)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            // A profile of the person who runs this must never reach a real account.
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        command
    }
}

/// Applies the schema of the tables, with the command that README names.
pub(super) fn apply_schema(root: &Path, cassandra: &Cassandra<'_>) -> Result<(), DeployError> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root)
        .args(["run", "--quiet", "--locked", "-p", "schema", "--", "apply"])
        .args(["--replicas", "1"])
        .env("MILLRACE_CASSANDRA_CONTACT_POINTS", cassandra.address)
        .env("MILLRACE_CASSANDRA_DATACENTER", cassandra.datacenter)
        .env("MILLRACE_CASSANDRA_KEYSPACE", cassandra.keyspace)
        .env("MILLRACE_CASSANDRA_ACCESS", "password")
        .env("MILLRACE_CASSANDRA_USER", cassandra.user)
        .env("MILLRACE_CASSANDRA_PASSWORD", cassandra.password)
        .env("MILLRACE_CASSANDRA_TLS", "off");
    run("schema apply", command).map(drop)
}

/// How the functions reach the tables.
pub(super) struct Cassandra<'a> {
    pub(super) address: &'a str,
    pub(super) datacenter: &'a str,
    pub(super) keyspace: &'a str,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
}

/// Runs a command to its end and answers what it printed.
fn run(what: &'static str, mut command: Command) -> Result<String, DeployError> {
    let output = command
        .output()
        .map_err(|source| DeployError::Start { what, source })?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = printed.lines().chain(errors.lines()).collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    Err(DeployError::Failed {
        what,
        status: output.status.to_string(),
        tail: lines.get(from..).unwrap_or_default().join("\n"),
    })
}
