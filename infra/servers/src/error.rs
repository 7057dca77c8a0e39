//! What can go wrong between "start it" and "it answers", and what to do about it.

use std::path::Path;

/// Lines of a log that an error shows.
const SHOWN_LINES: usize = 30;

/// A server could not be started, stopped or spoken to.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A program that this needs is not there.
    #[error("{tool} is not installed; {purpose} needs it: install it and start again")]
    Tool {
        /// The program's name.
        tool: String,
        /// Who needs it.
        purpose: String,
    },
    /// The system refused something.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A package client failed.
    #[error("cannot fetch {what}: {client} failed, its output ends with\n{tail}")]
    Fetch {
        /// The artefact.
        what: String,
        /// The client.
        client: String,
        /// The end of its output.
        tail: String,
    },
    /// The server ended, or did not answer in time.
    #[error("{server} {how}; its log ends with\n{tail}")]
    Start {
        /// The server.
        server: &'static str,
        /// What happened instead.
        how: String,
        /// The end of its log.
        tail: String,
    },
}

impl ServerError {
    /// For `map_err`: what was being done when the system refused.
    pub(crate) fn doing(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System {
            doing: doing.into(),
            source,
        }
    }

    /// For `map_err` on starting a program: a missing one is named.
    pub(crate) fn running(tool: &str, purpose: &str) -> impl FnOnce(std::io::Error) -> Self {
        let (tool, purpose) = (tool.to_owned(), purpose.to_owned());
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound => Self::Tool { tool, purpose },
            _ => Self::System {
                doing: format!("run {tool}"),
                source,
            },
        }
    }
}

/// The last lines of a log, or that there is none.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(SHOWN_LINES);
    match lines.get(from..) {
        Some(lines) if !lines.is_empty() => lines.join("\n"),
        _ => "(nothing)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn a_tail_is_the_end_and_an_empty_log_is_said_to_be_empty() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        assert_eq!(tail(&log), "(nothing)");
        let lines: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        std::fs::write(&log, lines.join("\n")).unwrap();
        let shown = tail(&log);
        assert!(shown.starts_with("line 70\n") && shown.ends_with("line 99"));
    }

    #[test]
    fn a_missing_program_is_named_with_who_needs_it() {
        let missing = std::process::Command::new("no-such-program-anywhere")
            .spawn()
            .unwrap_err();
        let error = ServerError::running("no-such-program-anywhere", "Cassandra")(missing);
        let text = error.to_string();
        assert!(
            text.contains("no-such-program-anywhere is not installed")
                && text.contains("Cassandra")
        );
    }
}
