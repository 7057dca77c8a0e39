//! The whole pipeline in one process on the real servers: the functions as they are deployed, through
//! the adapters they are deployed with. Only the event sources are ours, as on a laptop.

mod counting;
mod delivery;
mod events;
mod tables;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws::{
    DynamoState, S3Multipart, S3Objects, S3Signer, SdkConfig, SqsQueues, SystemClock, SystemIds,
};
use cassandra::Tables;
use domain::message::Queue;
use domain::webhook::Reach;
use machine::SystemSecrets;
use millrace::client::Endpoint;
use millrace::stack::{Assembly, Outside, Sizes};
use millrace::tokens::TENANT;
use ports::Receiver;
use servers::{Cassandra, DynamoDb, ElasticMq, VersityGw};
use tokio::runtime::{Handle, Runtime};
use webhook::HttpWebhooks;

pub use counting::{Counted, Counts};
pub use delivery::Twice;
use events::Events;
pub use tables::{cassandra_settings, create_state_table, tables_in};

use crate::user::User;

/// Worlds that one set of servers is good for.
const WORLDS: usize = 12;
const REGION: &str = "us-east-1";

/// The servers, and the runtime that everything on them runs in.
pub struct Real {
    /// Cassandra, for trials that stop it.
    pub cassandra: Mutex<Cassandra>,
    dynamodb: DynamoDb,
    elasticmq: ElasticMq,
    versitygw: VersityGw,
    events: Events,
    worlds: AtomicUsize,
    runtime: Runtime,
}

impl Real {
    /// Starts all four at the same time.
    pub fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let events = Events::listen(runtime.handle());
        let stacks: Vec<String> = (0..WORLDS).map(stack).collect();
        let stacks: Vec<&str> = stacks.iter().map(String::as_str).collect();
        let (cassandra, dynamodb, elasticmq, versitygw) = std::thread::scope(|scope| {
            let cassandra = scope.spawn(Cassandra::start);
            let dynamodb = scope.spawn(DynamoDb::start);
            let elasticmq = scope.spawn(|| ElasticMq::start(&stacks));
            let versitygw = scope.spawn(|| VersityGw::start("unused", Some(events.url())));
            (
                joined(cassandra),
                joined(dynamodb),
                joined(elasticmq),
                joined(versitygw),
            )
        });
        Self {
            cassandra: Mutex::new(cassandra),
            dynamodb,
            elasticmq,
            versitygw,
            events,
            worlds: AtomicUsize::new(0),
            runtime,
        }
    }

    /// The runtime.
    pub fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Settings of a keyspace of Cassandra's.
    pub fn settings(&self, keyspace: &str) -> cassandra::Settings {
        let cassandra = self.cassandra.lock().expect("Cassandra");
        cassandra_settings(&cassandra, keyspace)
    }

    /// versitygw, for clients with its root user's key.
    pub fn versitygw(&self) -> &VersityGw {
        &self.versitygw
    }

    async fn s3(&self) -> SdkConfig {
        let server = &self.versitygw;
        let (access, secret) = (server.access_key(), server.secret_key());
        aws::sdk::against(server.endpoint(), server.region(), access, secret).await
    }

    fn queue_urls(&self, stack: &str) -> BTreeMap<Queue, String> {
        Queue::ALL
            .into_iter()
            .map(|queue| (queue, self.elasticmq.queue_url(stack, queue.name())))
            .collect()
    }
}

fn joined<T>(started: std::thread::ScopedJoinHandle<'_, Result<T, servers::ServerError>>) -> T {
    match started.join().expect("a start does not panic") {
        Ok(server) => server,
        Err(error) => panic!("{error}"),
    }
}

fn stack(number: usize) -> String {
    format!("cloud-{number}")
}

/// What a world's ports are made of, before it runs: a trial may put something in front of them.
pub struct Parts {
    /// The name of the bucket, the state table and the queues.
    pub stack: String,
    /// The ports.
    pub outside: Outside,
    /// The queues' exit.
    pub receiver: Arc<dyn Receiver>,
    /// The queues with every port they have.
    pub queues: Arc<SqsQueues>,
}

/// A running pipeline with tables, queues and a bucket of its own, and a user of it.
pub struct Cloud {
    /// The functions.
    pub assembly: Assembly,
    user: User,
}

impl Cloud {
    /// Makes what a deployment makes, and the ports over it.
    pub async fn parts(real: &Real) -> Parts {
        let number = real.worlds.fetch_add(1, Ordering::SeqCst);
        assert!(number < WORLDS, "more worlds in WORLDS");
        let stack = stack(number);
        let tables = tables_in(&real.settings(&format!("cloud_{number}"))).await;
        let anyone = |endpoint: &str| {
            let endpoint = endpoint.to_owned();
            async move { aws::sdk::against(&endpoint, REGION, "test", "test").await }
        };
        let dynamodb = anyone(real.dynamodb.endpoint()).await;
        create_state_table(&dynamodb, &stack).await;
        let state = Arc::new(DynamoState::new(&dynamodb, &stack));
        let sqs = anyone(real.elasticmq.endpoint()).await;
        let queues = Arc::new(SqsQueues::new(&sqs, real.queue_urls(&stack)));
        real.versitygw.create_bucket(&stack).expect("a bucket");
        real.events.announce(&stack, queues.clone());
        Parts {
            outside: outside(&real.s3().await, &stack, state, &queues, tables),
            receiver: queues.clone(),
            queues,
            stack,
        }
    }

    /// Runs them.
    pub async fn over(parts: Parts, sizes: &Sizes) -> Self {
        let assembly = Assembly::start(parts.outside, parts.receiver, sizes)
            .await
            .expect("the functions start");
        let token = assembly.token(TENANT).expect("a token");
        let user = User::at(Endpoint::local(assembly.base_url().to_owned(), token));
        Self { assembly, user }
    }

    /// A world with nothing in front of its ports.
    pub async fn start(real: &Real, sizes: &Sizes) -> Self {
        Self::over(Self::parts(real).await, sizes).await
    }
}

impl std::ops::Deref for Cloud {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

fn outside(
    s3: &SdkConfig,
    bucket: &str,
    state: Arc<DynamoState>,
    queues: &Arc<SqsQueues>,
    tables: Tables,
) -> Outside {
    let signer = Arc::new(S3Signer::new(s3, bucket));
    Outside {
        state: state.clone(),
        done_sets: state,
        sender: queues.clone(),
        postponer: queues.clone(),
        objects: Arc::new(S3Objects::new(s3, bucket)),
        multipart: Arc::new(S3Multipart::new(s3, bucket)),
        upload_signer: signer.clone(),
        download_signer: signer,
        rows: tables.rows,
        rejects: tables.rejects,
        decisions: tables.decisions,
        transactions: tables.transactions,
        disposals: tables.disposals,
        summaries: tables.summaries,
        prices: tables.ledger_prices,
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(SystemIds::new()),
        secrets: Arc::new(SystemSecrets),
        webhooks: Arc::new(HttpWebhooks::new(Reach::Public).expect("a client")),
        webhook_reach: Reach::Public,
    }
}
