//! A stack as it would be deployed: conditions decided, functions answered. A reference to a resource
//! is its name, an attribute of it `Name.Attribute`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Template;

/// A resource that is made.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Its type.
    pub(crate) kind: String,
    /// Its properties; those of the template's `Globals` are among them.
    pub(crate) properties: Value,
    /// What becomes of it when the stack goes.
    pub(crate) deletion: String,
    /// How it is built.
    pub(crate) metadata: Value,
}

impl Resource {
    /// A property by its path; null when there is none.
    pub(crate) fn get(&self, path: &str) -> &Value {
        let found = self.properties.pointer(&format!("/{path}"));
        found.unwrap_or(&Value::Null)
    }

    /// A property that is text; empty when it is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.get(path).as_str().unwrap_or_default()
    }

    /// A property that is a number.
    pub(crate) fn number(&self, path: &str) -> Option<i64> {
        self.get(path).as_i64()
    }
}

/// The resources by name.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    /// All of them.
    pub(crate) resources: BTreeMap<String, Resource>,
}

impl Stack {
    /// What a template makes with these parameters; the others have their defaults.
    pub(crate) fn of(template: &Template, parameters: &[(&str, &str)]) -> Self {
        let answers = Answers {
            tree: &template.tree,
            parameters,
        };
        let written = template.tree["Resources"].as_object().expect("resources");
        let made = written.iter().filter_map(|(name, resource)| {
            let condition = resource["Condition"].as_str();
            let is_made = condition.is_none_or(|condition| answers.decide(condition));
            is_made.then(|| (name.clone(), answers.resource(resource)))
        });
        Self {
            resources: made.collect(),
        }
    }

    /// The resources of a type.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Resource)> {
        let all = self.resources.iter();
        all.filter(move |(_, resource)| resource.kind == kind)
            .map(|(name, resource)| (name.as_str(), resource))
    }

    /// The functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&str, &Resource)> {
        self.of_kind("AWS::Serverless::Function")
    }

    /// The resource of this name and type.
    pub(crate) fn find(&self, name: &str, kind: &str) -> Option<&Resource> {
        self.resources
            .get(name)
            .filter(|resource| resource.kind == kind)
    }
}

/// What CloudFormation answers to its functions.
struct Answers<'a> {
    tree: &'a Value,
    parameters: &'a [(&'a str, &'a str)],
}

impl Answers<'_> {
    fn resource(&self, written: &Value) -> Resource {
        let value = |name: &str| self.answer(&written[name]).unwrap_or(Value::Null);
        let kind = value("Type").as_str().expect("a type").to_owned();
        let mut properties = value("Properties");
        if kind == "AWS::Serverless::Function" {
            let globals = self.answer(&self.tree["Globals"]["Function"]);
            properties = merged(globals.unwrap_or(json!({})), properties);
        }
        Resource {
            kind,
            properties,
            deletion: value("DeletionPolicy")
                .as_str()
                .unwrap_or("Delete")
                .to_owned(),
            metadata: value("Metadata"),
        }
    }

    /// The value of a node; `None` when it is no value at all.
    fn answer(&self, node: &Value) -> Option<Value> {
        match node {
            Value::Object(members) => match members.iter().next() {
                Some((name, given)) if members.len() == 1 && is_function(name) => {
                    self.function(name, given)
                }
                _ => {
                    let named = members.iter();
                    let named =
                        named.filter_map(|(name, value)| Some((name.clone(), self.answer(value)?)));
                    Some(Value::Object(named.collect()))
                }
            },
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| self.answer(item)).collect())
            }
            plain => Some(plain.clone()),
        }
    }

    fn function(&self, name: &str, given: &Value) -> Option<Value> {
        let list = |index: usize| self.answer(&given[index]).unwrap_or(Value::Null);
        let text = |index: usize| list(index).as_str().unwrap_or_default().to_owned();
        Some(match name {
            "Ref" => return self.reference(given.as_str().expect("Ref names something")),
            "Fn::GetAtt" => json!(format!("{}.{}", text(0), text(1))),
            "Fn::Sub" => json!(self.substituted(given.as_str().expect("Sub has text"))),
            "Fn::If" => {
                let branch = if self.decide(&text(0)) { 1 } else { 2 };
                return self.answer(&given[branch]);
            }
            "Fn::Join" => {
                let parts = list(1);
                let parts = parts.as_array().expect("Join joins a list").iter();
                let parts: Vec<&str> = parts.filter_map(Value::as_str).collect();
                json!(parts.join(&text(0)))
            }
            "Fn::Split" => list(1)
                .as_str()
                .expect("Split takes text apart")
                .split(&text(0))
                .collect(),
            "Fn::Select" => {
                let index = list(0).as_u64().expect("a place in a list");
                let found = list(1)[usize::try_from(index).expect("a place")].clone();
                assert!(!found.is_null(), "Select finds something");
                found
            }
            "Fn::FindInMap" => self.tree["Mappings"][text(0)][text(1)][text(2)].clone(),
            "Condition" => json!(self.decide(given.as_str().expect("a condition's name"))),
            "Fn::Equals" => json!(list(0) == list(1)),
            "Fn::Not" => json!(list(0) == json!(false)),
            "Fn::And" => json!(!self.all(given).contains(&json!(false))),
            "Fn::Or" => json!(self.all(given).contains(&json!(true))),
            other => panic!("the template uses {other}, which the check does not know"),
        })
    }

    fn all(&self, given: &Value) -> Vec<Value> {
        let items = given.as_array().expect("a list").iter();
        items.filter_map(|item| self.answer(item)).collect()
    }

    fn decide(&self, condition: &str) -> bool {
        let written = &self.tree["Conditions"][condition];
        assert!(!written.is_null(), "no condition is called {condition}");
        self.answer(written) == Some(json!(true))
    }

    fn reference(&self, name: &str) -> Option<Value> {
        let pseudo = match name {
            "AWS::NoValue" => return None,
            "AWS::StackName" => Some("stack"),
            "AWS::StackId" => Some("arn:aws:cloudformation:eu-west-1:123456789012:stack/stack/id"),
            "AWS::Region" => Some("eu-west-1"),
            "AWS::AccountId" => Some("123456789012"),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Some(json!(value));
        }
        let declared = &self.tree["Parameters"][name];
        if declared.is_null() {
            return Some(json!(name));
        }
        let given = self.parameters.iter().find(|(known, _)| *known == name);
        let value = given.map_or(declared["Default"].clone(), |(_, value)| json!(value));
        let list = declared["Type"] == "CommaDelimitedList";
        Some(match value.as_str().filter(|_| list) {
            Some(text) => text.split(',').collect(),
            None => value,
        })
    }

    fn substituted(&self, text: &str) -> String {
        let mut pieces = text.split("${");
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').expect("a name ends");
            let value = self.reference(name).expect("a value");
            whole.push_str(value.as_str().expect("text is put into text"));
            whole.push_str(rest);
        }
        whole
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name == "Condition" || name.starts_with("Fn::")
}

