//! How a function's routes describe themselves: OpenAPI 3.1, written next to the routes.
//!
//! Each HTTP function has an `openapi.rs` with its operations and the shapes of its bodies; `document`
//! makes one description of all. It is checked in and served, and tests hold it to the routers and to
//! real answers. A name that ends in `?` is a field that may be left out.

use serde_json::{Map, Value, json};

/// The routes that are answered without a token: the description itself.
pub const OPEN: [&str; 2] = ["/openapi.json", "/docs"];

/// One method of one address.
#[derive(Debug, Clone)]
pub struct Operation {
    method: &'static str,
    path: &'static str,
    body: Value,
}

impl Operation {
    /// An operation: its method in lower case, its address, a name for programs and a line for people.
    #[must_use]
    pub fn new(method: &'static str, path: &'static str, id: &str, summary: &str) -> Self {
        let names = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next());
        let parameters: Vec<Value> = names.map(path_parameter).collect();
        let mut body = json!({
            "operationId": id,
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "default": {
                    "description": "It failed; `code` says why.",
                    "content": {"application/problem+json": {"schema": reference("Problem")}},
                },
            },
        });
        if OPEN.contains(&path) {
            body["security"] = json!([]);
        }
        Self { method, path, body }
    }

    /// `GET /v1/...`, as routers and API Gateway name it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// More for people.
    #[must_use]
    pub fn saying(mut self, description: &str) -> Self {
        self.body["description"] = description.into();
        self
    }

    /// Takes a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, schema: Value, description: &str) -> Self {
        let parameter = json!({
            "in": "query", "name": name, "schema": schema, "description": description,
        });
        self.push(parameter);
        self
    }

    /// Takes a header, which may be absent.
    #[must_use]
    pub fn header(mut self, name: &str, schema: Value, description: &str) -> Self {
        let parameter = json!({
            "in": "header", "name": name, "schema": schema, "description": description,
        });
        self.push(parameter);
        self
    }

    /// Takes `If-None-Match`, and answers 304 to who holds the tag.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.push(json!({
            "in": "header", "name": "If-None-Match", "schema": {"type": "string"},
            "description": "The ETag of the answer that is held.",
        }));
        self.body["responses"]["304"] = json!({"description": "What is held is still right."});
        self
    }

    fn push(&mut self, parameter: Value) {
        if let Some(parameters) = self.body["parameters"].as_array_mut() {
            parameters.push(parameter);
        }
    }

    /// Takes a body.
    #[must_use]
    pub fn takes(mut self, media_type: &str, schema: Value) -> Self {
        self.body["requestBody"] = json!({
            "required": true, "content": {media_type: {"schema": schema}},
        });
        self
    }

    /// Answers JSON.
    #[must_use]
    pub fn answers(mut self, status: u16, description: &str, schema: Value) -> Self {
        self.body["responses"][status.to_string()] = json!({
            "description": description,
            "content": {"application/json": {"schema": schema}},
        });
        self
    }

    /// Answers something else than JSON, or nothing.
    #[must_use]
    pub fn replies(mut self, status: u16, description: &str, media_type: Option<&str>) -> Self {
        let mut response = json!({"description": description});
        if let Some(media_type) = media_type {
            response["content"] = json!({media_type: {"schema": {"type": "string"}}});
        }
        self.body["responses"][status.to_string()] = response;
        self
    }

    /// Answers a problem of this status; the words say when.
    #[must_use]
    pub fn refuses(mut self, status: u16, when: &str) -> Self {
        self.body["responses"][status.to_string()] = json!({
            "description": when,
            "content": {"application/problem+json": {"schema": reference("Problem")}},
        });
        self
    }
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "id" => json!({"type": "string", "format": "uuid"}),
        "ledger" => json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}),
        _ => json!({"type": "string"}),
    };
    json!({"in": "path", "name": name, "required": true, "schema": schema})
}

