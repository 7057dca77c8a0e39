//! The S3 endpoint of a laptop: PUT, GET, HEAD and uploads in parts on one bucket, with S3's own wire
//! protocol, over an `ObjectStore`. What the AWS SDKs send by default it takes, checksums among it.
//!
//! Crate `s3s` speaks the protocol and checks signatures against the machine's clock; `backend` does
//! these operations; every other one answers NotImplemented. An upload's event is saved in the
//! transaction that stores the object, then sent, then forgotten (I1).

mod access;
mod backend;
mod checks;
mod credentials;
mod download;
mod event;
mod open_uploads;
mod paging;
mod parts;
mod port;
mod upload;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::message::Queue;
use futures::StreamExt;
use futures::stream::poll_fn;
use ports::{Clock, Outgoing, PortError, Sender};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::objects::{ObjectStore, Unannounced};

pub use credentials::Credentials;

/// Keys under this prefix announce themselves: the rule that the template puts behind the bucket.
pub const ANNOUNCED_PREFIX: &str = "uploads/";

/// What the endpoint serves, and to whom it tells what came in.
#[derive(Clone)]
pub struct Endpoint {
    /// The objects.
    pub store: ObjectStore,
    /// The one bucket's name, by S3's rules: 3 to 63 small letters, digits and hyphens.
    pub bucket: String,
    /// The region named in events.
    pub region: String,
    /// The key that opens it.
    pub credentials: Credentials,
    /// Where `ObjectCreated` events go: to `Queue::Split`.
    pub events: Arc<dyn Sender>,
    /// The time events carry.
    pub clock: Arc<dyn Clock>,
}

impl Endpoint {
    /// Sends every event that was saved and not sent: call it at start, and from time to time, for a
    /// queue may have been away when an upload came. Answers how many went out. A second call sends
    /// only what is left; a crash in the middle sends an event twice, with the same bytes (I2).
    ///
    /// # Errors
    /// What the queue or the store says; the events are still there then.
    pub async fn announce(&self) -> Result<usize, PortError> {
        let mut sent = 0;
        loop {
            let waiting = self.store.unannounced().await?;
            if waiting.is_empty() {
                return Ok(sent);
            }
            for object in &waiting {
                self.announce_one(object).await?;
                sent += 1;
            }
        }
    }

    async fn announce_one(&self, object: &Unannounced) -> Result<(), PortError> {
        let message = Outgoing {
            body: event::object_created(self, object),
            delay_seconds: 0,
        };
        self.events.send(Queue::Split, &[message]).await?;
        self.store.announced(&object.info.version).await
    }
}

/// The endpoint as a service, for a listener of its own or as the fallback of another router.
/// Requests are path style: `/<bucket>/<key>`.
pub fn service(endpoint: Endpoint) -> Router {
    let keys = &endpoint.credentials;
    let auth = SimpleAuth::from_single(keys.access_key(), keys.secret_key());
    let mut builder = S3ServiceBuilder::new(backend::Backend::new(endpoint));
    builder.set_auth(auth);
    builder.set_access(access::SignedOnly);
    let s3 = builder.build();
    Router::new().fallback(move |request: Request| answer(s3.clone(), request))
}

/// Bytes of a refused body that are still read: more than any CSV that Millrace takes at once.
const MAX_DRAINED_BYTES: usize = 256 * 1024 * 1024;

/// s3s writes whole requests, signed URLs among them, to its debug log. It gets no log at all; the
/// backend finds ours in the request.
async fn answer(s3: S3Service, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let log = tracing::dispatcher::get_default(Dispatch::clone);
    parts.extensions.insert(log);
    let waits_for_leave = parts.headers.contains_key(header::EXPECT);
    let is_empty = body.is_end_stream();
    let body = Arc::new(Mutex::new(body.into_data_stream()));
    // A GET names no length: that it has no body must be seen by the body itself.
    let given = if is_empty {
        s3s::Body::empty()
    } else {
        let shared = Arc::clone(&body);
        let shared = poll_fn(move |cx| lock(&shared).poll_next_unpin(cx));
        s3s::Body::http_body_unsync(Body::from_stream(shared))
    };
    let request = Request::from_parts(parts, given);
    let response = match s3.call(request).with_subscriber(NoSubscriber::new()).await {
        Ok(response) => response.map(Body::new),
        Err(_) => {
            tracing::error!("the object endpoint could not answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    };
    if !response.status().is_success() && !waits_for_leave {
        drain(&body).await;
    }
    response
}

/// Reads on what a refused client is still sending. Closing the connection under it would show it
/// a broken pipe instead of the answer.
async fn drain(body: &Mutex<BodyDataStream>) {
    let mut drained = 0;
    while drained < MAX_DRAINED_BYTES {
        match poll_fn(|cx| lock(body).poll_next_unpin(cx)).next().await {
            Some(Ok(piece)) => drained += piece.len(),
            Some(Err(_)) | None => return,
        }
    }
}

fn lock(body: &Mutex<BodyDataStream>) -> MutexGuard<'_, BodyDataStream> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}
