//! The total order of a ledger: every fold visits rows in it, so the same rows give the same
//! results whatever file, chunk or upload brought them (I11).
//!
//! | key | why |
//! |---|---|
//! | time | lots and balances run forward |
//! | rank: acquisitions, exchanges, disposals | what came at the same moment is there to be sold |
//! | account, then ID (rows without one first) | the user's own names, the same in every upload |
//! | fingerprint | all other content that can show in an answer |
//! | occurrence | the n-th of equal rows in one file: the same in every upload |
//! | upload (its job id), then line | only rows equal in everything above come to these |
//!
//! The occurrence of a row counts the rows before it, by line, in the same upload with the same
//! account, ID and fingerprint. Equal fingerprints have equal times, and an instant is never divided
//! between segments, so a segment's rows are enough to know it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::ids::{Account, JobId};
use crate::read_rows::RowName;
use crate::rows::{Leg, Row, RowRef};
use crate::time::Instant;

/// The rank of a row that only acquires.
const ACQUIRES: u8 = 0;
/// The rank of a row that exchanges like for like.
const EXCHANGES: u8 = 1;
/// The rank of a row that disposes.
const DISPOSES: u8 = 2;

/// A row and the upload that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// The upload: also its sequence number.
    pub job: JobId,
    /// The row.
    pub row: Row,
}

impl LedgerRow {
    /// Where it stands.
    #[must_use]
    pub fn row_ref(&self) -> RowRef {
        RowRef {
            job: self.job,
            line: self.row.line,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> RowName {
        RowName {
            row: self.row_ref(),
            id: self.row.id.clone(),
        }
    }
}

/// A row in its place, with what finding the place had to compute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The row.
    pub row: LedgerRow,
    /// Its fingerprint, where another row shares its time, rank and account. Rows with equal content
    /// always share those, so a row without one here is like no other.
    pub fingerprint: Option<[u8; 16]>,
    /// How many equal rows of its file stand before it.
    pub occurrence: u32,
}

impl Row {
    /// Its place among the rows of its instant: 0 acquires only (receives, or buys crypto with
    /// fiat), 1 exchanges (crypto for crypto, fiat for fiat), 2 disposes (sells for fiat, sends, or
    /// pays a fee).
    #[must_use]
    pub fn rank(&self) -> u8 {
        match (&self.sent, &self.received) {
            (None, Some(_)) => ACQUIRES,
            (_, None) => DISPOSES,
            (Some(sent), Some(received)) => {
                match (sent.asset.is_fiat(), received.asset.is_fiat()) {
                    (true, false) => ACQUIRES,
                    (false, true) => DISPOSES,
                    _ => EXCHANGES,
                }
            }
        }
    }

    /// A hash of everything that can show in an answer, except the ID and the place in the file.
    /// Amounts that are numerically equal count as equal. Frozen: digests in storage hold it.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut text = Vec::with_capacity(256);
        text.extend_from_slice(&self.at.0.to_le_bytes());
        // The name, not the number of the variant: names are frozen, numbers are not.
        put_text(
            &mut text,
            &serde_json::to_string(&self.kind).unwrap_or_default(),
        );
        put_text(&mut text, self.account.as_str());
        for leg in [
            &self.sent,
            &self.received,
            &self.fee,
            &self.net_worth,
            &self.fee_worth,
        ] {
            put_leg(&mut text, leg.as_ref());
        }
        put_optional(&mut text, self.tx_hash.as_deref());
        put_optional(&mut text, self.description.as_deref());
        short_hash(&text)
    }

    /// A hash of account and ID; absent when the row has no ID. Frozen: digests in storage hold it.
    #[must_use]
    pub fn identity_hash(&self) -> Option<[u8; 16]> {
        Some(hash_of(&self.account, self.id.as_deref()?))
    }
}

