//! How long a job was in each stage, as its status tells it.

use std::time::{Duration, Instant};

use millrace::client::Client;

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Watches a job to its good end; answers the seconds it was in each stage, in their order.
pub(crate) async fn watch(client: &Client, job: &str) -> Vec<(String, f64)> {
    let mut stages: Vec<(String, f64)> = Vec::new();
    let mut since = Instant::now();
    let mut current: Option<String> = Some("split".to_owned());
    loop {
        let now = client.job(job).await.expect("the job");
        let counts = now.counts;
        let settled =
            counts.accepted + counts.duplicate + counts.rejected + counts.ignored + counts.failed;
        assert_eq!(counts.total, settled + counts.pending, "I3 in {counts:?}");
        let stage = if now.is_terminal {
            None
        } else {
            now.stage.clone().or(current.clone())
        };
        if stage != current {
            if let Some(name) = current.take() {
                stages.push((name, since.elapsed().as_secs_f64()));
            }
            since = Instant::now();
            current = stage;
        }
        if now.is_terminal {
            assert!(now.succeeded(), "{now:?}");
            return stages;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Rows per second.
pub(crate) fn rate(rows: usize, seconds: f64) -> u64 {
    (rows as f64 / seconds.max(1e-9)) as u64
}
