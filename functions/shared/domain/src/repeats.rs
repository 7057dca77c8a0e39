//! The pure part of finding the rows of a ledger that repeat an (account, ID). It comes from the
//! identity entries in the digests of chunks, no row is read.
//!
//! Few rows repeat another, so the entries are looked at twice: first all hashes pass through
//! `SeenHashes`, whose memory does not grow with a ledger of ordinary size; then only the entries
//! whose hash may stand twice are held and compared (`repeats`).

use std::collections::BTreeSet;

use crate::digest::Identity;
use crate::ids::JobId;
use crate::plan::RepeatedId;
use crate::rows::RowRef;
use crate::segments::Span;
use crate::time::Instant;

/// Places of the smallest table: 4 MiB. With 600,000 hashes two in a hundred share their place.
const LEAST_PLACES: u64 = 1 << 25;
/// Places for each hash in a larger ledger.
const PLACES_PER_HASH: u64 = 32;

/// Which hashes may have been seen twice: one bit for each place a hash can fall on. Two hashes may
/// share a place, so the answer can be a false yes and never a false no.
#[derive(Debug)]
pub struct SeenHashes {
    bits: Vec<u64>,
    mask: u64,
    twice: BTreeSet<u64>,
}

impl SeenHashes {
    /// For about so many hashes.
    #[must_use]
    pub fn with_room_for(hashes: u64) -> Self {
        let places = hashes
            .saturating_mul(PLACES_PER_HASH)
            .max(LEAST_PLACES)
            .checked_next_power_of_two()
            .unwrap_or(LEAST_PLACES);
        Self {
            bits: vec![0; usize::try_from(places / 64).unwrap_or(0)],
            mask: places - 1,
            twice: BTreeSet::new(),
        }
    }

    /// Notes a hash.
    pub fn add(&mut self, hash: &[u8; 16]) {
        let place = self.place(hash);
        let bit = 1 << (place % 64);
        let word = usize::try_from(place / 64).ok();
        let Some(word) = word.and_then(|word| self.bits.get_mut(word)) else {
            return;
        };
        if *word & bit != 0 {
            self.twice.insert(place);
        }
        *word |= bit;
    }

    /// Whether no hash can have been seen twice.
    #[must_use]
    pub fn all_differ(&self) -> bool {
        self.twice.is_empty()
    }

    /// The same answers in less memory, once every hash was added.
    #[must_use]
    pub fn settled(self) -> Self {
        Self {
            bits: Vec::new(),
            ..self
        }
    }

    /// Whether the hash may have been seen twice.
    #[must_use]
    pub fn may_repeat(&self, hash: &[u8; 16]) -> bool {
        self.twice.contains(&self.place(hash))
    }

    fn place(&self, hash: &[u8; 16]) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        u64::from_le_bytes(first) & self.mask
    }
}

/// A row that repeats an (account, ID), and its time: the segment whose plan must say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repeat {
    /// When the row that repeats happened.
    pub at: Instant,
    /// The row and the row it repeats.
    pub repeated: RepeatedId,
}

/// The rows of a ledger that repeat an (account, ID), sorted by time and place. `entries` are, in any
/// order, at least the identity entries of every hash that stands twice, with their upload. Of the
/// entries of one hash the first in the total order is kept, the others repeat it.
#[must_use]
pub fn repeats(mut entries: Vec<(JobId, Identity)>) -> Vec<Repeat> {
    entries.sort_unstable_by_key(|(_, identity)| identity.hash);
    let mut found = Vec::new();
    for same in entries.chunk_by(|(_, a), (_, b)| a.hash == b.hash) {
        add_group(same, &mut found);
    }
    found.sort_unstable();
    found
}

/// The entries of `repeats` (sorted by time) in a span, as a segment's plan lists them.
#[must_use]
pub fn repeats_within(repeats: &[Repeat], span: &Span) -> Vec<RepeatedId> {
    let start = repeats.partition_point(|repeat| repeat.at < span.from);
    let within = repeats
        .iter()
        .skip(start)
        .take_while(|repeat| repeat.at < span.to);
    let mut listed: Vec<RepeatedId> = within.map(|repeat| repeat.repeated).collect();
    listed.sort_unstable();
    listed
}

/// Reports the repeats among entries of one hash.
fn add_group(same: &[(JobId, Identity)], found: &mut Vec<Repeat>) {
    let kept = same
        .iter()
        .min_by_key(|(job, identity)| precedence(*job, identity));
    if let Some(kept) = kept.map(|(job, identity)| row_ref(*job, identity)) {
        for (job, identity) in same {
            let row = row_ref(*job, identity);
            if row != kept {
                found.push(Repeat {
                    at: identity.at,
                    repeated: RepeatedId { row, kept },
                });
            }
        }
    }
}