/// A hash of account and ID.
pub(crate) fn hash_of(account: &Account, id: &str) -> [u8; 16] {
    let mut text = Vec::with_capacity(64);
    put_text(&mut text, account.as_str());
    put_text(&mut text, id);
    short_hash(&text)
}

/// Sorts rows by the total order. They must be all rows of every instant among them.
pub fn sort_rows(rows: &mut Vec<LedgerRow>) {
    let placed = place_rows(std::mem::take(rows));
    rows.extend(placed.into_iter().map(|placed| placed.row));
}

/// Sorts rows by the total order and keeps what that took to know. They must be all rows of every
/// instant among them. Most instants hold one row: a fingerprint is computed only where two rows
/// share time, rank and account.
#[must_use]
pub fn place_rows(mut rows: Vec<LedgerRow>) -> Vec<Placed> {
    rows.sort_unstable_by(|a, b| by_group(&a.row, &b.row).then_with(|| a.row.id.cmp(&b.row.id)));
    let mut placed: Vec<Placed> = rows
        .into_iter()
        .map(|row| Placed {
            row,
            fingerprint: None,
            occurrence: 0,
        })
        .collect();
    for group in placed.chunk_by_mut(|a, b| by_group(&a.row.row, &b.row.row).is_eq()) {
        if group.len() > 1 {
            place_group(group);
        }
    }
    placed
}

/// The rows of one instant in `placed`, one slice per instant.
pub fn instants(placed: &[Placed]) -> impl Iterator<Item = (Instant, &[Placed])> {
    placed
        .chunk_by(|a, b| a.row.row.at == b.row.row.at)
        .filter_map(|instant| Some((instant.first()?.row.row.at, instant)))
}

/// Time, rank, account: rows that differ here need no fingerprint.
fn by_group(a: &Row, b: &Row) -> Ordering {
    a.at.cmp(&b.at)
        .then_with(|| a.rank().cmp(&b.rank()))
        .then_with(|| a.account.cmp(&b.account))
}

/// Orders rows of one time, rank and account, sorted by ID already.
fn place_group(group: &mut [Placed]) {
    for placed in group.iter_mut() {
        placed.fingerprint = Some(placed.row.row.fingerprint());
    }
    for same_id in group.chunk_by_mut(|a, b| a.row.row.id == b.row.row.id) {
        if same_id.len() > 1 {
            same_id.sort_unstable_by_key(|p| (p.fingerprint, p.row.row_ref()));
            count_occurrences(same_id);
            same_id.sort_unstable_by_key(|p| (p.fingerprint, p.occurrence, p.row.row_ref()));
        }
    }
}

/// Numbers the equal rows of each file; `rows` are sorted by fingerprint, job and line.
fn count_occurrences(rows: &mut [Placed]) {
    for equal in rows.chunk_by_mut(|a, b| a.fingerprint == b.fingerprint && a.row.job == b.row.job)
    {
        for (nth, placed) in (0..).zip(equal) {
            placed.occurrence = nth;
        }
    }
}

/// Length first, so that no two lists of texts are written alike.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_optional(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

fn put_leg(out: &mut Vec<u8>, leg: Option<&Leg>) {
    out.push(u8::from(leg.is_some()));
    if let Some(leg) = leg {
        put_text(out, &leg.amount.to_string());
        put_text(out, leg.asset.as_str());
    }
}

