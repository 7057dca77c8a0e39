//! The overrides of a ledger, and changes of them. Changes are applied in the order of their jobs and,
//! within one, in the order they are listed: of two that contradict each other the later holds, so that
//! requests made at the same time compose and a turn gives the same book whenever it is repeated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Subject, Told, UnitPrice};
use crate::digest::PriceNeed;
use crate::identity::RowIdentity;
use crate::time::Instant;

/// What is said of a row, with the row as it was when it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The row.
    pub row: Subject,
    /// What is said of it.
    pub told: Told,
}

/// All overrides of a ledger, by row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OverrideBook(BTreeMap<RowIdentity, Override>);

/// One change of what is said of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// The row has this label.
    Label(Box<str>),
    /// A unit of its priced asset is worth this.
    Price(UnitPrice),
    /// It is left out.
    Ignore,
    /// It and this row are one transfer.
    Link(RowIdentity),
    /// It and this row are no transfer.
    Unlink(RowIdentity),
    /// Nothing is said of this any more.
    Clear(Part),
}

/// A part of what can be said of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its label.
    Label,
    /// Its price.
    Price,
    /// That it is left out.
    Ignore,
    /// The other end of its transfer.
    Link,
    /// Every row it is kept from.
    Unlink,
}

/// The changes one job brings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The rows they are about, as the revision had them that the user looked at.
    pub rows: BTreeMap<RowIdentity, Subject>,
    /// The changes, in their order.
    pub edits: Vec<(RowIdentity, Edit)>,
}

impl OverrideBook {
    /// Rows that something is said of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is said of any row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said of a row.
    #[must_use]
    pub fn get(&self, row: &RowIdentity) -> Option<&Override> {
        self.0.get(row)
    }

    /// Everything, by time.
    pub fn iter(&self) -> impl Iterator<Item = (&RowIdentity, &Override)> {
        self.0.iter()
    }

    /// Everything said of rows with `from <= time < to`.
    pub fn within(
        &self,
        from: Instant,
        to: Instant,
    ) -> impl Iterator<Item = (&RowIdentity, &Override)> {
        self.0.range(first_of(from)..first_of(to))
    }

    /// Applies the changes of a job.
    pub fn apply(&mut self, changes: &Changes) {
        for (row, edit) in &changes.edits {
            self.edit(*row, edit, &changes.rows);
        }
        self.prune();
    }

    /// Forgets the rows that nothing is said of any more.
    pub fn prune(&mut self) {
        self.0.retain(|_, entry| !entry.told.is_nothing());
    }

    /// Applies one change. `rows` are those the changes are about; of a row that is neither among them
    /// nor spoken of before, nothing can be said. Without `prune`, a row stays when all is cleared.
    pub fn edit(&mut self, row: RowIdentity, edit: &Edit, rows: &BTreeMap<RowIdentity, Subject>) {
        let known = |row| rows.contains_key(row) || self.0.contains_key(row);
        if let Edit::Link(other) | Edit::Unlink(other) = edit
            && (row == *other || !known(&row) || !known(other))
        {
            return;
        }
        match edit {
            Edit::Label(label) => self.tell(row, rows, |told| told.label = Some(label.clone())),
            Edit::Price(price) => self.tell(row, rows, |told| told.price = Some(price.clone())),
            Edit::Ignore => self.tell(row, rows, |told| told.ignore = true),
            Edit::Link(other) => {
                for (end, other) in [(row, *other), (*other, row)] {
                    self.part(end);
                    self.tell(end, rows, |told| {
                        told.unlink.remove(&other);
                    });
                }
                self.tell(row, rows, |told| told.link = Some(*other));
                self.tell(*other, rows, |told| told.link = Some(row));
            }
            Edit::Unlink(other) => {
                if self
                    .get(&row)
                    .is_some_and(|entry| entry.told.link == Some(*other))
                {
                    self.part(row);
                }
                for (end, other) in [(row, *other), (*other, row)] {
                    self.tell(end, rows, |told| {
                        told.unlink.insert(other);
                    });
                }
            }
            Edit::Clear(part) => self.clear(row, *part),
        }
    }

