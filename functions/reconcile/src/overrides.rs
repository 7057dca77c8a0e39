//! What the user says of rows, on its way into the plan: each segment's fold is told of its own rows, and
//! both ends of every link are found first. They may lie years and segments apart, and a row that is
//! gone, repeats another or is left out is no end; so the rows of their instants are read, which the
//! digests tell the chunks of.

use std::collections::{BTreeMap, BTreeSet};

use domain::digest::ChunkDigest;
use domain::duplicates::judge;
use domain::identity::RowIdentity;
use domain::keys;
use domain::limits::CHUNKS_PER_BUCKET;
use domain::order::place_rows;
use domain::overrides::{Found, OverrideBook, Ruling, Rulings, transfer};
use domain::plan::RowPartition;
use domain::read_rows::Partner;
use domain::repeats::{Repeat, repeats_within};
use domain::revision::Snapshot;
use domain::segments::Span;
use domain::time::Instant;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use ports::digests::ChunkRef;
use ports::objects::read_json;
use ports::tables::Rows;
use ports::{Objects, PortError, segments};

/// Instants that are read at the same time.
const READS_IN_FLIGHT: usize = 8;

/// The overrides in force.
///
/// # Errors
/// What the store says.
pub(crate) async fn in_force(
    objects: &dyn Objects,
    snapshot: &Snapshot,
) -> Result<OverrideBook, PortError> {
    match snapshot.overrides {
        Some(turn) => read_json(objects, &keys::overrides(&snapshot.ledger, turn)).await,
        None => Ok(OverrideBook::default()),
    }
}

/// A partition that a chunk has rows of an instant in.
pub(crate) fn partition(chunk: ChunkRef, at: Instant) -> RowPartition {
    RowPartition {
        job: chunk.job,
        generation: chunk.generation,
        month: at.utc_day().month(),
        bucket: chunk.chunk / CHUNKS_PER_BUCKET,
    }
}

/// The instants that have an end of a link, and where their rows are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sought(BTreeMap<Instant, BTreeSet<RowPartition>>);

impl Sought {
    /// Those of links with an end behind the border: the others were decided before.
    pub(crate) fn of(book: &OverrideBook, border: Instant) -> Self {
        let links = book
            .iter()
            .filter_map(|(row, entry)| Some((*row, entry.told.link?)));
        let open = links.filter(|(row, other)| row.at.max(other.at) >= border);
        Self(open.map(|(row, _)| (row.at, BTreeSet::new())).collect())
    }

    /// A chunk passes by.
    pub(crate) fn note(&mut self, chunk: ChunkRef, digest: &ChunkDigest) {
        let ends = digest.times.first().zip(digest.times.last());
        let Some(((first, _), (last, _))) = ends else {
            return;
        };
        for (at, partitions) in self.0.range_mut(*first..=*last) {
            if digest.times.binary_search_by_key(at, |(at, _)| *at).is_ok() {
                partitions.insert(partition(chunk, *at));
            }
        }
    }
}

/// The other end of each linked row, of those links that can be.
pub(crate) type Partners = BTreeMap<RowIdentity, Partner>;

/// Finds both ends of every link that is sought.
///
/// # Errors
/// What the table says.
pub(crate) async fn partners(
    rows: &dyn Rows,
    snapshot: &Snapshot,
    book: &OverrideBook,
    sought: &Sought,
    repeated: &[Repeat],
) -> Result<Partners, PortError> {
    let look = Look {
        rows,
        snapshot,
        book,
        repeated,
    };
    let reads: Vec<BoxFuture<'_, _>> = sought
        .0
        .iter()
        .map(|(at, partitions)| look.ends_at(*at, partitions).boxed())
        .collect();
    let mut reads = stream::iter(reads).buffered(READS_IN_FLIGHT);
    let mut ends: BTreeMap<RowIdentity, Found> = BTreeMap::new();
    while let Some(found) = reads.next().await {
        ends.extend(found?);
    }
    let mut partners = Partners::new();
    for (row, end) in &ends {
        let link = book.get(row).and_then(|entry| entry.told.link);
        if let Some(other) = link.and_then(|other| ends.get(&other))
            && transfer(end, other)
        {
            partners.insert(*row, other.partner.clone());
        }
    }
    Ok(partners)
}

/// Where ends are looked for.
#[derive(Clone, Copy)]
struct Look<'a> {
    rows: &'a dyn Rows,
    snapshot: &'a Snapshot,
    book: &'a OverrideBook,
    repeated: &'a [Repeat],
}

