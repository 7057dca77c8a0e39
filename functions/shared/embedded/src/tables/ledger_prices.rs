//! `ledger_prices ((ledger, owner, quote, year), day, asset)`: the user's own prices and the pins of
//! turns. SQLite has no partitions to bound, so the year is left to the day.

use async_trait::async_trait;
use domain::asset::Asset;
use domain::ids::LedgerRef;
use domain::time::Day;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::{DayPrice, LedgerPrices, PriceOwner};
use rusqlite::{Transaction, params};

use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE ledger_prices(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, owner TEXT NOT NULL, quote TEXT NOT NULL,
        day INTEGER NOT NULL, asset TEXT NOT NULL, payload BLOB NOT NULL,
        PRIMARY KEY(tenant, ledger, owner, quote, day, asset)
    ) WITHOUT ROWID;";

/// The table.
pub struct LedgerPricesTable {
    pub(super) database: Database,
}

/// Who put the prices there, as a key: frozen.
fn key_of(owner: PriceOwner) -> String {
    match owner {
        PriceOwner::Job(job) => format!("job#{job}"),
        PriceOwner::Turn(turn) => format!("turn#{turn}"),
    }
}

#[async_trait]
impl LedgerPrices for LedgerPricesTable {
    async fn write(
        &self,
        ledger: &LedgerRef,
        owner: PriceOwner,
        prices: &[DayPrice],
    ) -> Result<(), PortError> {
        const OP: &str = "ledger_prices.write";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let owner = key_of(owner);
        let mut packed = Vec::with_capacity(prices.len());
        for price in prices {
            packed.push((
                price.quote.clone(),
                price.day.0,
                price.asset.clone(),
                pack(OP, price)?,
            ));
        }
        let insert = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "INSERT OR REPLACE INTO ledger_prices VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            for (quote, day, asset, payload) in &packed {
                statement.execute(params![
                    tenant,
                    ledger,
                    owner,
                    quote.as_str(),
                    day,
                    asset.as_str(),
                    payload
                ])?;
            }
            Ok(())
        };
        self.database.write(OP, Durability::Synced, insert).await
    }

    async fn read(
        &self,
        ledger: &LedgerRef,
        owner: PriceOwner,
        quote: &Asset,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayPrice>, PortError> {
        const OP: &str = "ledger_prices.read";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let (owner, quote) = (key_of(owner), quote.clone());
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT payload FROM ledger_prices
                 WHERE tenant = ?1 AND ledger = ?2 AND owner = ?3 AND quote = ?4 AND day >= ?5 AND day <= ?6
                 ORDER BY day, asset",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            let mut found =
                statement.query(params![tenant, ledger, owner, quote.as_str(), from.0, to.0])?;
            let mut prices = Vec::new();
            while let Some(row) = found.next()? {
                prices.push(unpack(
                    OP,
                    row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?,
                )?);
            }
            Ok(prices)
        };
        self.database.read(OP, select).await
    }
}
