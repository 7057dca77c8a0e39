//! Every function in one process over given ports: the API, the pumps and the sweep.
//!
//! `Stack` puts it over the embedded stores. Over other adapters, as the tests of the cloud's do, it
//! is started by itself: who does that also brings the queue `split` its events, and serves the
//! objects that signed URLs lead to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lambda::admission::admitting;
use ports::{PortError, Receiver};
use tokio::net::TcpListener;

use super::config::Sizes;
use super::identity::Identity;
use super::outside::Outside;
use super::pump::Lane;
use super::running::{Inlet, Pumps};
use super::server::{self, Server};
use super::{StackError, wiring};
use crate::tokens::TokenError;

/// The pause between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_secs(30);

/// The functions at work. Dropping it stops them in the middle of what they do, as a power cut would;
/// `stop` lets what runs finish.
pub struct Assembly {
    outside: Outside,
    inlet: Inlet,
    lanes: Vec<Lane>,
    identity: Arc<Identity>,
    server: Server,
    pumps: Option<Pumps>,
}

impl Assembly {
    /// Serves the API on a free port of 127.0.0.1, to tokens of its own (`token`), and pumps messages
    /// from `receiver`, which may keep a call waiting for some.
    ///
    /// # Errors
    /// No port can be listened on, or the system has no random bytes.
    pub async fn start(
        outside: Outside,
        receiver: Arc<dyn Receiver>,
        sizes: &Sizes,
    ) -> Result<Self, StackError> {
        let listener = server::listen(0).await?;
        let inlet = Inlet {
            receiver,
            telling: None,
        };
        let identity = Identity::passing()?;
        let more = Router::new();
        let mut assembly = Self::serving(listener, identity, outside, inlet, sizes, more)?;
        let sweeper = assembly.outside.clone();
        assembly.pump(move || {
            let outside = sweeper.clone();
            async move { wiring::sweep(&outside).await.map(drop) }
        });
        Ok(assembly)
    }

    /// Serves the API to tokens of `identity`, and `more` to everybody, without pumping.
    pub(super) fn serving(
        listener: TcpListener,
        identity: Identity,
        outside: Outside,
        inlet: Inlet,
        sizes: &Sizes,
        more: Router,
    ) -> Result<Self, StackError> {
        let lanes = wiring::lanes(&outside, sizes);
        let identity = Arc::new(identity);
        let asked = Arc::clone(&identity);
        let api = admitting(wiring::api(&outside, sizes), move |request| {
            asked.tenant_of(request)
        });
        let server = Server::start(listener, api.merge(more))?;
        Ok(Self {
            outside,
            inlet,
            lanes,
            identity,
            server,
            pumps: None,
        })
    }

    /// Starts the pumps, and `sweep` every half minute.
    pub(super) fn pump<F, Fut>(&mut self, sweep: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), PortError>> + Send,
    {
        let mut pumps = Pumps::start(&self.inlet, &self.lanes);
        pumps.repeat(SWEEP_PAUSE, move || {
            let swept = sweep();
            async move {
                if let Err(error) = swept.await {
                    tracing::warn!(%error, "a sweep ended early; the next one goes on");
                }
            }
        });
        self.pumps = Some(pumps);
    }

    /// The API's address, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.server.base_url()
    }

    /// A token of a tenant, good from now.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn token(&self, tenant: &str) -> Result<String, TokenError> {
        self.identity.token(tenant)
    }

    /// The ports.
    #[must_use]
    pub fn outside(&self) -> &Outside {
        &self.outside
    }

    /// The lanes, for a stack that is pumped by hand.
    pub(super) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Sweeps once, as the schedule would.
    ///
    /// # Errors
    /// What a port says.
    pub async fn sweep(&self) -> Result<sweep::Swept, PortError> {
        wiring::sweep(&self.outside).await
    }

    /// Takes no more requests and messages, and waits for what runs.
    pub async fn stop(self) {
        let Self { server, pumps, .. } = self;
        if let Some(pumps) = pumps {
            pumps.stop().await;
        }
        server.stop().await;
    }
}
