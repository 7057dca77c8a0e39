//! Do boto3 and the AWS SDK for JavaScript list, complete and abort the uploads that presign began, and
//! does the job then go on?
//!
//! `cargo test -p tests --features servers --test uploads [FILTER]`, with the SDKs in the folder that
//! `MILLRACE_UPLOADS_TOOLS` names, as `tests/run` puts them there. Each script is told in its
//! environment where a stack is, and does the same on the embedded endpoint and on versitygw.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use embedded::Place;
use embedded::s3::Credentials;
use libtest_mimic::{Arguments, Failed, Trial};
use millrace::generate::Ledger;
use millrace::stack::{Sizes, Stack, StackConfig};
use millrace::tokens::TENANT;
use tests::cloud::{Cloud, Real};
use tests::ledgers::in_three_parts;
use tokio::runtime::Runtime;

/// Rows of the file that is uploaded.
const ROWS: usize = 60;
/// A key of a stack that lives for seconds on the loopback address.
const ACCESS_KEY: &str = "uploads";
const SECRET_KEY: &str = "uploads-on-loopback";

fn main() {
    let mut arguments = Arguments::from_args();
    // Each moves tens of megabytes: side by side they would wait for each other.
    arguments.test_threads = Some(1);
    let real = Arc::new(OnceLock::new());
    let mut trials = Vec::new();
    for script in SCRIPTS {
        let name = script.name;
        trials.push(Trial::test(format!("embedded::{name}"), move || {
            on_the_embedded_endpoint(script)
        }));
        let real = Arc::clone(&real);
        trials.push(Trial::test(format!("versitygw::{name}"), move || {
            on_versitygw(real.get_or_init(Real::start), script)
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Before the exit, which drops nothing.
    drop(real);
    conclusion.exit();
}

/// An SDK at work.
#[derive(Clone, Copy)]
struct Script {
    name: &'static str,
    file: &'static str,
    /// What runs it; with a slash: below the tools' folder.
    interpreter: &'static str,
}

const SCRIPTS: [Script; 2] = [
    Script {
        name: "boto3",
        file: "boto3_sdk.py",
        interpreter: "venv/bin/python",
    },
    Script {
        name: "javascript",
        file: "javascript_sdk.mjs",
        interpreter: "node",
    },
];

/// Where a stack is, for a client with a key of its own.
struct Address {
    api: String,
    token: String,
    endpoint: String,
    bucket: String,
    region: &'static str,
    key: (&'static str, &'static str),
}

fn in_parts() -> Sizes {
    Sizes {
        single_put_bytes: 1,
        ..Sizes::default()
    }
}

fn on_the_embedded_endpoint(script: Script) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let config = StackConfig {
            single_put_bytes: in_parts().single_put_bytes,
            s3_key: Some(Credentials::chosen(ACCESS_KEY, SECRET_KEY)?),
            ..StackConfig::new(Place::Folder(folder.path().to_owned()))
        };
        let stack = Stack::start(config).await?;
        let at = Address {
            api: stack.base_url().to_owned(),
            token: stack.token(TENANT)?,
            endpoint: stack.base_url().to_owned(),
            bucket: "millrace".to_owned(),
            region: "us-east-1",
            key: (ACCESS_KEY, SECRET_KEY),
        };
        let ran = run(script, &at);
        stack.stop().await;
        ran
    })
}

fn on_versitygw(real: &Real, script: Script) -> Result<(), Failed> {
    real.runtime().block_on(async {
        let parts = Cloud::parts(real).await;
        let bucket = parts.stack.clone();
        let cloud = Cloud::over(parts, &in_parts()).await;
        let server = real.versitygw();
        let at = Address {
            api: cloud.assembly.base_url().to_owned(),
            token: cloud.assembly.token(TENANT)?,
            endpoint: server.endpoint().to_owned(),
            bucket,
            region: server.region(),
            key: (server.access_key(), server.secret_key()),
        };
        let ran = run(script, &at);
        cloud.assembly.stop().await;
        ran
    })
}

/// Runs a script; it prints what it has shown, or why it fails.
fn run(script: Script, at: &Address) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("transactions.csv");
    std::fs::write(&file, in_three_parts(&Ledger::new(51, ROWS, 5).csv()))?;
    let tools = tools()?;
    let interpreter = match script.interpreter.contains('/') {
        true => tools.join(script.interpreter),
        false => PathBuf::from(script.interpreter),
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("uploads");
    let mut command = Command::new(interpreter);
    command
        .arg(source.join(script.file))
        .current_dir(&folder)
        .env("MILLRACE_URL", &at.api)
        .env("MILLRACE_TOKEN", &at.token)
        .env("MILLRACE_FILE", &file)
        .env("MILLRACE_ROWS", ROWS.to_string())
        .env("MILLRACE_BUCKET", &at.bucket)
        .env("MILLRACE_UPLOADS_TOOLS", &tools)
        // What every AWS SDK reads.
        .env("AWS_ENDPOINT_URL_S3", &at.endpoint)
        .env("AWS_REGION", at.region)
        .env("AWS_DEFAULT_REGION", at.region)
        .env("AWS_ACCESS_KEY_ID", at.key.0)
        .env("AWS_SECRET_ACCESS_KEY", at.key.1)
        // It says that a later SDK will want a later node.
        .env("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE");
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{} has ended with {status}", script.file).into()),
    }
}

fn tools() -> Result<PathBuf, Failed> {
    match std::env::var_os("MILLRACE_UPLOADS_TOOLS") {
        Some(folder) => Ok(folder.into()),
        None => {
            Err("MILLRACE_UPLOADS_TOOLS names no folder with the SDKs; tests/run makes one".into())
        }
    }
}
