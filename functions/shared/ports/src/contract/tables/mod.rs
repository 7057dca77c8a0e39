//! What every implementation of the tables does: what was written is read back in order, writing it
//! again changes nothing, and no partition shows another's rows.

mod by_job;
mod by_ledger;
mod many;
mod prices;
mod samples;

use domain::ids::{LedgerRef, TurnId};

use super::World;
use crate::tables::{Decisions, Disposals, LedgerPrices, Rejects, Rows, Summaries, Transactions};

/// The tables to try.
pub struct Tried<'a> {
    /// Normalised rows.
    pub rows: &'a dyn Rows,
    /// Refused records.
    pub rejects: &'a dyn Rejects,
    /// Decisions of `reconcile`.
    pub decisions: &'a dyn Decisions,
    /// What a user reads.
    pub transactions: &'a dyn Transactions,
    /// What section 104 decided.
    pub disposals: &'a dyn Disposals,
    /// Totals and holdings.
    pub summaries: &'a dyn Summaries,
    /// Prices of ledgers.
    pub ledger_prices: &'a dyn LedgerPrices,
}

/// Runs the suite.
pub async fn run(tried: &Tried<'_>, world: &World<'_>) {
    by_job::rows(tried.rows, world).await;
    by_job::large_rows(tried.rows, world).await;
    by_job::rejects(tried.rejects, world).await;
    by_ledger::decisions(tried.decisions, world).await;
    by_ledger::transactions(tried.transactions, world).await;
    by_ledger::disposals(tried.disposals, world).await;
    by_ledger::summaries(tried.summaries, world).await;
    prices::ledger_prices(tried.ledger_prices, world).await;
    many::rows(tried.rows, world).await;
    many::rejects(tried.rejects, world).await;
    many::decisions(tried.decisions, world).await;
    many::transactions(tried.transactions, world).await;
    many::disposals(tried.disposals, world).await;
    many::summaries(tried.summaries, world).await;
    many::ledger_prices(tried.ledger_prices, world).await;
}

/// Places near each other: a tenant, a ledger or a turn that begins alike, and names that read the
/// same once they are put together.
fn neighbours(world: &World<'_>) -> Vec<(LedgerRef, TurnId)> {
    let at = |tenant: &str, ledger: &str| LedgerRef {
        tenant: tenant.parse().expect("a tenant's name"),
        ledger: ledger.parse().expect("a ledger's name"),
    };
    let tenant = world.tenant.as_str();
    vec![
        (at(tenant, "main"), TurnId(1)),
        (at(tenant, "main"), TurnId(11)),
        (at(tenant, "main"), TurnId(u64::from(u32::MAX) + 1)),
        (at(tenant, "main2"), TurnId(1)),
        (at(&format!("{tenant}-2"), "main"), TurnId(1)),
        (at(&format!("{tenant}m"), "ain"), TurnId(1)),
    ]
}