/// A function's properties over those of all functions.
fn merged(mut below: Value, above: Value) -> Value {
    match (below.as_object_mut(), above) {
        (Some(members), Value::Object(more)) => {
            for (name, value) in more {
                let held = members.remove(&name).unwrap_or(Value::Null);
                members.insert(name, merged(held, value));
            }
            below
        }
        (_, above) => above,
    }
}

#[test]
fn conditions_are_decided_and_functions_answered() {
    let tree = json!({
        "Parameters": {"Big": {"Default": "no"}, "Ids": {"Type": "CommaDelimitedList", "Default": ""}},
        "Mappings": {"Sizes": {"no": {"ram": 7}}},
        "Conditions": {
            "IsBig": {"Fn::Equals": [{"Ref": "Big"}, "yes"]},
            "IsSmall": {"Fn::Not": [{"Condition": "IsBig"}]},
            "HasIds": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Ids"}]}, ""]}]},
        },
        "Globals": {"Function": {"Environment": {"Variables": {"A": "1"}}}},
        "Resources": {
            "Hidden": {"Type": "T", "Condition": "IsBig"},
            "F": {"Type": "AWS::Serverless::Function", "Properties": {
                "MemorySize": {"Fn::FindInMap": ["Sizes", {"Ref": "Big"}, "ram"]},
                "Environment": {"Variables": {
                    "B": {"Fn::Sub": "${AWS::StackName}-${Q.Arn}"},
                    "C": {"Fn::If": ["IsSmall", {"Ref": "AWS::NoValue"}, "c"]},
                    "D": {"Fn::If": ["HasIds", {"Ref": "Ids"}, {"Fn::GetAtt": ["Q", "Arn"]}]},
                }},
            }},
        },
    });
    let template = Template { tree };
    let small = Stack::of(&template, &[]);
    assert!(!small.resources.contains_key("Hidden"));
    let expected = json!({
        "MemorySize": 7,
        "Environment": {"Variables": {"A": "1", "B": "stack-Q.Arn", "D": "Q.Arn"}},
    });
    assert_eq!(small.resources["F"].properties, expected);
    let big = Stack::of(&template, &[("Big", "yes"), ("Ids", "a,b")]);
    assert!(big.resources.contains_key("Hidden"));
    let variables = big.resources["F"].get("Environment/Variables");
    assert_eq!(
        (&variables["C"], &variables["D"]),
        (&json!("c"), &json!(["a", "b"]))
    );
}

/// The map of an object; empty when it is none.
pub(super) fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
