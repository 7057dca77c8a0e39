//! `cargo run -p schema -- apply …` makes the tables in a Cassandra or in Amazon Keyspaces;
//! `cargo run -p schema -- lint FILE…` says what Keyspaces would not understand of a file.

use std::path::PathBuf;
use std::process::ExitCode;

use cassandra::{Access, Settings};
use clap::{Args, Parser, Subcommand, ValueEnum};
use schema::apply::{Creation, Done, apply};
use schema::lint::lint;

#[derive(Parser)]
#[command(about = "The Cassandra schema of Millrace")]
struct Arguments {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Applies every file that was not applied yet. Applying again changes nothing.
    Apply(Apply),
    /// Refuses CQL outside of Keyspaces' subset.
    Lint {
        /// Files of CQL.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// The settings of the functions, under the same names.
#[derive(Args)]
struct Apply {
    /// Nodes to ask for the others: host:port, with commas between.
    #[arg(
        long,
        env = "MILLRACE_CASSANDRA_CONTACT_POINTS",
        value_delimiter = ',',
        required = true
    )]
    contact_points: Vec<String>,
    /// The datacenter; on Keyspaces the region.
    #[arg(long, env = "MILLRACE_CASSANDRA_DATACENTER")]
    datacenter: String,
    /// The keyspace.
    #[arg(long, env = "MILLRACE_CASSANDRA_KEYSPACE")]
    keyspace: String,
    /// How to be let in.
    #[arg(long, env = "MILLRACE_CASSANDRA_ACCESS")]
    access: Kind,
    /// The role, with access `password`.
    #[arg(long, env = "MILLRACE_CASSANDRA_USER")]
    user: Option<String>,
    /// Its password; better in the environment, where no list of processes shows it.
    #[arg(long, env = "MILLRACE_CASSANDRA_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// TLS to an own Cassandra.
    #[arg(long, env = "MILLRACE_CASSANDRA_TLS")]
    tls: Option<Tls>,
    /// Makes the keyspace if it is missing, with so many replicas; on Keyspaces it is always three.
    #[arg(long, value_name = "N")]
    replicas: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Keyspaces,
    Password,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tls {
    On,
    Off,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Verb::Apply(arguments) => run_apply(arguments).await,
        Verb::Lint { files } => run_lint(&files),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error>;

async fn run_apply(arguments: Apply) -> Result<(), Failure> {
    let creation = arguments
        .replicas
        .map_or(Creation::Never, Creation::Replicas);
    let settings = settings(arguments)?;
    let credentials = match settings.access {
        Access::Keyspaces { .. } => aws::sdk::load().await.credentials_provider(),
        _ => None,
    };
    let session = cassandra::open(&settings, credentials).await?;
    for (file, done) in apply(&session, &settings, creation).await? {
        match done {
            Done::Applied => println!("{file}: applied"),
            Done::Before => println!("{file}: was applied before"),
        }
    }
    Ok(())
}

fn settings(arguments: Apply) -> Result<Settings, Failure> {
    let access = match (arguments.access, arguments.user, arguments.password) {
        (Kind::Keyspaces, None, None) => Access::Keyspaces {
            region: arguments.datacenter.clone(),
        },
        (Kind::Open, None, None) => Access::Open,
        (Kind::Password, Some(user), Some(password)) => Access::Password { user, password },
        (Kind::Password, ..) => return Err("access password needs a user and a password".into()),
        _ => return Err("user and password are for access password alone".into()),
    };
    let tls = match (arguments.access, arguments.tls) {
        (Kind::Keyspaces, Some(_)) => return Err("Keyspaces is always asked over TLS".into()),
        (_, tls) => tls == Some(Tls::On),
    };
    Ok(Settings {
        contact_points: arguments.contact_points,
        datacenter: arguments.datacenter,
        keyspace: arguments.keyspace,
        access,
        tls,
    })
}

fn run_lint(files: &[PathBuf]) -> Result<(), Failure> {
    let mut refused = 0;
    for file in files {
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        for refusal in lint(&text).map_err(|error| format!("{name}: {error}"))? {
            println!("{name}: {refusal}");
            refused += 1;
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(format!("{refused} refused").into()),
    }
}
