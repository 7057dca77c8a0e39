//! Pumps that run by themselves: as many tasks per lane as it may have invocations at a time.
//!
//! A pump of an embedded queue sleeps until the queue changes or its next message is due; it never
//! polls. A real queue tells nobody, so its pumps ask again.

use std::sync::Arc;
use std::time::Duration;

use embedded::Queues;
use ports::{Clock, PortError, QueueName, Receiver};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::pump::{self, Lane};
use crate::ambient::spawn_among;

/// The pause after the queue itself failed.
const AFTER_TROUBLE: Duration = Duration::from_millis(500);
/// The longest a pump sleeps without a look: the machine's clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The pause between two looks at a real queue: the look itself waits for a message.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Where pumps take messages.
#[derive(Clone)]
pub(super) struct Inlet {
    /// The queues.
    pub(super) receiver: Arc<dyn Receiver>,
    /// The embedded queues once more, which say when there is something; none on real ones.
    pub(super) telling: Option<(Arc<Queues>, Arc<dyn Clock>)>,
}

impl Inlet {
    fn arrivals(&self, from: QueueName) -> Option<watch::Receiver<u64>> {
        let (queues, _) = self.telling.as_ref()?;
        Some(queues.arrivals(from))
    }

    /// How long a queue that gave nothing need not be asked, unless something arrives.
    async fn until_due(&self, from: QueueName) -> Result<Duration, PortError> {
        let Some((queues, clock)) = &self.telling else {
            return Ok(ASK_AGAIN);
        };
        let Some(due) = queues.next_due(from).await? else {
            return Ok(LONGEST_SLEEP);
        };
        let us = due.0.saturating_sub(clock.now().0).max(1_000);
        Ok(Duration::from_micros(us.unsigned_abs()).min(LONGEST_SLEEP))
    }
}

/// Pumps at work. Dropping it stops them in the middle of what they do; `stop` lets them finish.
pub(super) struct Pumps {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Pumps {
    /// Starts the pumps of every lane.
    pub(super) fn start(inlet: &Inlet, lanes: &[Lane]) -> Self {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for lane in lanes {
            for _ in 0..lane.concurrency.max(1) {
                let pump = Pump {
                    inlet: inlet.clone(),
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
    inlet: Inlet,
    lane: Lane,
    stopping: watch::Receiver<bool>,
}

impl Pump {
    async fn run(mut self) {
        let from = self.lane.from;
        let mut arrivals = self.inlet.arrivals(from);
        while !*self.stopping.borrow() {
            if let Some(arrivals) = &mut arrivals {
                // Seen before the look: what arrives after it wakes the wait below.
                arrivals.borrow_and_update();
            }
            let pause = match pump::once(self.inlet.receiver.as_ref(), &self.lane).await {
                Ok(0) => self.inlet.until_due(from).await,
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            let pause = pause.unwrap_or_else(|error| {
                tracing::warn!(queue = %from, %error, "a queue failed; the pump goes on");
                AFTER_TROUBLE
            });
            tokio::select! {
                open = changed(&mut arrivals) => if !open { return },
                _ = self.stopping.wait_for(|stop| *stop) => return,
                () = crate::ambient::pause(pause) => {}
            }
        }
    }
}

/// Waits until something arrives; false when nothing can any more.
async fn changed(arrivals: &mut Option<watch::Receiver<u64>>) -> bool {
    match arrivals {
        Some(arrivals) => arrivals.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}
