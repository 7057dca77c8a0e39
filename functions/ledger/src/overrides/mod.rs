//! The steps around overrides: which are in force, which are asked for, and asking for others.

mod body;
mod find_rows;
pub(crate) mod routes;
#[cfg(test)]
mod tests;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use domain::identity::RowIdentity;
use domain::ids::{JobId, LedgerRef};
use domain::keys;
use domain::limits::{MAX_OVERRIDES, MAX_UNLINKS};
use domain::overrides::{Changes, Edit, OverrideBook, Refused, Subject};
use domain::revision::Revision;
use domain::state::{Job, JobKind, JobPhase, LedgerItem};
use domain::time::Instant;
use lambda::problem::{Fault, Problem};
use ports::objects::{read_json, write_json};
use ports::state::load;
use ports::tables::Transactions;
use ports::transition::apply;
use ports::{Ids, Objects, PortError, Sender, StateStore};

use crate::settings::Changed;
use crate::{pending, published};
use body::{Asked, parse};

/// The overrides of a ledger.
pub(crate) struct Held {
    /// The revision readers see.
    pub(crate) revision: Revision,
    /// The overrides in force in it.
    pub(crate) in_force: OverrideBook,
    /// Jobs that are asked for and not yet published, in their order, with what they change.
    pub(crate) pending: Vec<(JobId, Changes)>,
}

/// Where a ledger is read.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'a> {
    /// Ledgers, turns, jobs.
    pub(crate) state: &'a dyn StateStore,
    /// Manifests, overrides, changes.
    pub(crate) objects: &'a dyn Objects,
    /// The rows readers see.
    pub(crate) transactions: &'a dyn Transactions,
}

/// Reads the overrides of a ledger; `None` before its first revision.
///
/// # Errors
/// What a port says.
pub(crate) async fn held(reads: Reads<'_>, owner: &LedgerRef) -> Result<Option<Held>, PortError> {
    let Reads { state, objects, .. } = reads;
    // Requests first: a job that is admitted meanwhile is then seen twice rather than never.
    let mut asked = pending::waiting(state, owner).await?;
    let item = load::<LedgerItem>(state, &LedgerItem::key_of(owner)).await?;
    let item = item.map(|item| item.value);
    asked.extend(pending::admitted(state, owner, item.as_ref()).await?);
    asked.sort_unstable();
    asked.dedup();
    let Some(turn) = item.and_then(|item| item.published) else {
        return Ok(None);
    };
    let revision = published::manifest(objects, owner, turn).await?;
    let in_force = in_force(objects, &revision).await?;
    let mut pending = Vec::new();
    for id in asked {
        if is_open(state, owner, id).await? {
            let changes = read_json(objects, &keys::override_changes(owner, id)).await?;
            pending.push((id, changes));
        }
    }
    Ok(Some(Held {
        revision,
        in_force,
        pending,
    }))
}

/// The overrides in force in a revision.
///
/// # Errors
/// What the store says.
pub(crate) async fn in_force(
    objects: &dyn Objects,
    revision: &Revision,
) -> Result<OverrideBook, PortError> {
    let snapshot = &revision.snapshot;
    match snapshot.overrides {
        Some(turn) => read_json(objects, &keys::overrides(&snapshot.ledger, turn)).await,
        None => Ok(OverrideBook::default()),
    }
}

/// Whether a job changes overrides and is not yet published. One that was in a turn that failed waits
/// again.
async fn is_open(state: &dyn StateStore, owner: &LedgerRef, id: JobId) -> Result<bool, PortError> {
    let Some(job) = load::<Job>(state, &Job::key_of(&owner.tenant, id)).await? else {
        return Ok(false);
    };
    if !matches!(job.value.kind, JobKind::Override { .. }) {
        return Ok(false);
    }
    match job.value.phase {
        JobPhase::InTurn { turn } => Ok(!published::is_revision(state, owner, turn).await?),
        JobPhase::Failed { .. } | JobPhase::Expired | JobPhase::Cancelled => Ok(false),
        JobPhase::AwaitingUpload | JobPhase::Ingesting | JobPhase::AwaitingTurn => Ok(true),
    }
}

/// Asks for a change of overrides: of those that are asked for already, else of those in force, so that
/// two changes after each other both count. The changes are stored before the job that names them asks
/// for its turn; what a crash in between leaves is named by no job.
///
/// # Errors
/// 400 with every fault of the body, 404 before the first revision, 422 with every change that does not
/// fit its row; else what a port says.
pub(crate) async fn change(
    reads: Reads<'_>,
    sender: &dyn Sender,
    ids: &dyn Ids,
    owner: &LedgerRef,
    body: &[u8],
    now: Instant,
) -> Result<Changed, Problem> {
    let asked = parse(body)?;
    let held = held(reads, owner)
        .await?
        .ok_or_else(published::nothing_yet)?;
    let wanted = named(&asked);
    let rows = find_rows::find(reads.transactions, owner, &held.revision, &wanted).await?;
    let mut before = held.in_force;
    for (_, changes) in &held.pending {
        before.apply(changes);
    }
    let changes = fitting(&asked, &before, rows)?;
    let mut after = before.clone();
    after.apply(&changes);
    if after.changed_since(&before).is_none() {
        let last = held.pending.last();
        return Ok(last.map_or(Changed::Nothing, |(job, _)| Changed::Asked(*job)));
    }
    let id = ids.job_id(now);
    write_json(reads.objects, &keys::override_changes(owner, id), &changes).await?;
    let kind = JobKind::Override {
        changes: u32::try_from(changes.edits.len()).unwrap_or(u32::MAX),
    };
    let transition = Job::create_asking(id, owner.clone(), kind, now).map_err(PortError::from)?;
    apply(reads.state, sender, transition).await?;
    tracing::info!(job = %id, changes = changes.edits.len(), "asked for overrides");
    Ok(Changed::Asked(id))
}

