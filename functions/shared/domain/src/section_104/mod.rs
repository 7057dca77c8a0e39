//! UK section 104: the acquisitions and disposals of one asset by tax day, and what the rules of
//! share matching make of them (TCGA 1992 s104, s105, s106A; HMRC's CRYPTO22251 to CRYPTO22257).
//!
//! All that is acquired on a day is one acquisition, all that is disposed of one disposal. A day's
//! disposal is matched with
//!
//! 1. the acquisition of the same day (s105),
//! 2. the acquisitions of the 30 days behind it, the earliest disposal first and then the earliest
//!    acquisition (s106A),
//! 3. the pool (s104), which takes in what is left of a day's acquisition before it gives.
//!
//! What is *lost* goes for nothing and takes no part in 1 and 2; neither does a gift that the
//! settings make a disposal at exactly its cost. Both come out of the pool after the day's disposal,
//! in this order.
//!
//! A day can be decided when nothing of its 30 days can come any more. Until then it is *open*: its
//! totals wait here, never its rows. So what is held is the window of 30 days, however long the
//! ledger is, and a day costs a walk over that window, however many rows it has.
//!
//! The named divisions: a part of a day's acquisition costs day cost x quantity / day quantity as
//! acquired; a part of a day's disposal goes for day proceeds x quantity / day quantity; what the
//! pool gives costs pool cost x quantity / pool quantity. Parts are taken in the order of the rules
//! above, and the last takes what is left, so that they add up.

mod decide;
mod row;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lots::{Lot, Lots, Piece};
use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::RowName;
use crate::time::Day;

pub use row::{DayDisposal, DayKey, DayShare, InvalidDayKey, sort_disposals};

/// Days behind a disposal whose acquisitions it is matched with (TCGA 1992 s106A(5)).
pub const MATCHED_DAYS: i32 = 30;
/// Rows of a day's disposal that are named; the others are counted, and found by their day.
pub const NAMED_ROWS: usize = 8;
/// Where clocks go back over midnight, a minute or an hour of the day before comes again: a day is
/// over a day later than its date.
const DAYS_UNTIL_OVER: i32 = 1;

/// The open days of one asset. Its pool is a `Lots` of the method `s104`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDays {
    days: BTreeMap<Day, OpenDay>,
}

/// How a quantity is disposed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Manner {
    /// For proceeds: part of the day's disposal.
    Sold,
    /// Lost: straight out of the pool, for nothing.
    Lost,
    /// At exactly its cost: straight out of the pool, without a gain.
    AtCost,
}

/// The rows behind a total.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// The first of them in the ledger's total order, at most `NAMED_ROWS`.
    pub first: Vec<RowName>,
    /// How many there are.
    pub count: u64,
}

/// All that is disposed of on a day in one manner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Total {
    quantity: Decimal,
    /// Absent once a row of the day has no price: proceeds of a part of a day are no answer.
    proceeds: Option<Decimal>,
    sources: Sources,
}

/// A day that is not decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OpenDay {
    /// What was acquired, less what was matched already.
    acquired: Option<Lot>,
    disposed: BTreeMap<Manner, Total>,
    /// What rule 1 matched, once an earlier disposal or the day itself has asked.
    same_day: Option<Piece>,
    /// Whether rule 1 was applied.
    settled: bool,
    /// Whether rule 1 came to a number that does not fit.
    broken: bool,
}

/// By which rule a part of a disposal found its cost, in the order parts are taken. The names are
/// shown: frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Rule 1.
    SameDay,
    /// Rule 2.
    BedAndBreakfast,
    /// Rule 3.
    #[serde(rename = "section_104")]
    Section104,
    /// Lost.
    Lost,
    /// A gift at exactly its cost.
    Gift,
}

impl Rule {
    /// The rule's name; the same as its serialised form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SameDay => "same_day",
            Self::BedAndBreakfast => "bed_and_breakfast",
            Self::Section104 => "section_104",
            Self::Lost => "lost",
            Self::Gift => "gift",
        }
    }
}

/// A part of what a day disposed of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// By which rule.
    pub rule: Rule,
    /// The day that acquired it; absent for the pool.
    pub acquired: Option<Day>,
    /// How much.
    pub quantity: Decimal,
    /// What it went for; absent while unpriced.
    pub proceeds: Option<Decimal>,
    /// What it cost.
    pub cost: Decimal,
    /// Proceeds less cost; absent while unpriced.
    pub gain: Option<Decimal>,
    /// The quantity of it that the pool did not have; it cost 0.
    pub missing: Decimal,
    /// Its numbers do not fit: it took nothing and has no proceeds.
    pub overflow: bool,
    /// The rows that disposed of it, and of the day's other parts.
    pub sources: Sources,
}

