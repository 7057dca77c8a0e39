//! The template as plain JSON, in CloudFormation's long form: `!Ref X` is `{"Ref": "X"}`.

use std::fs;

use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

use crate::graph::root;

/// The template as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// All of it.
    pub(crate) tree: Value,
}

impl Template {
    /// The project's.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(root().join("template.yaml")).expect("template.yaml");
        Self {
            tree: plain(yaml_serde::from_str(&text).expect("template.yaml is YAML")),
        }
    }

    /// A broken copy: `change` gets what is found at a path such as
    /// `Resources/SplitQueue/Properties`.
    pub(crate) fn broken(&self, path: &str, change: impl FnOnce(&mut Value)) -> Self {
        let mut copy = self.clone();
        let place = copy.tree.pointer_mut(&format!("/{path}"));
        change(place.unwrap_or_else(|| panic!("the template has no {path}")));
        copy
    }

    /// A broken copy without the last member of a path.
    pub(crate) fn without(&self, path: &str) -> Self {
        let (parent, last) = path.rsplit_once('/').expect("a path has a parent");
        self.broken(parent, |members| {
            let gone = members.as_object_mut().and_then(|map| map.remove(last));
            assert!(gone.is_some(), "the template has no {path}");
        })
    }
}

fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(truth) => json!(truth),
        Yaml::Number(number) => match number.as_i64() {
            Some(whole) => json!(whole),
            None => json!(number.as_f64()),
        },
        Yaml::String(text) => json!(text),
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(members) => {
            let named = members.into_iter().map(|(name, value)| {
                let name = name.as_str().expect("names are text").to_owned();
                (name, plain(value))
            });
            Value::Object(named.collect())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            long_form(tag.trim_start_matches('!'), plain(tagged.value))
        }
    }
}

fn long_form(tag: &str, value: Value) -> Value {
    let (name, value) = match (tag, value) {
        ("Ref" | "Condition", value) => (tag.to_owned(), value),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').expect("GetAtt has an attribute");
            ("Fn::GetAtt".to_owned(), json!([resource, attribute]))
        }
        (function, value) => (format!("Fn::{function}"), value),
    };
    Value::Object(Map::from_iter([(name, value)]))
}

#[test]
fn short_forms_are_read_as_the_long_ones() {
    let text = "a: !If [Big, !Sub \"${B}-x\", !GetAtt C.Arn]\nb: !Ref AWS::NoValue\nc: {n: 3}\n";
    let read = plain(yaml_serde::from_str(text).expect("YAML"));
    let long = json!({
        "a": {"Fn::If": ["Big", {"Fn::Sub": "${B}-x"}, {"Fn::GetAtt": ["C", "Arn"]}]},
        "b": {"Ref": "AWS::NoValue"},
        "c": {"n": 3},
    });
    assert_eq!(read, long);
}
