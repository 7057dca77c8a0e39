//! Packs: the blocks of checkpoints that one segment writes, one after another in one object. A segment
//! of many assets has hundreds of small blocks; a request for each would cost more than the fold.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;
use domain::checkpoint::{Block, BlockName, Place};
use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use ports::{Objects, PortError, PutMode};

/// Spans that are read at the same time.
const IN_FLIGHT: usize = 8;
/// Bytes between two blocks that are read along with them: cheaper than another request.
const MAX_GAP_BYTES: u64 = 64 * 1024;
/// Bytes of a span, if it has more than one block.
const MAX_SPAN_BYTES: u64 = 8 * 1024 * 1024;

/// A pack being filled.
pub(crate) struct Pack {
    turn: TurnId,
    segment: u32,
    bytes: Vec<u8>,
}

impl Pack {
    /// The pack of a segment.
    pub(crate) fn of(turn: TurnId, segment: u32) -> Self {
        Self {
            turn,
            segment,
            bytes: Vec::new(),
        }
    }

    /// Takes a block in, unless it lies somewhere already, and notes its place.
    pub(crate) fn add(&mut self, places: &mut BTreeMap<BlockName, Place>, block: &Block) {
        if let Entry::Vacant(place) = places.entry(block.name) {
            place.insert(Place {
                turn: self.turn,
                segment: self.segment,
                from: self.bytes.len() as u64,
                length: block.bytes.len() as u64,
            });
            self.bytes.extend_from_slice(&block.bytes);
        }
    }

    /// Stores it. A second copy of the segment's message writes the same bytes.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn put(
        self,
        objects: &dyn Objects,
        owner: &LedgerRef,
    ) -> Result<(), PortError> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let key = keys::pack(owner, self.turn, self.segment);
        let put = objects.put(&key, self.bytes.into(), PutMode::Overwrite);
        put.await.map(drop)
    }
}

/// Reads the blocks that lie at `places`.
///
/// # Errors
/// What the store says; `Retry` when a pack is not there, `Invalid` when it is too short.
pub(crate) async fn read(
    objects: &dyn Objects,
    owner: &LedgerRef,
    places: BTreeMap<Place, BlockName>,
) -> Result<BTreeMap<BlockName, Bytes>, PortError> {
    // Boxed and collected: a stream that holds the closure is not known to be `Send`.
    let reads: Vec<BoxFuture<'_, _>> = spans(places)
        .into_iter()
        .map(|span| read_span(objects, owner, span).boxed())
        .collect();
    let read: Vec<Vec<(BlockName, Bytes)>> = stream::iter(reads)
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    Ok(read.into_iter().flatten().collect())
}

/// Blocks of one pack that are read by one request: sorted, and not empty.
type Span = Vec<(Place, BlockName)>;

/// Joins what lies close together.
fn spans(places: BTreeMap<Place, BlockName>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (place, name) in places {
        match spans.last_mut() {
            Some(span) if is_close(span, place) => span.push((place, name)),
            _ => spans.push(vec![(place, name)]),
        }
    }
    spans
}

fn is_close(span: &Span, place: Place) -> bool {
    let (Some((first, _)), Some((last, _))) = (span.first(), span.last()) else {
        return false;
    };
    let gap = place.from.saturating_sub(end(*last));
    (first.turn, first.segment) == (place.turn, place.segment)
        && gap <= MAX_GAP_BYTES
        && end(place).saturating_sub(first.from) <= MAX_SPAN_BYTES
}

fn end(place: Place) -> u64 {
    place.from.saturating_add(place.length)
}

