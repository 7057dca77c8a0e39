//! A progress bar per stage, fed by the jobs' own answers.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::client::JobAnswer;

/// How often a bar that waits moves.
const TICK: Duration = Duration::from_millis(120);

/// Progress over all jobs of a run.
pub(super) struct Board {
    multi: MultiProgress,
    jobs: Mutex<BTreeMap<String, JobAnswer>>,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

/// How far a stage is over all jobs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Level {
    done: u64,
    total: u64,
    /// Every job is through with it.
    over: bool,
}

impl Board {
    /// A board; hidden when nobody looks at standard error or `quiet` is asked for.
    pub(super) fn new(quiet: bool) -> Self {
        let target = if quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        Self {
            multi: MultiProgress::with_draw_target(target),
            jobs: Mutex::default(),
            bars: Mutex::default(),
        }
    }

    /// Something without a measure goes on, until the answer is finished.
    pub(super) fn busy(&self, with: String) -> ProgressBar {
        let bar = self.multi.add(ProgressBar::new_spinner());
        bar.set_message(with);
        bar.enable_steady_tick(TICK);
        bar
    }

    /// A job said how far it is.
    pub(super) fn update(&self, job: &JobAnswer) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(job.job_id.clone(), job.clone());
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        for (stage, level) in levels(jobs.values()) {
            let bar = bars
                .entry(stage.clone())
                .or_insert_with(|| self.multi.add(bar_of(&stage)));
            // An empty bar, not a full one, while nobody knows how much there is to do.
            bar.set_length(level.total.max(u64::from(!level.over)));
            bar.set_position(level.done);
            if level.total > 0 {
                bar.set_message(format!("{}/{}", level.done, level.total));
            }
            if level.over {
                bar.abandon();
            }
        }
    }

    /// Nothing more comes: the bars go, the result stays.
    pub(super) fn finish(&self) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        for bar in bars.values() {
            bar.finish_and_clear();
        }
        let _closed_terminal = self.multi.clear();
    }
}

/// The stages in the order of the first job that names them, each summed over all jobs.
fn levels<'a>(jobs: impl Iterator<Item = &'a JobAnswer>) -> Vec<(String, Level)> {
    let mut order: Vec<(String, Level)> = Vec::new();
    for stage in jobs.flat_map(|job| &job.progress.stages) {
        let place = order.iter().position(|(name, _)| *name == stage.name);
        let place = place.unwrap_or_else(|| {
            let fresh = Level {
                over: true,
                ..Level::default()
            };
            order.push((stage.name.clone(), fresh));
            order.len() - 1
        });
        if let Some((_, level)) = order.get_mut(place) {
            level.done += stage.done;
            level.total += stage.total;
            level.over &= matches!(stage.state.as_str(), "done" | "failed");
        }
    }
    order
}

fn bar_of(stage: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    // The template is fixed; should it ever be wrong, the default bar is shown.
    if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:40}] {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(stage.to_owned());
    bar
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn job(id: &str, done: u64, total: u64) -> JobAnswer {
        let state = if total > 0 && done == total {
            "done"
        } else {
            "running"
        };
        let stages = serde_json::json!([
            {"name": "split", "state": "done", "done": 1, "total": 1},
            {"name": "ingest", "state": state, "done": done, "total": total},
        ]);
        serde_json::from_value(serde_json::json!({"job_id": id, "progress": {"stages": stages}}))
            .unwrap()
    }

    #[test]
    fn stages_are_summed_over_jobs_in_their_order() {
        let jobs = [job("a", 2, 5), job("b", 0, 0)];
        let seen = levels(jobs.iter());
        assert_eq!(
            seen[0],
            (
                "split".to_owned(),
                Level {
                    done: 2,
                    total: 2,
                    over: true
                }
            )
        );
        assert_eq!(
            seen[1],
            (
                "ingest".to_owned(),
                Level {
                    done: 2,
                    total: 5,
                    over: false
                }
            )
        );
    }

    #[test]
    fn a_hidden_board_takes_updates() {
        let board = Board::new(true);
        board.update(&job("a", 5, 5));
        assert!(board.bars.lock().unwrap()["ingest"].is_finished());
        board.finish();
    }
}
