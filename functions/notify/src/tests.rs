//! What a receiver is told, and what becomes of its answers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use domain::counts::RowCounts;
use domain::ids::{Generation, JobId, LedgerRef, Stage, TurnId};
use domain::message::{Envelope, Task};
use domain::settings::ParseOptions;
use domain::state::{
    BatchOutcome, Change, Document, DoneSet, ErrorClass, Job, JobError, JobKind, JobPhase, Turn,
    TurnPhase, Upload, Webhook,
};
use domain::time::Instant;
use domain::webhook::{WebhookSecret, WebhookUrl};
use ports::state::load;
use ports::testing::{MemoryState, SetClock};
use ports::{
    DoneSets, PortError, PortErrorKind, Postponer, QueueName, SignedEvent, StateStore, Webhooks,
};

use crate::{Deps, handle};

const CREATED: Instant = Instant(1_700_000_000_000_000);
const ENDED: Instant = Instant(1_700_000_060_500_000);
const NOW: Instant = Instant(1_700_000_061_000_000);
const TURN: TurnId = TurnId(4);

/// What a receiver answers.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Status(u16),
    Trouble(PortErrorKind),
}

/// A receiver, and what it was told.
struct Receiver {
    answer: Mutex<Answer>,
    told: Mutex<Vec<(String, SignedEvent)>>,
}

#[async_trait]
impl Webhooks for Receiver {
    async fn post(&self, url: &WebhookUrl, event: &SignedEvent) -> Result<u16, PortError> {
        let told = (url.as_str().to_owned(), event.clone());
        self.told.lock().unwrap().push(told);
        match *self.answer.lock().unwrap() {
            Answer::Status(status) => Ok(status),
            Answer::Trouble(kind) => Err(PortError::new(kind, "webhooks.post", "no connection")),
        }
    }
}

/// Seconds each failed message was hidden.
#[derive(Default)]
struct Hidden(Mutex<Vec<u32>>);

#[async_trait]
impl Postponer for Hidden {
    async fn postpone(&self, _: QueueName, _: &str, seconds: u32) -> Result<(), PortError> {
        self.0.lock().unwrap().push(seconds);
        Ok(())
    }
}

fn owner() -> LedgerRef {
    LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    }
}

fn id(n: u8) -> JobId {
    JobId::new(1_700_000_000_000, &[n; 10])
}

fn error(class: ErrorClass) -> JobError {
    JobError {
        class,
        code: "broke".to_owned(),
        message: "it broke at 0.5 BTC".to_owned(),
    }
}

fn upload(n: u8, phase: JobPhase, records: Option<u64>) -> Job {
    let kind = JobKind::Upload(Upload {
        filename: "my-secret-portfolio.csv".to_owned(),
        size: 100,
        sha256: "00".repeat(32),
        options: ParseOptions::default(),
        object_key: domain::keys::upload(&owner(), id(n)),
        expires_at: CREATED,
        records,
        object_version: records.map(|_| "1".to_owned()),
        undone_by: None,
        parts: None,
        slot: None,
    });
    let job = Job::new(id(n), owner(), kind, phase, CREATED);
    Job {
        updated_at: ENDED,
        ..job
    }
}

fn turn(phase: TurnPhase, jobs: Vec<JobId>) -> Turn {
    Turn {
        id: TURN,
        owner: owner(),
        phase,
        results: jobs.iter().map(|job| (*job, 2, 1)).collect(),
        jobs,
        base: None,
        segments: None,
        restart: 0,
        reconcile_cursor: 0,
        metrics_cursor: 0,
        started_at: CREATED,
        updated_at: ENDED,
        times: domain::state::StageTimes::default(),
        correlation: "main.4".to_owned(),
    }
}

struct World {
    state: Arc<MemoryState>,
    receiver: Arc<Receiver>,
    hidden: Arc<Hidden>,
    deps: Deps,
}

impl World {
    /// A tenant without a webhook.
    fn silent() -> Self {
        let state = Arc::new(MemoryState::default());
        let receiver = Arc::new(Receiver {
            answer: Mutex::new(Answer::Status(204)),
            told: Mutex::default(),
        });
        let hidden = Arc::new(Hidden::default());
        let deps = Deps {
            state: state.clone(),
            done_sets: state.clone(),
            postponer: hidden.clone(),
            webhooks: receiver.clone(),
            clock: Arc::new(SetClock::at(NOW)),
        };
        Self {
            state,
            receiver,
            hidden,
            deps,
        }
    }

    /// A tenant with a webhook whose receiver answers so.
    async fn answering(answer: Answer) -> Self {
        let world = Self::silent();
        *world.receiver.answer.lock().unwrap() = answer;
        let url = "https://example.com/hook".parse().unwrap();
        let secret = WebhookSecret::of(&[7; 32]);
        world
            .store(&Webhook::new(owner().tenant, url, secret, CREATED))
            .await;
        world
    }