    /// Says something of a row that is known, from the changes or from before.
    fn tell(
        &mut self,
        row: RowIdentity,
        rows: &BTreeMap<RowIdentity, Subject>,
        say: impl FnOnce(&mut Told),
    ) {
        if let Some(subject) = rows.get(&row) {
            let told = Told::default();
            let entry = self.0.entry(row).or_insert_with(|| Override {
                row: subject.clone(),
                told,
            });
            entry.row = subject.clone();
        }
        if let Some(entry) = self.0.get_mut(&row) {
            say(&mut entry.told);
        }
    }

    fn clear(&mut self, row: RowIdentity, part: Part) {
        let nobody = BTreeMap::new();
        match part {
            Part::Label => self.tell(row, &nobody, |told| told.label = None),
            Part::Price => self.tell(row, &nobody, |told| told.price = None),
            Part::Ignore => self.tell(row, &nobody, |told| told.ignore = false),
            Part::Link => self.part(row),
            Part::Unlink => {
                let kept_from = self.0.get_mut(&row).map(|entry| &mut entry.told.unlink);
                for other in kept_from.map(std::mem::take).unwrap_or_default() {
                    self.tell(other, &nobody, |told| {
                        told.unlink.remove(&row);
                    });
                }
            }
        }
    }

    /// Takes the link of a row off both its ends.
    fn part(&mut self, row: RowIdentity) {
        let other = self
            .0
            .get_mut(&row)
            .and_then(|entry| entry.told.link.take());
        if let Some(entry) = other.and_then(|other| self.0.get_mut(&other)) {
            entry.told.link = None;
        }
    }

    /// The earliest row of which another thing is said than in `before`. Both ends of a link and of
    /// an unlink say it, so of those the earlier counts.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Option<Instant> {
        let told = |book: &Self, row| book.get(row).map(|entry| entry.told.clone());
        let mut all = self.0.keys().chain(before.0.keys()).collect::<Vec<_>>();
        all.sort_unstable();
        let changed = all
            .into_iter()
            .find(|row| told(self, row) != told(before, row));
        changed.map(|row| row.at)
    }

    /// Where a recomputation of everything from `from` on must begin. A row that comes or goes behind
    /// it may be the later end of a link; the earlier one is then decided anew, and what is less than
    /// the look-back before that.
    #[must_use]
    pub fn reach(&self, from: Instant, look_back_us: i64) -> Instant {
        let links = self.0.iter().filter_map(|(row, entry)| {
            let other = entry.told.link?;
            (row.at < other.at).then_some((other.at, row.at))
        });
        let mut links: Vec<(Instant, Instant)> = links.collect();
        links.sort_unstable();
        let mut from = from;
        for (later, earlier) in links.into_iter().rev() {
            if later >= from {
                from = from.min(earlier.plus_us(-look_back_us));
            }
        }
        from
    }

    /// The prices that rows could need under the labels they have here. What else a row could need,
    /// its digest says.
    #[must_use]
    pub fn needs(&self) -> Vec<PriceNeed> {
        let mut needs = Vec::new();
        for (identity, entry) in &self.0 {
            let (row, told) = (&entry.row, &entry.told);
            if let Ok(kind) = row.kind_with(told.label.as_deref()) {
                needs.extend(row.needs(*identity, kind));
            }
            needs.extend(told.price.iter().map(|price| PriceNeed {
                day: identity.at.utc_day(),
                sources: vec![price.currency.clone()],
            }));
        }
        needs
    }
}

/// Before every row of an instant.
fn first_of(at: Instant) -> RowIdentity {
    RowIdentity {
        at,
        hash: [0; 16],
        occurrence: 0,
    }
}

#[cfg(test)]
mod tests;
