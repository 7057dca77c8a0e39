//! Does an answer have the shape that the description of the API gives it?
//!
//! Stricter than a client is asked to be: a field the description does not name is a fault too, because
//! only so is a description that fell behind found. It knows the words of JSON Schema that
//! `lambda::openapi` writes, and panics on others.

use serde_json::{Map, Value};

/// A description.
pub struct Description(Value);

impl Description {
    /// The one that is served.
    ///
    /// # Panics
    /// It is no JSON.
    #[must_use]
    pub fn served() -> Self {
        Self(serde_json::from_str(status::docs::OPENAPI).expect("JSON"))
    }

    /// What is wrong with a JSON answer; nothing when it is as described.
    ///
    /// # Panics
    /// The description has no such operation.
    #[must_use]
    pub fn faults(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let operation = &self.0["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not described");
        let answers = &operation["responses"];
        let answer = match &answers[status.to_string()] {
            Value::Null => return vec![format!("{method} {path}: {status} is not described")],
            answer => answer,
        };
        let content = answer["content"].as_object().into_iter().flatten();
        let mut faults = Vec::new();
        for (_, content) in content {
            self.check(&content["schema"], body, path, &mut faults);
        }
        faults
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
        let Some(words) = schema.as_object() else {
            panic!("{place}: no schema");
        };
        for (word, said) in words {
            let holds = match word.as_str() {
                "$ref" => {
                    self.check(self.named(said), value, place, faults);
                    true
                }
                "anyOf" => self.any(said, value, place),
                "type" => is_of(said, value),
                "enum" => said.as_array().is_some_and(|all| all.contains(value)),
                "const" => said == value,
                "properties" => {
                    self.fields(words, value, place, faults);
                    true
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten();
                    items.for_each(|item| self.check(said, item, &format!("{place}/*"), faults));
                    true
                }
                "minimum" => value.as_i64() >= said.as_i64(),
                "maximum" => value.as_i64() <= said.as_i64(),
                "pattern" => value.as_str().is_some_and(is_decimal),
                "format" => value.as_str().is_some_and(|text| has_format(said, text)),
                "description" | "required" | "additionalProperties" => true,
                other => panic!("{place}: this test does not know the word {other}"),
            };
            if !holds {
                faults.push(format!("{place}: {value} against {word}: {said}"));
            }
        }
    }

    fn any(&self, schemas: &Value, value: &Value, place: &str) -> bool {
        schemas.as_array().into_iter().flatten().any(|schema| {
            let mut faults = Vec::new();
            self.check(schema, value, place, &mut faults);
            faults.is_empty()
        })
    }

    fn named(&self, reference: &Value) -> &Value {
        let name = reference.as_str().unwrap_or_default();
        let name = name.trim_start_matches("#/components/schemas/");
        &self.0["components"]["schemas"][name]
    }

    fn fields(
        &self,
        schema: &Map<String, Value>,
        value: &Value,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let Some(fields) = value.as_object() else {
            return;
        };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap_or_default()) {
                faults.push(format!("{place}: lacks {name}"));
            }
        }
        for (name, field) in fields {
            match schema["properties"].get(name) {
                Some(of) => self.check(of, field, &format!("{place}/{name}"), faults),
                None => faults.push(format!("{place}: {name} is not described")),
            }
        }
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}

/// The one pattern that answers have.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (before, after) = digits.split_once('.').unwrap_or((digits, "0"));
    [before, after]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn has_format(format: &Value, text: &str) -> bool {
    match format.as_str().unwrap_or_default() {
        "uuid" => text.parse::<domain::ids::JobId>().is_ok(),
        "date-time" => text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T',
        other => panic!("no format {other}"),
    }
}
