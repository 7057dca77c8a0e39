//! The folds under test, driven as the pipeline drives them: the ledger is cut into segments, every
//! checkpoint is stored and read back, and a segment sees only what its plan gives it.

use std::collections::{BTreeMap, BTreeSet};

use domain::checkpoint::{Block, BlockName, Manifest};
use domain::digest::Identity;
use domain::duplicates::judge;
use domain::fold::metrics::{AssetState, last_day, metrics, touched};
use domain::fold::reconcile::{ReconcileState, reconcile};
use domain::identity::RowIdentity;
use domain::order::{LedgerRow, instants, place_rows};
use domain::overrides::{Found, OverrideBook, Ruling, Rulings, Told, transfer};
use domain::prices::PriceBook;
use domain::read_rows::{Decision, TransactionRow};
use domain::repeats::{Repeat, repeats, repeats_within};
use domain::rows::{Row, RowRef};
use domain::section_104::DayDisposal;
use domain::segments::Span;
use domain::settings::Settings;
use domain::time::Instant;

use crate::answer::Answer;
use crate::border;
use crate::ledger::{Entry, Ledger};
use crate::random::Random;

/// What the folds say of a ledger that is cut where `random` says.
pub(crate) fn answer(ledger: &Ledger, random: &mut Random) -> Answer {
    let rows: Vec<LedgerRow> = ledger.entries.iter().filter_map(border::row).collect();
    let settings = border::settings(&ledger.rules);
    let spans = spans(&rows, random);
    let segments: Vec<Vec<LedgerRow>> = spans
        .iter()
        .map(|span| loaded(&rows, span, random))
        .collect();
    let repeats = repeats_of(&rows);
    let overrides = border::overrides(ledger, &rows);
    let listed = rulings(&overrides, &rows, &spans, &repeats);
    let decisions = decisions(&segments, &spans, &repeats, &listed, &settings);
    let book = border::pinned(ledger, &rows, &overrides);
    let (written, days, mut states) = measured(segments, &decisions, &listed, &book, &settings);
    let given: BTreeMap<RowRef, &Row> = rows.iter().map(|row| (row.row_ref(), &row.row)).collect();
    let mut answer = Answer::default();
    for out in &written {
        let decision = decisions
            .values()
            .flatten()
            .find(|decision| decision.row == out.name.row);
        answer
            .rows
            .push(border::row_answer(out, decision, given[&out.name.row]));
    }
    let mut closing = Vec::new();
    for (asset, state) in &mut states {
        closing.extend(state.close(asset, settings.profile));
    }
    closing.sort_by_key(|part| (part.key.clone(), part.n));
    answer.days = days.iter().chain(&closing).map(border::day_part).collect();
    for (asset, state) in &states {
        answer.totals.extend(border::totals(asset, state));
        answer.balances.extend(border::balances(asset, state));
        let holding = border::holding(asset, state);
        answer
            .holdings
            .extend(holding.map(|holding| (asset.to_string(), holding)));
    }
    answer
}

/// Spans that end behind instants drawn at random, with and without gaps between them.
fn spans(rows: &[LedgerRow], random: &mut Random) -> Vec<Span> {
    let times: BTreeSet<Instant> = rows.iter().map(|row| row.row.at).collect();
    let share = random.pick(&[0, 10, 50, 100]);
    let mut spans: Vec<Span> = Vec::new();
    let mut open = false;
    for at in times {
        let to = at.plus_us(1);
        match spans.last_mut() {
            Some(last) if open => last.to = to,
            last => {
                if let Some(last) = last.filter(|_| random.percent(50)) {
                    last.to = at;
                }
                spans.push(Span {
                    from: at,
                    to,
                    rows: 0,
                });
            }
        }
        open = !random.percent(share);
    }
    spans
}

/// The rows of a span in no order.
fn loaded(rows: &[LedgerRow], span: &Span, random: &mut Random) -> Vec<LedgerRow> {
    let within = rows
        .iter()
        .filter(|row| span.from <= row.row.at && row.row.at < span.to);
    let mut within: Vec<(u64, &LedgerRow)> = within.map(|row| (random.next(), row)).collect();
    within.sort_by_key(|(place, _)| *place);
    within.into_iter().map(|(_, row)| row.clone()).collect()
}

/// The planner's part: the rows that repeat an (account, ID), from the identities of all rows.
fn repeats_of(rows: &[LedgerRow]) -> Vec<Repeat> {
    let mut identities = Vec::new();
    for LedgerRow { job, row } in rows {
        if let Some(hash) = row.identity_hash() {
            let identity = Identity {
                hash,
                at: row.at,
                rank: row.rank(),
                fingerprint: row.fingerprint(),
                line: row.line,
            };
            identities.push((*job, identity));
        }
    }
    repeats(identities)
}

