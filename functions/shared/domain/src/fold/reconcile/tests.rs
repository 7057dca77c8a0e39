//! What the fold decides must not depend on how it is cut, fed or restarted, and must be what the
//! plain `reference` decides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::reference::decide;
use super::*;
use crate::digest::Identity;
use crate::ids::JobId;
use crate::read_rows::UnmatchedReason;
use crate::repeats::{Repeat, repeats, repeats_within};
use crate::rows::{Kind, Leg, Row};
use crate::segments::Span;
use crate::settings::MatchBounds;

/// A row of a transfer; the case of the test changes what it is about.
fn end(line: u64, kind: Kind, account: &str, at: i64, amount: &str) -> LedgerRow {
    let leg = Leg {
        amount: amount.parse().unwrap(),
        asset: "BTC".parse().unwrap(),
    };
    let (sent, received) = match kind {
        Kind::Withdrawal => (Some(leg), None),
        _ => (None, Some(leg)),
    };
    let row = Row {
        at: Instant(at),
        line,
        chunk: 0,
        kind,
        account: account.parse().unwrap(),
        id: None,
        sent,
        received,
        fee: None,
        net_worth: None,
        fee_worth: None,
        records: 1,
        tx_hash: None,
        description: None,
    };
    LedgerRow {
        job: JobId::new(1, &[0; 10]),
        row,
    }
}

fn bounded(window_hours: u32, max_loss_percent: u32, reason_hours: u32) -> Settings {
    let matching = MatchBounds {
        window_hours,
        max_loss_percent,
        reason_hours,
    };
    Settings {
        matching,
        ..Settings::default()
    }
}

/// What a segment leaves behind: where the next one begins, and the checkpoint as it is stored.
struct Border {
    next: u32,
    from: Instant,
    checkpoint: Vec<u8>,
}

/// A fold over many segments.
struct Run {
    decisions: BTreeMap<RowRef, Decision>,
    borders: Vec<Border>,
}

/// How a ledger is cut and fed: drawn at random.
#[derive(Debug, Clone)]
struct Cut {
    /// Whether a segment ends at the n-th instant, over and over.
    ends: Vec<bool>,
    /// Whether a segment's `to` is the next one's `from`, or right after its last instant.
    contiguous: bool,
    shuffle: u64,
}

fn spans(rows: &[LedgerRow], from: Instant, cut: &Cut) -> Vec<Span> {
    let times: BTreeSet<Instant> = rows
        .iter()
        .map(|r| r.row.at)
        .filter(|at| *at >= from)
        .collect();
    let mut spans: Vec<Span> = Vec::new();
    let mut open = false;
    for (at, ends) in times.into_iter().zip(cut.ends.iter().cycle()) {
        match spans.last_mut().filter(|_| open) {
            Some(last) => last.to = at.plus_us(1),
            None => {
                if let Some(last) = spans.last_mut().filter(|_| cut.contiguous) {
                    last.to = at;
                }
                spans.push(Span {
                    from: at,
                    to: at.plus_us(1),
                    rows: 0,
                });
            }
        }
        open = !ends;
    }
    spans
}

/// The planner's part: repeats of the whole ledger, found in the identities of its rows.
fn repeats_of(rows: &[LedgerRow]) -> Vec<Repeat> {
    let mut entries = Vec::new();
    for LedgerRow { job, row } in rows {
        if let Some(hash) = row.identity_hash() {
            let (rank, fingerprint) = (row.rank(), row.fingerprint());
            let identity = Identity {
                hash,
                at: row.at,
                rank,
                fingerprint,
                line: row.line,
            };
            entries.push((*job, identity));
        }
    }
    repeats(entries)
}