/// The total order among rows of one account and ID, as far as finding its first row needs it: the
/// occurrence is left out, because the first of equal rows is the first line of the first upload
/// that has them, and that is occurrence 0.
fn precedence(job: JobId, identity: &Identity) -> (Instant, u8, [u8; 16], JobId, u64) {
    (
        identity.at,
        identity.rank,
        identity.fingerprint,
        job,
        identity.line,
    )
}

fn row_ref(job: JobId, identity: &Identity) -> RowRef {
    RowRef {
        job,
        line: identity.line,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn span(from: i64, to: i64, rows: u32) -> Span {
        Span {
            from: Instant(from),
            to: Instant(to),
            rows,
        }
    }

    fn job(number: u8) -> JobId {
        JobId::new(u64::from(number), &[0; 10])
    }

    fn identity((hash, at, rank, fingerprint): (u8, i64, u8, u8), line: u64) -> Identity {
        let at = Instant(at);
        Identity {
            hash: [hash; 16],
            at,
            rank,
            fingerprint: [fingerprint; 16],
            line,
        }
    }

    #[test]
    fn hashes_that_share_a_place_may_repeat_and_a_larger_table_parts_them() {
        let (mut one, mut other) = ([0; 16], [0; 16]);
        (one[0], other[0], other[3]) = (7, 7, 4);
        for (hashes, shared) in [(1, true), (1 << 22, false)] {
            let mut seen = SeenHashes::with_room_for(hashes);
            seen.add(&one);
            seen.add(&other);
            assert_eq!(seen.all_differ(), !shared);
            assert_eq!(seen.settled().may_repeat(&one), shared);
        }
    }

    #[test]
    fn the_first_in_the_total_order_is_kept_and_repeats_fall_to_their_own_spans() {
        let found = repeats(vec![
            (job(1), identity((1, 50, 0, 0), 3)),
            (job(1), identity((2, 10, 0, 0), 2)),
            (job(2), identity((1, 20, 2, 0), 9)),
            (job(2), identity((1, 20, 2, 0), 7)),
        ]);
        let kept = RowRef {
            job: job(2),
            line: 7,
        };
        let late = RepeatedId {
            row: RowRef {
                job: job(1),
                line: 3,
            },
            kept,
        };
        let beside = RepeatedId {
            row: RowRef {
                job: job(2),
                line: 9,
            },
            kept,
        };
        let expected = [(20, beside), (50, late)].map(|(at, repeated)| Repeat {
            at: Instant(at),
            repeated,
        });
        assert_eq!(found, expected);
        assert_eq!(repeats_within(&found, &span(0, 50, 0)), [beside]);
        assert_eq!(repeats_within(&found, &span(50, 51, 0)), [late]);
    }

    proptest! {
        #[test]
        fn repeats_keep_one_row_of_each_hash_in_whatever_order_and_however_few_others_are_given(
            rows in prop::collection::vec(((0..4_u8, 0..3_i64, 0..2_u8, 0..2_u8), 0..3_u8), 0..20),
            seed in any::<u64>(),
        ) {
            let rows: Vec<(JobId, Identity)> = (1..)
                .zip(rows)
                .map(|(line, (entry, file))| (job(file), identity(entry, line)))
                .collect();
            let mut kept: BTreeMap<[u8; 16], (JobId, Identity)> = BTreeMap::new();
            let mut sorted = rows.clone();
            sorted.sort_by_key(|(job, identity)| precedence(*job, identity));
            let mut expected = Vec::new();
            for (job, identity) in sorted {
                let first = *kept.entry(identity.hash).or_insert((job, identity));
                if first != (job, identity) {
                    let repeated = RepeatedId {
                        row: row_ref(job, &identity),
                        kept: row_ref(first.0, &first.1),
                    };
                    expected.push(Repeat { at: identity.at, repeated });
                }
            }
            expected.sort();

            let mut shuffled = rows.clone();
            shuffled.sort_by_key(|(_, identity)| blake3::hash(&(identity.line ^ seed).to_le_bytes()).as_bytes().to_vec());
            prop_assert_eq!(repeats(shuffled), expected.clone());
            let mut seen = SeenHashes::with_room_for(rows.len() as u64);
            rows.iter().for_each(|(_, identity)| seen.add(&identity.hash));
            let seen = seen.settled();
            let chosen: Vec<_> = rows.into_iter().filter(|(_, identity)| seen.may_repeat(&identity.hash)).collect();
            prop_assert_eq!(chosen.is_empty(), seen.all_differ());
            prop_assert_eq!(repeats(chosen), expected);
        }
    }
}
