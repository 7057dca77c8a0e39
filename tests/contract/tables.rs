//! The tables over a real Cassandra keep the promises of their ports, and say at the start what is
//! missing.

use std::sync::Arc;

use cassandra::{Access, ConnectError, Settings};
use domain::ids::{LedgerRef, TurnId};
use libtest_mimic::Trial;
use machine::{SystemClock, SystemIds};
use ports::contract::{World, tables};
use ports::tables::Decisions;
use ports::{Clock, Ids, PortErrorKind};
use servers::Cassandra;
use tests::cloud::{cassandra_settings, tables_in};
use tests::running::Running;

use crate::adapters::block_on;
use crate::trial;

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial("tables::the_suite_holds_on_cassandra", running, |running| {
            block_on(the_suite(running.cassandra()));
        }),
        trial(
            "tables::what_is_wrong_at_the_start_is_named",
            running,
            |running| block_on(faults_of_the_start(running.cassandra())),
        ),
    ]
}

async fn the_suite(server: &Cassandra) {
    let opened = tables_in(&cassandra_settings(server, "contract")).await;
    let now = SystemClock::new().now();
    let ids = SystemIds::new();
    let world = World {
        tenant: ids
            .job_id(now)
            .to_string()
            .parse()
            .expect("a tenant's name"),
        ids: &ids,
        now,
    };
    let tried = tables::Tried {
        rows: opened.rows.as_ref(),
        rejects: opened.rejects.as_ref(),
        decisions: opened.decisions.as_ref(),
        transactions: opened.transactions.as_ref(),
        disposals: opened.disposals.as_ref(),
        summaries: opened.summaries.as_ref(),
        ledger_prices: opened.ledger_prices.as_ref(),
    };
    tables::run(&tried, &world).await;
}

async fn refused(settings: &Settings) -> ConnectError {
    match cassandra::connect(settings, None).await {
        Ok(_) => panic!("opened with {settings:?}"),
        Err(error) => error,
    }
}

async fn faults_of_the_start(server: &Cassandra) {
    let good = cassandra_settings(server, "half_made");
    let opened = tables_in(&good).await;

    let missing = refused(&cassandra_settings(server, "nowhere")).await;
    let named = matches!(&missing, ConnectError::Keyspace { keyspace } if keyspace == "nowhere");
    assert!(
        named && missing.to_string().contains("apply the schema"),
        "{missing}"
    );

    let session = cassandra::open(&good, None).await.expect("a session");
    let drop = session.query_unpaged("DROP TABLE half_made.decisions", ());
    drop.await.expect("a table is dropped");
    let missing = refused(&good).await;
    let named = matches!(&missing, ConnectError::Table { table, .. } if table == "decisions");
    assert!(
        named && missing.to_string().contains("apply the schema"),
        "{missing}"
    );

    // One that was opened before finds out with the first statement that needs the table.
    let ledger = LedgerRef {
        tenant: "t".parse().expect("a tenant's name"),
        ledger: "main".parse().expect("a ledger's name"),
    };
    let read = opened.decisions.read(&ledger, TurnId(1), 0).await;
    let error = read.expect_err("no table");
    assert_eq!(error.kind, PortErrorKind::Reject, "{error}");
    assert!(error.to_string().contains("apply the schema"), "{error}");

    let mut wrong = good.clone();
    wrong.access = Access::Password {
        user: server.user().to_owned(),
        password: "not this one".to_owned(),
    };
    let error = refused(&wrong).await;
    assert!(matches!(error, ConnectError::Credentials { .. }), "{error}");
    assert!(!error.to_string().contains("not this one"), "{error}");
    wrong.access = Access::Open;
    let error = refused(&wrong).await;
    assert!(matches!(error, ConnectError::Credentials { .. }), "{error}");

    wrong = good.clone();
    wrong.datacenter = "elsewhere".to_owned();
    let error = refused(&wrong).await;
    let named =
        matches!(&error, ConnectError::Datacenter { known, .. } if known == server.datacenter());
    assert!(named, "{error}");

    wrong = good.clone();
    wrong.contact_points = vec!["127.0.0.1:1".to_owned()];
    let error = refused(&wrong).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    wrong = good.clone();
    wrong.tls = true;
    let error = refused(&wrong).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}
