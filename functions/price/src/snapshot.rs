//! What a turn computes over: the base revision's jobs, less those undone, plus those admitted.

use domain::fold::reconcile::look_back_us;
use domain::ids::{LedgerRef, TurnId};
use domain::revision::{Dirty, Revision, Snapshot, UploadEntry};
use domain::settings::Settings;
use domain::state::JobKind;
use domain::time::Instant;
use domain::{ids::JobId, time::Day};

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
            Admitted::Other(job, JobKind::Prices { earliest, .. }) => {
                repriced_from = Some(repriced_from.map_or(earliest, |day| day.min(earliest)));
                snapshot.prices.push(job);
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