async fn read_span(
    objects: &dyn Objects,
    owner: &LedgerRef,
    span: Span,
) -> Result<Vec<(BlockName, Bytes)>, PortError> {
    const OP: &str = "metrics.pack";
    let (Some((first, _)), Some((last, _))) = (span.first(), span.last()) else {
        return Ok(Vec::new());
    };
    let key = keys::pack(owner, first.turn, first.segment);
    let bytes = objects
        .get(&key, None, Some(first.from..end(*last)))
        .await?;
    let bytes = bytes.ok_or_else(|| PortError::retry(OP, format!("{key} is not there")))?;
    let cut = |place: Place| {
        let from = usize::try_from(place.from.checked_sub(first.from)?).ok()?;
        let to = from.checked_add(usize::try_from(place.length).ok()?)?;
        (to <= bytes.len()).then(|| bytes.slice(from..to))
    };
    let too_short = || PortError::invalid(OP, format!("{key} is shorter than its manifest says"));
    span.iter()
        .map(|(place, name)| Ok((*name, cut(*place).ok_or_else(too_short)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::ops::Range;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use ports::{ObjectHead, ObjectWriter, PortErrorKind};

    use super::*;

    #[derive(Default)]
    struct InMemory(Mutex<BTreeMap<String, Bytes>>);

    #[async_trait]
    impl Objects for InMemory {
        async fn put(&self, key: &str, body: Bytes, _: PutMode) -> Result<String, PortError> {
            self.0.lock().unwrap().insert(key.to_owned(), body);
            Ok(String::new())
        }

        async fn get(
            &self,
            key: &str,
            _: Option<&str>,
            range: Option<Range<u64>>,
        ) -> Result<Option<Bytes>, PortError> {
            let found = self.0.lock().unwrap().get(key).cloned();
            let range = range.unwrap();
            Ok(found.map(|body| {
                let end = usize::try_from(range.end).unwrap().min(body.len());
                body.slice(usize::try_from(range.start).unwrap()..end)
            }))
        }

        async fn head(&self, _: &str) -> Result<Option<ObjectHead>, PortError> {
            Err(PortError::bug("head", "packs are not asked about"))
        }

        async fn create(&self, _: &str) -> Result<Box<dyn ObjectWriter>, PortError> {
            Err(PortError::bug("create", "packs are written at once"))
        }
    }

    fn owner() -> LedgerRef {
        LedgerRef {
            tenant: "one".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        }
    }

    fn block(n: u8, length: usize) -> Block {
        let bytes = vec![n; length];
        Block {
            name: BlockName::of(&bytes),
            bytes,
        }
    }

    /// Packs of two segments, with the blocks that went in.
    async fn stored(objects: &InMemory) -> (BTreeMap<BlockName, Place>, Vec<Block>) {
        let (mut places, mut blocks) = (BTreeMap::new(), Vec::new());
        for (segment, lengths) in [(0, [10, 70_000, 20]), (1, [1, 9_000_000, 5])] {
            let mut pack = Pack::of(TurnId(4), segment);
            for length in lengths {
                let block = block(u8::try_from(blocks.len()).unwrap(), length);
                pack.add(&mut places, &block);
                blocks.push(block);
            }
            pack.put(objects, &owner()).await.unwrap();
        }
        (places, blocks)
    }

    #[tokio::test]
    async fn every_block_is_read_as_it_was_stored_whichever_are_asked_for() {
        let objects = InMemory::default();
        let (places, blocks) = stored(&objects).await;
        for wanted in 0_u8..64 {
            let asked = blocks.iter().zip(0..).filter(|(_, n)| wanted >> n & 1 == 1);
            let asked: Vec<&Block> = asked.map(|(block, _)| block).collect();
            let at = asked.iter().map(|block| (places[&block.name], block.name));
            let read = read(&objects, &owner(), at.collect()).await.unwrap();
            let expected = asked
                .iter()
                .map(|block| (block.name, Bytes::from(block.bytes.clone())));
            assert_eq!(read, expected.collect());
        }
    }

    #[tokio::test]
    async fn what_lies_close_together_is_one_request_and_a_large_span_is_not() {
        let (places, _) = stored(&InMemory::default()).await;
        let placed = |(name, place): (&BlockName, &Place)| (*place, *name);
        let of_both = spans(places.iter().map(placed).collect());
        assert_eq!(
            of_both.iter().map(Vec::len).collect::<Vec<_>>(),
            [3, 1, 1, 1]
        );
        let far = places.iter().filter(|(_, place)| place.length != 70_000);
        assert_eq!(spans(far.map(placed).collect()).len(), 5);
    }

    #[tokio::test]
    async fn a_block_that_lies_somewhere_is_not_stored_again() {
        let mut places = BTreeMap::new();
        let mut first = Pack::of(TurnId(1), 0);
        first.add(&mut places, &block(1, 10));
        let mut second = Pack::of(TurnId(2), 0);
        second.add(&mut places, &block(1, 10));
        assert_eq!((first.bytes.len(), second.bytes.len()), (10, 0));
        assert!(places.values().all(|place| place.turn == TurnId(1)));
    }

    #[tokio::test]
    async fn a_pack_that_is_missing_or_too_short_is_an_error() {
        let objects = InMemory::default();
        let name = BlockName::of(b"x");
        let place = Place {
            turn: TurnId(1),
            segment: 0,
            from: 0,
            length: 10,
        };
        let (store, owner) = (&objects, &owner());
        let asked = || read(store, owner, BTreeMap::from([(place, name)]));
        assert_eq!(asked().await.unwrap_err().kind, PortErrorKind::Retry);
        let key = keys::pack(owner, TurnId(1), 0);
        let short = Bytes::from_static(b"short");
        objects.put(&key, short, PutMode::Overwrite).await.unwrap();
        assert_eq!(asked().await.unwrap_err().kind, PortErrorKind::Invalid);
    }
}
