//! The schema on a real Cassandra: applied once, twice and from two places at the same time.

use std::sync::Arc;

use libtest_mimic::Trial;
use schema::FILES;
use schema::apply::{ApplyError, Creation, Done, apply};
use servers::Cassandra;
use tests::cloud::cassandra_settings;
use tests::running::Running;

use crate::adapters::block_on;
use crate::trial;

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial(
            "schemas::applying_twice_changes_nothing",
            running,
            |running| {
                block_on(twice(running.cassandra()));
            },
        ),
        trial(
            "schemas::applying_from_two_places_is_harmless",
            running,
            |running| {
                block_on(at_the_same_time(running.cassandra()));
            },
        ),
        trial(
            "schemas::an_applied_file_that_changed_is_refused",
            running,
            |running| {
                block_on(changed(running.cassandra()));
            },
        ),
    ]
}

async fn twice(server: &Cassandra) {
    let settings = cassandra_settings(server, "twice");
    let session = cassandra::open(&settings, None).await.expect("a session");
    let error = apply(&session, &settings, Creation::Never).await;
    let error = error.expect_err("no keyspace");
    assert!(
        matches!(&error, ApplyError::Keyspace(name) if name == "twice"),
        "{error}"
    );
    for done in [Done::Applied, Done::Before] {
        let report = apply(&session, &settings, Creation::Replicas(1)).await;
        let report = report.expect("the schema");
        assert_eq!(report, FILES.map(|file| (file.name, done)));
    }
}

async fn at_the_same_time(server: &Cassandra) {
    let settings = cassandra_settings(server, "at_the_same_time");
    let one = cassandra::open(&settings, None).await.expect("a session");
    let other = cassandra::open(&settings, None).await.expect("a session");
    let replicas = Creation::Replicas(1);
    let (first, second) = tokio::join!(
        apply(&one, &settings, replicas),
        apply(&other, &settings, replicas),
    );
    first.expect("one of them");
    second.expect("the other");
    cassandra::connect(&settings, None)
        .await
        .expect("every table is there");
}

async fn changed(server: &Cassandra) {
    let settings = cassandra_settings(server, "changed");
    let session = cassandra::open(&settings, None).await.expect("a session");
    apply(&session, &settings, Creation::Replicas(1))
        .await
        .expect("the schema");
    let other = "INSERT INTO changed.schema_migrations (name, digest) VALUES (?, 'another')";
    let written = session.query_unpaged(other, (FILES[0].name,));
    written.await.expect("another digest");
    let error = apply(&session, &settings, Creation::Never).await;
    let error = error.expect_err("a changed file");
    let named = matches!(&error, ApplyError::Changed { name, .. } if *name == FILES[0].name);
    assert!(
        named && error.to_string().contains("never changed"),
        "{error}"
    );
}
