//! Reads the fields of a JSON object and remembers everything that is wrong with them, so that a
//! client learns of all its mistakes in one answer.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::problem::{Fault, Problem};

/// The fields of a body that were not asked for yet, and the faults found so far.
#[derive(Debug)]
pub struct Fields {
    left: Map<String, Value>,
    prefix: String,
    faults: Vec<Fault>,
}

impl Fields {
    /// The fields of a JSON body.
    ///
    /// # Errors
    /// 400 when the body is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(left)) => Ok(Self {
                left,
                prefix: String::new(),
                faults: Vec::new(),
            }),
            Ok(_) => Err(Problem::bad_request(
                "not_an_object",
                "the body must be a JSON object",
            )),
            Err(error) => {
                let detail = format!(
                    "the body is not JSON: line {}, column {}",
                    error.line(),
                    error.column()
                );
                Err(Problem::bad_request("not_json", detail))
            }
        }
    }

    /// An optional text. `null` is like absent.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.left.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => {
                self.fault(name, format!("must be text, not {}", kind(&other)));
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &str) -> Option<String> {
        if self.is_missing(name) {
            None
        } else {
            self.text(name)
        }
    }

    /// An optional text that has a type of its own.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(name, error.to_string());
                None
            }
        }
    }

    /// An optional whole number of 0 or more.
    pub fn whole(&mut self, name: &str) -> Option<u64> {
        let value = self.left.remove(name)?;
        if value.is_null() {
            return None;
        }
        let whole = value.as_u64();
        if whole.is_none() {
            self.fault(
                name,
                "must be a whole number of 0 or more, written as a JSON number",
            );
        }
        whole
    }

    /// A whole number that must be there.
    pub fn required_whole(&mut self, name: &str) -> Option<u64> {
        if self.is_missing(name) {
            None
        } else {
            self.whole(name)
        }
    }

    /// The fields of an optional object inside this one; give them back to `merge`.
    pub fn object(&mut self, name: &str) -> Option<Self> {
        match self.left.remove(name)? {
            Value::Null => None,
            Value::Object(left) => Some(Self {
                left,
                prefix: format!("{}{name}/", self.prefix),
                faults: Vec::new(),
            }),
            other => {
                self.fault(name, format!("must be an object, not {}", kind(&other)));
                None
            }
        }
    }

    /// Takes over the faults of an inner object.
    pub fn merge(&mut self, inner: Self) {
        self.faults.extend(inner.into_faults());
    }

    /// Adds a fault that only the caller could find.
    pub fn fault(&mut self, name: &str, detail: impl Into<String>) {
        let mut fault = Fault::field(name, detail);
        if let crate::problem::Place::Body { pointer } = &mut fault.place {
            pointer.insert_str(2, &self.prefix);
        }
        self.faults.push(fault);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 with every fault, unknown fields among them: a field this build does not know is not
    /// silently dropped.
    pub fn finish(self) -> Result<(), Problem> {
        let faults = self.into_faults();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(faults))
        }
    }

    fn into_faults(mut self) -> Vec<Fault> {
        let unknown: Vec<String> = self.left.keys().cloned().collect();
        for name in unknown {
            self.fault(&name, "is not a field of this request; leave it out");
        }
        self.faults
    }

    fn is_missing(&mut self, name: &str) -> bool {
        let missing = self.left.get(name).is_none_or(Value::is_null);
        if missing {
            self.left.remove(name);
            self.fault(name, "is required");
        }
        missing
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot read its own body has failed"
    )]

    use domain::ids::LedgerId;

    use super::*;

    #[test]
    fn all_faults_come_in_one_answer() {
        let mut fields = Fields::parse(br#"{"size":-1,"ledger":"NO","extra":1}"#).unwrap();
        assert_eq!(fields.required_text("filename"), None);
        assert_eq!(fields.required_whole("size"), None);
        assert_eq!(fields.parsed::<LedgerId>("ledger"), None);
        let problem = fields.finish().unwrap_err();
        let pointers: Vec<_> = problem
            .errors
            .iter()
            .map(|fault| serde_json::to_value(fault).unwrap()["pointer"].clone())
            .collect();
        assert_eq!(pointers, ["#/filename", "#/size", "#/ledger", "#/extra"]);
    }

    #[test]
    fn an_inner_object_points_with_its_path() {
        let mut fields = Fields::parse(br#"{"matching":{"window_hours":"x","odd":1}}"#).unwrap();
        let mut inner = fields.object("matching").unwrap();
        assert_eq!(inner.whole("window_hours"), None);
        fields.merge(inner);
        let problem = fields.finish().unwrap_err();
        assert_eq!(problem.errors.len(), 2);
        assert_eq!(
            serde_json::to_value(&problem.errors[0]).unwrap()["pointer"],
            "#/matching/window_hours"
        );
        assert_eq!(
            serde_json::to_value(&problem.errors[1]).unwrap()["pointer"],
            "#/matching/odd"
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(Fields::parse(b"[1]").unwrap_err().code, "not_an_object");
        assert_eq!(Fields::parse(b"{").unwrap_err().code, "not_json");
    }

    #[test]
    fn a_good_body_has_no_faults() {
        let mut fields = Fields::parse(br#"{"filename":"a.csv","size":3,"account":null}"#).unwrap();
        assert_eq!(fields.required_text("filename").unwrap(), "a.csv");
        assert_eq!(fields.required_whole("size"), Some(3));
        assert_eq!(fields.text("account"), None);
        assert!(fields.finish().is_ok());
    }
}
