//! Does the deployed form do what the one process does?
//!
//! `cargo test -p tests --features servers --test deployed`: `sam build` and `sam deploy` of the real
//! template onto an emulator of AWS with the built bootstraps and a real Cassandra, the way of a file
//! through its HTTP API, a message that cannot be understood, and `sam delete`. The trials share one
//! stack, so they run one after the other in the order they stand in. `MILLRACE_BOOTSTRAPS` names the folder
//! of a `sam build` for x86_64 that is to be taken as it is.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod behind;
mod files;
mod letters;
mod page;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::{Arguments, Trial};
use millrace::client::{Client, Endpoint};
use millrace::deployed::Deployment;
use tests::user::User;
use tokio::runtime::Runtime;

/// The deployed stack that the trials share.
struct World {
    runtime: Runtime,
    deployment: Deployment,
    url: String,
}

impl World {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let say = |step: &str| eprintln!("deployed: {step}");
        let built = std::env::var_os("MILLRACE_BOOTSTRAPS").map(PathBuf::from);
        let deployment = runtime.block_on(Deployment::start(&root, built.as_deref(), say));
        let deployment = deployment.unwrap_or_else(|error| panic!("{error}"));
        let url = deployment.api_url().expect("the API's address");
        Self {
            runtime,
            deployment,
            url,
        }
    }

    /// A token of a tenant, good from now.
    fn token(&self, tenant: &str) -> String {
        let issuer = self.deployment.issuer();
        issuer.token(tenant, now_seconds()).expect("a token")
    }

    /// A user of the API with a token of a tenant.
    fn user(&self, tenant: &str) -> User {
        User::at(Endpoint::deployed(&self.url, Some(self.token(tenant))))
    }

    /// A client with whatever token, or none.
    fn client(&self, token: Option<String>) -> Client {
        Client::new(Endpoint::deployed(&self.url, token)).expect("a client")
    }
}

fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.expect("a clock after 1970").as_secs()).expect("a time")
}

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let world = Arc::new(World::start());
    let trial = |name: &str, body: fn(&World)| {
        let world = Arc::clone(&world);
        Trial::test(name, move || {
            body(&world);
            Ok(())
        })
    };
    let trials = vec![
        trial("a_request_without_a_good_token_is_refused", tokens::refused),
        trial("a_tenant_comes_from_the_token_alone", tokens::tenants),
        trial("the_page_and_the_api_are_one_site", page::one_site),
        trial("the_page_is_told_where_to_sign_in", page::sign_in),
        trial("small_us_comes_out_as_in_one_process", files::small_us),
        trial(
            "generated_rows_come_out_as_in_one_process",
            files::generated,
        ),
        trial(
            "a_message_of_an_unknown_version_fails_its_job_alone_and_a_retry_completes_it",
            letters::unknown_version,
        ),
        trial("sam_delete_leaves_nothing", behind::delete),
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Before the exit, which drops nothing: the servers end here.
    drop(world);
    conclusion.exit();
}
