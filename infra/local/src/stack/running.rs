//! Pumps that run by themselves: as many tasks per lane as it may have invocations at a time.
//!
//! A pump sleeps until its queue changes or its next message is due; it never polls.

use std::sync::Arc;
use std::time::Duration;

use embedded::Queues;
use ports::{Clock, PortError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::pump::{self, Lane};
use crate::ambient::spawn_among;

/// The pause after the queue itself failed.
const AFTER_TROUBLE: Duration = Duration::from_millis(500);
/// The longest a pump sleeps without a look: the machine's clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Pumps at work. Dropping it stops them in the middle of what they do; `stop` lets them finish.
pub(super) struct Pumps {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Pumps {
    /// Starts the pumps of every lane, and `sweep` once every `sweep_every`.
    pub(super) fn start(queues: &Arc<Queues>, clock: &Arc<dyn Clock>, lanes: &[Lane]) -> Self {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for lane in lanes {
            for _ in 0..lane.concurrency.max(1) {
                let pump = Pump {
                    queues: Arc::clone(queues),
                    clock: Arc::clone(clock),
                    lane: lane.clone(),
                    stopping: stopping.clone(),
                };
                spawn_among(&mut tasks, pump.run());
            }
        }
        Self { tasks, stop }
    }

    /// Runs `work` again and again with a pause between, until the pumps stop.
    pub(super) fn repeat<F, Fut>(&mut self, pause: Duration, work: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let mut stopping = self.stop.subscribe();
        spawn_among(&mut self.tasks, async move {
            loop {
                // The answer of `wait_for` is dropped at once: it holds a lock.
                let stopped = async { stopping.wait_for(|stop| *stop).await.map(drop) };
                tokio::select! {
                    () = crate::ambient::pause(pause) => {}
                    _ = stopped => return,
                }
                work().await;
            }
        });
    }

    /// Takes no more messages and waits for the invocations that run.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

struct Pump {
    queues: Arc<Queues>,
    clock: Arc<dyn Clock>,
    lane: Lane,
    stopping: watch::Receiver<bool>,
}

impl Pump {
    async fn run(mut self) {
        let mut arrivals = self.queues.arrivals(self.lane.from);
        while !*self.stopping.borrow() {
            // Seen before the look: what arrives after it wakes the wait below.
            arrivals.borrow_and_update();
            let pause = match pump::once(self.queues.as_ref(), &self.lane).await {
                Ok(0) => self.until_due().await,
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            let pause = pause.unwrap_or_else(|error| {
                tracing::warn!(queue = %self.lane.from, %error, "a queue failed; the pump goes on");
                AFTER_TROUBLE
            });
            tokio::select! {
                changed = arrivals.changed() => if changed.is_err() { return },
                _ = self.stopping.wait_for(|stop| *stop) => return,
                () = crate::ambient::pause(pause) => {}
            }
        }
    }

    /// How long nothing can be received, unless something arrives.
    async fn until_due(&self) -> Result<Duration, PortError> {
        let Some(due) = self.queues.next_due(self.lane.from).await? else {
            return Ok(LONGEST_SLEEP);
        };
        let us = due.0.saturating_sub(self.clock.now().0).max(1_000);
        Ok(Duration::from_micros(us.unsigned_abs()).min(LONGEST_SLEEP))
    }
}
