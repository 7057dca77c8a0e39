//! Query parameters, read once each; everything wrong with them is said at once.

use crate::problem::{Fault, Problem};

/// The parameters that were not asked for yet, and the faults found so far.
#[derive(Debug)]
pub struct Params {
    left: Vec<(String, String)>,
    faults: Vec<Fault>,
}

/// Which page of a list is asked for.
#[derive(Debug)]
pub struct Paging {
    /// Items of the page.
    pub limit: u32,
    /// What the page before named as the beginning of this one.
    pub cursor: Option<String>,
}

/// The answer to a cursor that leads to no page of the list that is asked: one that was made up or
/// altered, another list's, another tenant's. Nobody is told which (I8).
#[must_use]
pub fn no_page() -> Problem {
    Problem::not_found("there is no page with this cursor in this list; begin without one")
}

impl Params {
    /// The parameters of a request.
    pub fn new(given: Vec<(String, String)>) -> Self {
        Self {
            left: given,
            faults: Vec::new(),
        }
    }

    /// A parameter; given twice it is a fault.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.left.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.left.remove(place);
        if self.left.iter().any(|(given, _)| given == name) {
            self.left.retain(|(given, _)| given != name);
            self.fault(name, "may be given once");
        }
        Some(value)
    }

    /// A parameter read by `parse`, which says what it must be.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(name)?;
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(detail) => {
                self.fault(name, detail);
                None
            }
        }
    }

    /// A parameter that is `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, |text| {
            text.parse().map_err(|_| "must be true or false".to_owned())
        })
    }

    /// `limit`, from 1 to `most` and else `default`, and `cursor`: the parameters of every list.
    pub fn paging(&mut self, default: u32, most: u32) -> Paging {
        let limit = self.parsed("limit", |text| {
            let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
            limit.ok_or_else(|| format!("must be a whole number from 1 to {most}"))
        });
        Paging {
            limit: limit.unwrap_or(default),
            cursor: self.take("cursor"),
        }
    }

    /// Adds a fault.
    pub fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(Fault::parameter(name, detail));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 with every fault; a parameter nobody knows is one, because a filter that is silently
    /// dropped shows rows that were not asked for.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.left) {
            self.fault(&name, "is not a parameter of this address; leave it out");
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.faults))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn params(given: &[(&str, &str)]) -> Params {
        Params::new(
            given
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn unknown_repeated_and_malformed_parameters_are_all_named() {
        let mut params = params(&[
            ("limit", "1"),
            ("limit", "2"),
            ("unmatched", "yes"),
            ("odd", "1"),
        ]);
        assert_eq!(params.take("limit").unwrap(), "1");
        assert_eq!(params.flag("unmatched"), None);
        let problem = params.finish().unwrap_err();
        let named: Vec<_> = problem
            .errors
            .iter()
            .map(|fault| serde_json::to_value(fault).unwrap()["parameter"].clone())
            .collect();
        assert_eq!(named, ["limit", "unmatched", "odd"]);
    }

    #[test]
    fn what_is_not_given_is_no_fault() {
        let mut params = params(&[]);
        assert_eq!(params.flag("unmatched"), None);
        assert!(params.finish().is_ok());
    }
}
