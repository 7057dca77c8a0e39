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

    /// An optional `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.left.remove(name)? {
            Value::Null => None,
            Value::Bool(flag) => Some(flag),
            other => {
                self.fault(name, format!("must be true or false, not {}", kind(&other)));
                None
            }
        }
    }

    /// The texts of an optional list.
    pub fn texts(&mut self, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (place, value) in (0..).zip(self.list(name, usize::MAX)) {
            match value {
                Value::String(text) => texts.push(text),
                other => {
                    let detail = format!("must be text, not {}", kind(&other));
                    self.fault_in(name, place, detail);
                }
            }
        }
        texts
    }

    /// The fields of each object in a list of at most `max` that must be there, with its place; give
    /// them back to `merge`.
    pub fn required_objects(&mut self, name: &str, max: usize) -> Vec<(usize, Self)> {
        if self.is_missing(name) {
            return Vec::new();
        }
        let mut objects = Vec::new();
        for (place, value) in (0..).zip(self.list(name, max)) {
            match value {
                Value::Object(left) => {
                    let prefix = format!("{}{name}/{place}/", self.prefix);
                    let faults = Vec::new();
                    let fields = Self {
                        left,
                        prefix,
                        faults,
                    };
                    objects.push((place, fields));
                }
                other => {
                    let detail = format!("must be an object, not {}", kind(&other));
                    self.fault_in(name, place, detail);
                }
            }
        }
        objects
    }

    fn list(&mut self, name: &str, max: usize) -> Vec<Value> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) if values.len() <= max => values,
            Some(Value::Array(values)) => {
                let detail = format!("has {} entries; at most {max} are taken", values.len());
                self.fault(name, detail);
                Vec::new()
            }
            Some(other) => {
                self.fault(name, format!("must be a list, not {}", kind(&other)));
                Vec::new()
            }
        }
    }

    /// A fault of an entry of a list.
    fn fault_in(&mut self, name: &str, place: usize, detail: String) {
        let pointer = format!("#/{}{name}/{place}", self.prefix);
        self.faults.push(Fault::at(pointer, detail));
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
    fn a_list_is_read_entry_by_entry_and_points_with_its_places() {
        let body = br#"{"changes":[{"a":1,"clear":["x",2]},7,{"odd":true}],"texts":"x"}"#;
        let mut fields = Fields::parse(body).unwrap();
        let objects = fields.required_objects("changes", 3);
        let places: Vec<usize> = objects.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [0, 2]);
        for (_, mut inner) in objects {
            assert_eq!(inner.flag("a"), None);
            let texts = inner.texts("clear");
            assert!(texts.is_empty() || texts == ["x"]);
            fields.merge(inner);
        }
        assert!(fields.texts("texts").is_empty());
        let problem = fields.finish().unwrap_err();
        let errors = problem.errors.iter();
        let pointers: Vec<_> = errors
            .map(|fault| serde_json::to_value(fault).unwrap()["pointer"].clone())
            .collect();
        let expected = [
            "#/changes/1",
            "#/changes/0/a",
            "#/changes/0/clear/1",
            "#/changes/2/odd",
            "#/texts",
        ];
        assert_eq!(pointers, expected);
        let mut long = Fields::parse(br#"{"changes":[{},{}]}"#).unwrap();
        assert!(long.required_objects("changes", 1).is_empty());
        assert!(long.finish().is_err());
        let mut none = Fields::parse(b"{}").unwrap();
        assert!(none.required_objects("changes", 1).is_empty());
        assert!(none.finish().is_err());
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
