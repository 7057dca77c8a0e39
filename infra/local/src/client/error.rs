//! Why the API could not be used.

use std::path::PathBuf;

use super::answers::ProblemBody;

/// A request came to nothing. None of these texts holds a URL.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be set up on this machine.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(reqwest::Error),
    /// No answer came, or it broke off.
    #[error("{what}: {}", causes(source))]
    Away {
        /// What was being done.
        what: &'static str,
        /// What went wrong, the URL taken out.
        source: reqwest::Error,
    },
    /// A body stood still on its way.
    #[error("{what}: the line took nothing for {} seconds", halt.as_secs())]
    Halted {
        /// What was being done.
        what: &'static str,
        /// For how long nothing moved.
        halt: std::time::Duration,
    },
    /// The API said no, and why.
    #[error("{what}: {problem}")]
    Refused {
        /// What was being done.
        what: &'static str,
        /// The API's reason.
        problem: Box<ProblemBody>,
    },
    /// The answer is none that the API gives.
    #[error("{what}: {detail}")]
    Unexpected {
        /// What was being done.
        what: &'static str,
        /// What came instead.
        detail: String,
    },
    /// A file was not what it had been when it was announced.
    #[error(
        "{} changed while it was being uploaded: it had {announced} bytes when it was announced and has {found} now, \
         or other ones. Wait until nothing writes to it any more, and give it again",
        path.display()
    )]
    Changed {
        /// Which file.
        path: PathBuf,
        /// Its bytes when it was announced.
        announced: u64,
        /// Its bytes now.
        found: u64,
    },
    /// A file on this machine.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// An error with what caused it: the outermost alone only says that sending failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl ClientError {
    /// Whether the connection is to blame, and another may go well.
    pub(super) fn is_of_line(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Halted { .. })
    }

    /// No answer came.
    pub(super) fn away(what: &'static str, source: reqwest::Error) -> Self {
        Self::Away {
            what,
            source: source.without_url(),
        }
    }

    /// The answer is odd.
    pub(super) fn unexpected(what: &'static str, detail: impl Into<String>) -> Self {
        Self::Unexpected {
            what,
            detail: detail.into(),
        }
    }
}
