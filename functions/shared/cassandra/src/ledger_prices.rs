//! `ledger_prices ((tenant, ledger, owner, quote, year), day, asset)`: the user's own prices and the
//! pins of turns. A year bounds a partition; a span of years is read year by year.

use std::sync::Arc;

use async_trait::async_trait;
use domain::asset::Asset;
use domain::ids::LedgerRef;
use domain::time::Day;
use futures::future::try_join_all;
use ports::PortError;
use ports::payload::pack;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner};

use crate::place::bigint;
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "ledger_prices",
    text: "INSERT INTO {keyspace}.ledger_prices (tenant, ledger, owner, quote, year, day, asset, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "ledger_prices",
    text: "SELECT payload FROM {keyspace}.ledger_prices WHERE tenant = ? AND ledger = ? AND owner = ? AND quote = ? AND year = ? AND day >= ? AND day <= ?",
};

/// Years that are asked for at the same time: more than a ledger usually spans.
const YEARS_AT_ONCE: usize = 16;

/// The table.
pub struct LedgerPricesTable {
    insert: Insert,
    select: Select,
}

impl LedgerPricesTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }
}

/// Who put the prices there, as a key: frozen.
fn key_of(owner: PriceOwner) -> Result<String, PortError> {
    Ok(match owner {
        PriceOwner::Job(job) => format!("job#{job}"),
        PriceOwner::Turn(turn) => format!("turn#{}", bigint("ledger_prices.owner", turn.0)?),
    })
}

/// The year of a day, its partition.
fn year(day: Day) -> i32 {
    i32::from(day.date().year())
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
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let owner = key_of(owner)?;
        let mut sorted: Vec<_> = prices
            .iter()
            .map(|price| (year(price.day), price))
            .collect();
        sorted.sort_by_key(|(year, price)| (price.quote.as_str(), *year));
        let mut batches = Batches::new();
        let mut last = None;
        for (year, price) in sorted {
            let (quote, asset) = (price.quote.as_str(), price.asset.as_str());
            if last.replace((quote, year)) != Some((quote, year)) {
                batches.end_partition();
            }
            let payload = pack(OP, price)?;
            let (bytes, day) = (payload.len(), price.day.0);
            let owner = owner.as_str();
            let cells = (tenant, ledger, owner, quote, year, day, asset, payload);
            batches.push(bytes, cells);
        }
        self.insert.write(OP, batches).await
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
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let owner = key_of(owner)?;
        let (owner, quote) = (owner.as_str(), quote.as_str());
        let years: Vec<i32> = (year(from)..=year(to)).collect();
        let mut prices = Vec::new();
        for years in years.chunks(YEARS_AT_ONCE) {
            let key = |&year: &i32| (tenant, ledger, owner, quote, year, from.0, to.0);
            let keys: Vec<_> = years.iter().map(key).collect();
            let found = keys.iter().map(|key| self.select.all(OP, key));
            prices.extend(try_join_all(found).await?.into_iter().flatten());
        }
        Ok(prices)
    }
}
