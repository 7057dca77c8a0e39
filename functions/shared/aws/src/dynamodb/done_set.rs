//! A done-set as an item: `pk`, `sk`, `kind`, and the fields of its JSON as attributes: `partition`,
//! `stage`, `generation`, `total`, `join`, `done` (a map: batch to generation), `failed` (a map: batch to
//! cause), `counts` (a map of numbers). Frozen.
//!
//! So a batch is one entry of a map, and recording it is one update of one item under "same
//! generation and not yet contained".

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::state::DoneSet;
use ports::PortError;
use serde_json::Value;

use super::item::{DONE_SET, Item, KIND, PARTITION, SORT, check_size, is_set, key, text};

/// The attempt whose outcomes count.
pub(super) const GENERATION: &str = "generation";
/// Batches done.
pub(super) const DONE: &str = "done";
/// Batches given up.
pub(super) const FAILED: &str = "failed";
/// Sums.
pub(super) const COUNTS: &str = "counts";

/// The item of a set.
pub(super) fn encode(op: &'static str, set: &DoneSet) -> Result<Item, PortError> {
    let json = serde_json::to_value(set).map_err(|error| PortError::bug(op, error))?;
    let AttributeValue::M(mut item) = attribute(json) else {
        return Err(PortError::bug(op, "a done-set is an object"));
    };
    item.extend(key(&set.key()));
    item.insert(KIND.to_owned(), text(DONE_SET));
    check_size(op, &item)?;
    Ok(item)
}

/// The set in an item.
pub(super) fn decode(op: &'static str, item: &Item) -> Result<DoneSet, PortError> {
    if !is_set(item) {
        return Err(PortError::invalid(op, "the item is no done-set"));
    }
    let mut fields = serde_json::Map::new();
    for (name, value) in item {
        if ![PARTITION, SORT, KIND].contains(&name.as_str()) {
            fields.insert(name.clone(), json(op, value)?);
        }
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| PortError::invalid(op, error))
}

/// JSON as an attribute.
pub(super) fn attribute(json: Value) -> AttributeValue {
    match json {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(yes) => AttributeValue::Bool(yes),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields: HashMap<_, _> = fields
                .map(|(name, value)| (name, attribute(value)))
                .collect();
            AttributeValue::M(fields)
        }
    }
}

/// An attribute as JSON.
fn json(op: &'static str, value: &AttributeValue) -> Result<Value, PortError> {
    Ok(match value {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(yes) => Value::Bool(*yes),
        AttributeValue::N(digits) => {
            let number: u64 = digits
                .parse()
                .map_err(|error| PortError::invalid(op, error))?;
            Value::from(number)
        }
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(values) => {
            let values: Result<Vec<_>, _> = values.iter().map(|value| json(op, value)).collect();
            Value::Array(values?)
        }
        AttributeValue::M(fields) => {
            let mut object = serde_json::Map::new();
            for (name, value) in fields {
                object.insert(name.clone(), json(op, value)?);
            }
            Value::Object(object)
        }
        _ => return Err(PortError::invalid(op, "an attribute of a type no set has")),
    })
}
