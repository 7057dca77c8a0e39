//! How long answers took, counted from when they should have been asked for.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Asks `rate` times a second, whether answers come or not, and answers what each question was with the
/// time from when it was due to its answer: a server that stands still is counted by everybody who
/// would have asked meanwhile.
pub(crate) async fn at_rate<K, Fut>(
    rate: u32,
    seconds: u64,
    ask: impl Fn(u64) -> Fut,
) -> Vec<(K, Duration)>
where
    K: Send + 'static,
    Fut: Future<Output = K> + Send + 'static,
{
    let began = Instant::now();
    let mut asked = JoinSet::new();
    for number in 0..u64::from(rate) * seconds {
        let due = began + Duration::from_secs(number) / rate;
        sleep_until(due).await;
        let asking = ask(number);
        asked.spawn(async move {
            let kind = asking.await;
            (kind, due.elapsed())
        });
    }
    asked.join_all().await
}

/// The time within which `percent` of these were answered, in milliseconds.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len() * percent).div_ceil(100).max(1) - 1;
    let time = times.get(place).expect("at least one answer");
    time.as_secs_f64() * 1_000.0
}
