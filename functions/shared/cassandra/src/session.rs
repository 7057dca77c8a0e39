//! One session for the life of a function's process: opened at cold start, where a server that
//! cannot be reached is a clear error, and kept by the driver, which reconnects by itself.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::statement::Consistency;

use crate::error::{ConnectError, open_error};
use crate::retry::AnotherNode;
use crate::settings::{Access, Settings};
use crate::sigv4::SigV4;
use crate::tls;

/// A Lambda's start has ten seconds: whoever is not there by then is reported, not waited for.
const OPEN_WITHIN: Duration = Duration::from_secs(8);
/// For one connection: a healthy handshake takes milliseconds, and two tries must fit in the start.
const CONNECTION_WITHIN: Duration = Duration::from_secs(3);
/// For one statement: longer than the server's own bounds (2 s a write, 5 s a read), so that its
/// answer, which says more than our silence, comes first.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(6);
/// A frozen process sends no keepalives. The first thing it does when it thaws is to send the one
/// that is due, so a connection that died meanwhile is found and replaced within this time.
const ALIVE_WITHIN: Duration = Duration::from_secs(3);
/// How often an idle connection is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Connections per node. Keyspaces takes 3,000 requests a second on a connection and spreads
/// connections over its endpoints, so it wants at least 3. An own node serves each connection with
/// any of its threads, and one vCPU of ours fills no second one; the second is there so that
/// a reader does not wait behind the 16 batches of a writer.
fn connections(access: &Access) -> usize {
    match access {
        Access::Keyspaces { .. } => 3,
        Access::Open | Access::Password { .. } => 2,
    }
}

/// Opens a session, in no keyspace. `credentials` are asked only for `Access::Keyspaces`, at every
/// challenge anew. Calling it twice opens two sessions.
///
/// # Errors
/// `Settings`, `Unreachable`, `Credentials` or `Datacenter`.
pub async fn open(
    settings: &Settings,
    credentials: Option<SharedCredentialsProvider>,
) -> Result<Session, ConnectError> {
    if let Some(fault) = settings.fault() {
        return Err(ConnectError::Settings(fault));
    }
    let builder = builder(settings, credentials)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of a function is bounded; no step waits by it"
    )]
    let opened = tokio::time::timeout(OPEN_WITHIN, builder.build()).await;
    let session = match opened {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => return Err(open_error(&settings.contact_points, &error)),
        Err(_) => {
            return Err(ConnectError::Unreachable {
                contact_points: settings.contact_points.join(", "),
                cause: format!("silent for {} s", OPEN_WITHIN.as_secs()),
            });
        }
    };
    in_datacenter(&session, &settings.datacenter)?;
    Ok(session)
}

fn builder(
    settings: &Settings,
    credentials: Option<SharedCredentialsProvider>,
) -> Result<SessionBuilder, ConnectError> {
    let size = NonZeroUsize::new(connections(&settings.access)).unwrap_or(NonZeroUsize::MIN);
    let builder = SessionBuilder::new()
        .known_nodes(&settings.contact_points)
        .default_execution_profile_handle(profile(settings).into_handle())
        .connection_timeout(CONNECTION_WITHIN)
        .pool_size(PoolSize::PerHost(size))
        .keepalive_interval(KEEPALIVE)
        .keepalive_timeout(ALIVE_WITHIN)
        // The statements are known; a schema would only be fetched, again and again, to be ignored.
        .fetch_schema_metadata(false)
        // Nothing here changes a schema, and Keyspaces has no agreement to wait for.
        .auto_await_schema_agreement(false)
        .disallow_shard_aware_port(true);
    let builder = builder.tls_context(tls::context(settings)?);
    Ok(match &settings.access {
        Access::Open => builder,
        Access::Password { user, password } => builder.user(user, password),
        Access::Keyspaces { region } => {
            let Some(credentials) = credentials else {
                return Err(ConnectError::Credentials {
                    cause: "Keyspaces needs AWS credentials and none are configured".to_owned(),
                });
            };
            builder.authenticator_provider(Arc::new(SigV4::new(region, credentials)))
        }
    })
}

/// Quorum of the own datacenter only: Keyspaces takes writes at no other level, and a node far away
/// would make a slow function of a dead one.
fn profile(settings: &Settings) -> ExecutionProfile {
    let own_node = !matches!(settings.access, Access::Keyspaces { .. });
    ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .request_timeout(Some(ANSWER_WITHIN))
        .retry_policy(Arc::new(AnotherNode))
        .load_balancing_policy(
            DefaultPolicy::builder()
                .prefer_datacenter(settings.datacenter.clone())
                .permit_dc_failover(false)
                // Keyspaces' endpoints own no tokens: by token, a partition's batches would all go
                // through one of them.
                .token_aware(own_node)
                .build(),
        )
        .build()
}

/// Without a node of its datacenter every statement would fail, each with a riddle.
fn in_datacenter(session: &Session, asked: &str) -> Result<(), ConnectError> {
    let state = session.get_cluster_state();
    let nodes = state.get_nodes_info();
    let mut known: Vec<&str> = nodes
        .iter()
        .filter_map(|node| node.datacenter.as_deref())
        .collect();
    if known.contains(&asked) {
        return Ok(());
    }
    known.sort_unstable();
    known.dedup();
    Err(ConnectError::Datacenter {
        asked: asked.to_owned(),
        known: known.join(", "),
    })
}
