//! A body on its way over a line that may be slow, but not dead.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{Stream, StreamExt};
use reqwest::Body;
use tokio::sync::Notify;

/// How long a line may take no piece of a body, and a storage be silent when it has had the last: what the
/// system holds of it, a few megabytes, goes out meanwhile, and a storage that has it all may still check it.
pub(super) const LONGEST_HALT: Duration = Duration::from_secs(300);

/// A body of these pieces, and what hears of each that is taken.
pub(super) fn heard<S>(pieces: S) -> (Body, Arc<Notify>)
where
    S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    let taken = Arc::new(Notify::new());
    let heard = Arc::clone(&taken);
    let body = Body::wrap_stream(pieces.inspect(move |_| heard.notify_one()));
    (body, taken)
}

/// What `sending` ends with; `None` when a `halt` has passed before, in which nothing was taken.
pub(super) async fn unless_halted<T, H: Future>(
    taken: &Notify,
    halt: impl Fn() -> H,
    sending: impl Future<Output = T>,
) -> Option<T> {
    let mut sending = pin!(sending);
    loop {
        tokio::select! {
            biased;
            end = &mut sending => return Some(end),
            () = taken.notified() => {}
            _ = halt() => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    /// Ends after it was asked so many times, and asks to be asked again.
    async fn after(mut times: u32) {
        poll_fn(move |context| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Takes so many pieces, one each time that `apart` has passed.
    async fn send(taken: &Notify, pieces: u32, apart: u32) {
        for _ in 0..pieces {
            after(apart).await;
            taken.notify_one();
        }
    }

    #[tokio::test]
    async fn a_line_that_moves_may_take_as_long_as_it_needs() {
        let taken = Notify::new();
        let sent = unless_halted(&taken, || after(10), send(&taken, 1_000, 5)).await;
        assert!(sent.is_some());
    }

    #[tokio::test]
    async fn a_line_that_stands_still_is_given_up() {
        let taken = Notify::new();
        let sent = unless_halted(&taken, || after(10), send(&taken, 1_000, 50)).await;
        assert!(sent.is_none());
    }

    #[tokio::test]
    async fn each_piece_of_a_body_is_heard() {
        let pieces = futures::stream::iter([Ok(Bytes::from_static(b"a"))]);
        let (body, taken) = heard(pieces);
        let nothing = unless_halted(&taken, || after(10), std::future::pending::<()>()).await;
        assert!(nothing.is_none());
        let read = axum::body::to_bytes(axum::body::Body::new(body), 1);
        assert_eq!(read.await.ok(), Some(Bytes::from_static(b"a")));
        taken.notified().await;
    }
}
