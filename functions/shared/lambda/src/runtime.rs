//! From a handler to a Lambda function: what a `main.rs` calls.
//!
//! `run` reads the environment, starts the log, and lets `main.rs` build its clients; that ends in
//! `queue`, `http` or `schedule`, which ask Lambda for events until the process is stopped. What
//! goes wrong before the first event is logged once, as JSON, and ends the process with code 1, so
//! that Lambda reports a failed start instead of a function that fails each time. A panic in a
//! handler is caught by the runtime crate and reported as the invocation's error.

use std::convert::Infallible;
use std::fmt::Display;
use std::process::ExitCode;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::IgnoredAny;

use crate::env::{Env, EnvError};
use crate::{identity, telemetry};

/// Why a function could not start, or stopped.
#[derive(Debug)]
pub enum Stop {
    /// The environment is wrong.
    Environment(EnvError),
    /// Something the function needs is wrong or away.
    Outside {
        /// What: `cassandra`.
        what: &'static str,
        /// Why; without secrets.
        cause: String,
    },
}

impl Stop {
    /// The function cannot do without this.
    pub fn outside(what: &'static str, cause: impl Display) -> Self {
        Self::Outside {
            what,
            cause: cause.to_string(),
        }
    }
}

impl Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment(error) => error.fmt(f),
            Self::Outside { what, cause } => write!(f, "{what}: {cause}"),
        }
    }
}

/// A process's whole life: its environment, its log, then `serve`, which builds the clients and ends
/// in one of the functions below. `function` is the crate's name.
pub fn run<C>(
    function: &'static str,
    read: impl FnOnce(&mut Env) -> Option<C>,
    serve: impl AsyncFnOnce(C) -> Result<(), Stop>,
) -> ExitCode {
    let (level, config) = configure(read);
    telemetry::start(&telemetry::filter(function, level));
    telemetry::log_panics();
    let stopped = config.and_then(|config| {
        let tasks = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let tasks = tasks.map_err(|error| Stop::outside("tokio", error))?;
        tasks.block_on(serve(config))
    });
    match stopped {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            tracing::error!(function, cause = %stop, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Reads the environment whole; the log's level holds for its faults too.
fn configure<C>(read: impl FnOnce(&mut Env) -> Option<C>) -> (&'static str, Result<C, Stop>) {
    // Text that is not Unicode becomes text that no getter understands.
    let variables = std::env::vars_os().map(|(name, value)| {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        (text(name), text(value))
    });
    let mut env = Env::new(variables);
    read_platform(&mut env);
    let level = telemetry::read_level(&mut env);
    let config = read(&mut env);
    let level = level.unwrap_or(telemetry::DEFAULT_LEVEL);
    let config = match (env.finish(), config) {
        (Ok(()), Some(config)) => Ok(config),
        (Ok(()), None) => Err(Stop::outside("config.rs", "gave up without naming a fault")),
        (Err(error), _) => Err(Stop::Environment(error)),
    };
    (level, config)
}

/// What Lambda itself sets and the runtime crate insists on: it would panic one by one.
fn read_platform(env: &mut Env) {
    for name in ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API"] {
        env.require(name, "set by AWS Lambda, in which this program runs");
    }
    env.require("AWS_LAMBDA_FUNCTION_VERSION", "set by AWS Lambda");
    env.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 1..=1_000_000);
}

/// Answers events of a queue, one after the other.
///
/// # Errors
/// Lambda's interface is away.
pub async fn queue<F, Fut>(handle: F) -> Result<(), Stop>
where
    F: Fn(SqsEvent) -> Fut,
    Fut: Future<Output = SqsBatchResponse>,
{
    let service = service_fn(|event: LambdaEvent<SqsEvent>| {
        let answer = handle(event.payload);
        async { Ok::<_, Infallible>(answer.await) }
    });
    lambda_runtime::run(service).await.map_err(away)
}

/// Answers HTTP requests, one after the other, for the tenant whom API Gateway vouches for.
///
/// # Errors
/// Lambda's interface is away.
pub async fn http(router: Router) -> Result<(), Stop> {
    lambda_http::run(identity::guard(router))
        .await
        .map_err(away)
}

/// Works each time a schedule says so. What the event says is of no interest: it is a reason to look.
/// An error is the invocation's error; the schedule comes again.
///
/// # Errors
/// Lambda's interface is away.
pub async fn schedule<F, Fut, T, E>(work: F) -> Result<(), Stop>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Display,
{
    let service = service_fn(|_: LambdaEvent<IgnoredAny>| {
        let worked = work();
        async {
            let worked = worked.await;
            worked.map(|_| ()).map_err(|error| error.to_string())
        }
    });
    lambda_runtime::run(service).await.map_err(away)
}

fn away(error: lambda_runtime::Error) -> Stop {
    Stop::outside("Lambda's runtime interface", error)
}
