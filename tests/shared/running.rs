//! The real servers of a test binary: each is started when somebody first asks for it, and all stop
//! when the value is dropped.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use servers::{Cassandra, DynamoDb, ElasticMq, MiniStack, ServerError, VersityGw};

/// The bucket that versitygw starts with.
pub const BUCKET: &str = "millrace";

/// Stacks whose queues ElasticMQ starts with: as many as trials that need queues of their own.
const STACKS: [&str; 12] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
];

/// Servers at work. Trials share them, so each works in tables, queues and buckets of its own.
#[derive(Default)]
pub struct Running {
    cassandra: OnceLock<Cassandra>,
    dynamodb: OnceLock<DynamoDb>,
    elasticmq: OnceLock<ElasticMq>,
    versitygw: OnceLock<VersityGw>,
    ministack: OnceLock<MiniStack>,
    stacks_taken: AtomicUsize,
}

impl Running {
    /// Cassandra, without a keyspace.
    pub fn cassandra(&self) -> &Cassandra {
        started(&self.cassandra, Cassandra::start)
    }

    /// DynamoDB Local, without a table.
    pub fn dynamodb(&self) -> &DynamoDb {
        started(&self.dynamodb, DynamoDb::start)
    }

    /// ElasticMQ, and the name of a stack whose queues nobody else uses.
    pub fn elasticmq(&self) -> (&ElasticMq, &'static str) {
        let server = started(&self.elasticmq, || ElasticMq::start(&STACKS));
        let taken = self.stacks_taken.fetch_add(1, Ordering::SeqCst);
        let stack = STACKS.get(taken).expect("more stacks in STACKS");
        (server, stack)
    }

    /// versitygw, with the bucket [`BUCKET`].
    pub fn versitygw(&self) -> &VersityGw {
        started(&self.versitygw, || VersityGw::start(BUCKET, None))
    }

    /// MiniStack, with nothing in it.
    pub fn ministack(&self) -> &MiniStack {
        started(&self.ministack, MiniStack::start)
    }
}

fn started<T>(server: &OnceLock<T>, start: impl FnOnce() -> Result<T, ServerError>) -> &T {
    server.get_or_init(|| start().unwrap_or_else(|error| panic!("{error}")))
}
