//! The one error of every port: what failed, doing what, and what the caller should do.

use std::error::Error;
use std::fmt;

/// What to do about a failure. Few on purpose: somebody branches on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// The other side was busy or away, or the effect is unknown: do the same again later.
    Retry,
    /// A condition did not hold: somebody else was first. Read again and decide again.
    Conflict,
    /// The other side refuses this request and always will.
    Reject,
    /// What was read cannot be understood: damaged, or written by a newer build.
    Invalid,
    /// We asked something that makes no sense.
    Bug,
}

/// A port failed.
#[derive(Debug)]
pub struct PortError {
    /// What to do.
    pub kind: PortErrorKind,
    /// What was being done: `state.commit`, `objects.get`.
    pub op: &'static str,
    /// The cause.
    pub source: Box<dyn Error + Send + Sync>,
}

impl PortError {
    /// An error with its cause.
    pub fn new(
        kind: PortErrorKind,
        op: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            op,
            source: source.into(),
        }
    }

    /// The other side was away.
    pub fn retry(op: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(PortErrorKind::Retry, op, source)
    }

    /// Somebody else was first.
    pub fn conflict(op: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(PortErrorKind::Conflict, op, source)
    }

    /// What was read makes no sense.
    pub fn invalid(op: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(PortErrorKind::Invalid, op, source)
    }

    /// We asked something that makes no sense.
    pub fn bug(op: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(PortErrorKind::Bug, op, source)
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.op, self.source)
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

impl From<domain::state::DocumentError> for PortError {
    fn from(error: domain::state::DocumentError) -> Self {
        Self::invalid("state.document", error)
    }
}
