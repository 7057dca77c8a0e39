//! Every function in one process, beside embedded queues, tables and objects: the same handlers,
//! events and URLs as in the cloud.
//!
//! `wiring` is where adapters meet functions; `pump` is the event source between a queue and its
//! function; `running` lets pumps run by themselves, and a test can pump by hand instead; `server`
//! is the loopback address, `identity` who may ask there, `page` what a browser is shown, `faults` how
//! it is told to fail. `assembly` puts these over any ports,
//! `embedding` makes the ports of the embedded stores. Only this crate spawns and sleeps.

mod assembly;
mod border;
mod config;
mod embedding;
mod entrance;
mod faults;
mod identity;
mod outside;
mod page;
mod pump;
mod running;
mod server;
mod wiring;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use domain::time::Instant;
use embedded::{Embedded, OpenError};
use ports::{Objects, PortError, QueueName};

pub use assembly::Assembly;
pub use config::{Pumping, Sizes, StackConfig};
pub use outside::Outside;
pub use page::page_policy;
pub(crate) use page::routes as page_routes;
pub use pump::{Function, Lane};

use crate::generate::Chance;
use crate::tokens::TokenError;
use embedding::Embedding;
use identity::Identity;
use running::Inlet;

/// The stack could not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The data folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The objects in it, or what was left to announce.
    #[error("the data folder cannot be used: {0}")]
    Port(#[from] PortError),
    /// The address.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; choose another with --port, or 0 for a free one"
    )]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The secret that tokens are signed with.
    #[error("the secret of the tokens, {}: {source}", file.display())]
    Secret {
        /// Its file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The addresses that the page's policy names.
    #[error("the page's policy: {0}")]
    Policy(#[from] axum::http::header::InvalidHeaderValue),
    /// No random bytes for a key.
    #[error("the system gives no random bytes: {0}")]
    Entropy(String),
}

/// What a test's pumping came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Messages that functions saw.
    pub messages: u64,
    /// When the next message is due that was put off; none when every queue is empty.
    pub next_due: Option<Instant>,
}

/// A running stack on embedded stores. Dropping it stops everything in the middle of what it does, as
/// a power cut would; `stop` lets what runs finish.
pub struct Stack {
    embedded: Arc<Embedded>,
    embedding: Embedding,
    assembly: Assembly,
}

impl Stack {
    /// Opens the stores, listens on 127.0.0.1, and starts the pumps.
    ///
    /// # Errors
    /// The data folder or the port cannot be used.
    pub async fn start(config: StackConfig) -> Result<Self, StackError> {
        let embedded = Embedded::open(
            &config.place,
            Arc::clone(&config.clock),
            Arc::clone(&config.ids),
        )?;
        let embedded = Arc::new(embedded);
        let identity = Identity::of(&config.place)?;
        let listener = server::listen(config.port).await?;
        let base_url = server::base_url(&listener)?;
        let (embedding, outside) = Embedding::new(&embedded, &config, &base_url)?;
        let inlet = Inlet {
            receiver: embedded.queues.clone(),
            telling: Some((embedded.queues.clone(), Arc::clone(&embedded.clock))),
        };
        let mut more = embedding.bucket().merge(page::routes(&base_url, &[])?);
        if let Some(faults) = &config.faults {
            more = more.merge(faults::routes(Arc::clone(faults)));
        }
        let sizes = config.sizes();
        let mut assembly = Assembly::serving(listener, identity, outside, inlet, &sizes, more)?;
        let reclaimed = embedded.queues.reclaim().await?;
        if reclaimed > 0 {
            tracing::info!(reclaimed, "goes on with messages the last process held");
        }
        embedding.announce().await?;
        if config.pumping == Pumping::Running {
            let (tidied, outside) = (embedding.clone(), assembly.outside().clone());
            assembly.pump(move || {
                let (embedding, outside) = (tidied.clone(), outside.clone());
                async move { sweep(&embedding, &outside).await.map(drop) }
            });
        }
        Ok(Self {
            embedded,
            embedding,
            assembly,
        })
    }

    /// The API's address, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.assembly.base_url()
    }

    /// A token of a tenant, good from now.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn token(&self, tenant: &str) -> Result<String, TokenError> {
        self.assembly.token(tenant)
    }

    /// The stores, for tests that look behind the API.
    #[must_use]
    pub fn embedded(&self) -> &Arc<Embedded> {
        &self.embedded
    }

    /// The objects, for tests that do to them what no client can.
    #[must_use]
    pub fn objects(&self) -> &Arc<dyn Objects> {
        &self.assembly.outside().objects
    }

    /// Takes no more requests and messages, and waits for what runs.
    pub async fn stop(self) {
        self.assembly.stop().await;
    }

    /// Sweeps once, as the schedule would.
    ///
    /// # Errors
    /// What a port says.
    pub async fn sweep(&self) -> Result<sweep::Swept, PortError> {
        sweep(&self.embedding, self.assembly.outside()).await
    }

    /// Does one round of a queue's lane: one event for its function. Answers how many messages it
    /// held. For stacks that are pumped by hand.
    ///
    /// # Errors
    /// What the queue says.
    pub async fn pump_once(&self, from: QueueName) -> Result<usize, PortError> {
        match self.assembly.lanes().iter().find(|lane| lane.from == from) {
            Some(lane) => pump::once(self.embedded.queues.as_ref(), lane).await,
            None => Ok(0),
        }
    }

    /// Pumps by hand, lane by lane in an order drawn from `seed`, until no message is due.
    ///
    /// # Errors
    /// What a queue says.
    pub async fn settle(&self, seed: u64) -> Result<Settled, PortError> {
        let mut chance = Chance::new(seed, 2);
        let mut messages = 0;
        loop {
            messages += self.drain(&mut chance).await?;
            let next_due = self.next_due().await?;
            // A receive that finds nothing can still have moved a message to its dead letters.
            if next_due.is_none_or(|due| due > self.embedded.clock.now()) {
                return Ok(Settled { messages, next_due });
            }
        }
    }

    /// Pumps until each lane has found nothing since any found something.
    async fn drain(&self, chance: &mut Chance) -> Result<u64, PortError> {
        let mut messages = 0;
        let mut busy: Vec<QueueName> = self.assembly.lanes().iter().map(|lane| lane.from).collect();
        while !busy.is_empty() {
            let place = usize::try_from(chance.below(busy.len() as u64)).unwrap_or(0);
            let Some(&from) = busy.get(place) else { break };
            match self.pump_once(from).await? {
                0 => drop(busy.remove(place)),
                seen => {
                    messages += seen as u64;
                    busy = self.assembly.lanes().iter().map(|lane| lane.from).collect();
                }
            }
        }
        Ok(messages)
    }

    async fn next_due(&self) -> Result<Option<Instant>, PortError> {
        let mut next_due: Option<Instant> = None;
        for lane in self.assembly.lanes() {
            let due = self.embedded.queues.next_due(lane.from).await?;
            next_due = next_due.into_iter().chain(due).min();
        }
        Ok(next_due)
    }
}

async fn sweep(embedding: &Embedding, outside: &Outside) -> Result<sweep::Swept, PortError> {
    embedding.tidy().await?;
    wiring::sweep(outside).await
}
