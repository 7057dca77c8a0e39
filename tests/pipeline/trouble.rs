//! Trouble on the way: what is given up is recorded with its cause, what is lost is found, and a
//! retry repeats only what failed (I2, I4, I5, I6).

use std::sync::atomic::Ordering;

use domain::message::Queue;
use embedded::faults::Fault;
use millrace::stack::Stack;
use ports::{Outgoing, PortErrorKind, QueueName, Receiver, Sender};

use crate::world::{Setup, World};
use tests::ledgers::distinct;
use tests::results::assert_same;

const ROWS: usize = 90;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_are_given_up_fail_the_job_with_their_cause_and_a_retry_completes_it() {
    let ledger = distinct(31, ROWS);
    let setup = Setup {
        chunk_rows: 30,
        ..Setup::default()
    };
    let plain = World::start(setup).await;
    plain.ingest("a.csv", &ledger.csv()).await;

    let world = World::start(setup).await;
    let terms = world
        .client
        .announce(&world.request("a.csv", &ledger.csv()).await)
        .await;
    let job = terms.expect("terms").job_id;
    let fault = Fault::before("rows.write")
        .about(&job)
        .kind(PortErrorKind::Bug);
    world.faults.add(fault);
    world.upload("a.csv", &ledger.csv()).await;
    let failed = world.end_of(&job).await;
    assert_eq!(failed.state, "failed");
    assert!(
        failed.counts.failed > 0 && failed.counts.pending == 0,
        "{:?}",
        failed.counts
    );
    let error = failed.error.expect("a cause");
    assert_eq!(
        (error.class.as_str(), error.code.as_str()),
        ("transient", "ingest_gave_up")
    );
    assert!(error.message.contains("rows.write"), "{error:?}");
    world.faults.clear();
    world.client.retry(&job).await.expect("a retry");
    let end = world.end_of(&job).await;
    assert!(end.succeeded(), "{end:?}");
    assert_eq!(end.counts.accepted as usize, ROWS);
    assert_same(
        &plain.results().await,
        &world.results().await,
        "after the retry",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_message_of_an_unknown_version_is_trouble_with_a_cause_and_not_bad_data() {
    let ledger = distinct(32, ROWS);
    let world = World::by_hand(Setup {
        chunk_rows: 30,
        ..Setup::default()
    })
    .await;
    let (stack, client) = (&world.stack, &world.client);
    let job = world.upload("a.csv", &ledger.csv()).await.job_id;
    stack
        .pump_once(QueueName::live(Queue::Split))
        .await
        .expect("a split");
    replace_one_chunk_message(stack).await;
    stack.settle(1).await.expect("everything settles");
    let failed = client.job(&job).await.expect("the job");
    assert_eq!(failed.state, "failed", "{failed:?}");
    let error = failed.error.expect("a cause");
    assert_eq!(
        (error.class.as_str(), error.code.as_str()),
        ("internal", "unknown_message")
    );
    assert!(error.message.contains("schema version 99"), "{error:?}");
    assert_eq!((failed.counts.accepted, failed.counts.failed), (60, 30));
    client.retry(&job).await.expect("a retry");
    stack.settle(2).await.expect("everything settles");
    let end = client.job(&job).await.expect("the job");
    assert!(end.succeeded() && end.counts.accepted == 90, "{end:?}");
}

/// Takes one chunk's message off its queue and puts a newer sender's in its place.
async fn replace_one_chunk_message(stack: &Stack) {
    let queues = &stack.embedded().queues;
    let live = QueueName::live(Queue::Ingest);
    let taken = queues
        .receive(live, 1, 60)
        .await
        .expect("a receive")
        .remove(0);
    let body = taken.body.replace("\"v\":1,", "\"v\":99,\"more\":true,");
    assert_ne!(body, taken.body);
    queues
        .acknowledge(live, &taken.receipt)
        .await
        .expect("an acknowledgement");
    let newer = Outgoing {
        body,
        delay_seconds: 0,
    };
    queues.send(Queue::Ingest, &[newer]).await.expect("a send");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_sender_left_in_the_outbox_the_sweep_sends() {
    let ledger = distinct(33, ROWS);
    let world = World::start(Setup::default()).await;
    let plain = World::start(Setup::default()).await;
    plain.ingest("a.csv", &ledger.csv()).await;
    // The split's send of its chunks fails once, after the commit that says they must go out.
    world.faults.add(
        Fault::before("queue.send")
            .about("\"task\":\"chunk\"")
            .times(1),
    );
    let job = world.upload("a.csv", &ledger.csv()).await.job_id;
    for _ in 0..2_000 {
        if world.faults.struck() > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(world.faults.struck(), 1, "the send was made to fail");
    world.clock.by_us.store(60_000_000, Ordering::SeqCst);
    let swept = world.stack.sweep().await.expect("a sweep");
    assert_eq!(swept.sent, 1, "{swept:?}");
    assert!(world.end_of(&job).await.succeeded());
    assert_same(
        &plain.results().await,
        &world.results().await,
        "after the sweep",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_never_comes_expires_and_the_same_content_starts_anew() {
    let ledger = distinct(34, ROWS);
    let world = World::start(Setup::default()).await;
    let terms = world
        .client
        .announce(&world.request("a.csv", &ledger.csv()).await)
        .await;
    let job = terms.expect("terms").job_id;
    assert_eq!(world.stack.sweep().await.expect("a sweep").expired, 0);
    world
        .clock
        .by_us
        .store(2 * 24 * 3_600_000_000, Ordering::SeqCst);
    assert_eq!(world.stack.sweep().await.expect("a sweep").expired, 1);
    let expired = world.client.job(&job).await.expect("the job");
    assert_eq!(
        (expired.state.as_str(), expired.is_terminal),
        ("expired", true)
    );
    world.clock.by_us.store(0, Ordering::SeqCst);
    let again = world.ingest("a.csv", &ledger.csv()).await;
    assert_ne!(again.job_id, job);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_event_was_lost_is_found_by_the_sweep() {
    let ledger = distinct(35, ROWS);
    let world = World::by_hand(Setup::default()).await;
    let (stack, client) = (&world.stack, &world.client);
    let job = world.upload("a.csv", &ledger.csv()).await.job_id;
    let live = QueueName::live(Queue::Split);
    let event = stack
        .embedded()
        .queues
        .receive(live, 1, 60)
        .await
        .expect("the event")
        .remove(0);
    stack
        .embedded()
        .queues
        .acknowledge(live, &event.receipt)
        .await
        .expect("lost");
    stack.settle(1).await.expect("nothing is left");
    assert_eq!(
        client.job(&job).await.expect("the job").state,
        "awaiting_upload"
    );
    world.clock.by_us.store(300_000_000, Ordering::SeqCst);
    assert_eq!(stack.sweep().await.expect("a sweep").found, 1);
    stack.settle(2).await.expect("everything settles");
    assert!(client.job(&job).await.expect("the job").succeeded());
}