impl Look<'_> {
    /// The linked rows of an instant that can be ends of a transfer.
    async fn ends_at(
        self,
        at: Instant,
        partitions: &BTreeSet<RowPartition>,
    ) -> Result<Vec<(RowIdentity, Found)>, PortError> {
        let (from, to) = (at, at.plus_us(1));
        let partitions = partitions.iter().copied();
        let read = segments::read(self.rows, self.snapshot, partitions, (from, to), 0).await?;
        let placed = place_rows(read);
        let span = Span { from, to, rows: 0 };
        let repeats = repeats_within(self.repeated, &span);
        let repeats = repeats.iter().map(|repeat| (repeat.row, repeat.kept));
        let verdicts = judge(&placed, &repeats.collect(), &Rulings::default());
        let mut found = Vec::new();
        for (placed, verdict) in placed.iter().zip(verdicts) {
            let identity = placed.identity();
            let linked = self.book.get(&identity);
            let linked = linked.filter(|entry| entry.told.link.is_some());
            if let Some(entry) = linked.filter(|_| verdict.duplicate_of.is_none())
                && let Some(end) = Found::of(placed, &entry.told)
            {
                found.push((identity, end));
            }
        }
        Ok(found)
    }
}

/// What is said of the rows of a span, as a segment's plan lists it.
pub(crate) fn rulings(book: &OverrideBook, partners: &Partners, span: &Span) -> Vec<Ruling> {
    let within = book.within(span.from, span.to);
    within
        .map(|(row, entry)| Ruling {
            row: *row,
            told: entry.told.clone(),
            partner: partners.get(row).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::ids::{Generation, JobId};
    use domain::overrides::{Changes, Edit, Subject};
    use domain::rows::Kind;
    use domain::time::DAY_US;

    use super::*;

    fn row(day: i64) -> RowIdentity {
        RowIdentity {
            at: Instant(day * DAY_US),
            hash: [1; 16],
            occurrence: 0,
        }
    }

    /// Links of the rows of these days, and a row that is only left out.
    fn book(links: &[(i64, i64)]) -> OverrideBook {
        let subject = |day| {
            let subject = Subject {
                kind: Kind::Fee,
                account: "a".parse().unwrap(),
                id: None,
                sent: None,
                received: None,
                fee: None,
                net_worth: None,
                fee_worth: None,
            };
            (row(day), subject)
        };
        let links = links
            .iter()
            .map(|(one, other)| (row(*one), Edit::Link(row(*other))));
        let mut book = OverrideBook::default();
        book.apply(&Changes {
            rows: (0..100).map(subject).collect(),
            edits: links.chain([(row(50), Edit::Ignore)]).collect(),
        });
        book
    }

    fn chunk(number: u32) -> ChunkRef {
        ChunkRef {
            job: JobId::new(1, &[1; 10]),
            chunk: number,
            generation: Generation::FIRST,
        }
    }

    fn digest(days: &[i64]) -> ChunkDigest {
        ChunkDigest {
            times: days.iter().map(|day| (row(*day).at, 1)).collect(),
            ..ChunkDigest::default()
        }
    }

    #[test]
    fn both_ends_are_sought_of_links_that_reach_behind_the_border_and_of_no_other() {
        let book = book(&[(1, 2), (3, 60), (61, 70)]);
        let days = |border| -> Vec<i64> {
            let sought = Sought::of(&book, row(border).at);
            sought.0.keys().map(|at| at.0 / DAY_US).collect()
        };
        assert_eq!(days(0), [1, 2, 3, 60, 61, 70]);
        assert_eq!(days(60), [3, 60, 61, 70]);
        assert_eq!(days(61), [61, 70]);
        assert!(days(71).is_empty());
    }

    #[test]
    fn only_partitions_with_a_row_of_the_instant_are_read() {
        let mut sought = Sought::of(&book(&[(3, 60)]), Instant(i64::MIN));
        for (number, days) in [
            (0, &[1, 3, 9][..]),
            (1, &[3]),
            (16, &[3, 60]),
            (32, &[2, 4]),
            (48, &[]),
        ] {
            sought.note(chunk(number), &digest(days));
        }
        let found: Vec<Vec<u32>> = sought
            .0
            .values()
            .map(|partitions| partitions.iter().map(|found| found.bucket).collect())
            .collect();
        assert_eq!(found, [vec![0, 1], vec![1]]);
    }
}
