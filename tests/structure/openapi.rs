//! The description of the API is what the code of the HTTP functions says, and names every route.
//!
//! After a change: `MILLRACE_WRITE_OPENAPI=1 cargo test -p tests --test structure openapi`.

use std::collections::BTreeSet;
use std::fs;

use lambda::openapi::{Operation, document};
use serde_json::Value;

use crate::graph::root;
use crate::template::routes::answered;

fn operations() -> Vec<Operation> {
    let mut all = presign::openapi::operations();
    all.extend(status::openapi::operations());
    all.extend(ledger::openapi::operations());
    all
}

fn described() -> Value {
    let mut shapes = presign::openapi::shapes();
    shapes.extend(status::openapi::shapes());
    shapes.extend(ledger::openapi::shapes());
    document(&operations(), &shapes)
}

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_description_that_is_served_is_what_the_code_says() {
    let file = root().join("functions/status/openapi.json");
    let text = serde_json::to_string_pretty(&described()).expect("JSON") + "\n";
    if std::env::var_os("MILLRACE_WRITE_OPENAPI").is_some() {
        fs::write(&file, &text).expect("a file");
    }
    let served = fs::read_to_string(file).expect("the file");
    assert_eq!(
        served, text,
        "write it anew; the header of this file says how"
    );
}

#[test]
fn the_description_names_every_route_and_no_other() {
    let routes: BTreeSet<String> = answered().into_values().flatten().collect();
    let named: BTreeSet<String> = operations().iter().map(Operation::key).collect();
    assert_eq!(named, routes);
}

#[test]
fn every_shape_that_is_referred_to_is_there_and_every_shape_is_referred_to() {
    let described = described();
    let mut found = BTreeSet::new();
    references(&described, &mut found);
    let prefix = "#/components/schemas/";
    let found: BTreeSet<&str> = found
        .iter()
        .filter_map(|name| name.strip_prefix(prefix))
        .collect();
    let shapes = described["components"]["schemas"]
        .as_object()
        .expect("shapes");
    let there: BTreeSet<&str> = shapes.keys().map(String::as_str).collect();
    assert_eq!(found, there);
}
