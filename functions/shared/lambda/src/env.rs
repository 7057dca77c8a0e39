//! The environment of a deployed function, read once, at cold start.
//!
//! A function's `config.rs` asks for each variable it knows. What is missing, empty or odd is noted,
//! and so is a `MILLRACE_*` variable nobody asked for: a typo must not become a default. `finish`
//! answers all of it as one error, so that a deployment is corrected once. A fault says the
//! variable's name and what is expected, never its value: it may be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;

use axum::http::Uri;

/// What the names of our own variables begin with.
const OURS: &str = "MILLRACE_";
/// Bytes a plain name may have: more than DynamoDB, S3 and Cassandra take.
const MAX_NAME_BYTES: usize = 255;
/// Bytes a URL may have: the longest that every client takes.
const MAX_URL_BYTES: usize = 2_048;

/// What is wrong with a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is not there.
    Missing,
    /// It is there, with nothing in it.
    Empty,
    /// Its value is none that is understood.
    Odd,
    /// Nobody asks for it, or not together with the others.
    Unknown,
}

/// One variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// What is expected.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.trouble {
            Trouble::Missing => "is missing",
            Trouble::Empty => "is empty",
            Trouble::Odd => "is odd",
            Trouble::Unknown => "is not expected",
        };
        write!(f, "{} {what}: {}", self.name, self.expected)
    }
}

/// Everything that is wrong with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvError {
    /// Each fault, in the order in which the variables were asked for. Never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        write!(
            f,
            "the environment has {} faults: {}",
            faults.len(),
            faults.join("; ")
        )
    }
}

impl std::error::Error for EnvError {}

/// A text that is in no log: its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whoever has to present it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A reader over given variables. Every getter notes a fault and answers `None` when the variable
/// cannot be used; whoever reads several asks for all of them before it gives up.
#[derive(Debug)]
pub struct Env {
    variables: BTreeMap<String, String>,
    asked: BTreeSet<String>,
    faults: Vec<Fault>,
}

impl Env {
    /// A reader over these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            asked: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    /// The names that were asked for so far, whether they were there or not.
    #[must_use]
    pub fn asked(&self) -> &BTreeSet<String> {
        &self.asked
    }

    /// Notes a fault when a variable has no value; what it says is for somebody else to understand.
    pub fn require(&mut self, name: &str, expected: &str) {
        self.checked(name, expected, |_| Some(()));
    }

    /// The name of a table, a bucket, a keyspace or the like.
    pub fn name(&mut self, name: &str) -> Option<String> {
        let expected = "1 to 255 of A-Z a-z 0-9 - _ .";
        self.checked(name, expected, |text| {
            let fits = text.len() <= MAX_NAME_BYTES
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            fits.then(|| text.to_owned())
        })
    }

    /// An http or https URL with a host and without user, query or fragment.
    pub fn url(&mut self, name: &str) -> Option<String> {
        let expected = "a URL: http or https, a host, a path; no user, query or fragment";
        self.checked(name, expected, |text| is_url(text).then(|| text.to_owned()))
    }

    /// A whole number in a range.
    pub fn number(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.checked(name, &expected, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        })
    }

    /// The same for a variable that may be absent: `Some(None)` then.
    pub fn optional_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Option<Option<u32>> {
        if self.is_given(name) {
            self.number(name, range).map(Some)
        } else {
            Some(None)
        }
    }

    /// One of a list of words, as it stands in the list.
    pub fn one_of<'a>(&mut self, name: &str, words: &[&'a str]) -> Option<&'a str> {
        let expected = format!("one of {}", words.join(", "));
        self.checked(name, &expected, |text| {
            words.iter().find(|word| **word == text).copied()
        })
    }

    /// `host:port`, once or more, with commas between.
    pub fn contact_points(&mut self, name: &str) -> Option<Vec<String>> {
        self.checked(name, "host:port, or several with commas between", |text| {
            let points: Vec<String> = text.split(',').map(str::to_owned).collect();
            points
                .iter()
                .all(|point| is_contact_point(point))
                .then_some(points)
        })
    }

    /// A text that is printed nowhere: a password.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        let expected = "a secret without control characters";
        self.checked(name, expected, |text| {
            let fits = !text.chars().any(char::is_control);
            fits.then(|| Secret(text.to_owned()))
        })
    }

    /// Whether a variable is there: for one that may be absent. Asking is knowing its name.
    pub fn is_given(&mut self, name: &str) -> bool {
        self.asked.insert(name.to_owned());
        self.variables.contains_key(name)
    }

    /// Knows a variable that may not be there beside the others; notes a fault when it is.
    pub fn refuse(&mut self, name: &str, why: &str) {
        if self.is_given(name) {
            self.fault(name, Trouble::Unknown, why);
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every fault that was noted, and every `MILLRACE_*` variable that was not asked for.
    pub fn finish(mut self) -> Result<(), EnvError> {
        let unknown: Vec<String> = self
            .variables
            .keys()
            .filter(|name| name.starts_with(OURS) && !self.asked.contains(*name))
            .cloned()
            .collect();
        for name in unknown {
            self.fault(&name, Trouble::Unknown, "this function has no such setting");
        }
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(EnvError {
            faults: self.faults,
        })
    }

    fn checked<T>(
        &mut self,
        name: &str,
        expected: &str,
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.asked.insert(name.to_owned());
        let (value, trouble) = match self.variables.get(name).map(String::as_str) {
            None => (None, Trouble::Missing),
            Some("") => (None, Trouble::Empty),
            Some(text) => (understand(text), Trouble::Odd),
        };
        if value.is_none() {
            self.fault(name, trouble, expected);
        }
        value
    }

    fn fault(&mut self, name: &str, trouble: Trouble, expected: &str) {
        self.faults.push(Fault {
            name: name.to_owned(),
            trouble,
            expected: expected.to_owned(),
        });
    }
}

fn is_url(text: &str) -> bool {
    // The parser drops a fragment and takes a user.
    if text.len() > MAX_URL_BYTES || text.contains(['#', '?', '@']) {
        return false;
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let port = uri.port().is_none_or(|port| is_port(port.as_str()));
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(is_host) && port
}

fn is_contact_point(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && is_port(port))
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        }
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests;