/// Every row that is named.
fn named(asked: &[Asked]) -> BTreeSet<RowIdentity> {
    let mut rows = BTreeSet::new();
    for change in asked {
        rows.insert(change.row);
        rows.extend(change.edits.iter().filter_map(other_end));
    }
    rows
}

fn other_end(edit: &Edit) -> Option<RowIdentity> {
    match edit {
        Edit::Link(other) | Edit::Unlink(other) => Some(*other),
        _ => None,
    }
}

/// The changes, when each fits its row and what the changes before it left.
fn fitting(
    asked: &[Asked],
    before: &OverrideBook,
    rows: BTreeMap<RowIdentity, Subject>,
) -> Result<Changes, Problem> {
    let mut trial = Trial {
        book: before.clone(),
        changes: Changes {
            rows,
            edits: Vec::new(),
        },
    };
    let faults: Vec<Fault> = asked
        .iter()
        .filter_map(|change| {
            let (field, detail) = trial.make(change).err()?;
            let pointer = format!("#/changes/{}{field}", change.place);
            let detail = format!("row {}: {detail}", change.row);
            Some(Fault::at(pointer, detail))
        })
        .collect();
    if !faults.is_empty() {
        return Err(Problem::unprocessable("does_not_fit", faults));
    }
    trial.book.prune();
    let count = trial.book.len();
    if count > MAX_OVERRIDES {
        let detail = format!(
            "overrides would stand on {count} rows of the ledger; at most {MAX_OVERRIDES} may: clear some first"
        );
        let fault = Fault::at("#/changes", detail);
        return Err(Problem::unprocessable("too_many_overrides", vec![fault]));
    }
    Ok(trial.changes)
}

/// The changes made so far.
struct Trial {
    book: OverrideBook,
    changes: Changes,
}

impl Trial {
    /// Makes the change of one row; the field at fault and why, when it does not fit.
    fn make(&mut self, change: &Asked) -> Result<(), (&'static str, String)> {
        let row = change.row;
        for edit in &change.edits {
            let field = field_of(edit);
            let clears = matches!(edit, Edit::Clear(_));
            if !self.knows(&row, clears) {
                return Err(("/identity", UNKNOWN.to_owned()));
            }
            if let Some(other) = other_end(edit).filter(|other| !self.knows(other, false)) {
                return Err((field, format!("the other end, {other}: {UNKNOWN}")));
            }
            self.book
                .allows(row, edit)
                .map_err(|refused| (field, refused.to_string()))?;
            self.book.edit(row, edit, &self.changes.rows);
            self.changes.edits.push((row, edit.clone()));
            self.few_unlinks(row, edit)
                .map_err(|detail| (field, detail))?;
        }
        let fits = self.book.fits(row);
        fits.map_err(|refused| (field_at_fault(&refused), refused.to_string()))
    }

    /// Whether a row is there; to take back what is said of it, it need not be.
    fn knows(&self, row: &RowIdentity, clears: bool) -> bool {
        self.changes.rows.contains_key(row) || (clears && self.book.get(row).is_some())
    }

    fn few_unlinks(&self, row: RowIdentity, edit: &Edit) -> Result<(), String> {
        for end in [Some(row), other_end(edit)].into_iter().flatten() {
            let kept_from = self.book.get(&end).map_or(0, |said| said.told.unlink.len());
            if kept_from > MAX_UNLINKS {
                return Err(format!(
                    "{end} would be unlinked from {kept_from} rows; at most {MAX_UNLINKS} are kept"
                ));
            }
        }
        Ok(())
    }
}

/// Of a row that nobody finds.
const UNKNOWN: &str = "the published revision has no row with this identity that counts; copy it from the transactions, and of a duplicate take the row it repeats";

fn field_of(edit: &Edit) -> &'static str {
    match edit {
        Edit::Label(_) => "/set/label",
        Edit::Price(_) => "/set/price",
        Edit::Ignore => "/set/ignore",
        Edit::Link(_) => "/set/link",
        Edit::Unlink(_) => "/set/unlink",
        Edit::Clear(_) => "/clear",
    }
}

fn field_at_fault(refused: &Refused) -> &'static str {
    match refused {
        Refused::Label(_) => "/set/label",
        Refused::NothingPriced => "/set/price",
        _ => "",
    }
}