    async fn store<T: Document>(&self, document: &T) {
        let insert = Change::insert(document).unwrap();
        self.state.commit(&[insert]).await.unwrap();
    }

    /// A completed turn of two uploads of three records each; one of the second's was refused.
    async fn two_completed(&self) {
        self.store(&turn(TurnPhase::Completed, vec![id(1), id(2)]))
            .await;
        for (n, rejected) in [(1, 0), (2, 1)] {
            let records = Some(3 + rejected);
            self.store(&upload(n, JobPhase::InTurn { turn: TURN }, records))
                .await;
            let set = DoneSet::of_job(id(n), &owner(), Stage::Ingest, 1);
            let key = set.key();
            self.state.commit(&[Change::InsertSet(set)]).await.unwrap();
            let counts = RowCounts {
                accepted: 3,
                rejected,
                ..RowCounts::default()
            };
            let done = BatchOutcome::Done(counts);
            self.state
                .record(&key, Generation::FIRST, 0, done)
                .await
                .unwrap();
        }
    }

    /// Hands one message to the function; whether it is to come back.
    async fn comes_back(&self, task: Task) -> bool {
        let mut message = SqsMessage::default();
        message.message_id = Some("m".to_owned());
        message.receipt_handle = Some("r".to_owned());
        message.body = Some(Envelope::new(&owner(), task, "c").body());
        let mut event = SqsEvent::default();
        event.records = vec![message];
        let answer = handle(event, &self.deps).await;
        !answer.batch_item_failures.is_empty()
    }

