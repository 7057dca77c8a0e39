//! One fault of a request: where it is and what to do. A problem names all of them.

use serde::Serialize;

/// Where in a request the fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Place {
    /// A field of the JSON body, as an RFC 6901 pointer in URI form: `#/size`.
    Body {
        /// The pointer.
        pointer: String,
    },
    /// A query parameter.
    Query {
        /// Its name.
        parameter: String,
    },
    /// A cell of a CSV body.
    Cell {
        /// The line, from 1.
        line: u64,
        /// The column's name; absent when the whole line is meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        column: Option<String>,
    },
}

/// One fault of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Fault {
    /// A fault of a body field.
    pub fn field(name: &str, detail: impl Into<String>) -> Self {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self {
            place: Place::Body {
                pointer: format!("#/{escaped}"),
            },
            detail: detail.into(),
        }
    }

    /// A fault of what a pointer in URI form points to.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Body {
                pointer: pointer.into(),
            },
            detail: detail.into(),
        }
    }

    /// A fault of a query parameter.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Query {
                parameter: name.to_owned(),
            },
            detail: detail.into(),
        }
    }

    /// A fault of a CSV body.
    pub fn cell(line: u64, column: Option<&str>, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Cell {
                line,
                column: column.map(str::to_owned),
            },
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_pointer_escapes_the_field_name() {
        let fault = Fault::field("a/b~c", "unknown");
        assert_eq!(serde_json::to_value(fault).unwrap()["pointer"], "#/a~1b~0c");
    }
}
