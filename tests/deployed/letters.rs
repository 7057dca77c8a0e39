//! A message that cannot be understood is trouble, not bad data: it ends in the dead letters, and its
//! job says so (I4, I6).

use millrace::client::{ClientError, JobAnswer};
use tests::results::assert_same;
use tests::user::{LEDGER, User};

use crate::files::Input;
use crate::{World, behind};

/// The chunk whose message is replaced.
const BATCH: &str = "1";

/// One chunk's message gets an unknown schema version while queue A's event source is paused.
pub(crate) fn unknown_version(world: &World) {
    let input = Input::generated(12);
    let expected = world.runtime.block_on(input.in_one_process());
    let user = world.user("letters");
    world.runtime.block_on(input.prepare(&user));
    let queue = world
        .deployment
        .output("IngestQueueUrl")
        .expect("queue A")
        .to_owned();

    behind::run(world, &["pause", &queue]);
    let job = world
        .runtime
        .block_on(user.upload(input.name, &input.file))
        .job_id;
    behind::run(world, &["poison", &queue, BATCH]);
    behind::run(world, &["resume", &queue]);

    let failed = world.runtime.block_on(user.end_of(&job));
    one_chunk_failed(&failed);
    world.runtime.block_on(nothing_is_published(&user));

    let results = world.runtime.block_on(async {
        user.client.retry(&job).await.expect("a retry");
        let end = user.end_of(&job).await;
        assert!(end.succeeded(), "{end:?}");
        assert_eq!(end.counts.failed, 0, "{end:?}");
        user.results().await
    });
    assert_same(&expected, &results, "after the retry");
}

/// The other chunks are done, and the job names this one and its cause.
fn one_chunk_failed(job: &JobAnswer) {
    assert_eq!(job.state, "failed", "{job:?}");
    let ingest = job
        .progress
        .stages
        .iter()
        .find(|stage| stage.name == "ingest");
    let ingest = ingest.expect("the stage");
    assert_eq!(
        (ingest.failed, ingest.done),
        (1, ingest.total - 1),
        "{job:?}"
    );
    assert!(
        ingest.total > 2,
        "{} chunks are too few to show anything",
        ingest.total
    );
    let error = job.error.as_ref().expect("a cause");
    assert_eq!(error.class, "internal", "{error:?}");
    assert!(error.message.contains("schema version 99"), "{error:?}");
    assert!(error.message.contains("chunk 1"), "{error:?}");
}

/// The ledger holds the settings and prices that were published before, and no row of the file.
async fn nothing_is_published(user: &User) {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("transactions.csv");
    let path = format!("/v1/ledgers/{LEDGER}/exports/transactions.csv");
    match user.client.download("the rows", &path, &to).await {
        Ok(_) => {
            let rows = std::fs::read_to_string(&to).expect("the file");
            assert_eq!(rows.lines().count(), 1, "only a header: {rows}");
        }
        Err(ClientError::Refused { problem, .. }) => assert_eq!(problem.code, "not_found"),
        Err(error) => panic!("{error}"),
    }
}
