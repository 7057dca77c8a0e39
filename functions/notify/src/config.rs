//! What `notify` is told at its start. It sends no message.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Queues, StateTable};

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Webhooks, jobs, turns and done-sets.
    pub state: StateTable,
    /// Its own queue, for messages that come back.
    pub queues: Queues,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let queues = Queues::read(env, [Queue::Notify]);
        Some(Self {
            state: state?,
            queues: queues?,
        })
    }
}
