//! What a turn computes over: the base revision's jobs, less those undone, plus those admitted.

use domain::fold::reconcile::look_back_us;
use domain::ids::{JobId, LedgerRef, TurnId};
use domain::overrides::{Changes, OverrideBook};
use domain::revision::{Dirty, PricesEntry, Revision, Snapshot, UploadEntry};
use domain::settings::Settings;
use domain::state::JobKind;
use domain::time::{Day, Instant};

/// An admitted job with what the snapshot needs of it.
pub(crate) enum Admitted {
    /// A file.
    Upload(UploadEntry),
    /// Changes of what the user says of rows.
    Overrides(Changes),
    /// Anything else.
    Other(JobId, JobKind),
}

/// The snapshot, and from which day on the user's own prices may have changed.
pub(crate) struct Taken {
    /// What the turn computes over.
    pub(crate) snapshot: Snapshot,
    /// The first day whose prices a job of kind prices may have changed.
    pub(crate) repriced_from: Option<Day>,
    /// The overrides in force.
    pub(crate) overrides: OverrideBook,
    /// Whether they are other ones than the base revision's: then they are stored under this turn.
    pub(crate) changes_overrides: bool,
}

/// Takes the snapshot. `overrides` are those of the base. `admitted` is in order of the job ids: of two
/// settings jobs, and of two changes of the same override, the later wins.
pub(crate) fn take(
    owner: &LedgerRef,
    turn: TurnId,
    base: Option<&Revision>,
    overrides: OverrideBook,
    admitted: Vec<Admitted>,
) -> Taken {
    let mut snapshot = match base {
        Some(revision) => revision.snapshot.clone(),
        None => nothing(owner, turn),
    };
    let before = snapshot.settings.digest();
    snapshot.turn = turn;
    snapshot.pins.push(turn);
    let mut moved = Moved::default();
    let mut book = overrides.clone();
    for job in admitted {
        moved.admit(job, &mut snapshot, &mut book);
    }
    snapshot.uploads.sort_by_key(|upload| upload.job);
    let look_back = look_back_us(&snapshot.settings);
    let changed = book.changed_since(&overrides);
    if changed.is_some() {
        snapshot.overrides = (!book.is_empty()).then_some(turn);
    }
    let rows = moved.rows.into_iter().chain(changed).min();
    snapshot.dirty = match (base, rows) {
        (None, _) => Dirty::Everything,
        (Some(_), None) => Dirty::Nothing,
        (Some(_), Some(earliest)) => Dirty::From {
            at: book.reach(earliest.plus_us(-look_back), look_back),
        },
    };
    if let Some(day) = moved.repriced_from {
        snapshot.dirty = snapshot.dirty.and(Dirty::From { at: day.start() });
    }
    if snapshot.settings.digest() != before {
        snapshot.dirty = Dirty::Everything;
    }
    Taken {
        snapshot,
        repriced_from: moved.repriced_from,
        overrides: book,
        changes_overrides: changed.is_some(),
    }
}

/// The snapshot before the first revision.
fn nothing(owner: &LedgerRef, turn: TurnId) -> Snapshot {
    Snapshot {
        ledger: owner.clone(),
        turn,
        settings: Settings::default(),
        uploads: Vec::new(),
        prices: Vec::new(),
        overrides: None,
        pins: Vec::new(),
        dirty: Dirty::Nothing,
    }
}

/// What the admitted jobs change the results of.
#[derive(Default)]
struct Moved {
    /// The earliest row of each upload that comes or goes.
    rows: Vec<Instant>,
    /// The first day whose prices may be others.
    repriced_from: Option<Day>,
}