fn short_hash(text: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(text).as_bytes()[..16]);
    short
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use proptest::prelude::*;

    use super::*;
    use crate::rows::Kind;

    fn leg(text: &str) -> Option<Leg> {
        let (amount, asset) = text.split_once(' ')?;
        Some(Leg {
            amount: amount.parse().unwrap(),
            asset: asset.parse().unwrap(),
        })
    }

    fn row(line: u64, sent: &str, received: &str) -> Row {
        Row {
            at: Instant(0),
            line,
            chunk: 0,
            kind: Kind::Swap,
            account: "a".parse().unwrap(),
            id: None,
            sent: leg(sent),
            received: leg(received),
            fee: None,
            net_worth: None,
            fee_worth: None,
            records: 1,
            tx_hash: None,
            description: None,
        }
    }

    fn job(number: u8) -> JobId {
        JobId::new(u64::from(number), &[0; 10])
    }

    #[test]
    fn acquisitions_come_before_exchanges_before_disposals() {
        assert_eq!(row(1, "", "1 BTC").rank(), 0);
        assert_eq!(row(1, "5 USD", "1 BTC").rank(), 0);
        assert_eq!(row(1, "1 BTC", "2 ETH").rank(), 1);
        assert_eq!(row(1, "1 EUR", "2 USD").rank(), 1);
        assert_eq!(row(1, "1 BTC", "5 USD").rank(), 2);
        assert_eq!(row(1, "1 BTC", "").rank(), 2);
        assert_eq!(row(1, "", "").rank(), 2);
    }

    #[test]
    fn a_fingerprint_sees_content_but_neither_id_nor_place_nor_trailing_zeros() {
        let plain = row(1, "1.50 BTC", "");
        let mut same = row(9, "1.5 BTC", "");
        same.id = Some("x".into());
        same.chunk = 4;
        assert_eq!(plain.fingerprint(), same.fingerprint());

        let mut moved = plain.clone();
        moved.received = moved.sent.take();
        let mut noted = plain.clone();
        noted.description = Some("".into());
        let mut hashed = plain.clone();
        hashed.tx_hash = Some("".into());
        let mut kinds = plain.clone();
        kinds.kind = Kind::Gift;
        let all = [&plain, &moved, &noted, &hashed, &kinds].map(Row::fingerprint);
        for (n, one) in all.iter().enumerate() {
            assert!(
                !all[..n].contains(one),
                "variant {n} looks like an earlier one"
            );
        }
    }

    #[test]
    fn an_identity_does_not_confuse_account_and_id() {
        let mut one = row(1, "", "");
        one.id = Some("bc".into());
        let mut other = row(1, "", "");
        other.account = "ab".parse().unwrap();
        other.id = Some("c".into());
        assert_ne!(one.identity_hash(), other.identity_hash());
        assert_eq!(row(1, "", "").identity_hash(), None);
    }

    #[test]
    fn equal_rows_of_two_files_interleave_by_occurrence() {
        let rows = [(2, 7), (1, 5), (2, 3), (1, 4)].map(|(file, line)| LedgerRow {
            job: job(file),
            row: row(line, "1 BTC", ""),
        });
        let mut sorted = rows.to_vec();
        sort_rows(&mut sorted);
        let places: Vec<(JobId, u64)> = sorted.iter().map(|r| (r.job, r.row.line)).collect();
        assert_eq!(places, [(job(1), 4), (job(2), 3), (job(1), 5), (job(2), 7)]);
        let occurrences: Vec<u32> = place_rows(sorted).iter().map(|p| p.occurrence).collect();
        assert_eq!(occurrences, [0, 0, 1, 1]);
    }

    proptest! {
        #[test]
        fn the_order_does_not_depend_on_the_order_rows_arrive_in(
            drawn in prop::collection::vec((0..3_i64, 0..3_u8, 0..2_u8, 0..3_u8), 0..24),
            seed in any::<u64>(),
        ) {
            let rows: Vec<LedgerRow> = (1..).zip(drawn).map(|(line, (at, file, id, amount))| {
                let mut row = row(line, &format!("{amount} BTC"), "");
                row.at = Instant(at);
                row.id = (id > 0).then(|| "x".into());
                LedgerRow { job: job(file), row }
            }).collect();
            let mut shuffled = rows.clone();
            shuffled.sort_by_key(|r| blake3::hash(&(r.row.line ^ seed).to_le_bytes()).as_bytes().to_vec());
            prop_assert_eq!(place_rows(rows), place_rows(shuffled));
        }
    }
}