/// Folds the rows from a border on, checking what must hold after every segment.
fn fold(rows: &[LedgerRow], from: Option<&Border>, cut: &Cut, settings: &Settings) -> Run {
    let mut run = Run {
        decisions: BTreeMap::new(),
        borders: Vec::new(),
    };
    let (mut checkpoint, first, start) = match from {
        Some(border) => (border.checkpoint.clone(), border.next, border.from),
        None => (ReconcileState::default().encode(), 0, Instant(i64::MIN)),
    };
    let (found, spans) = (repeats_of(rows), spans(rows, start, cut));
    let segment_of = |at: Instant| {
        spans
            .iter()
            .position(|span| span.from <= at && at < span.to)
    };
    for (n, span) in spans.iter().enumerate() {
        let mut loaded: Vec<LedgerRow> = rows
            .iter()
            .filter(|r| span.from <= r.row.at && r.row.at < span.to)
            .cloned()
            .collect();
        loaded.sort_by_key(|r| *blake3::hash(&(r.row.line ^ cut.shuffle).to_le_bytes()).as_bytes());
        let listed = repeats_within(&found, span);
        let closes = (n + 1 < spans.len()).then_some(span.to);
        let segment = first + u32::try_from(n).unwrap();
        let state = ReconcileState::decode(&checkpoint).unwrap();
        let Reconciled { state, decisions } = reconcile(
            state,
            loaded,
            &listed,
            &Rulings::default(),
            segment,
            closes,
            settings,
        );
        for (segment, of_segment) in decisions {
            for decision in of_segment {
                if let Some(own) = segment_of(decision.at).filter(|_| decision.at >= start) {
                    assert_eq!(segment, first + u32::try_from(own).unwrap());
                } else {
                    assert!(
                        segment < first,
                        "a row before the border is of an earlier segment"
                    );
                }
                assert!(
                    run.decisions.insert(decision.row, decision).is_none(),
                    "decided twice"
                );
            }
        }
        let reach = look_back_us(settings);
        for open in &state.ends {
            let at = open.place().at;
            assert!(
                closes.is_some_and(|to| at.plus_us(reach) >= to),
                "kept longer than needed"
            );
        }
        checkpoint = state.encode();
        run.borders.push(Border {
            next: segment + 1,
            from: span.to,
            checkpoint: checkpoint.clone(),
        });
    }
    run
}

/// What rows are made of: few values, so that everything collides.
#[derive(Debug, Clone)]
struct Content {
    slot: i64,
    kind: Kind,
    account: &'static str,
    asset: &'static str,
    amount: &'static str,
    hash: Option<&'static str>,
}

fn contents() -> impl Strategy<Value = Vec<Content>> {
    use Kind::{Deposit, Reward, Withdrawal};
    let amounts = ["0", "0.79", "0.8", "0.9", "0.90", "1", "1.0000001", "2"];
    let one = (
        prop_oneof![0..4_i64, 0..40_i64],
        prop::sample::select(vec![Deposit, Withdrawal, Deposit, Withdrawal, Reward]),
        prop::sample::select(vec!["a", "b", "c"]),
        prop::sample::select(vec!["BTC", "BTC", "BTC", "ETH", "EUR"]),
        prop::sample::select(amounts.to_vec()),
        prop::sample::select(vec![None, Some("h"), Some("h"), Some("g")]),
    );
    let one = one.prop_map(|(slot, kind, account, asset, amount, hash)| Content {
        slot,
        kind,
        account,
        asset,
        amount,
        hash,
    });
    prop::collection::vec(one, 1..20)
}

/// Rows as (content, ID, file); the line is the place in the list.
fn ledger() -> impl Strategy<Value = Vec<LedgerRow>> {
    let picks = prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, 0..3_u8), 0..36);
    (contents(), picks).prop_map(|(contents, picks)| {
        let rows = (1..).zip(picks).map(|(line, (pick, id, file))| {
            let content = pick.get(&contents);
            let at = content.slot * HOUR_US / 2;
            let mut made = end(line, content.kind, content.account, at, content.amount);
            for leg in [&mut made.row.sent, &mut made.row.received]
                .into_iter()
                .flatten()
            {
                leg.asset = content.asset.parse().unwrap();
            }
            made.row.tx_hash = content.hash.map(Into::into);
            made.row.id = match id {
                0..2 => None,
                2 => Some("x".into()),
                _ => Some(format!("unique {line}").into()),
            };
            made.job = JobId::new(u64::from(file), &[0; 10]);
            made
        });
        rows.collect()
    })
}

