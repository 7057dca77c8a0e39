//! The step `rejects`: a job's refused records, cut out of the file the user uploaded.
//!
//! The file has the original columns, then line, code and message, and is divided as the original
//! is, so that it can be corrected and uploaded as it is; it is UTF-8 whatever the original is. Cells
//! that a spreadsheet would compute are written as text, and read as what they were (`formula`).

use csv::ByteRecord;
use domain::dialect::Dialect;
use domain::ids::{Generation, JobId, LedgerRef, Stage};
use domain::keys;
use domain::plan::{Chunk, ChunkPlan};
use domain::state::DoneSet;
use ports::objects::read_json;
use ports::tables::{Reject, Rejects};
use ports::{DoneSets, Objects, PortError, StateStore, orders};

use crate::cells::Lines;

/// The columns behind the original ones.
const ADDED: [&str; 3] = ["_line", "_code", "_message"];

/// Whose records.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The upload.
    pub(crate) job: JobId,
    /// The attempt.
    pub(crate) generation: Generation,
}

/// Writes the file of an order that waits, then marks it ready.
///
/// # Errors
/// What a port says; the order still waits then. `Invalid` when the original is not there or not as
/// long as its plan says.
pub(crate) async fn rejects(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    objects: &dyn Objects,
    table: &dyn Rejects,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = keys::rejects(work.owner, work.job, work.generation);
    if !orders::is_waiting(state, work.owner, &key).await? {
        return Ok(());
    }
    let set = done_sets
        .read(&DoneSet::job_key(work.job, work.owner, Stage::Ingest))
        .await?;
    let Some(set) = set.filter(|set| set.generation == work.generation) else {
        let why = "the job was tried again meanwhile; ask for its rejects anew";
        return orders::end(state, work.owner, &key, Some(why)).await;
    };
    let plan: ChunkPlan = read_json(objects, &keys::chunk_plan(work.owner, work.job)).await?;
    let mut object = objects.create(&key).await?;
    let mut lines = Lines::new(plan.dialect.delimiter);
    let header: Vec<&str> = plan
        .header
        .iter()
        .map(String::as_str)
        .chain(ADDED)
        .collect();
    lines.header(&header)?;
    let joined = joined(table, &plan, &set, work).await?;
    for (chunk, generation) in &set.done {
        let Some(place) = plan.chunks.get(*chunk as usize) else {
            continue;
        };
        let mut refused = table.read(work.job, *generation, *chunk).await?;
        refused.extend(
            joined
                .iter()
                .filter(|reject| stands_in(reject, place))
                .cloned(),
        );
        refused.sort_by_key(|reject| reject.line);
        if !refused.is_empty() {
            cut(objects, &plan, place, &refused, &mut lines).await?;
            object.write(lines.take()?).await?;
        }
    }
    object.write(lines.take()?).await?;
    object.finish().await?;
    tracing::info!("wrote the refused records");
    orders::end(state, work.owner, &key, None).await
}

/// What the join refused: at most `limits::MAX_FRAGMENTS` records, of any chunks.
async fn joined(
    table: &dyn Rejects,
    plan: &ChunkPlan,
    set: &DoneSet,
    work: Work<'_>,
) -> Result<Vec<Reject>, PortError> {
    let join = plan
        .join()
        .and_then(|join| Some((join, *set.done.get(&join)?)));
    match join {
        Some((join, generation)) => table.read(work.job, generation, join).await,
        None => Ok(Vec::new()),
    }
}

fn stands_in(reject: &Reject, chunk: &Chunk) -> bool {
    (chunk.offset..chunk.offset.saturating_add(chunk.length)).contains(&reject.offset)
}

/// The refused records of a chunk, as lines.
async fn cut(
    objects: &dyn Objects,
    plan: &ChunkPlan,
    chunk: &Chunk,
    refused: &[Reject],
    lines: &mut Lines,
) -> Result<(), PortError> {
    let range = chunk.offset..chunk.offset.saturating_add(chunk.length);
    let Some(bytes) = objects
        .get(&plan.key, Some(&plan.version), Some(range))
        .await?
    else {
        return Err(PortError::invalid(
            "export.rejects",
            "the uploaded file is not there",
        ));
    };
    for reject in refused {
        let record = slice(&bytes, chunk, reject).ok_or_else(|| {
            PortError::invalid(
                "export.rejects",
                format!("line {} is outside of its chunk", reject.line),
            )
        })?;
        for cell in fitted(record, plan.dialect, plan.header.len())? {
            lines.bytes(&cell)?;
        }
        lines.text(&reject.line.to_string())?;
        lines.text(&reject.code)?;
        lines.text(&reject.message)?;
        lines.end()?;
    }
    Ok(())
}

fn slice<'a>(bytes: &'a [u8], chunk: &Chunk, reject: &Reject) -> Option<&'a [u8]> {
    let from = usize::try_from(reject.offset.checked_sub(chunk.offset)?).ok()?;
    let to = from.checked_add(usize::try_from(reject.length).ok()?)?;
    bytes.get(from..to)
}

/// The record's cells, as many as the header has: missing ones are empty, surplus ones stand in the
/// last cell, divided as they were, so that nothing is lost and the added columns stay in place.
fn fitted(record: &[u8], dialect: Dialect, columns: usize) -> Result<Vec<Vec<u8>>, PortError> {
    let delimiter = dialect.delimiter;
    let text = dialect.encoding.decode(record);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(&text[..]);
    let mut fields = ByteRecord::new();
    reader
        .read_byte_record(&mut fields)
        .map_err(|error| PortError::bug("export.rejects", error))?;
    let mut cells: Vec<Vec<u8>> = Vec::with_capacity(columns);
    for (place, field) in fields.iter().enumerate() {
        match cells.last_mut().filter(|_| place >= columns) {
            Some(last) => {
                last.push(delimiter);
                last.extend_from_slice(field);
            }
            None => cells.push(field.to_vec()),
        }
    }
    cells.resize(columns, Vec::new());
    Ok(cells)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn shown(record: &str, columns: usize) -> Vec<String> {
        let cells = fitted(record.as_bytes(), Dialect::utf8(b','), columns).unwrap();
        cells
            .into_iter()
            .map(|cell| String::from_utf8(cell).unwrap())
            .collect()
    }

    #[test]
    fn a_record_is_fitted_to_the_header_and_loses_nothing() {
        assert_eq!(shown("a,\"b,c\",d", 3), ["a", "b,c", "d"]);
        assert_eq!(shown("a", 3), ["a", "", ""]);
        assert_eq!(shown("a,b,c,d", 2), ["a", "b,c,d"]);
        assert_eq!(shown("\"two\nlines\",b", 2), ["two\nlines", "b"]);
    }
}
