//! A document as an item: `pk`, `sk`, `kind`, `body` (its JSON), `version`, and `expires_at` when it
//! may be forgotten. Frozen.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::state::{Key, Version};
use ports::{PortError, Stored};

/// Attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The partition key.
pub(super) const PARTITION: &str = "pk";
/// The sort key.
pub(super) const SORT: &str = "sk";
/// What it is: the document's kind, or `done_set`.
pub(super) const KIND: &str = "kind";
/// The document's JSON.
const BODY: &str = "body";
/// Counts its writes.
pub(super) const VERSION: &str = "version";
/// Unix seconds from which DynamoDB may remove it: the table's TTL attribute.
const EXPIRES_AT: &str = "expires_at";

/// Bytes of an item: DynamoDB's limit, which names of attributes count against.
const MAX_ITEM_BYTES: usize = 400 * 1024;

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The key attributes alone.
pub(super) fn key(key: &Key) -> Item {
    HashMap::from([
        (PARTITION.to_owned(), text(&key.partition)),
        (SORT.to_owned(), text(&key.sort)),
    ])
}

/// The item of a document.
pub(super) fn of_document(
    at: &Key,
    kind: &str,
    body: &str,
    version: Version,
    expires_at: Option<i64>,
) -> Item {
    let mut item = key(at);
    item.insert(KIND.to_owned(), text(kind));
    item.insert(BODY.to_owned(), text(body));
    item.insert(VERSION.to_owned(), number(version.0));
    if let Some(seconds) = expires_at {
        item.insert(EXPIRES_AT.to_owned(), number(seconds));
    }
    item
}

/// The document in an item; `None` when the item is a done-set, which is no document.
pub(super) fn document(op: &'static str, item: &Item) -> Result<Option<Stored>, PortError> {
    if !item.contains_key(BODY) && is_set(item) {
        return Ok(None);
    }
    let version = item.get(VERSION).and_then(|value| value.as_n().ok());
    let version = version.and_then(|digits| digits.parse().ok());
    Ok(Some(Stored {
        key: Key::new(string(op, item, PARTITION)?, string(op, item, SORT)?),
        kind: string(op, item, KIND)?,
        body: string(op, item, BODY)?,
        version: Version(version.ok_or_else(|| missing(op, VERSION))?),
    }))
}

/// The kind of a done-set's item: frozen.
pub(super) const DONE_SET: &str = "done_set";

/// Whether an item is a done-set.
pub(super) fn is_set(item: &Item) -> bool {
    item.get(KIND) == Some(&text(DONE_SET))
}

fn string(op: &'static str, item: &Item, name: &str) -> Result<String, PortError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().ok_or_else(|| missing(op, name))
}

fn missing(op: &'static str, name: &str) -> PortError {
    PortError::invalid(op, format!("an item without a {name}"))
}

/// Refuses what DynamoDB has no room for, before anything is sent.
pub(super) fn check_size(op: &'static str, item: &Item) -> Result<usize, PortError> {
    let size = size(item);
    if size > MAX_ITEM_BYTES {
        let text = format!("an item of {size} bytes; DynamoDB takes {MAX_ITEM_BYTES}");
        return Err(PortError::bug(op, text));
    }
    Ok(size)
}

/// Bytes of an item as DynamoDB counts them: names and values, in UTF-8.
fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + size_of(value))
        .sum()
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // Two digits to a byte, one more for the exponent and one for a sign.
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 2,
        // Three bytes for a container, and one for each of its entries.
        AttributeValue::M(map) => 3 + size(map) + map.len(),
        AttributeValue::L(list) => 3 + list.iter().map(size_of).sum::<usize>() + list.len(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::limits::MAX_DOCUMENT_BYTES;

    use super::*;

    #[test]
    fn a_document_comes_back_from_its_item() {
        let at = Key::new("p", "s");
        let item = of_document(&at, "job", "{}", Version(7), Some(12));
        assert_eq!(item.get("expires_at"), Some(&number(12)));
        let expected = Stored {
            key: at,
            kind: "job".to_owned(),
            body: "{}".to_owned(),
            version: Version(7),
        };
        assert_eq!(document("op", &item).unwrap(), Some(expected));
    }

    #[test]
    fn an_item_that_is_no_document_is_invalid_or_none() {
        let item = of_document(&Key::new("p", "s"), "job", "{}", Version(7), None);
        for name in ["kind", "body", "version"] {
            let mut without = item.clone();
            without.remove(name);
            let error = document("op", &without).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        let mut set = key(&Key::new("p", "s"));
        set.insert(KIND.to_owned(), text(DONE_SET));
        assert_eq!(document("op", &set).unwrap(), None);
    }

    #[test]
    fn the_longest_document_fits_under_the_longest_key() {
        let at = Key::new("p".repeat(2_048), "s".repeat(1_024));
        let body = "x".repeat(MAX_DOCUMENT_BYTES);
        let kind = "k".repeat(64);
        let item = of_document(&at, &kind, &body, Version(u64::MAX), Some(i64::MAX));
        assert!(check_size("op", &item).unwrap() <= MAX_ITEM_BYTES);
        let longer = of_document(&at, &kind, &"x".repeat(MAX_ITEM_BYTES), Version(1), None);
        assert!(check_size("op", &longer).is_err());
    }
}