fn cuts() -> impl Strategy<Value = Cut> {
    (
        prop::collection::vec(any::<bool>(), 1..6),
        any::<bool>(),
        any::<u64>(),
    )
        .prop_map(|(ends, contiguous, shuffle)| Cut {
            ends,
            contiguous,
            shuffle,
        })
}

fn settings() -> impl Strategy<Value = Settings> {
    let loss = prop::sample::select(vec![0_u32, 10, 20, 100]);
    (0..4_u32, loss, 0..5_u32).prop_map(|(window, loss, reason)| bounded(window, loss, reason))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn any_cut_and_order_decides_what_the_plain_rules_decide(
        rows in ledger(), cut in cuts(), settings in settings(),
    ) {
        let run = fold(&rows, None, &cut, &settings);
        prop_assert_eq!(run.decisions, decide(&rows, &settings.matching));
    }

    #[test]
    fn a_restart_far_enough_before_the_first_change_equals_a_fold_from_nothing(
        rows in ledger(), changes in prop::collection::vec(0..6_u8, 36), late in 0..40_i64,
        cut in cuts(), other_cut in cuts(), settings in settings(),
    ) {
        // From `late` on some rows come (1) and some go (2).
        let changed = |n: usize| if rows[n].row.at.0 < late * HOUR_US / 2 { 0 } else { changes[n] };
        let without = |gone: u8| -> Vec<LedgerRow> {
            let stay = (0..rows.len()).filter(|n| changed(*n) != gone);
            stay.map(|n| rows[n].clone()).collect()
        };
        let (before, after) = (without(1), without(2));
        let first = (0..rows.len()).filter(|n| (1..3).contains(&changed(*n)));
        let first = first.map(|n| rows[n].row.at).min().unwrap_or(Instant(i64::MAX));

        let base = fold(&before, None, &cut, &settings);
        let expected = decide(&after, &settings.matching);
        let reach = look_back_us(&settings);
        for border in base.borders.iter().filter(|border| border.from.plus_us(reach) <= first) {
            let mut run = fold(&after, Some(border), &other_cut, &settings);
            let untouched = |decision: &Decision| decision.at < border.from;
            // Nothing is folded when no row is left behind the border: all was decided before.
            for (row, decision) in base.decisions.iter().filter(|(_, d)| untouched(d)) {
                if let Some(again) = run.decisions.insert(*row, decision.clone()) {
                    prop_assert_eq!(&again, decision);
                }
            }
            prop_assert_eq!(&run.decisions, &expected);
        }
    }

    #[test]
    fn damaged_checkpoints_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..64), flip in any::<prop::sample::Index>(),
    ) {
        let _ = ReconcileState::decode(&bytes);
        let rows = vec![end(1, Kind::Deposit, "a", 0, "1"), end(2, Kind::Deposit, "b", 0, "2")];
        let closes = Some(Instant(1));
        let none = (ReconcileState::default(), Rulings::default());
        let kept = reconcile(none.0, rows, &[], &none.1, 0, closes, &Settings::default());
        prop_assert_eq!(kept.state.rows(), 2);
        let mut stored = kept.state.encode();
        let at = flip.index(stored.len());
        stored[at] ^= 0x80;
        let _ = ReconcileState::decode(&stored);
        prop_assert!(ReconcileState::decode(&stored[..at]).is_err());
    }
}

/// The whole ledger in one segment.
fn whole(rows: Vec<LedgerRow>) -> Vec<Decision> {
    let state = ReconcileState::default();
    let settings = Settings::default();
    let mut done = reconcile(state, rows, &[], &Rulings::default(), 7, None, &settings);
    assert_eq!(done.state, ReconcileState::default());
    done.decisions.remove(&7).unwrap_or_default()
}

