//! A change of the state table in DynamoDB's words.

use std::collections::HashMap;

use domain::ids::Generation;
use domain::state::{Change, Key, Version};
use ports::PortError;

use super::done_set::{COUNTS, FAILED, GENERATION, attribute, encode};
use super::item::{
    DONE_SET, Item, KIND, PARTITION, VERSION, check_size, key, number, of_document, text,
};

/// An expression with what its names and values stand for. Every name is written as a placeholder:
/// DynamoDB reserves hundreds of words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Expression {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub(super) fn name(mut self, placeholder: &str, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.to_owned(), name.into());
        self
    }

    pub(super) fn value(
        mut self,
        placeholder: &str,
        value: aws_sdk_dynamodb::types::AttributeValue,
    ) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    /// Writes an item whole, if the condition holds.
    Put { item: Item, condition: Expression },
    /// Removes an item, if it is there.
    Delete { key: Item },
    /// Changes nothing.
    Check { key: Item, condition: Expression },
    /// Changes some attributes. Names and values are shared by both expressions.
    Update {
        key: Item,
        update: String,
        condition: Expression,
    },
}

impl Write {
    /// A change as a write, checked for size.
    pub(super) fn of(op: &'static str, change: &Change) -> Result<Self, PortError> {
        let write = match change {
            Change::Insert {
                key,
                kind,
                body,
                expires_at,
            } => Self::Put {
                item: of_document(key, kind, body, Version(1), *expires_at),
                condition: absent(),
            },
            Change::Replace {
                key,
                kind,
                body,
                version,
                expires_at,
            } => Self::Put {
                item: of_document(key, kind, body, next(op, *version)?, *expires_at),
                condition: unchanged(*version),
            },
            Change::Delete { key: at } => Self::Delete { key: key(at) },
            Change::Require { key: at, version } => Self::Check {
                key: key(at),
                condition: unchanged(*version),
            },
            Change::InsertSet(set) => Self::Put {
                item: encode(op, set)?,
                condition: absent(),
            },
            Change::RestartSet { key, from, to } => restart(key, *from, *to),
        };
        Ok(write)
    }

    /// Bytes it sends, as DynamoDB counts them.
    pub(super) fn size(&self, op: &'static str) -> Result<usize, PortError> {
        match self {
            Self::Put { item, .. } => check_size(op, item),
            Self::Delete { key } | Self::Check { key, .. } | Self::Update { key, .. } => {
                check_size(op, key)
            }
        }
    }
}

fn next(op: &'static str, version: Version) -> Result<Version, PortError> {
    let next = version.0.checked_add(1).map(Version);
    next.ok_or_else(|| PortError::bug(op, "a version that has no next"))
}

fn absent() -> Expression {
    Expression::new("attribute_not_exists(#pk)").name("#pk", PARTITION)
}

fn unchanged(version: Version) -> Expression {
    Expression::new("#version = :version")
        .name("#version", VERSION)
        .value(":version", number(version.0))
}

/// Raises a set's generation and forgets its failures: `DoneSet::restarted` as an update.
fn restart(at: &Key, from: Generation, to: Generation) -> Write {
    let condition = Expression::new("#kind = :kind AND #generation = :from")
        .name("#kind", KIND)
        .name("#generation", GENERATION)
        .name("#failed", FAILED)
        .name("#counts", COUNTS)
        .value(":kind", text(DONE_SET))
        .value(":from", number(from.0))
        .value(":to", number(to.0))
        .value(":zero", number(0))
        .value(":none", attribute(serde_json::json!({})));
    Write::Update {
        key: key(at),
        update: "SET #generation = :to, #failed = :none, #counts.#failed = :zero".to_owned(),
        condition,
    }
}
