//! Pieces of work that are made to fail, so that a test or a drill can see what follows.
//!
//! `Faults` is the list of what fails; the wrappers beside it stand in front of any port and ask it,
//! before the effect and after it: a failure after the effect is the answer that got lost.

mod rows;
mod sender;
mod state;
mod transactions;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use ports::{PortError, PortErrorKind};

pub use rows::FaultyRows;
pub use sender::FaultySender;
pub use state::FaultyState;
pub use transactions::FaultyTransactions;

/// When a piece of work fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Nothing was done.
    Before,
    /// It was done, but the caller does not learn it.
    After,
}

/// One way to fail.
#[derive(Debug, Clone)]
pub struct Fault {
    op: Cow<'static, str>,
    moment: Moment,
    about: String,
    kind: PortErrorKind,
    times: Option<u32>,
}

impl Fault {
    /// The work named `op` fails before it has an effect, each time, with `Retry`. The names are
    /// those of the wrappers: `rows.read`, `state.commit`, `queue.send`.
    #[must_use]
    pub fn before(op: impl Into<Cow<'static, str>>) -> Self {
        Self {
            op: op.into(),
            moment: Moment::Before,
            about: String::new(),
            kind: PortErrorKind::Retry,
            times: None,
        }
    }

    /// The work is done and then reported as failed.
    #[must_use]
    pub fn after(op: impl Into<Cow<'static, str>>) -> Self {
        Self {
            moment: Moment::After,
            ..Self::before(op)
        }
    }

    /// Only work whose description contains this text: a job's id, a document's sort key, a part of
    /// a message's body.
    #[must_use]
    pub fn about(mut self, text: impl ToString) -> Self {
        self.about = text.to_string();
        self
    }

    /// Only the next so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// With another kind of error.
    #[must_use]
    pub fn kind(mut self, kind: PortErrorKind) -> Self {
        self.kind = kind;
        self
    }
}

/// What fails, and how often it did.
#[derive(Debug, Default)]
pub struct Faults(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    faults: Vec<Fault>,
    struck: u64,
}

impl Faults {
    /// Adds a way to fail.
    pub fn add(&self, fault: Fault) {
        self.list().faults.push(fault);
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.list().faults.clear();
    }

    /// How often something was made to fail.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.list().struck
    }

    /// Asked by a wrapper before the effect.
    ///
    /// # Errors
    /// The fault that applies.
    pub fn before(&self, op: &'static str, about: &str) -> Result<(), PortError> {
        self.strike(op, Moment::Before, about)
    }

    /// Asked by a wrapper after the effect.
    ///
    /// # Errors
    /// The fault that applies.
    pub fn after(&self, op: &'static str, about: &str) -> Result<(), PortError> {
        self.strike(op, Moment::After, about)
    }

    fn strike(&self, op: &'static str, moment: Moment, about: &str) -> Result<(), PortError> {
        let mut list = self.list();
        let applies = |fault: &&mut Fault| {
            fault.op == op
                && fault.moment == moment
                && about.contains(&fault.about)
                && fault.times != Some(0)
        };
        let Some(fault) = list.faults.iter_mut().find(applies) else {
            return Ok(());
        };
        fault.times = fault.times.map(|left| left - 1);
        let kind = fault.kind;
        list.struck += 1;
        Err(PortError::new(kind, op, "made to fail"))
    }

    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