#[test]
fn a_match_is_told_on_both_sides_with_the_other_ends_account_time_and_amount() {
    let withdrawal = end(1, Kind::Withdrawal, "a", 0, "1");
    let mut deposit = end(2, Kind::Deposit, "b", HOUR_US, "0.999");
    deposit.row.id = Some("d".into());
    let decisions = whole(vec![deposit.clone(), withdrawal.clone()]);
    let partners: Vec<_> = decisions
        .iter()
        .map(|d| d.partner.clone().unwrap())
        .collect();
    assert_eq!(partners.len(), 2);
    assert_eq!(partners[0].name, deposit.name());
    assert_eq!(partners[0].amount, "0.999".parse().unwrap());
    assert_eq!(
        (partners[1].account.as_str(), partners[1].at),
        ("a", Instant(0))
    );
}

#[test]
fn a_withdrawal_of_the_same_instant_is_seen_although_it_stands_later_in_the_order() {
    let rows = vec![
        end(1, Kind::Deposit, "b", 5, "1"),
        end(2, Kind::Withdrawal, "a", 5, "1"),
    ];
    assert!(
        whole(rows)
            .iter()
            .all(|decision| decision.partner.is_some())
    );
}

#[test]
fn a_row_with_nothing_to_say_is_given_no_decision() {
    let mut fiat = end(1, Kind::Deposit, "a", 0, "1");
    fiat.row.received = Some(Leg {
        amount: 1.into(),
        asset: "EUR".parse().unwrap(),
    });
    assert_eq!(whole(vec![fiat, end(2, Kind::Reward, "a", 0, "1")]), []);
}

#[test]
fn the_reason_is_the_first_failed_check_of_the_candidate_with_the_nearest_amount() {
    let rows = vec![
        end(1, Kind::Withdrawal, "a", 0, "1"),
        end(2, Kind::Deposit, "b", HOUR_US, "5"),
        end(3, Kind::Deposit, "b", 13 * HOUR_US, "0.99"),
    ];
    let reasons: Vec<_> = whole(rows).iter().map(|d| d.unmatched.unwrap()).collect();
    use UnmatchedReason::{MoreArrived, TooFarApart};
    assert_eq!(reasons, [TooFarApart, MoreArrived, TooFarApart]);
}

#[test]
fn an_unknown_version_is_named() {
    let error = ReconcileState::decode(&[9, 0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the reconcile checkpoint has version 9; this build reads 2"
    );
}

/// 20,000 ends of one asset in one window, as `make` places them: a search that looks at all of them
/// for each would take minutes.
fn crowd(make: impl Fn(u64) -> (String, String, Option<Box<str>>)) -> Vec<Decision> {
    let rows = (0..20_000).map(|n| {
        let kind = if n < 10_000 {
            Kind::Withdrawal
        } else {
            Kind::Deposit
        };
        let (account, amount, hash) = make(n);
        let mut made = end(
            n + 1,
            kind,
            &account,
            i64::try_from(n).unwrap() * 1_000_000,
            &amount,
        );
        made.row.tx_hash = hash;
        made
    });
    whole(rows.collect())
}

fn matched(decisions: &[Decision]) -> usize {
    decisions
        .iter()
        .filter(|decision| decision.partner.is_some())
        .count()
}

#[test]
fn a_crowd_on_one_account_is_not_searched_end_by_end() {
    let decisions = crowd(|n| ("a".to_owned(), format!("{}", 1 + n % 50), None));
    assert_eq!((decisions.len(), matched(&decisions)), (20_000, 0));
    assert!(
        decisions
            .iter()
            .all(|d| d.unmatched == Some(UnmatchedReason::SameAccount))
    );
}

#[test]
fn a_crowd_with_one_amount_and_hash_is_matched_one_to_one() {
    let side = |n: u64| if n < 10_000 { "a" } else { "b" };
    let decisions = crowd(|n| (side(n).to_owned(), "1".to_owned(), Some("h".into())));
    assert_eq!(matched(&decisions), 20_000);
}

#[test]
fn a_crowd_of_accounts_is_not_searched_account_by_account() {
    let decisions = crowd(|n| (format!("account {n}"), format!("{}", 1 + n % 10_000), None));
    assert_eq!(matched(&decisions), 20_000);
}
