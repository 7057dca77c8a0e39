//! What is said of a ledger, by the model and by the pipeline, in one form to be compared.

use std::collections::BTreeMap;

use crate::ledger::Place;
use crate::number::Number;

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// In the total order.
    pub(crate) rows: Vec<RowAnswer>,
    /// With section 104, by day, asset and place.
    pub(crate) days: Vec<DayPart>,
    pub(crate) totals: BTreeMap<Slot, Total>,
    /// By asset.
    pub(crate) holdings: BTreeMap<String, Holding>,
    pub(crate) balances: BTreeMap<BalanceSlot, Balance>,
}

/// Asset, account and tax year, or none: the whole ledger.
pub(crate) type BalanceSlot = (String, String, Option<i16>);

/// Tax year, asset, account and kind; the days of section 104 have neither account nor kind.
pub(crate) type Slot = (i16, String, Option<String>, Option<String>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowAnswer {
    pub(crate) place: Place,
    /// What the user knows the row by.
    pub(crate) identity: String,
    pub(crate) ignored: bool,
    /// The tax day, as `2021-12-31`.
    pub(crate) date: String,
    pub(crate) kind: String,
    pub(crate) value: Option<Number>,
    pub(crate) value_source: Option<String>,
    pub(crate) fee_value: Option<Number>,
    pub(crate) income: Option<Number>,
    pub(crate) gain: Option<Number>,
    pub(crate) duplicate_of: Option<Place>,
    pub(crate) same_content: Option<Place>,
    pub(crate) partner: Option<Partner>,
    pub(crate) unmatched: Option<String>,
    pub(crate) disposals: Vec<Disposal>,
    /// With section 104 what it adds to its day.
    pub(crate) shares: Vec<Share>,
    /// By asset, of the row's account after the row.
    pub(crate) balances: BTreeMap<String, Number>,
    /// Sorted.
    pub(crate) issues: Vec<Issue>,
}

/// Code, asset, quantity.
pub(crate) type Issue = (String, Option<String>, Option<Number>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partner {
    pub(crate) place: Place,
    pub(crate) account: String,
    pub(crate) at: i64,
    pub(crate) amount: Number,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disposal {
    pub(crate) asset: String,
    pub(crate) date: String,
    pub(crate) kind: String,
    pub(crate) quantity: Number,
    pub(crate) proceeds: Option<Number>,
    pub(crate) cost: Number,
    pub(crate) gain: Option<Number>,
    pub(crate) gain_long: Option<Number>,
    pub(crate) parts: Vec<Part>,
}

/// What a row adds to the disposals of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) asset: String,
    pub(crate) kind: String,
    pub(crate) quantity: Number,
    pub(crate) proceeds: Option<Number>,
}

/// A part of what was disposed of an asset on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayPart {
    pub(crate) day: String,
    pub(crate) asset: String,
    /// Its place among the parts of the day.
    pub(crate) n: u32,
    pub(crate) rule: &'static str,
    pub(crate) acquired: Option<String>,
    pub(crate) quantity: Number,
    pub(crate) proceeds: Option<Number>,
    pub(crate) cost: Number,
    pub(crate) gain: Option<Number>,
    /// The first eight rows.
    pub(crate) rows: Vec<Place>,
    pub(crate) row_count: u64,
    /// What the pool did not have.
    pub(crate) missing: Option<Number>,
}

/// What a disposal took of one lot, of a pool, or of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) source: Option<Place>,
    pub(crate) acquired: Option<i64>,
    pub(crate) quantity: Number,
    pub(crate) cost: Number,
    pub(crate) long: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) count: u64,
    pub(crate) acquired: Number,
    pub(crate) disposed: Number,
    pub(crate) proceeds: Number,
    pub(crate) cost: Number,
    pub(crate) gain: Number,
    pub(crate) gain_long: Number,
    pub(crate) income: Number,
    pub(crate) gain_reported: Number,
    pub(crate) gain_long_reported: Number,
    pub(crate) unpriced: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) quantity: Number,
    pub(crate) cost: Number,
    pub(crate) average_cost: Option<Number>,
    pub(crate) balances: BTreeMap<String, Number>,
}

/// How a balance came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) opening: Number,
    pub(crate) received: Number,
    pub(crate) sent: Number,
    pub(crate) fee: Number,
    pub(crate) closing: Number,
}

impl Answer {
    /// The first thing the two disagree on, in words; nothing when they agree.
    pub(crate) fn difference(&self, model: &Self) -> Option<String> {
        let places = |answer: &Self| answer.rows.iter().map(|row| row.place).collect::<Vec<_>>();
        if places(self) != places(model) {
            return Some(told("the order", &places(self), &places(model)));
        }
        let rows = self.rows.iter().zip(&model.rows);
        if let Some((one, two)) = rows.into_iter().find(|(one, two)| one != two) {
            return Some(told("a row", one, two));
        }
        let by_place = |answer: &Self| -> BTreeMap<_, _> {
            let parts = answer.days.iter().cloned();
            parts
                .map(|part| ((part.day.clone(), part.asset.clone(), part.n), part))
                .collect()
        };
        if self.days != model.days {
            let found = different(&by_place(self), &by_place(model));
            return Some(found.unwrap_or_else(|| "the order of days".to_owned()));
        }
        let totals = different(&self.totals, &model.totals);
        let holdings = || different(&self.holdings, &model.holdings);
        let balances = || different(&self.balances, &model.balances);
        totals.or_else(holdings).or_else(balances)
    }
}

fn different<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    pipeline: &BTreeMap<K, V>,
    model: &BTreeMap<K, V>,
) -> Option<String> {
    let keys = pipeline.keys().chain(model.keys());
    let mut differing = keys.filter(|key| pipeline.get(key) != model.get(key));
    let key = differing.next()?;
    Some(told(
        &format!("{key:?}"),
        &pipeline.get(key),
        &model.get(key),
    ))
}

fn told(what: &str, pipeline: &dyn std::fmt::Debug, model: &dyn std::fmt::Debug) -> String {
    format!("{what}\npipeline: {pipeline:#?}\nmodel: {model:#?}")
}