/// What became of a day that disposed of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The day.
    pub day: Day,
    /// Its parts, in the order they were taken.
    pub parts: Vec<Part>,
}

impl OpenDays {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Adds to what a day acquired. On an error nothing has changed.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn acquire(
        &mut self,
        day: Day,
        quantity: &Decimal,
        cost: &Decimal,
    ) -> Result<(), ArithmeticError> {
        let before = self.days.get(&day).and_then(|open| open.acquired.as_ref());
        let lot = match before {
            Some(lot) => Lot::nameless(lot.quantity.plus(quantity)?, lot.cost.plus(cost)?),
            None => Lot::nameless(quantity.clone(), cost.clone()),
        };
        self.days.entry(day).or_default().acquired = Some(lot);
        Ok(())
    }

    /// Adds to what a day disposed of. `proceeds` are absent when the row has no price; they count
    /// for what is sold only. On an error nothing has changed.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn dispose(
        &mut self,
        day: Day,
        manner: Manner,
        quantity: &Decimal,
        proceeds: Option<&Decimal>,
        source: &RowName,
    ) -> Result<(), ArithmeticError> {
        let proceeds = match manner {
            Manner::Sold => proceeds.cloned(),
            Manner::Lost | Manner::AtCost => Some(Decimal::ZERO),
        };
        let before = self.days.get(&day);
        let sums = match before.and_then(|open| open.disposed.get(&manner)) {
            Some(total) => (
                total.quantity.plus(quantity)?,
                sum(total.proceeds.as_ref(), proceeds.as_ref())?,
            ),
            None => (quantity.clone(), proceeds),
        };
        let open = self.days.entry(day).or_default();
        let total = open.disposed.entry(manner).or_insert_with(Total::nothing);
        (total.quantity, total.proceeds) = sums;
        total.sources.add(source);
        Ok(())
    }

    /// Decides every day that nothing can change any more once the ledger has come to `today`.
    pub fn advance(&mut self, today: Day, pool: &mut Lots) -> Vec<Decided> {
        let mut decided = Vec::new();
        while let Some((&day, _)) = self.days.first_key_value() {
            if !is_over(day, today) {
                break;
            }
            decided.extend(self.decide_first(pool));
        }
        decided
    }

    /// Decides every day: nothing follows.
    pub fn close(&mut self, pool: &mut Lots) -> Vec<Decided> {
        let mut decided = Vec::new();
        while !self.days.is_empty() {
            decided.extend(self.decide_first(pool));
        }
        decided
    }

    /// The earliest open day that disposed of something: the next to be told.
    #[must_use]
    pub fn first_disposal(&self) -> Option<Day> {
        let mut days = self.days.iter();
        let found = days.find(|(_, open)| !open.disposed.is_empty());
        found.map(|(day, _)| *day)
    }

    fn decide_first(&mut self, pool: &mut Lots) -> Option<Decided> {
        let (day, open) = self.days.pop_first()?;
        let parts = decide::decide(day, open, &mut self.days, pool);
        (!parts.is_empty()).then_some(Decided { day, parts })
    }
}

/// Whether nothing can change a day's disposal any more once the ledger has come to `today`.
#[must_use]
pub fn is_over(day: Day, today: Day) -> bool {
    let last = day.0.saturating_add(MATCHED_DAYS + DAYS_UNTIL_OVER);
    last < today.0
}

impl Total {
    fn nothing() -> Self {
        Self {
            quantity: Decimal::ZERO,
            proceeds: Some(Decimal::ZERO),
            sources: Sources::default(),
        }
    }
}

impl Sources {
    fn add(&mut self, source: &RowName) {
        if self.first.len() < NAMED_ROWS {
            self.first.push(source.clone());
        }
        self.count += 1;
    }
}

/// The sum of two amounts, absent when one of them is.
fn sum(one: Option<&Decimal>, other: Option<&Decimal>) -> Result<Option<Decimal>, ArithmeticError> {
    match (one, other) {
        (Some(one), Some(other)) => one.plus(other).map(Some),
        _ => Ok(None),
    }
}

#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
