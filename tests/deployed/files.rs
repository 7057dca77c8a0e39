//! A file's way through the deployed API ends in the bytes that one process gives.

use embedded::Place;
use millrace::client::SettingsChange;
use millrace::stack::{Stack, StackConfig};
use tests::results::{Results, assert_same};
use tests::user::{LEDGER, User};

use crate::World;

/// Rows of the generated file: several chunks, so that messages really run beside each other.
pub(crate) const ROWS: usize = 5_000;

/// What goes into a ledger.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) prices: Vec<u8>,
    pub(crate) method: &'static str,
}

impl Input {
    /// Generated rows and their prices.
    pub(crate) fn generated(seed: u64) -> Self {
        let ledger = tests::ledgers::distinct(seed, ROWS);
        Self {
            name: "generated.csv",
            file: ledger.csv(),
            prices: ledger.prices_csv(),
            method: "fifo",
        }
    }

    fn small_us(method: &'static str) -> Self {
        Self {
            name: "transactions.csv",
            file: include_bytes!("../examples/small_us/transactions.csv").to_vec(),
            prices: include_bytes!("../examples/small_us/prices.csv").to_vec(),
            method,
        }
    }

    /// Sets the ledger up for it: method, base currency, prices.
    pub(crate) async fn prepare(&self, user: &User) {
        let change = SettingsChange {
            method: Some(self.method.to_owned()),
            base: Some("USD".to_owned()),
        };
        let changed = user.client.put_settings(LEDGER, &change).await;
        if let Some(accepted) = changed.expect("settings") {
            assert!(user.end_of(&accepted.job_id).await.succeeded());
        }
        user.price(&self.prices).await;
    }

    async fn results(&self, user: &User) -> Results {
        self.prepare(user).await;
        user.ingest(self.name, &self.file).await;
        user.results().await
    }

    /// What one process makes of it.
    pub(crate) async fn in_one_process(&self) -> Results {
        let stack = Stack::start(StackConfig::new(Place::InMemory)).await;
        let stack = stack.expect("the stack starts");
        let results = self.results(&User::of(&stack)).await;
        stack.stop().await;
        results
    }
}

/// The worked example, by both methods.
pub(crate) fn small_us(world: &World) {
    for method in ["fifo", "average"] {
        same(world, &Input::small_us(method), method);
    }
}

/// Thousands of rows.
pub(crate) fn generated(world: &World) {
    same(world, &Input::generated(11), "generated");
}

fn same(world: &World, input: &Input, tenant: &str) {
    let (here, deployed) = world.runtime.block_on(async {
        let here = input.in_one_process().await;
        (here, input.results(&world.user(tenant)).await)
    });
    assert_same(&here, &deployed, tenant);
}
