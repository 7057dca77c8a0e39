//! Trying again. Every statement of ours is idempotent (insert-only, deterministic keys), so each may
//! be repeated whatever became of it.
//!
//! Two layers, because the driver's retry policy cannot wait. `AnotherNode` decides what may be
//! repeated at once on another node or connection. `again` waits, and repeats the whole statement:
//! that is for servers that are busy (Keyspaces throttles by a timeout with 0 responses), for a node
//! that is starting, and for the first statement after a function was frozen, whose connections the
//! other side has closed: by the second attempt the pool has new ones.

use std::future::Future;
use std::time::Duration;

use ports::{PortError, PortErrorKind};
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::policies::retry::{RequestInfo, RetryDecision, RetryPolicy, RetrySession};

use crate::error::{kind_of, port_error};

/// How often a statement is sent at most. With the waits below and a server that refuses at once,
/// it gives up after 1.5 to 3.1 s; the queue's redelivery takes over from there.
const ATTEMPTS: u32 = 6;
/// The longest first wait, in milliseconds; it doubles with every attempt.
const FIRST_WAIT_MS: u64 = 100;

/// Repeats at once where another node or another connection may do better.
#[derive(Debug)]
pub(crate) struct AnotherNode;

impl RetryPolicy for AnotherNode {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Deciding { broken: 0 })
    }
}

/// One request's decisions.
struct Deciding {
    broken: u32,
}

/// Dead connections a request may meet in one node's pool: as many as the pool holds.
const MOST_BROKEN: u32 = 4;

impl RetrySession for Deciding {
    fn decide_should_retry(&mut self, request: RequestInfo<'_>) -> RetryDecision {
        match request.error {
            RequestAttemptError::BrokenConnectionError(_) if self.broken < MOST_BROKEN => {
                self.broken += 1;
                RetryDecision::RetrySameTarget(None)
            }
            RequestAttemptError::BrokenConnectionError(_)
            | RequestAttemptError::UnableToAllocStreamId
            | RequestAttemptError::DbError(
                DbError::Unavailable { .. }
                | DbError::Overloaded
                | DbError::IsBootstrapping
                | DbError::ServerError,
                _,
            ) => RetryDecision::RetryNextTarget(None),
            _ => RetryDecision::DontRetry,
        }
    }

    fn reset(&mut self) {
        self.broken = 0;
    }
}

/// Sends a statement until it is answered, or refused for good, or `ATTEMPTS` are used up.
pub(crate) async fn again<T, F>(
    op: &'static str,
    mut attempt: impl FnMut() -> F + Send,
) -> Result<T, PortError>
where
    F: Future<Output = Result<T, ExecutionError>> + Send,
{
    let mut tried = 0;
    loop {
        let error = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        tried += 1;
        if kind_of(&error) != PortErrorKind::Retry || tried == ATTEMPTS {
            return Err(port_error(op, error));
        }
        tracing::debug!(
            op,
            tried,
            "cassandra is busy or away; the statement is sent again"
        );
        wait(tried).await;
    }
}

/// Between half of the longest wait and all of it, so that workers which failed together do not
/// come back together.
async fn wait(tried: u32) {
    let longest = FIRST_WAIT_MS << (tried - 1);
    let waited = longest / 2 + chance() % (longest / 2 + 1);
    #[expect(
        clippy::disallowed_methods,
        reason = "an adapter waits for its server; no step decides by it"
    )]
    tokio::time::sleep(Duration::from_millis(waited)).await;
}

/// A number nobody can foresee; without the system's randomness, always the same one.
fn chance() -> u64 {
    let mut bytes = [0; 8];
    #[expect(
        clippy::disallowed_methods,
        reason = "jitter decides nothing but how long a wait is"
    )]
    let filled = getrandom::fill(&mut bytes);
    filled.map_or(0, |()| u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use scylla::errors::ConnectionPoolError;

    use super::*;

    fn away() -> ExecutionError {
        ExecutionError::ConnectionPoolError(ConnectionPoolError::Initializing)
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_comes_back_is_waited_for_and_one_that_does_not_is_given_up() {
        let calls = AtomicU32::new(0);
        let answer = again("t", || {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            std::future::ready(if call < 3 { Err(away()) } else { Ok(7) })
        });
        assert_eq!(answer.await.expect("the fourth attempt"), 7);

        calls.store(0, Ordering::Relaxed);
        let never = again::<(), _>("t", || {
            calls.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Err(away()))
        });
        assert_eq!(never.await.expect_err("away").kind, PortErrorKind::Retry);
        assert_eq!(calls.load(Ordering::Relaxed), ATTEMPTS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_repeated() {
        let calls = AtomicU32::new(0);
        let refused = again::<(), _>("t", || {
            calls.fetch_add(1, Ordering::Relaxed);
            let invalid = RequestAttemptError::DbError(DbError::Invalid, String::new());
            std::future::ready(Err(invalid.into()))
        });
        assert_eq!(
            refused.await.expect_err("refused").kind,
            PortErrorKind::Reject
        );
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
}
