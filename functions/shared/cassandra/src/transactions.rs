//! `transactions ((tenant, ledger, turn, segment, bucket), seq, part)`: the rows a user reads. A
//! row's number is its place in time order, so the number alone orders a segment.
//!
//! A payload is stored in parts (`parts`), nearly always in one.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::TransactionRow;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Transactions;
use scylla::response::query_result::QueryRowsResult;

use crate::parts::{Gathered, PART_BYTES};
use crate::place::{BUCKET_ROWS, bigint, bucket, int};
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "transactions",
    text: "INSERT INTO {keyspace}.transactions (tenant, ledger, turn, segment, bucket, seq, part, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "transactions",
    text: "SELECT seq, payload FROM {keyspace}.transactions WHERE tenant = ? AND ledger = ? AND turn = ? AND segment = ? AND bucket = ? AND seq >= ?",
};

/// The table.
pub struct TransactionsTable {
    insert: Insert,
    select: Select,
}

impl TransactionsTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }
}

#[async_trait]
impl Transactions for TransactionsTable {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError> {
        const OP: &str = "transactions.write";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, segment) = (bigint(OP, turn.0)?, int(OP, segment)?);
        let mut batches = Batches::new();
        let mut last = bucket(first_seq);
        for (seq, row) in (first_seq..).zip(rows) {
            if bucket(seq) != last {
                last = bucket(seq);
                batches.end_partition();
            }
            let (number, place) = (int(OP, seq)?, int(OP, last)?);
            let payload = pack(OP, row)?;
            for (part, bytes) in (0i32..).zip(payload.chunks(PART_BYTES)) {
                let cells = (
                    tenant,
                    ledger,
                    turn,
                    segment,
                    place,
                    number,
                    part,
                    bytes.to_vec(),
                );
                batches.push(bytes.len(), cells);
            }
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
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        const OP: &str = "transactions.page";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, segment) = (bigint(OP, turn.0)?, int(OP, segment)?);
        let wanted = limit as usize;
        let mut page = Vec::new();
        let mut next = from_seq;
        while page.len() < wanted {
            let key = (
                tenant,
                ledger,
                turn,
                segment,
                int(OP, bucket(next))?,
                int(OP, next)?,
            );
            let mut gathered = Gathered::new(wanted - page.len());
            let mut take = |parts: &QueryRowsResult| gathered.take(OP, parts);
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
