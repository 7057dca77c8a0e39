//! Every function in one process over given ports: the API, the pumps and the sweep.
//!
//! `Stack` puts it over the embedded stores. Over other adapters, as the tests of the cloud's do, it
//! is started by itself: who does that also brings the queue `split` its events, and serves the
//! objects that signed URLs lead to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ports::{PortError, Receiver};
use tokio::net::TcpListener;

use super::config::Sizes;
use super::outside::Outside;
use super::pump::Lane;
use super::running::{Inlet, Pumps};
use super::server::{self, Server};
use super::{StackError, wiring};

/// The pause between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_secs(30);

/// The functions at work. Dropping it stops them in the middle of what they do, as a power cut would;
/// `stop` lets what runs finish.
pub struct Assembly {
    outside: Outside,
    inlet: Inlet,
    lanes: Vec<Lane>,
    server: Server,
    pumps: Option<Pumps>,
}

impl Assembly {
    /// Serves the API on a free port of 127.0.0.1 and pumps messages from `receiver`, which may keep
    /// a call waiting for some.
    ///
    /// # Errors
    /// No port can be listened on.
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
        let mut assembly = Self::serving(listener, outside, inlet, sizes, Router::new())?;
        let sweeper = assembly.outside.clone();
        assembly.pump(move || {
            let outside = sweeper.clone();
            async move { wiring::sweep(&outside).await.map(drop) }
        });
        Ok(assembly)
    }

    /// Serves the API, and `more`, without pumping.
    pub(super) fn serving(
        listener: TcpListener,
        outside: Outside,
        inlet: Inlet,
        sizes: &Sizes,
        more: Router,
    ) -> Result<Self, StackError> {
        let lanes = wiring::lanes(&outside, sizes);
        let routes = wiring::api(&outside, sizes).merge(more);
        let server = Server::start(listener, routes, outside.tenant.clone())?;
        Ok(Self {
            outside,
            inlet,
            lanes,
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
