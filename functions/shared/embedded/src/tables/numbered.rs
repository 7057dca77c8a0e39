//! A table whose rows are numbered within a segment: `((ledger, turn, segment), seq)`. Each has a
//! schema and statements of its own, with the same columns.

use domain::ids::{LedgerRef, TurnId};
use ports::PortError;
use ports::payload::{pack_onto, unpack};
use rusqlite::{Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::signed;
use crate::database::{Database, Durability};

/// The segment that rows are numbered in.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) ledger: &'a LedgerRef,
    pub(super) turn: TurnId,
    pub(super) segment: u32,
}

/// Writes rows from number `first_seq` on by an `insert` of tenant, ledger, turn, segment, number and
/// payload.
pub(super) async fn write<T: Serialize>(
    database: &Database,
    op: &'static str,
    insert: &'static str,
    place: Place<'_>,
    first_seq: u32,
    rows: &[T],
) -> Result<(), PortError> {
    let LedgerRef { tenant, ledger } = place.ledger.clone();
    let (turn, segment) = (signed(op, place.turn.0)?, place.segment);
    let (mut packed, mut lengths) = (Vec::new(), Vec::with_capacity(rows.len()));
    for row in rows {
        let before = packed.len();
        packed = pack_onto(op, row, packed)?;
        lengths.push(packed.len() - before);
    }
    let insert = move |t: &Transaction<'_>| {
        let mut statement = t.prepare_cached(insert)?;
        // What is the same for all rows stays bound.
        statement.raw_bind_parameter(1, tenant.as_str())?;
        statement.raw_bind_parameter(2, ledger.as_str())?;
        statement.raw_bind_parameter(3, turn)?;
        statement.raw_bind_parameter(4, segment)?;
        let mut rest = packed.as_slice();
        for (seq, length) in (i64::from(first_seq)..).zip(lengths) {
            let (payload, behind) = rest.split_at(length);
            statement.raw_bind_parameter(5, seq)?;
            statement.raw_bind_parameter(6, payload)?;
            statement.raw_execute()?;
            rest = behind;
        }
        Ok(())
    };
    database.write(op, Durability::Synced, insert).await
}

/// Rows from number `from_seq`, at most `limit`, by a `select` of number and payload.
pub(super) async fn page<T: DeserializeOwned + Send + 'static>(
    database: &Database,
    op: &'static str,
    select: &'static str,
    place: Place<'_>,
    from_seq: u32,
    limit: u32,
) -> Result<Vec<(u32, T)>, PortError> {
    let LedgerRef { tenant, ledger } = place.ledger.clone();
    let (turn, segment) = (signed(op, place.turn.0)?, place.segment);
    let select = move |t: &Transaction<'_>| {
        let mut statement = t.prepare_cached(select)?;
        let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
        let from = params![tenant, ledger, turn, segment, from_seq, limit];
        let mut found = statement.query(from)?;
        let mut page = Vec::new();
        while let Some(row) = found.next()? {
            let payload = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            page.push((row.get(0)?, unpack(op, payload)?));
        }
        Ok(page)
    };
    database.read(op, select).await
}