/// The planner's part: what is said of the rows of each span, with the other end of each link that can
/// be.
fn rulings(
    overrides: &OverrideBook,
    rows: &[LedgerRow],
    spans: &[Span],
    repeats: &[Repeat],
) -> Vec<Vec<Ruling>> {
    let placed = place_rows(rows.to_vec());
    let repeats = repeats.iter().map(|repeat| repeat.repeated);
    let repeats = repeats.map(|repeat| (repeat.row, repeat.kept)).collect();
    let mut ends: BTreeMap<RowIdentity, Found> = BTreeMap::new();
    for (_, instant) in instants(&placed) {
        let verdicts = judge(instant, &repeats, &Rulings::default());
        for (placed, _) in instant
            .iter()
            .zip(verdicts)
            .filter(|(_, verdict)| verdict.duplicate_of.is_none())
        {
            let said = overrides.get(&placed.identity());
            let end = said.and_then(|said| Found::of(placed, &said.told));
            ends.extend(end.map(|end| (placed.identity(), end)));
        }
    }
    let partner = |row: &RowIdentity, told: &Told| {
        let (end, other) = (ends.get(row)?, ends.get(&told.link?)?);
        transfer(end, other).then(|| other.partner.clone())
    };
    let of_span = |span: &Span| {
        let within = overrides.within(span.from, span.to);
        let ruling = within.map(|(row, said)| Ruling {
            row: *row,
            told: said.told.clone(),
            partner: partner(row, &said.told),
        });
        ruling.collect()
    };
    spans.iter().map(of_span).collect()
}

/// The decisions of all segments, each under the segment of its row.
fn decisions(
    segments: &[Vec<LedgerRow>],
    spans: &[Span],
    repeats: &[Repeat],
    listed: &[Vec<Ruling>],
    settings: &Settings,
) -> BTreeMap<u32, Vec<Decision>> {
    let mut decisions: BTreeMap<u32, Vec<Decision>> = BTreeMap::new();
    let mut checkpoint = ReconcileState::default().encode();
    for (((n, rows), span), listed) in (0_u32..).zip(segments).zip(spans).zip(listed) {
        let closes = (usize::try_from(n).unwrap() + 1 < segments.len()).then_some(span.to);
        let state = ReconcileState::decode(&checkpoint).unwrap();
        let repeats = repeats_within(repeats, span);
        let done = reconcile(
            state,
            rows.clone(),
            &repeats,
            &Rulings::of(listed),
            n,
            closes,
            settings,
        );
        checkpoint = done.state.encode();
        for (segment, more) in done.decisions {
            decisions.entry(segment).or_default().extend(more);
        }
    }
    decisions
}

type States = BTreeMap<domain::asset::Asset, AssetState>;

/// The rows of all segments, and the state of every asset behind the last.
fn measured(
    segments: Vec<Vec<LedgerRow>>,
    decisions: &BTreeMap<u32, Vec<Decision>>,
    listed: &[Vec<Ruling>],
    book: &PriceBook,
    settings: &Settings,
) -> (Vec<TransactionRow>, Vec<DayDisposal>, States) {
    let (mut written, mut days, mut store) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut manifest = Manifest::new(settings.digest());
    for ((n, rows), listed) in (0_u32..).zip(segments).zip(listed) {
        let (none, mut needed) = (Vec::new(), touched(&rows));
        if let Some(today) = last_day(&rows, settings).unwrap() {
            needed.extend(manifest.due(today));
        }
        let known = manifest
            .assets
            .iter()
            .filter(|(asset, _)| needed.contains(asset));
        let states = known
            .map(|(asset, blocks)| (asset.clone(), load(blocks, &store)))
            .collect();
        let of_segment = decisions.get(&n).unwrap_or(&none);
        let done = metrics(
            states,
            rows,
            of_segment,
            &Rulings::of(listed),
            book,
            settings,
        )
        .unwrap();
        written.extend(done.rows);
        days.extend(done.disposals);
        for (asset, state) in &done.assets {
            let (named, blocks) = state.encode(None).unwrap();
            store.extend(
                blocks
                    .into_iter()
                    .map(|Block { name, bytes }| (name, bytes)),
            );
            manifest.with(asset.clone(), named);
        }
        manifest = Manifest::decode(&manifest.encode().unwrap()).unwrap();
    }
    let states = manifest.assets.iter();
    (
        written,
        days,
        states
            .map(|(asset, blocks)| (asset.clone(), load(blocks, &store)))
            .collect(),
    )
}

fn load(
    blocks: &domain::checkpoint::AssetBlocks,
    store: &BTreeMap<BlockName, Vec<u8>>,
) -> AssetState {
    AssetState::decode(blocks, |name| store.get(&name).map(Vec::as_slice)).unwrap()
}

/// Whether both sides take the label of a row for one that fits its legs.
pub(crate) fn takes(entry: &Entry) -> bool {
    let (row, kind) = (
        border::row(entry),
        crate::kinds::kind_of(&entry.without_zeros()),
    );
    assert_eq!(
        row.as_ref().map(|row| row.row.kind.name()),
        kind,
        "{entry:?}"
    );
    kind.is_some()
}
