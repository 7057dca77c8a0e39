//! What a bench that judges came to.

use std::process::ExitCode;

/// The promises that were not kept.
#[derive(Default)]
pub(crate) struct Verdict {
    broken: Vec<String>,
}

impl Verdict {
    /// Judges one promise; `what` says it with its figures.
    pub(crate) fn judge(&mut self, kept: bool, what: impl Into<String>) {
        if !kept {
            self.broken.push(what.into());
        }
    }

    /// Says what was not kept; 1 when anything was not.
    pub(crate) fn told(self) -> ExitCode {
        for broken in &self.broken {
            println!("NOT KEPT: {broken}");
        }
        if self.broken.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
