//! The cloud form on this machine: `sam build` and `sam deploy` of the real template onto an
//! emulator of AWS, beside a real Cassandra and an issuer of tokens.
//!
//! The command `millrace dev --deployed` and the tests of the deployed form start it alike.

mod front;
mod issuer;
mod sam;

use std::collections::BTreeMap;
use std::path::Path;

use front::{Front, Place};
pub use issuer::Issuer;
use sam::Sam;
use servers::{Cassandra, MiniStack, ServerError};

use crate::tokens::AUDIENCE;

/// The stack's name; queues, functions and log groups are named after it.
const STACK: &str = "millrace-local";
/// The keyspace of its tables.
const KEYSPACE: &str = "millrace";

/// The stack could not be deployed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A server that it stands on.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A command that could not begin.
    #[error("{what} cannot be run: {source}")]
    Start {
        /// Which.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A command that failed.
    #[error("{what} failed ({status}):\n{tail}")]
    Failed {
        /// Which.
        what: &'static str,
        /// How it ended.
        status: String,
        /// The last it printed.
        tail: String,
    },
    /// A command that printed what it should not.
    #[error("{what} gave an odd answer: {detail}")]
    Odd {
        /// Which.
        what: &'static str,
        /// What is odd.
        detail: String,
    },
    /// The issuer of tokens.
    #[error("the issuer of tokens: {0}")]
    Issuer(String),
    /// The page beside the API.
    #[error("the page: {0}")]
    Page(String),
}

impl DeployError {
    fn issuer(error: impl std::fmt::Display) -> Self {
        Self::Issuer(error.to_string())
    }

    fn page(error: impl std::fmt::Display) -> Self {
        Self::Page(error.to_string())
    }
}

/// A deployed stack and what it stands on; dropping it stops the servers, and everything is gone.
pub struct Deployment {
    sam: Sam,
    front: Front,
    issuer: Issuer,
    ministack: MiniStack,
    _cassandra: Cassandra,
    outputs: BTreeMap<String, String>,
    _folder: tempfile::TempDir,
}

impl Deployment {
    /// Builds, starts the servers and deploys; says what it does, as it takes minutes the first time.
    /// `built` is the folder of a `sam build` for x86_64 that is to be deployed as it is.
    ///
    /// # Errors
    /// A tool is missing, a server does not start, or a command fails.
    pub async fn start(
        root: &Path,
        built: Option<&Path>,
        say: impl Fn(&str),
    ) -> Result<Self, DeployError> {
        say("fetching sam and cargo-lambda, the first time");
        let cli = servers::SamCli::fetch()?;
        let folder = tempfile::tempdir().map_err(|source| DeployError::Start {
            what: "a temporary folder",
            source,
        })?;
        say("starting Cassandra and the emulator of AWS");
        let cassandra = Cassandra::start()?;
        let ministack = MiniStack::start()?;
        let issuer = Issuer::start().await?;
        let page = Place::take().await?;
        let sam = Sam {
            root: root.to_owned(),
            cli,
            built: built.map_or_else(|| folder.path().join("build"), Path::to_owned),
            endpoint: ministack.endpoint().to_owned(),
            stack: STACK.to_owned(),
        };
        say("applying the schema of the tables");
        sam::apply_schema(root, &reach(&cassandra))?;
        if built.is_none() {
            say("building the functions; minutes the first time");
            sam.build()?;
        }
        say("deploying");
        sam.deploy(&parameters(&issuer, page.url(), &cassandra))?;
        let outputs = sam.outputs()?;
        let api = api_url(&outputs, ministack.endpoint())?;
        let front = Front::serve(page, api, ministack.endpoint())?;
        Ok(Self {
            sam,
            front,
            issuer,
            ministack,
            _cassandra: cassandra,
            outputs,
            _folder: folder,
        })
    }

    /// The API's address on the emulator, without a slash at its end.
    ///
    /// # Errors
    /// The stack has no such output.
    pub fn api_url(&self) -> Result<String, DeployError> {
        api_url(&self.outputs, self.ministack.endpoint())
    }

    /// The page's address, without a slash at its end. The template's own page is CloudFront's, of which the
    /// emulator has no servers.
    #[must_use]
    pub fn page_url(&self) -> &str {
        self.front.url()
    }

    /// An output of the template.
    ///
    /// # Errors
    /// The stack has no such output.
    pub fn output(&self, name: &str) -> Result<&str, DeployError> {
        output(&self.outputs, name)
    }

    /// The stack's name.
    #[must_use]
    pub fn stack(&self) -> &str {
        &self.sam.stack
    }

    /// Who makes tokens that the API takes.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The emulator's address.
    #[must_use]
    pub fn emulator(&self) -> &str {
        self.ministack.endpoint()
    }

    /// Deletes the stack, as README says.
    ///
    /// # Errors
    /// The command fails.
    pub fn delete(&self) -> Result<(), DeployError> {
        self.sam.delete()
    }
}

fn output<'a>(outputs: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, DeployError> {
    let found = outputs.get(name).map(String::as_str);
    found.ok_or_else(|| DeployError::Odd {
        what: "the deployed stack",
        detail: format!("it has no output {name}"),
    })
}

/// As in the cloud the API's id is the first part of its host name. The emulator's names need a resolver
/// that knows them; its paths do not.
fn api_url(outputs: &BTreeMap<String, String>, emulator: &str) -> Result<String, DeployError> {
    let url = output(outputs, "ApiUrl")?;
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let id = host.split('.').next().unwrap_or_default();
    Ok(format!("{emulator}/_aws/execute-api/{id}"))
}

fn reach(cassandra: &Cassandra) -> sam::Cassandra<'_> {
    sam::Cassandra {
        address: cassandra.address(),
        datacenter: cassandra.datacenter(),
        keyspace: KEYSPACE,
        user: cassandra.user(),
        password: cassandra.password(),
    }
}

/// The template's parameters on this machine.
fn parameters(issuer: &Issuer, page: &str, cassandra: &Cassandra) -> Vec<(&'static str, String)> {
    let reach = reach(cassandra);
    [
        ("Architecture", "x86_64"),
        ("Issuer", issuer.url()),
        ("Audience", AUDIENCE),
        ("AllowedOrigins", page),
        ("CassandraMode", "own"),
        ("CassandraContactPoints", reach.address),
        ("CassandraDatacenter", reach.datacenter),
        ("CassandraKeyspace", reach.keyspace),
        ("CassandraAccess", "password"),
        ("CassandraUser", reach.user),
        ("CassandraPassword", reach.password),
        ("CassandraTls", "off"),
        ("KeepData", "false"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}
