//! When the stages of a job or turn began and ended. Only transitions write here, so what is computed
//! from it changes when the work moves and not with the clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::Stage;
use crate::time::Instant;

/// When one stage was at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// When it began; of a stage that is repeated, its latest attempt.
    pub started_at: Instant,
    /// When it ended, well or not.
    pub finished_at: Option<Instant>,
}

/// The times of the stages that have begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageTimes(BTreeMap<Stage, StageTime>);

impl StageTimes {
    /// When a stage was at work; `None` when it has not begun.
    #[must_use]
    pub fn of(&self, stage: Stage) -> Option<StageTime> {
        self.0.get(&stage).copied()
    }

    /// Ends what is at work, and begins a stage.
    pub(super) fn begin(&mut self, stage: Stage, now: Instant) {
        self.end(now);
        self.0.insert(
            stage,
            StageTime {
                started_at: now,
                finished_at: None,
            },
        );
    }

    /// Ends what is at work.
    pub(super) fn end(&mut self, now: Instant) {
        for time in self.0.values_mut() {
            time.finished_at.get_or_insert(now);
        }
    }

    /// A stage that is known only by its end: it began in the message that ended it.
    pub(super) fn pass(&mut self, stage: Stage, now: Instant) {
        if self.of(stage).is_none_or(|time| time.finished_at.is_some()) {
            self.begin(stage, now);
        }
        self.end(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_ends_when_the_next_begins_and_begins_anew_when_it_is_repeated() {
        let mut times = StageTimes::default();
        times.pass(Stage::Split, Instant(1));
        times.begin(Stage::Ingest, Instant(1));
        times.end(Instant(5));
        times.end(Instant(7));
        let span = |times: &StageTimes, stage| {
            let time = times.of(stage)?;
            Some((time.started_at.0, time.finished_at.map(|at| at.0)))
        };
        assert_eq!(span(&times, Stage::Split), Some((1, Some(1))));
        assert_eq!(span(&times, Stage::Ingest), Some((1, Some(5))));
        times.begin(Stage::Ingest, Instant(9));
        assert_eq!(span(&times, Stage::Ingest), Some((9, None)));
        assert_eq!(span(&times, Stage::Price), None);
    }
}
