//! `millrace dev`: the page and the API on this machine, in this process or deployed onto an emulator of AWS.

use std::path::{Path, PathBuf};

use machine::SystemClock;
use ports::Clock;

use super::Failure;
use super::ingest::place_of;
use super::interrupt::interrupted;
use crate::deployed::{DeployError, Deployment};
use crate::stack::{Stack, StackConfig};
use crate::tokens::TENANT;

/// Arguments of `dev`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Keep the data in this folder; without it the data goes when the command ends
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Build and deploy template.yaml with SAM onto an emulator of AWS beside a real Cassandra; run it
    /// in the root of the source tree. Needs JDK 17, Maven and Python
    #[arg(long, conflicts_with_all = ["data", "port"])]
    deployed: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    if args.deployed {
        return deployed().await;
    }
    let (place, _temporary) = place_of(args.data.as_deref())?;
    let config = StackConfig {
        port: args.port,
        ..StackConfig::from_env(place).map_err(Failure::usage)?
    };
    let stack = Stack::start(config)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    let token = stack.token(TENANT);
    let token = token.map_err(|error| Failure::failed(error.to_string()))?;
    super::print(&greeting(stack.base_url(), &token, args.data.is_some()))?;
    interrupted().await;
    super::tell("stopping: work that runs is finished first");
    stack.stop().await;
    Ok(())
}

async fn deployed() -> Result<(), Failure> {
    let root = Path::new(".");
    if !root.join("template.yaml").is_file() {
        let what = "--deployed deploys ./template.yaml; run it in the root of the source tree";
        return Err(Failure::usage(what));
    }
    let failed = |error: DeployError| Failure::failed(error.to_string());
    let starting = Deployment::start(root, None, super::tell);
    let deployment = tokio::select! {
        started = starting => started.map_err(failed)?,
        () = interrupted() => return Err(Failure::failed("interrupted")),
    };
    let url = deployment.api_url().map_err(failed)?;
    let now = SystemClock::new().now().0.div_euclid(1_000_000);
    let token = deployment.issuer().token(TENANT, now).map_err(failed)?;
    super::print(&format!(
        "Millrace is deployed on this machine. Ctrl-C stops it. Open the page; the address signs you in:\n\n  \
         {page}/#token={token}\n\n\
         Its API answers on {url} to tokens of {issuer}:\n\n  \
         export MILLRACE_TOKEN={token}\n  \
         curl -sS {url}/v1/jobs/JOB_ID -H \"authorization: Bearer $MILLRACE_TOKEN\"\n  \
         millrace ingest my.csv --endpoint {url} --ledger main\n",
        page = deployment.page_url(),
        issuer = deployment.issuer().url(),
    ))?;
    interrupted().await;
    super::tell("stopping: everything deployed goes with it");
    Ok(())
}

fn greeting(url: &str, token: &str, kept: bool) -> String {
    let data = if kept {
        "kept in the data folder"
    } else {
        "gone when this ends; --data DIR keeps it"
    };
    format!(
        "Millrace runs (this machine only, tenant `{TENANT}`, data {data}). Ctrl-C stops it. Open the page; the address signs you in:\n\n  \
         {url}/#token={token}\n\n\
         Or speak with its API. Announce a file, upload it to the answer's upload.url with the answer's upload.headers, then ask for the job:\n\n  \
         export MILLRACE_TOKEN={token}\n  \
         curl -sS {url}/v1/uploads -H \"authorization: Bearer $MILLRACE_TOKEN\" -H 'content-type: application/json' \\\n    \
         -d \"{{\\\"filename\\\":\\\"my.csv\\\",\\\"size\\\":$(wc -c < my.csv),\\\"sha256\\\":\\\"$(sha256sum my.csv | cut -d' ' -f1)\\\"}}\"\n  \
         curl -sS {url}/v1/jobs/JOB_ID -H \"authorization: Bearer $MILLRACE_TOKEN\"\n\n\
         Or let the command do it, with that token:  millrace ingest my.csv --endpoint {url} --ledger main\n"
    )
}
