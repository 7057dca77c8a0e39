//! A Cassandra with the schema in it, for the functions that open tables before their first event.

use std::sync::OnceLock;

use cassandra::{Access, Settings};
use schema::apply::{Creation, apply};
use tests::running::Running;

/// The contact point of a Cassandra whose keyspace `millrace` has the tables.
pub(crate) fn opened(running: &Running) -> &str {
    static APPLIED: OnceLock<()> = OnceLock::new();
    let address = running.cassandra().address();
    APPLIED.get_or_init(|| {
        let tasks = tokio::runtime::Runtime::new().expect("a runtime");
        tasks.block_on(apply_to(address));
    });
    address
}

async fn apply_to(address: &str) {
    let login = || "cassandra".to_owned();
    let settings = Settings {
        contact_points: vec![address.to_owned()],
        datacenter: "datacenter1".to_owned(),
        keyspace: "millrace".to_owned(),
        access: Access::Password {
            user: login(),
            password: login(),
        },
        tls: false,
    };
    let session = cassandra::open(&settings, None).await.expect("a session");
    let applied = apply(&session, &settings, Creation::Replicas(1)).await;
    applied.expect("the schema is applied");
}
