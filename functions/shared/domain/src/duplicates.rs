//! Which rows of an instant repeat another row (domain section 4). Flagged, never deleted: a
//! duplicate has no effect and takes part in nothing else, neither in transfers nor in warnings.
//!
//! - A row with an ID repeats the first row of the ledger with its account and ID, whatever their
//!   times: the planner finds those (`repeats`).
//! - A row without an ID is known by its fingerprint and its occurrence in its file. Of the rows of
//!   several uploads that share both, the first in the total order is kept. So identical fills of
//!   one file all count, and an overlapping export adds only what it has in excess.
//! - Rows that count, with the same content but another ID (or one with and one without), are a
//!   warning on the later row, which names the first: nobody but the user knows. A row that the user
//!   leaves out neither warns nor is warned of.

use std::collections::BTreeMap;

use crate::order::Placed;
use crate::overrides::Rulings;
use crate::read_rows::RowName;
use crate::rows::RowRef;

/// What is said of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The row it repeats.
    pub duplicate_of: Option<RowRef>,
    /// The first row that counts with the same content under another ID.
    pub same_content: Option<RowName>,
}

/// Judges all rows of one instant, which stand in the total order. `repeats` leads from a row that
/// repeats an (account, ID) to the row that is kept; `rulings` say which rows are left out. One verdict
/// per row, in the same order.
#[must_use]
pub fn judge(
    instant: &[Placed],
    repeats: &BTreeMap<RowRef, RowRef>,
    rulings: &Rulings<'_>,
) -> Vec<Verdict> {
    let mut equals: BTreeMap<[u8; 16], Equals<'_>> = BTreeMap::new();
    let mut verdicts = Vec::with_capacity(instant.len());
    for placed in instant {
        let mut verdict = Verdict {
            duplicate_of: repeats.get(&placed.row.row_ref()).copied(),
            same_content: None,
        };
        if let (None, Some(fingerprint)) = (verdict.duplicate_of, placed.fingerprint) {
            let equals = equals.entry(fingerprint).or_default();
            verdict = equals.admit(placed, rulings.leaves_out(placed));
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// The rows that count so far among those of one fingerprint.
#[derive(Default)]
struct Equals<'a> {
    /// The first of them.
    first: Option<&'a Placed>,
    /// Those without an ID, by their occurrence in their file.
    nameless: BTreeMap<u32, RowRef>,
}

impl<'a> Equals<'a> {
    /// Judges the next row in the total order.
    fn admit(&mut self, placed: &'a Placed, left_out: bool) -> Verdict {
        let row = placed.row.row_ref();
        if placed.row.row.id.is_none() {
            let kept = *self.nameless.entry(placed.occurrence).or_insert(row);
            if kept != row {
                return Verdict {
                    duplicate_of: Some(kept),
                    same_content: None,
                };
            }
        }
        if left_out {
            return Verdict::default();
        }
        let first = *self.first.get_or_insert(placed);
        let other_id = first.row.row.id != placed.row.row.id;
        Verdict {
            duplicate_of: None,
            same_content: other_id.then(|| first.row.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;
    use crate::ids::JobId;
    use crate::order::{LedgerRow, place_rows};
    use crate::overrides::{Ruling, Told};
    use crate::rows::{Kind, Leg, Row};
    use crate::time::Instant;

    /// A row as file number, line, amount and ID.
    fn row(file: u8, line: u64, amount: u64, id: Option<&str>) -> LedgerRow {
        LedgerRow {
            job: JobId::new(u64::from(file), &[0; 10]),
            row: Row {
                at: Instant(7),
                line,
                chunk: 0,
                kind: Kind::Reward,
                account: "a".parse().unwrap(),
                id: id.map(Into::into),
                sent: None,
                received: Some(Leg {
                    amount: amount.into(),
                    asset: "BTC".parse().unwrap(),
                }),
                fee: None,
                net_worth: None,
                fee_worth: None,
                records: 1,
                tx_hash: None,
                description: None,
            },
        }
    }

    /// What is said, by (file, line), of the rows of which something is said.
    fn said(rows: Vec<LedgerRow>, repeats: &BTreeMap<RowRef, RowRef>) -> Vec<(RowRef, Verdict)> {
        let placed = place_rows(rows);
        let verdicts = judge(&placed, repeats, &Rulings::default());
        let named = placed.iter().map(|p| p.row.row_ref()).zip(verdicts);
        named
            .filter(|(_, verdict)| *verdict != Verdict::default())
            .collect()
    }

    fn duplicate(of: &LedgerRow) -> Verdict {
        Verdict {
            duplicate_of: Some(of.row_ref()),
            same_content: None,
        }
    }

    #[test]
    fn identical_fills_of_one_file_all_count() {
        let rows = vec![row(1, 2, 5, None), row(1, 3, 5, None), row(1, 4, 5, None)];
        assert_eq!(said(rows, &BTreeMap::new()), []);
    }

    #[test]
    fn an_overlapping_export_adds_only_the_excess() {
        let (a, b) = (row(1, 8, 5, None), row(1, 9, 5, None));
        let (x, y, z) = (row(2, 2, 5, None), row(2, 3, 5, None), row(2, 4, 5, None));
        let rows = vec![
            z,
            y.clone(),
            b.clone(),
            x.clone(),
            a.clone(),
            row(2, 5, 6, None),
        ];
        let expected = [(x.row_ref(), duplicate(&a)), (y.row_ref(), duplicate(&b))];
        assert_eq!(said(rows, &BTreeMap::new()), expected);
    }

    #[test]
    fn the_same_content_under_another_id_is_a_warning_on_the_later_row() {
        let (none, x, y) = (
            row(3, 2, 5, None),
            row(2, 2, 5, Some("x")),
            row(1, 2, 5, Some("y")),
        );
        let warned = Verdict {
            duplicate_of: None,
            same_content: Some(x.name()),
        };
        let rows = vec![y.clone(), x.clone()];
        assert_eq!(said(rows, &BTreeMap::new()), [(y.row_ref(), warned)]);

        let warned = Verdict {
            duplicate_of: None,
            same_content: Some(none.name()),
        };
        let rows = vec![y.clone(), none, x.clone()];
        let expected = [(x.row_ref(), warned.clone()), (y.row_ref(), warned)];
        assert_eq!(said(rows, &BTreeMap::new()), expected);
    }

    #[test]
    fn a_row_that_is_left_out_neither_warns_nor_is_warned_of() {
        let (x, y) = (row(2, 2, 5, Some("x")), row(1, 2, 5, Some("y")));
        for (left_out, _) in [(&x, &y), (&y, &x)] {
            let placed = place_rows(vec![x.clone(), y.clone()]);
            let found = placed.iter().find(|placed| placed.row == *left_out);
            let listed = [Ruling {
                row: found.unwrap().identity(),
                told: Told {
                    ignore: true,
                    ..Told::default()
                },
                partner: None,
            }];
            let verdicts = judge(&placed, &BTreeMap::new(), &Rulings::of(&listed));
            assert_eq!(verdicts, vec![Verdict::default(); 2]);
        }
    }

    #[test]
    fn a_row_that_repeats_an_id_takes_part_in_nothing_else() {
        let (x, y) = (row(1, 2, 5, Some("x")), row(1, 3, 5, Some("y")));
        let earlier = row(1, 1, 9, Some("x"));
        let repeats = BTreeMap::from([(x.row_ref(), earlier.row_ref())]);
        let rows = vec![x.clone(), y];
        assert_eq!(said(rows, &repeats), [(x.row_ref(), duplicate(&earlier))]);
    }
}
