//! The state table on DynamoDB Local and on MiniStack's DynamoDB.

use std::sync::Arc;

use aws::{DynamoState, SystemClock, SystemIds};
use libtest_mimic::Trial;
use ports::Clock;
use ports::contract::{World, state};
use tests::cloud::create_state_table;
use tests::running::Running;

use crate::adapters::{block_on, settings};
use crate::trial;

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial("state::on_dynamodb_local", running, |running| {
            block_on(state_at(running.dynamodb().endpoint()));
        }),
        trial("state::on_ministack", running, |running| {
            block_on(state_at(running.ministack().endpoint()));
        }),
    ]
}

async fn state_at(endpoint: &str) {
    let config = settings(endpoint).await;
    create_state_table(&config, "contract-state").await;
    let table = DynamoState::new(&config, "contract-state");
    let world = World {
        tenant: "contract".parse().expect("a tenant's name"),
        ids: &SystemIds::new(),
        now: SystemClock::new().now(),
    };
    state::run(&table, &table, &world).await;
}
