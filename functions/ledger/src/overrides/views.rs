//! What readers see of overrides, as JSON.

use std::collections::BTreeSet;

use domain::asset::Asset;
use domain::identity::RowIdentity;
use domain::ids::{Account, JobId};
use domain::money::Decimal;
use domain::overrides::Override;
use domain::revision::Revision;
use serde::Serialize;

use super::find_rows::segment_of;

/// A page of the overrides in force.
#[derive(Serialize)]
pub(crate) struct Overrides<'a> {
    /// The revision.
    pub(crate) revision: u64,
    /// Overrides by time.
    pub(crate) items: Vec<OverrideView<'a>>,
    /// Where the next page begins; null at the end.
    pub(crate) next_cursor: Option<String>,
    /// Jobs that change overrides and are not yet published.
    pub(crate) pending: Vec<PendingView>,
}

#[derive(Serialize)]
pub(crate) struct PendingView {
    pub(crate) job_id: JobId,
    pub(crate) changes: usize,
}

#[derive(Serialize)]
struct PriceView<'a> {
    amount: &'a Decimal,
    currency: &'a Asset,
}

/// What is said of a row. The rest is the row as it was when it was said.
#[derive(Serialize)]
pub(crate) struct OverrideView<'a> {
    identity: RowIdentity,
    time: String,
    account: &'a Account,
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    label: Option<&'a str>,
    price: Option<PriceView<'a>>,
    ignore: bool,
    link: Option<RowIdentity>,
    unlink: &'a BTreeSet<RowIdentity>,
    applies: bool,
}

/// An override as JSON. It applies when everything it says has come to something in the revision.
pub(crate) fn view<'a>(
    revision: &Revision,
    identity: &RowIdentity,
    said: &'a Override,
) -> OverrideView<'a> {
    let Override { row, told } = said;
    let entry = segment_of(revision, identity.at);
    OverrideView {
        identity: *identity,
        time: identity.at.to_string(),
        account: &row.account,
        id: row.id.as_deref(),
        kind: row.kind.name(),
        label: told.label.as_deref(),
        price: told.price.as_ref().map(|price| PriceView {
            amount: &price.amount,
            currency: &price.currency,
        }),
        ignore: told.ignore,
        link: told.link,
        unlink: &told.unlink,
        applies: entry.is_some_and(|entry| entry.facts.unapplied.binary_search(identity).is_err()),
    }
}
