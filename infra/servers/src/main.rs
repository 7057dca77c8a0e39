//! `servers up [NAME...]`: the servers in the foreground, for people; `servers sam ...` and
//! `servers build ...`: the pinned SAM command line, for people and `tests/run`; `servers lint ...`:
//! the pinned cfn-lint.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use clap::{Parser, Subcommand, ValueEnum};
use servers::{
    Cassandra, Compiled, DynamoDb, ElasticMq, MiniStack, SamCli, ServerError, VersityGw,
};

/// The stack whose queues and bucket are made.
const STACK: &str = "millrace";

#[derive(Parser)]
#[command(about = "Starts the real servers on 127.0.0.1, for running Millrace against them")]
struct Arguments {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Starts servers and keeps them until Ctrl-C; their data goes with them.
    Up {
        /// Which; without a name Cassandra, DynamoDB Local, ElasticMQ and versitygw.
        names: Vec<Name>,
    },
    /// Runs the SAM command line with the arguments that follow, fetched first if need be.
    Sam {
        /// As `sam` takes them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Runs `sam build` of the tree in this folder with the arguments that follow, quickly: for tests, not
    /// for a deployment. What is compiled stays in the cache.
    Build {
        /// As `sam build` takes them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Runs cfn-lint with the arguments that follow, fetched first if need be.
    Lint {
        /// As `cfn-lint` takes them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Cassandra,
    Dynamodb,
    Elasticmq,
    Versitygw,
    Ministack,
}

const USUAL: [Name; 4] = [
    Name::Cassandra,
    Name::Dynamodb,
    Name::Elasticmq,
    Name::Versitygw,
];

/// What runs; dropping it stops all.
#[derive(Default)]
struct Up {
    cassandra: Option<Cassandra>,
    dynamodb: Option<DynamoDb>,
    elasticmq: Option<ElasticMq>,
    versitygw: Option<VersityGw>,
    ministack: Option<MiniStack>,
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Verb::Up { names } if names.is_empty() => until_interrupted(&USUAL),
        Verb::Up { names } => until_interrupted(&names),
        Verb::Sam { arguments } => run(SamCli::command, &arguments),
        Verb::Build { arguments } => build(&arguments),
        Verb::Lint { arguments } => run(SamCli::lint, &arguments),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("servers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How a verb ended, or why it could not.
type Ended = Result<ExitCode, Box<dyn std::error::Error>>;

/// Runs a pinned tool and ends as it ends.
fn run(tool: fn(&SamCli) -> Command, arguments: &[std::ffi::OsString]) -> Ended {
    ended(tool(&SamCli::fetch()?).args(arguments).status()?)
}

/// Runs `sam build` and ends as it ends.
fn build(arguments: &[std::ffi::OsString]) -> Ended {
    let compiled = Compiled::of(Path::new("."))?;
    let mut sam = SamCli::fetch()?.command();
    sam.arg("build").args(arguments);
    compiled.quickly(&mut sam);
    ended(sam.status()?)
}

fn ended(status: ExitStatus) -> Ended {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

fn until_interrupted(names: &[Name]) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Listened to from the start: who interrupts the start leaves nothing behind.
    let interrupts = runtime.block_on(async { interrupts() })?;
    let up = start(names)?;
    let mut out = std::io::stdout().lock();
    for line in told(&up) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "# all of them answer; Ctrl-C stops them")?;
    out.flush()?;
    runtime.block_on(first(interrupts));
    drop(up);
    Ok(ExitCode::SUCCESS)
}

type Interrupts = Vec<tokio::signal::unix::Signal>;

fn interrupts() -> std::io::Result<Interrupts> {
    use tokio::signal::unix::{SignalKind, signal};
    [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ]
    .into_iter()
    .map(signal)
    .collect()
}

/// Waits for the first of them.
async fn first(mut interrupts: Interrupts) {
    std::future::poll_fn(|context| {
        let came = interrupts
            .iter_mut()
            .any(|interrupt| interrupt.poll_recv(context).is_ready());
        if came {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

fn start(names: &[Name]) -> Result<Up, ServerError> {
    let mut up = Up::default();
    for name in names {
        match name {
            Name::Cassandra => up.cassandra = Some(Cassandra::start()?),
            Name::Dynamodb => up.dynamodb = Some(DynamoDb::start()?),
            Name::Elasticmq => up.elasticmq = Some(ElasticMq::start(&[STACK])?),
            Name::Versitygw => up.versitygw = Some(VersityGw::start(STACK, None)?),
            Name::Ministack => up.ministack = Some(MiniStack::start()?),
        }
    }
    Ok(up)
}

/// What to put into the environment, as a shell takes it.
fn told(up: &Up) -> Vec<String> {
    let mut lines = Vec::new();
    let mut set = |name: &str, value: &str| lines.push(format!("export {name}={value}"));
    if let Some(cassandra) = &up.cassandra {
        set("MILLRACE_CASSANDRA_CONTACT_POINTS", cassandra.address());
        set("MILLRACE_CASSANDRA_DATACENTER", cassandra.datacenter());
        set("MILLRACE_CASSANDRA_ACCESS", "password");
        set("MILLRACE_CASSANDRA_USER", cassandra.user());
        set("MILLRACE_CASSANDRA_PASSWORD", cassandra.password());
        set("MILLRACE_CASSANDRA_TLS", "off");
    }
    if let Some(dynamodb) = &up.dynamodb {
        set("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint());
    }
    if let Some(elasticmq) = &up.elasticmq {
        set("AWS_ENDPOINT_URL_SQS", elasticmq.endpoint());
        for (queue, url) in elasticmq.queue_urls(STACK) {
            let name = format!("MILLRACE_QUEUE_{}_URL", queue.to_uppercase());
            set(&name, &url);
        }
    }
    if let Some(versitygw) = &up.versitygw {
        set("AWS_ENDPOINT_URL_S3", versitygw.endpoint());
        set("AWS_REGION", versitygw.region());
        set("AWS_ACCESS_KEY_ID", versitygw.access_key());
        set("AWS_SECRET_ACCESS_KEY", versitygw.secret_key());
        set("MILLRACE_BUCKET", versitygw.bucket());
    }
    if let Some(ministack) = &up.ministack {
        set("AWS_ENDPOINT_URL", ministack.endpoint());
    }
    // MiniStack has root keys of its own; the others take any.
    if up.versitygw.is_none() {
        set("AWS_REGION", "us-east-1");
        set("AWS_ACCESS_KEY_ID", "test");
        set("AWS_SECRET_ACCESS_KEY", "test");
    }
    lines
}
