//! What a turn computes over: the base revision's jobs, less those undone, plus those admitted.

use domain::fold::reconcile::look_back_us;
use domain::ids::{JobId, LedgerRef, TurnId};
use domain::revision::{Dirty, PricesEntry, Revision, Snapshot, UploadEntry};
use domain::settings::Settings;
use domain::state::JobKind;
use domain::time::{Day, Instant};

/// An admitted job with what the snapshot needs of it.
pub(crate) enum Admitted {
    /// A file.
    Upload(UploadEntry),
    /// Anything else.
    Other(JobId, JobKind),
}

/// The snapshot, and from which day on the user's own prices may have changed.
pub(crate) struct Taken {
    /// What the turn computes over.
    pub(crate) snapshot: Snapshot,
    /// The first day whose prices a job of kind prices may have changed.
    pub(crate) repriced_from: Option<Day>,
}

/// Takes the snapshot. `admitted` is in order of the job ids: of two settings jobs the later wins.
pub(crate) fn take(
    owner: &LedgerRef,
    turn: TurnId,
    base: Option<&Revision>,
    admitted: Vec<Admitted>,
) -> Taken {
    let mut snapshot = match base {
        Some(revision) => revision.snapshot.clone(),
        None => Snapshot {
            ledger: owner.clone(),
            turn,
            settings: Settings::default(),
            uploads: Vec::new(),
            prices: Vec::new(),
            pins: Vec::new(),
            dirty: Dirty::Nothing,
        },
    };
    let before = snapshot.settings.digest();
    snapshot.turn = turn;
    snapshot.dirty = if base.is_some() {
        Dirty::Nothing
    } else {
        Dirty::Everything
    };
    snapshot.pins.push(turn);
    let mut repriced_from: Option<Day> = None;
    let mut moved: Vec<Instant> = Vec::new();
    for job in admitted {
        match job {
            Admitted::Upload(entry) => {
                moved.extend(entry.earliest);
                snapshot.uploads.retain(|upload| upload.job != entry.job);
                snapshot.uploads.push(entry);
            }
            Admitted::Other(_, JobKind::Undo { of }) => {
                let gone = snapshot.uploads.iter().filter(|upload| upload.job == of);
                moved.extend(gone.filter_map(|upload| upload.earliest));
                snapshot.uploads.retain(|upload| upload.job != of);
            }
            Admitted::Other(_, JobKind::Settings { settings }) => snapshot.settings = settings,
            Admitted::Other(
                job,
                JobKind::Prices {
                    earliest, quotes, ..
                },
            ) => {
                repriced_from = Some(repriced_from.map_or(earliest, |day| day.min(earliest)));
                snapshot.prices.push(PricesEntry { job, quotes });
            }
            Admitted::Other(_, JobKind::Upload(_)) => {}
        }
    }
    snapshot.uploads.sort_by_key(|upload| upload.job);
    let look_back = look_back_us(&snapshot.settings);
    for earliest in moved {
        let at = earliest.plus_us(-look_back);
        snapshot.dirty = snapshot.dirty.and(Dirty::From { at });
    }
    if let Some(day) = repriced_from {
        snapshot.dirty = snapshot.dirty.and(Dirty::From { at: day.start() });
    }
    if snapshot.settings.digest() != before {
        snapshot.dirty = Dirty::Everything;
    }
    Taken {
        snapshot,
        repriced_from,
    }
}

#[cfg(test)]
mod tests {
    use domain::asset::Asset;
    use domain::ids::Generation;
    use domain::settings::Method;
    use domain::time::HOUR_US;

    use super::*;

    const T0: Instant = Instant(1_600_000_000_000_000);

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
}