impl Moved {
    fn admit(&mut self, job: Admitted, snapshot: &mut Snapshot, book: &mut OverrideBook) {
        match job {
            Admitted::Upload(entry) => {
                self.rows.extend(entry.earliest);
                snapshot.uploads.retain(|upload| upload.job != entry.job);
                snapshot.uploads.push(entry);
            }
            Admitted::Overrides(changes) => book.apply(&changes),
            Admitted::Other(_, JobKind::Undo { of }) => {
                let gone = snapshot.uploads.iter().filter(|upload| upload.job == of);
                self.rows.extend(gone.filter_map(|upload| upload.earliest));
                snapshot.uploads.retain(|upload| upload.job != of);
            }
            Admitted::Other(_, JobKind::Settings { settings }) => snapshot.settings = settings,
            Admitted::Other(
                job,
                JobKind::Prices {
                    earliest, quotes, ..
                },
            ) => {
                let from = self.repriced_from.map_or(earliest, |day| day.min(earliest));
                self.repriced_from = Some(from);
                snapshot.prices.push(PricesEntry { job, quotes });
            }
            Admitted::Other(_, JobKind::Upload(_) | JobKind::Override { .. }) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::asset::Asset;
    use domain::identity::RowIdentity;
    use domain::ids::Generation;
    use domain::overrides::{Edit, Part, Subject};
    use domain::rows::Kind;
    use domain::settings::Method;
    use domain::time::HOUR_US;

    use super::*;

    const T0: Instant = Instant(1_600_000_000_000_000);

    /// A snapshot of a ledger without overrides.
    fn take(
        owner: &LedgerRef,
        turn: TurnId,
        base: Option<&Revision>,
        admitted: Vec<Admitted>,
    ) -> Taken {
        super::take(owner, turn, base, OverrideBook::default(), admitted)
    }

    /// The row `hours` after `T0`.
    fn row(hours: i64) -> RowIdentity {
        RowIdentity {
            at: T0.plus_us(hours * HOUR_US),
            hash: [1; 16],
            occurrence: 0,
        }
    }

    fn overrides(edits: &[(i64, Edit)]) -> Changes {
        let subject = |identity: RowIdentity| {
            let subject = Subject {
                kind: Kind::Fee,
                account: "a".parse().unwrap(),
                id: None,
                sent: None,
                received: None,
                fee: None,
                net_worth: None,
                fee_worth: None,
            };
            (identity, subject)
        };
        Changes {
            rows: (-200..200).map(|hours| subject(row(hours))).collect(),
            edits: edits
                .iter()
                .map(|(hours, edit)| (row(*hours), edit.clone()))
                .collect(),
        }
    }

    fn book(edits: &[(i64, Edit)]) -> OverrideBook {
        let mut book = OverrideBook::default();
        book.apply(&overrides(edits));
        book
    }

    fn dirty_from(hours: i64) -> Dirty {
        let at = T0.plus_us(hours * HOUR_US);
        Dirty::From { at }
    }

    fn owner() -> LedgerRef {
        LedgerRef {
            tenant: "local".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        }
    }

    fn id(n: u8) -> JobId {
        JobId::new(u64::from(n), &[n; 10])
    }

    fn upload(n: u8, earliest: Option<Instant>) -> Admitted {
        Admitted::Upload(UploadEntry {
            job: id(n),
            filename: format!("{n}.csv"),
            chunks: vec![Generation::FIRST],
            earliest,
            rows: 1,
        })
    }

    fn settings(method: Method) -> Admitted {
        let settings = Settings {
            method,
            ..Settings::new(Asset::usd())
        };
        Admitted::Other(id(9), JobKind::Settings { settings })
    }

    /// A published revision over uploads 2 and 5.
    fn base() -> Revision {
        let admitted = vec![upload(5, Some(T0)), upload(2, Some(T0.plus_us(HOUR_US)))];
        let snapshot = take(&owner(), TurnId(1), None, admitted).snapshot;
        Revision {
            snapshot,
            segments: Vec::new(),
            closing: None,
            recomputed: 0,
        }
    }

    fn jobs(taken: &Taken) -> Vec<JobId> {
        taken
            .snapshot
            .uploads
            .iter()
            .map(|upload| upload.job)
            .collect()
    }

    #[test]
    fn the_first_turn_computes_everything_and_uploads_stand_in_the_order_of_their_ids() {
        let taken = take(
            &owner(),
            TurnId(1),
            None,
            vec![upload(5, Some(T0)), upload(2, None)],
        );
        assert_eq!(taken.snapshot.dirty, Dirty::Everything);
        assert_eq!(jobs(&taken), [id(2), id(5)]);
        assert_eq!(taken.snapshot.pins, [TurnId(1)]);
    }

    #[test]
    fn a_new_upload_is_dirty_from_its_earliest_row_less_what_a_row_can_reach_back() {
        let late = T0.plus_us(100 * HOUR_US);
        let taken = take(
            &owner(),
            TurnId(2),
            Some(&base()),
            vec![upload(7, Some(late))],
        );
        let at = late.plus_us(-24 * HOUR_US);
        assert_eq!(taken.snapshot.dirty, Dirty::From { at });
        assert_eq!(jobs(&taken), [id(2), id(5), id(7)]);
        assert_eq!(taken.snapshot.pins, [TurnId(1), TurnId(2)]);
    }

    #[test]
    fn an_undo_takes_the_upload_out_and_is_dirty_from_its_earliest_row() {
        let undo = Admitted::Other(id(8), JobKind::Undo { of: id(2) });
        let taken = take(&owner(), TurnId(2), Some(&base()), vec![undo]);
        assert_eq!(jobs(&taken), [id(5)]);
        let at = T0.plus_us(-23 * HOUR_US);
        assert_eq!(taken.snapshot.dirty, Dirty::From { at });
    }

    #[test]
    fn an_upload_without_rows_changes_nothing() {
        let taken = take(&owner(), TurnId(2), Some(&base()), vec![upload(7, None)]);
        assert_eq!(taken.snapshot.dirty, Dirty::Nothing);
    }

    #[test]
    fn other_settings_dirty_everything_and_equal_ones_nothing() {
        for (method, dirty) in [
            (Method::Average, Dirty::Everything),
            (Method::Fifo, Dirty::Nothing),
        ] {
            let taken = take(&owner(), TurnId(2), Some(&base()), vec![settings(method)]);
            assert_eq!(taken.snapshot.dirty, dirty);
        }
    }

    #[test]
    fn own_prices_are_dirty_from_their_earliest_day() {
        let earliest = Day(18_000);
        let quotes = vec![Asset::eur()];
        let kind = JobKind::Prices {
            earliest,
            rows: 1,
            quotes: quotes.clone(),
        };
        let prices = Admitted::Other(id(8), kind);
        let taken = take(&owner(), TurnId(2), Some(&base()), vec![prices]);
        assert_eq!(
            taken.snapshot.dirty,
            Dirty::From {
                at: earliest.start()
            }
        );
        assert_eq!(taken.repriced_from, Some(earliest));
        let job = id(8);
        assert_eq!(taken.snapshot.prices, [PricesEntry { job, quotes }]);
    }

    #[test]
    fn overrides_are_dirty_from_the_earlier_end_of_what_changed_and_stored_under_their_turn() {
        let jobs = [
            overrides(&[(50, Edit::Ignore)]),
            overrides(&[(90, Edit::Link(row(40)))]),
        ];
        let admitted = jobs.into_iter().map(Admitted::Overrides).collect();
        let taken = take(&owner(), TurnId(2), Some(&base()), admitted);
        assert_eq!(taken.snapshot.dirty, dirty_from(40 - 24));
        assert_eq!(taken.snapshot.overrides, Some(TurnId(2)));
        assert!(taken.changes_overrides);
        assert_eq!(taken.overrides.len(), 3);
    }

    #[test]
    fn overrides_that_stand_already_change_nothing() {
        let told = [(50, Edit::Ignore)];
        let mut base = base();
        base.snapshot.overrides = Some(TurnId(1));
        let again = vec![Admitted::Overrides(overrides(&told))];
        let taken = super::take(&owner(), TurnId(2), Some(&base), book(&told), again);
        assert_eq!(taken.snapshot.dirty, Dirty::Nothing);
        assert_eq!(taken.snapshot.overrides, Some(TurnId(1)));
        assert!(!taken.changes_overrides);
    }

    #[test]
    fn the_last_override_that_goes_leaves_none() {
        let mut base = base();
        base.snapshot.overrides = Some(TurnId(1));
        let cleared = overrides(&[(50, Edit::Clear(Part::Ignore))]);
        let book = book(&[(50, Edit::Ignore)]);
        let cleared = vec![Admitted::Overrides(cleared)];
        let taken = super::take(&owner(), TurnId(2), Some(&base), book, cleared);
        assert_eq!(taken.snapshot.overrides, None);
        assert_eq!(taken.snapshot.dirty, dirty_from(50 - 24));
    }

    #[test]
    fn rows_that_come_behind_a_links_later_end_leave_it_and_before_it_reach_to_the_earlier() {
        let linked = book(&[(-100, Edit::Link(row(60)))]);
        for (earliest, from) in [(90, 90 - 24), (70, -124), (-130, -154)] {
            let late = upload(7, Some(T0.plus_us(earliest * HOUR_US)));
            let taken = super::take(
                &owner(),
                TurnId(2),
                Some(&base()),
                linked.clone(),
                vec![late],
            );
            assert_eq!(taken.snapshot.dirty, dirty_from(from), "{earliest}");
        }
    }
}
