//! A stack in memory with a user.

use std::ops::Deref;
use std::sync::Arc;

use domain::limits::SINGLE_PUT_BYTES;
use domain::webhook::Reach;
use embedded::faults::Faults;
use embedded::{Place, QueueFaults};
use millrace::stack::{Pumping, Stack, StackConfig};
use tests::user::User;

use crate::clock::Ahead;

/// What a world is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    /// Records of a chunk.
    pub(crate) chunk_rows: u32,
    /// Rows of a segment.
    pub(crate) segment_rows: u32,
    /// Invocations at the same time.
    pub(crate) workers: usize,
    /// What the queues do to messages.
    pub(crate) queues: QueueFaults,
    /// Where webhooks may be.
    pub(crate) webhook_reach: Reach,
    /// Bytes up to which a file goes up in one PUT.
    pub(crate) single_put_bytes: u32,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            chunk_rows: 100,
            segment_rows: 20_000,
            workers: 8,
            queues: QueueFaults::default(),
            webhook_reach: Reach::Public,
            single_put_bytes: SINGLE_PUT_BYTES,
        }
    }
}

/// A running stack and a client of it.
pub(crate) struct World {
    /// Units of work that are made to fail.
    pub(crate) faults: Arc<Faults>,
    /// The stack.
    pub(crate) stack: Stack,
    /// The clock of the stack.
    pub(crate) clock: Arc<Ahead>,
    user: User,
}

impl World {
    /// A world whose messages move by themselves.
    pub(crate) async fn start(setup: Setup) -> Self {
        Self::with(setup, Pumping::Running).await
    }

    /// A world whose messages move when the test says so.
    pub(crate) async fn by_hand(setup: Setup) -> Self {
        Self::with(setup, Pumping::ByHand).await
    }

    async fn with(setup: Setup, pumping: Pumping) -> Self {
        let faults = Arc::new(Faults::default());
        let mut config = StackConfig::new(Place::InMemory);
        config.chunk_rows = Some(setup.chunk_rows);
        config.segment_rows = setup.segment_rows;
        config.workers = setup.workers;
        config.pumping = pumping;
        config.webhook_reach = setup.webhook_reach;
        config.single_put_bytes = setup.single_put_bytes;
        config.faults = Some(Arc::clone(&faults));
        let clock = Arc::new(Ahead::new());
        config.clock = clock.clone();
        let stack = Stack::start(config).await.expect("the stack starts");
        stack.embedded().queues.set_faults(setup.queues);
        let user = User::of(&stack);
        Self {
            faults,
            stack,
            clock,
            user,
        }
    }
}

impl Deref for World {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}
