//! The step `prices`: the user's own prices come in.

pub mod file;
pub(crate) mod packed;
mod rates;

use std::collections::BTreeSet;

use domain::asset::Asset;
use domain::ids::{JobId, LedgerRef};
use domain::state::{Job, JobKind};
use domain::time::Instant;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner};
use ports::transition::apply;
use ports::{Ids, PortError, Sender, StateStore};

/// Stores prices under a new job, then lets the job ask for its turn: no turn can admit a job whose
/// prices are not all there. What a crash in between leaves is named by no job.
///
/// # Errors
/// What a port says; asking again makes another job.
pub(crate) async fn bring(
    state: &dyn StateStore,
    sender: &dyn Sender,
    ids: &dyn Ids,
    table: &dyn LedgerPrices,
    owner: &LedgerRef,
    prices: &[DayPrice],
    now: Instant,
) -> Result<JobId, PortError> {
    let Some(earliest) = prices.iter().map(|price| price.day).min() else {
        return Err(PortError::bug("ledger.prices", "no prices were given"));
    };
    let id = ids.job_id(now);
    table.write(owner, PriceOwner::Job(id), prices).await?;
    let kind = JobKind::Prices {
        earliest,
        rows: prices.len() as u64,
        quotes: quotes(prices),
    };
    apply(
        state,
        sender,
        Job::create_asking(id, owner.clone(), kind, now)?,
    )
    .await?;
    tracing::info!(job = %id, rows = prices.len(), "prices came in");
    Ok(id)
}

/// The national currencies that assets other than money are priced in.
fn quotes(prices: &[DayPrice]) -> Vec<Asset> {
    let priced = prices.iter().filter(|price| !price.asset.is_fiat());
    let fiat = priced.filter(|price| price.quote.is_fiat());
    let quotes: BTreeSet<Asset> = fiat.map(|price| price.quote.clone()).collect();
    quotes.into_iter().collect()
}
