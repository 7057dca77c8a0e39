//! `millrace dev`: the API on this machine.

use std::path::PathBuf;

use super::Failure;
use super::ingest::place_of;
use super::interrupt::interrupted;
use crate::stack::{Stack, StackConfig};

/// Arguments of `dev`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Keep the data in this folder; without it the data goes when the command ends
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let (place, _temporary) = place_of(args.data.as_deref())?;
    let config = StackConfig {
        port: args.port,
        ..StackConfig::from_env(place).map_err(Failure::usage)?
    };
    let stack = Stack::start(config)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    super::print(&greeting(stack.base_url(), args.data.is_some()))?;
    interrupted().await;
    super::tell("stopping: work that runs is finished first");
    stack.stop().await;
    Ok(())
}

fn greeting(url: &str, kept: bool) -> String {
    let data = if kept {
        "kept in the data folder"
    } else {
        "gone when this ends; --data DIR keeps it"
    };
    format!(
        "Millrace API on {url} (this machine only, tenant `local`, data {data}). Ctrl-C stops it.\n\n\
         Announce a file, upload it to the answer's upload.url with the answer's upload.headers, then ask for the job:\n\n  \
         curl -sS {url}/v1/uploads -H 'content-type: application/json' \\\n    \
         -d \"{{\\\"filename\\\":\\\"my.csv\\\",\\\"size\\\":$(wc -c < my.csv),\\\"sha256\\\":\\\"$(sha256sum my.csv | cut -d' ' -f1)\\\"}}\"\n  \
         curl -sS {url}/v1/jobs/JOB_ID\n\n\
         Or let the command do it:  millrace ingest my.csv --endpoint {url} --ledger main\n"
    )
}
