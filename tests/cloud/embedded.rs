//! What the embedded stack makes of the same files: what the cloud's bytes are compared with.

use embedded::Place;
use millrace::client::JobAnswer;
use millrace::stack::{Sizes, Stack, StackConfig};
use tests::results::Results;
use tests::user::User;

/// A ledger's settings, prices and file.
#[derive(Clone)]
pub(crate) struct Case {
    /// The cost method.
    pub(crate) method: &'static str,
    /// Its prices.
    pub(crate) prices: Vec<u8>,
    /// Its transactions.
    pub(crate) file: Vec<u8>,
}

impl Case {
    /// Takes the case all the way, as any user of any stack does.
    pub(crate) async fn outcome(&self, user: &User) -> (JobAnswer, Results) {
        user.settle(self.method, "USD").await;
        user.price(&self.prices).await;
        let job = user.ingest("transactions.csv", &self.file).await;
        (job, user.results().await)
    }

    /// The same; answers the results alone.
    pub(crate) async fn results(&self, user: &User) -> Results {
        self.outcome(user).await.1
    }

    /// The results on the embedded stack.
    pub(crate) async fn embedded(&self, sizes: &Sizes) -> Results {
        let mut config = StackConfig::new(Place::InMemory);
        config.chunk_rows = sizes.chunk_rows;
        config.segment_rows = sizes.segment_rows;
        let stack = Stack::start(config).await.expect("the stack starts");
        let results = self.results(&User::of(&stack)).await;
        stack.stop().await;
        results
    }
}
