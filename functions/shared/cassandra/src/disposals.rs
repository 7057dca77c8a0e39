//! `disposals ((tenant, ledger, turn, segment, bucket), seq)`: what section 104 made of tax days,
//! numbered in order of day, asset and place. A disposal names at most `NAMED_ROWS` rows, so it is
//! far under what Keyspaces takes in a row.

use std::ops::ControlFlow;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::section_104::DayDisposal;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Disposals;
use scylla::response::query_result::QueryRowsResult;

use crate::parts::Gathered;
use crate::place::{BUCKET_ROWS, bigint, bucket, int};
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "disposals",
    text: "INSERT INTO {keyspace}.disposals (tenant, ledger, turn, segment, bucket, seq, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "disposals",
    text: "SELECT seq, payload FROM {keyspace}.disposals WHERE tenant = ? AND ledger = ? AND turn = ? AND segment = ? AND bucket = ? AND seq >= ?",
};

/// The table.
pub struct DisposalsTable {
    insert: Insert,
    select: Select,
}

impl DisposalsTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }
}

#[async_trait]
impl Disposals for DisposalsTable {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        disposals: &[DayDisposal],
    ) -> Result<(), PortError> {
        const OP: &str = "disposals.write";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, segment) = (bigint(OP, turn.0)?, int(OP, segment)?);
        let mut batches = Batches::new();
        for (seq, disposal) in (0u32..).zip(disposals) {
            if seq.is_multiple_of(BUCKET_ROWS) {
                batches.end_partition();
            }
            let payload = pack(OP, disposal)?;
            let bytes = payload.len();
            let (place, seq) = (int(OP, bucket(seq))?, int(OP, seq)?);
            let cells = (tenant, ledger, turn, segment, place, seq, payload);
            batches.push(bytes, cells);
        }
        self.insert.write(OP, batches).await
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, DayDisposal)>, PortError> {
        const OP: &str = "disposals.page";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, segment) = (bigint(OP, turn.0)?, int(OP, segment)?);
        let wanted = limit as usize;
        let mut page = Vec::new();
        let mut next = from_seq;
        while page.len() < wanted {
            let (place, first) = (int(OP, bucket(next))?, int(OP, next)?);
            let key = (tenant, ledger, turn, segment, place, first);
            let mut gathered = Gathered::new(wanted - page.len());
            let mut take = |rows: &QueryRowsResult| -> Result<ControlFlow<()>, PortError> {
                gathered.take(OP, rows)
            };
            self.select.pages(OP, &key, wanted + 1, &mut take).await?;
            for (seq, payload) in gathered.payloads {
                page.push((seq, unpack(OP, &payload)?));
            }
            // Numbers have no gaps: a bucket that does not reach its end is the last one.
            let end = (bucket(next) + 1) * BUCKET_ROWS;
            if page.last().is_none_or(|(seq, _)| seq + 1 < end) {
                break;
            }
            next = end;
        }
        Ok(page)
    }
}