    fn told(&self) -> Vec<(String, SignedEvent)> {
        self.receiver.told.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<serde_json::Value> {
        let parsed = |(_, event): &(String, SignedEvent)| serde_json::from_str(&event.body);
        self.told()
            .iter()
            .map(|told| parsed(told).unwrap())
            .collect()
    }

    async fn webhook(&self) -> Webhook {
        let key = Webhook::key_of(&owner().tenant);
        let stored = load::<Webhook>(self.state.as_ref(), &key).await;
        stored.unwrap().unwrap().value
    }
}

fn of_job(n: u8, generation: u32) -> Task {
    Task::Ended {
        job: id(n),
        generation: Generation(generation),
    }
}

fn of_turn(batch: u32) -> Task {
    Task::TurnEnded { turn: TURN, batch }
}

fn failed() -> JobPhase {
    let error = error(ErrorClass::Data);
    JobPhase::Failed { error }
}

#[tokio::test]
async fn each_job_of_a_turn_is_told_with_its_counts_and_a_signature() {
    let world = World::answering(Answer::Status(200)).await;
    world.two_completed().await;
    assert!(!world.comes_back(of_turn(0)).await);
    assert!(!world.comes_back(of_turn(1)).await);
    let told = world.told();
    assert_eq!(told[0].0, "https://example.com/hook");
    let event = &told[0].1;
    assert_eq!(event.id, format!("job_{}_1", id(1)));
    assert_eq!(event.timestamp, 1_700_000_061);
    let expected = serde_json::json!({
        "type": "job.completed",
        "timestamp": "2023-11-14T22:14:20.5Z",
        "data": {
            "job_id": id(1).to_string(),
            "kind": "upload",
            "ledger": "main",
            "state": "completed",
            "counts": {
                "total": 3, "accepted": 2, "duplicate": 1, "rejected": 0,
                "ignored": 0, "failed": 0, "pending": 0,
            },
            "status_url": format!("/v1/jobs/{}", id(1)),
        },
    });
    assert_eq!(world.bodies()[0], expected);
    assert!(!event.body.contains("portfolio"), "{}", event.body);
    let key = standardwebhooks::Webhook::from_bytes(vec![7; 32]).unwrap();
    let signature = key.sign(&event.id, event.timestamp, event.body.as_bytes());
    assert_eq!(event.signature, signature.unwrap());
    let second = &world.bodies()[1];
    assert_eq!(second["type"], "job.completed_with_warnings");
    assert_eq!(second["data"]["counts"]["rejected"], 1);
}

#[tokio::test]
async fn a_job_that_ended_by_itself_is_told_with_its_error_but_never_a_files_content() {
    let world = World::answering(Answer::Status(202)).await;
    let job = upload(1, failed(), None);
    let generation = Generation(3);
    world.store(&Job { generation, ..job }).await;
    world.store(&upload(2, JobPhase::Expired, None)).await;
    assert!(!world.comes_back(of_job(1, 3)).await);
    assert!(!world.comes_back(of_job(2, 1)).await);
    let bodies = world.bodies();
    assert_eq!(bodies[0]["type"], "job.failed");
    let error = serde_json::json!({
        "class": "data", "code": "broke",
        "message": "the file is at fault; status_url says what and where",
    });
    assert_eq!(bodies[0]["data"]["error"], error);
    assert_eq!(world.told()[0].1.id, format!("job_{}_3", id(1)));
    assert_eq!(bodies[1]["type"], "job.expired");
    assert!(bodies[1]["data"].get("error").is_none());
}

#[tokio::test]
async fn a_job_alone_in_a_failed_turn_shares_its_error() {
    let world = World::answering(Answer::Status(200)).await;
    let phase = TurnPhase::Failed {
        error: error(ErrorClass::Transient),
        requeued: false,
    };
    world.store(&turn(phase, vec![id(1)])).await;
    world
        .store(&upload(1, JobPhase::InTurn { turn: TURN }, None))
        .await;
    assert!(!world.comes_back(of_turn(0)).await);
    assert_eq!(
        world.bodies()[0]["data"]["error"]["message"],
        "it broke at 0.5 BTC"
    );
}

#[tokio::test]
async fn the_same_end_told_twice_is_the_same_event() {
    let world = World::answering(Answer::Status(200)).await;
    world.two_completed().await;
    assert!(!world.comes_back(of_turn(0)).await);
    assert!(!world.comes_back(of_turn(0)).await);
    let told = world.told();
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_tenant_without_a_webhook_is_told_nothing() {
    let world = World::silent();
    world.two_completed().await;
    assert!(!world.comes_back(of_turn(0)).await);
    let other = "other".parse().unwrap();
    let url = "https://other.example/".parse().unwrap();
    let secret = WebhookSecret::of(&[1; 32]);
    world
        .store(&Webhook::new(other, url, secret, CREATED))
        .await;
    assert!(!world.comes_back(of_turn(0)).await);
    assert!(world.told().is_empty(), "nor is anybody else (I8)");
}

#[tokio::test]
async fn an_end_that_was_left_behind_is_not_told() {
    let world = World::answering(Answer::Status(200)).await;
    let retried = upload(1, failed(), None);
    let generation = Generation(2);
    world
        .store(&Job {
            generation,
            ..retried
        })
        .await;
    world.store(&upload(2, JobPhase::AwaitingTurn, None)).await;
    world
        .store(&upload(3, JobPhase::InTurn { turn: TURN }, None))
        .await;
    world
        .store(&turn(TurnPhase::Pricing, vec![id(2), id(3)]))
        .await;
    let left_behind = [
        of_job(1, 1), // a retry is at the second attempt
        of_job(2, 1), // the same attempt waits for its turn again
        of_job(3, 1), // it is part of a turn by now
        of_job(9, 1), // no such job
        of_turn(0),   // it waits for another turn
        of_turn(1),   // the turn is running
        of_turn(2),   // the turn has no such job
        Task::TurnEnded {
            turn: TurnId(9),
            batch: 0,
        },
    ];
    for task in left_behind {
        assert!(!world.comes_back(task.clone()).await, "{task:?}");
    }
    assert!(world.told().is_empty(), "{:?}", world.told());
}

#[tokio::test]
async fn an_answer_that_is_no_yes_brings_the_message_back_by_the_backoff() {
    for status in [100, 301, 307, 400, 404, 429, 500, 503] {
        let world = World::answering(Answer::Status(status)).await;
        world.two_completed().await;
        assert!(world.comes_back(of_turn(0)).await, "{status}");
        assert_eq!(*world.hidden.0.lock().unwrap(), [2], "{status}");
        assert_eq!(world.webhook().await.gone_at, None, "{status}");
    }
}

#[tokio::test]
async fn no_answer_backs_off_and_a_refused_address_goes_quickly_to_the_dead_letters() {
    for (kind, seconds) in [(PortErrorKind::Retry, 2), (PortErrorKind::Reject, 0)] {
        let world = World::answering(Answer::Trouble(kind)).await;
        world.two_completed().await;
        assert!(world.comes_back(of_turn(0)).await);
        assert_eq!(*world.hidden.0.lock().unwrap(), [seconds], "{kind:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_no_more() {
    let world = World::answering(Answer::Status(410)).await;
    world.two_completed().await;
    assert!(!world.comes_back(of_turn(0)).await);
    assert_eq!(world.webhook().await.gone_at, Some(NOW));
    assert!(!world.comes_back(of_turn(1)).await);
    assert_eq!(world.told().len(), 1);
}

#[tokio::test]
async fn a_message_of_another_queue_is_trouble() {
    let world = World::answering(Answer::Status(200)).await;
    assert!(world.comes_back(Task::Admit).await);
    assert!(world.told().is_empty());
}
