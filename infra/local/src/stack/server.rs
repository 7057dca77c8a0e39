//! The loopback address: the API, and what else a stack serves, behind one listener.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::routing::get;
use axum::serve::ListenerExt;
use lambda::problem::no_route;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::StackError;
use super::border::cross;

/// Opens the address. The kernel takes connections from here on; they are answered once the server
/// runs.
pub(super) async fn listen(port: u16) -> Result<TcpListener, StackError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| StackError::Listen { port, source })
}

/// The address of a listener.
pub(super) fn base_url(listener: &TcpListener) -> Result<String, StackError> {
    let address = listener
        .local_addr()
        .map_err(|source| StackError::Listen { port: 0, source })?;
    Ok(format!("http://{address}"))
}

/// A server at work.
pub(super) struct Server {
    base_url: String,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Serves routes.
    pub(super) fn start(listener: TcpListener, routes: Router) -> Result<Self, StackError> {
        let base_url = base_url(&listener)?;
        let numbers = Arc::new(AtomicU64::new(1));
        let guard = move |request: Request, next: Next| {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            cross(number, request, next)
        };
        let routes = routes
            .route("/healthz", get(async || "ok\n"))
            .fallback(no_route)
            .layer(middleware::from_fn(guard));
        let (stop, mut stopping) = watch::channel(false);
        // Small answers go out at once instead of waiting for more to send.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection answers slowly");
            }
        });
        let serving = crate::ambient::spawn(async move {
            let until = async move {
                let _stack_is_gone = stopping.wait_for(|stop| *stop).await;
            };
            let served = axum::serve(listener, routes)
                .with_graceful_shutdown(until)
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Self {
            base_url,
            stop,
            serving,
        })
    }

    /// The address.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Takes no more requests and waits for those that are being answered.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server ended badly");
        }
    }
}