/// The shape of a body, under the name that others refer to it by.
pub type Shape = (&'static str, Value);

/// One description of all operations.
#[must_use]
pub fn document(operations: &[Operation], shapes: &[Shape]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.body.clone();
    }
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problem());
    for (name, schema) in shapes {
        schemas.insert((*name).to_owned(), schema.clone());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Millrace",
            "version": "1",
            "description": "CSVs of transactions become priced, reconciled, tax-ready rows. Amounts are exact decimals as strings, times RFC 3339 in UTC.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas,
        },
    })
}

fn problem() -> Value {
    let fault = object(&[
        (
            "pointer?",
            text("A field of the JSON body, as an RFC 6901 pointer: `#/size`."),
        ),
        ("parameter?", text("A query parameter.")),
        ("line?", whole("A line of a CSV body, from 1.")),
        ("column?", text("A column of that line.")),
        ("detail", text("What is wrong and what to do.")),
    ]);
    object(&[
        ("type", text("`urn:millrace:problem:` and the code.")),
        (
            "title",
            text("The same words for every problem of this code."),
        ),
        ("status", whole("The HTTP status.")),
        ("code", text("Stable, for programs.")),
        ("detail", text("What happened and what to do.")),
        ("request_id?", text("Finds the request in the log.")),
        ("errors?", list(fault)),
        (
            "limit?",
            object(&[
                ("name", text("Its name in `GET /v1/limits`.")),
                ("value", whole("How much there may be.")),
            ]),
        ),
    ])
}

/// An object of these fields.
#[must_use]
pub fn object(fields: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in fields {
        let bare = name.trim_end_matches('?');
        if bare == *name {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), schema.clone());
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// The fields of one object and more.
#[must_use]
pub fn with(mut base: Value, more: &[(&str, Value)]) -> Value {
    let Value::Object(mut added) = object(more) else {
        return base;
    };
    if let (Some(mine), Some(Value::Object(theirs))) = (
        base["properties"].as_object_mut(),
        added.remove("properties"),
    ) {
        mine.extend(theirs);
    }
    if let (Some(mine), Some(Value::Array(theirs))) =
        (base["required"].as_array_mut(), added.remove("required"))
    {
        mine.extend(theirs);
    }
    base
}

/// A named shape.
#[must_use]
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A text.
#[must_use]
pub fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// One of these words.
#[must_use]
pub fn word(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

/// A number that counts.
#[must_use]
pub fn whole(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

/// A number within bounds.
#[must_use]
pub fn within(least: u32, most: u32) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// Yes or no.
#[must_use]
pub fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

/// An exact decimal.
#[must_use]
pub fn decimal(description: &str) -> Value {
    json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "description": description})
}

/// An instant, RFC 3339.
#[must_use]
pub fn time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description})
}

/// The id of a job.
#[must_use]
pub fn job_id(description: &str) -> Value {
    json!({"type": "string", "format": "uuid", "description": description})
}

/// Any number of these.
#[must_use]
pub fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// This or null.
#[must_use]
pub fn nullable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_names_the_parameters_of_its_address_and_the_open_ones_take_no_token() {
        let operation = Operation::new("get", "/v1/ledgers/{ledger}/exports/{name}", "a", "b");
        let names: Vec<_> = operation.body["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| parameter["name"].clone())
            .collect();
        assert_eq!(names, ["ledger", "name"]);
        assert_eq!(operation.key(), "GET /v1/ledgers/{ledger}/exports/{name}");
        assert_eq!(operation.body["security"], Value::Null);
        let open = Operation::new("get", OPEN[0], "a", "b");
        assert_eq!(open.body["security"], json!([]));
    }

    #[test]
    fn a_field_that_may_be_left_out_is_not_required() {
        let base = object(&[("a", flag("")), ("b?", flag(""))]);
        let more = with(base, &[("c", flag("")), ("d?", flag(""))]);
        assert_eq!(more["required"], json!(["a", "c"]));
        assert_eq!(more["properties"].as_object().map(Map::len), Some(4));
    }
}
