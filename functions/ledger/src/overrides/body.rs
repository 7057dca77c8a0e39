//! The body of `PUT overrides`: a list of changes, each of one row. Whether a change fits its row is not
//! known here.
//!
//! `{"changes": [{"identity": "...", "clear": ["link"], "set": {"label": "gift", "price": {"amount":
//! "1.5", "currency": "USD"}, "ignore": true, "link": "...", "unlink": "..."}}]}`. Of one change, what is
//! cleared is cleared first.

use domain::identity::RowIdentity;
use domain::limits::MAX_OVERRIDE_CHANGES;
use domain::overrides::{Edit, Part, UnitPrice};
use lambda::fields::Fields;
use lambda::problem::Problem;

use crate::prices::file::amount;

/// The change of one row, as it is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its place in the list.
    pub(crate) place: usize,
    /// The row.
    pub(crate) row: RowIdentity,
    /// What is to change, in order.
    pub(crate) edits: Vec<Edit>,
}

/// Reads a body.
///
/// # Errors
/// 400 with every fault.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<Asked>, Problem> {
    let mut fields = Fields::parse(body)?;
    let mut all = Vec::new();
    for (place, mut inner) in fields.required_objects("changes", MAX_OVERRIDE_CHANGES) {
        all.extend(one(place, &mut inner));
        fields.merge(inner);
    }
    fields.finish()?;
    Ok(all)
}

fn one(place: usize, fields: &mut Fields) -> Option<Asked> {
    let row = fields.required_text("identity");
    let row = row.and_then(|text| identity(fields, "identity", &text));
    let mut edits: Vec<Edit> = Vec::new();
    let clear = fields.texts("clear");
    for name in &clear {
        match part(name) {
            Some(part) => edits.push(Edit::Clear(part)),
            None => fields.fault("clear", "may name label, price, ignore, link and unlink"),
        }
    }
    if let Some(mut set) = fields.object("set") {
        sets(&mut set, &mut edits);
        fields.merge(set);
    } else if clear.is_empty() {
        fields.fault("set", "says nothing: give set, clear or both");
    }
    let row = row?;
    Some(Asked { place, row, edits })
}

fn sets(set: &mut Fields, edits: &mut Vec<Edit>) {
    if let Some(label) = set.text("label") {
        edits.push(Edit::Label(label.into()));
    }
    if let Some(mut inner) = set.object("price") {
        edits.extend(price(&mut inner).map(Edit::Price));
        set.merge(inner);
    }
    match set.flag("ignore") {
        Some(true) => edits.push(Edit::Ignore),
        Some(false) => set.fault("ignore", "can only be true; to take it back, clear ignore"),
        None => {}
    }
    if let Some(other) = other(set, "link") {
        edits.push(Edit::Link(other));
    }
    if let Some(other) = other(set, "unlink") {
        edits.push(Edit::Unlink(other));
    }
}

fn other(set: &mut Fields, name: &str) -> Option<RowIdentity> {
    let text = set.text(name)?;
    identity(set, name, &text)
}

fn identity(fields: &mut Fields, name: &str, text: &str) -> Option<RowIdentity> {
    let parsed = text.parse();
    parsed
        .map_err(|error: domain::identity::InvalidIdentity| fields.fault(name, error.to_string()))
        .ok()
}

fn price(fields: &mut Fields) -> Option<UnitPrice> {
    let digits = fields.required_text("amount");
    let currency = fields.parsed::<domain::asset::Asset>("currency");
    let amount = digits.and_then(|text| match amount(&text) {
        Ok(amount) if amount.is_zero() => {
            fields.fault("amount", "must be more than 0");
            None
        }
        Ok(amount) => Some(amount),
        Err(detail) => {
            fields.fault("amount", detail);
            None
        }
    });
    let currency = currency.filter(domain::asset::Asset::is_fiat);
    if currency.is_none() {
        let detail = "must be the ISO 4217 code of a national currency, such as USD, EUR or GBP";
        fields.fault("currency", detail);
    }
    let (amount, currency) = (amount?, currency?);
    Some(UnitPrice { amount, currency })
}

fn part(name: &str) -> Option<Part> {
    match name {
        "label" => Some(Part::Label),
        "price" => Some(Part::Price),
        "ignore" => Some(Part::Ignore),
        "link" => Some(Part::Link),
        "unlink" => Some(Part::Unlink),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    const ONE: &str = "01010101010101010101010101010101.5";
    const OTHER: &str = "02020202020202020202020202020202.-7.3";

    fn faults(body: &serde_json::Value) -> Vec<String> {
        let problem = parse(body.to_string().as_bytes()).unwrap_err();
        let errors = serde_json::to_value(&problem.errors).unwrap();
        let errors = errors.as_array().unwrap().iter();
        errors
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn everything_can_be_said_at_once_and_what_is_cleared_is_cleared_first() {
        let body = json!({"changes": [
            {"identity": ONE, "set": {"label": "", "price": {"amount": "1.50", "currency": "eur"},
                "ignore": true, "link": OTHER, "unlink": OTHER}, "clear": ["link"]},
            {"identity": OTHER, "clear": ["label", "price", "ignore", "unlink"]},
        ]});
        let asked = parse(body.to_string().as_bytes()).unwrap();
        let other: RowIdentity = OTHER.parse().unwrap();
        let price = UnitPrice {
            amount: "1.5".parse().unwrap(),
            currency: domain::asset::Asset::eur(),
        };
        let edits = [
            Edit::Clear(Part::Link),
            Edit::Label("".into()),
            Edit::Price(price),
            Edit::Ignore,
            Edit::Link(other),
            Edit::Unlink(other),
        ];
        assert_eq!(asked[0].edits, edits);
        assert_eq!((asked[1].place, asked[1].row), (1, other));
        assert_eq!(asked[1].edits.len(), 4);
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        let body = json!({"odd": 1, "changes": [
            {"set": {"label": 1}},
            {"identity": "x", "clear": ["all"]},
            {"identity": ONE},
            {"identity": ONE, "set": {"price": {"amount": "0", "currency": "BTC"}, "ignore": false}},
            {"identity": ONE, "set": {"price": {"amount": "-1"}, "link": "y", "mapping": "z"}},
            {"identity": ONE, "set": {"price": {"amount": "1e999999", "currency": "USD"}}},
        ]});
        let expected = [
            "#/changes/0/identity",
            "#/changes/0/set/label",
            "#/changes/1/identity",
            "#/changes/1/clear",
            "#/changes/2/set",
            "#/changes/3/set/price/amount",
            "#/changes/3/set/price/currency",
            "#/changes/3/set/ignore",
            "#/changes/4/set/price/amount",
            "#/changes/4/set/price/currency",
            "#/changes/4/set/link",
            "#/changes/4/set/mapping",
            "#/changes/5/set/price/amount",
            "#/odd",
        ];
        assert_eq!(faults(&body), expected);
    }

    #[test]
    fn no_more_changes_are_taken_than_a_request_may_have() {
        let change = json!({"identity": ONE, "set": {"ignore": true}});
        let body = |count| json!({"changes": vec![change.clone(); count]});
        assert_eq!(faults(&body(MAX_OVERRIDE_CHANGES + 1)), ["#/changes"]);
        let most = body(MAX_OVERRIDE_CHANGES).to_string();
        assert_eq!(parse(most.as_bytes()).unwrap().len(), MAX_OVERRIDE_CHANGES);
    }
}
