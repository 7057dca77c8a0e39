//! Section 104 in the fold: which rows make up a day, and that no cut into segments changes what is
//! decided, nor the order it is told in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::properties::{Drawn, drawn, ledger, load, save, segments};
use super::sample::*;
use crate::asset::Asset;
use crate::checkpoint::Manifest;
use crate::fold::metrics::effects::{Proceeds, effects};
use crate::fold::metrics::{AssetState, last_day, metrics, tax_day, touched};
use crate::money::Decimal;
use crate::order::sort_rows;
use crate::overrides::Rulings;
use crate::read_rows::{Holding, IssueCode, SummaryRow, TransactionRow};
use crate::revision::DayFacts;
use crate::rows::Kind;
use crate::section_104::reference::{Event, Line, reference};
use crate::section_104::{DayDisposal, Manner};
use crate::settings::{Method, TaxProfile};
use crate::switches::Gift;
use crate::time::{DAY_US, Day, Instant};

/// An empty ledger under section 104, in USD and London's days.
fn uk() -> Sample {
    let mut sample = Sample::new();
    sample.settings.method = Method::S104;
    sample.settings.profile = TaxProfile::Uk;
    sample.settings.switches = TaxProfile::Uk.switches();
    sample.settings.tax_timezone = "Europe/London".to_owned();
    sample
}

/// Everything a ledger comes to.
#[derive(Debug, PartialEq)]
struct Outcome {
    rows: Vec<TransactionRow>,
    disposals: Vec<DayDisposal>,
    totals: Vec<SummaryRow>,
    holdings: Vec<Holding>,
}

/// Folds the ledger in segments behind the instants that `cuts` chooses, with every state stored
/// and loaded in between, and closes it.
fn outcome(sample: &Sample, cuts: u64) -> Outcome {
    let (mut rows_out, mut disposals, mut store) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut manifest = Manifest::new(sample.settings.digest());
    for rows in segments(sample, cuts) {
        let today = last_day(&rows, &sample.settings).unwrap();
        let mut wanted: BTreeSet<Asset> = touched(&rows);
        wanted.extend(today.map(|today| manifest.due(today)).unwrap_or_default());
        let known =
            |asset: &Asset| Some((asset.clone(), load(manifest.assets.get(asset)?, &store)));
        let assets = wanted.iter().filter_map(known).collect();
        let (decisions, book) = (&sample.decisions, &sample.book);
        let measured = metrics(
            assets,
            rows,
            decisions,
            &Rulings::default(),
            book,
            &sample.settings,
        )
        .unwrap();
        assert_eq!(measured.facts.days, DayFacts::of(&measured.disposals));
        rows_out.extend(measured.rows);
        disposals.extend(measured.disposals);
        save(&measured.assets, &mut manifest, &mut store);
        manifest = Manifest::decode(&manifest.encode().unwrap()).unwrap();
    }
    let (mut totals, mut holdings, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for (asset, blocks) in &manifest.assets {
        let mut state: AssetState = load(blocks, &store);
        last.extend(state.close(asset, sample.settings.profile));
        totals.extend(state.totals(asset));
        holdings.extend(state.holding(asset));
    }
    last.sort_by(|a, b| (&a.key, a.n).cmp(&(&b.key, b.n)));
    disposals.extend(last);
    Outcome {
        rows: rows_out,
        disposals,
        totals,
        holdings,
    }
}

/// `key rule acquired quantity proceeds cost gain`, `-` for what is absent.
fn shown(outcome: &Outcome) -> Vec<String> {
    let dash =
        |number: &Option<Decimal>| number.as_ref().map_or("-".to_owned(), Decimal::to_string);
    let show = |row: &DayDisposal| {
        let acquired = row.acquired.map_or("-".to_owned(), |day| day.to_string());
        let (proceeds, gain) = (dash(&row.proceeds), dash(&row.gain));
        let (key, rule) = (&row.key, row.rule.name());
        format!(
            "{key} {rule} {acquired} {} {proceeds} {} {gain}",
            row.quantity, row.cost_basis
        )
    };
    outcome.disposals.iter().map(show).collect()
}

#[test]
fn a_day_is_one_of_the_tax_zone_and_its_rows_carry_its_key() {
    let mut sample = uk();
    sample.row("b", "2021-01-01 10:00", "", "100 USD", "10 BTC", "");
    sample.row("s1", "2021-06-01 22:59", "", "1 BTC", "20 USD", "");
    sample.row("s2", "2021-06-01 23:00", "", "1 BTC", "30 USD", "1 USD");
    sample.row("s3", "2021-06-02 12:00", "", "2 BTC", "50 USD", "");
    let outcome = outcome(&sample, 0);
    assert_eq!(
        shown(&outcome),
        [
            "BTC:2021-06-01 section_104 - 1 20 10 10",
            "BTC:2021-06-02 section_104 - 3 79 30 49",
        ]
    );
    let names = outcome.disposals[1]
        .rows
        .iter()
        .map(|name| name.id.clone().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["s2".into(), "s3".into()]);
    let row = &outcome.rows[2];
    assert_eq!((&row.gain, row.disposals.len()), (&None, 0));
    let share = &row.day_shares[0];
    assert_eq!((share.kind, &share.quantity), (Kind::Sell, &decimal("1")));
    assert_eq!(share.proceeds, Some(decimal("29")));
}

#[test]
fn what_is_lost_goes_for_nothing_and_a_gift_for_its_value() {
    let mut sample = uk();
    sample.row("b", "2021-01-01 10:00", "", "100 USD", "10 BTC", "");
    sample
        .row("l", "2021-05-05 09:00", "lost", "1 BTC", "", "")
        .net_worth = leg("70 USD");
    sample
        .row("g", "2021-05-05 10:00", "gift", "2 BTC", "", "")
        .net_worth = leg("50 USD");
    sample.row("again", "2021-05-06 10:00", "", "900 USD", "2 BTC", "");
    let found = outcome(&sample, u64::MAX);
    let expected = [
        "BTC:2021-05-05 bed_and_breakfast 2021-05-06 2 50 900 -850",
        "BTC:2021-05-05 lost - 1 0 10 -10",
    ];
    assert_eq!(shown(&found), expected);
    sample.settings.switches.gift = Gift::NoGain;
    let expected = [
        "BTC:2021-05-05 lost - 1 0 10 -10",
        "BTC:2021-05-05 gift - 2 20 20 0",
    ];
    assert_eq!(
        shown(&outcome(&sample, u64::MAX)),
        expected,
        "without a gain when told so"
    );
}

#[test]
fn a_row_without_a_price_leaves_its_days_proceeds_open_and_the_totals_say_so() {
    let mut sample = uk();
    sample.row("b", "2021-01-01 10:00", "", "100 USD", "10 BTC", "");
    sample.row("s", "2021-06-01 10:00", "", "1 BTC", "20 USD", "");
    sample.row("w", "2021-06-01 11:00", "", "1 BTC", "", "");
    let outcome = outcome(&sample, 0);
    assert_eq!(shown(&outcome), ["BTC:2021-06-01 section_104 - 2 - 20 -"]);
    assert_eq!(
        outcome
            .totals
            .iter()
            .map(|total| total.unpriced)
            .sum::<u64>(),
        1
    );
}

#[test]
fn a_shortfall_is_an_issue_of_its_day() {
    let mut sample = uk();
    sample.row("b", "2021-01-01 10:00", "", "10 USD", "1 BTC", "");
    sample.row("s", "2021-06-01 10:00", "", "3 BTC", "60 USD", "");
    let outcome = outcome(&sample, 0);
    let issues = &outcome.disposals[0].issues;
    assert_eq!(issues[0].code, IssueCode::MissingCostBasis);
    assert_eq!(issues[0].quantity, Some(decimal("2")));
    assert!(outcome.rows.iter().all(|row| {
        let missing = |issue: &crate::read_rows::Issue| issue.code == IssueCode::MissingCostBasis;
        !row.issues.iter().any(missing)
    }));
}

#[test]
fn totals_are_by_tax_years_that_begin_on_the_sixth_of_april() {
    let mut sample = uk();
    sample.row("b", "2021-01-01 10:00", "", "100 USD", "10 BTC", "");
    sample.row("s1", "2021-04-05 10:00", "", "1 BTC", "20 USD", "");
    sample.row("s2", "2021-04-06 10:00", "", "1 BTC", "30 USD", "");
    let outcome = outcome(&sample, 0);
    let days = outcome.totals.iter().filter(|total| total.kind.is_none());
    let gains: Vec<_> = days
        .map(|total| (total.year, total.gain.to_string()))
        .collect();
    assert_eq!(gains, [(2020, "10".to_owned()), (2021, "20".to_owned())]);
    let sold = outcome
        .totals
        .iter()
        .filter(|total| total.kind == Some(Kind::Sell));
    let sold: Vec<_> = sold
        .map(|total| (total.year, total.count, total.gain.to_string()))
        .collect();
    assert_eq!(sold, [(2020, 1, "0".to_owned()), (2021, 1, "0".to_owned())]);
}

#[test]
fn an_asset_that_no_row_touches_is_decided_when_its_days_are_over() {
    let mut sample = uk();
    sample.row("b", "2021-01-01 10:00", "", "100 USD", "10 BTC", "");
    sample.row("s", "2021-02-01 10:00", "", "1 BTC", "20 USD", "");
    sample.row("e1", "2021-02-20 10:00", "", "5 USD", "1 ETH", "");
    sample.row("e2", "2021-02-21 10:00", "", "1 ETH", "7 USD", "");
    sample.row("e3", "2021-03-05 10:00", "", "5 USD", "1 ETH", "");
    let mut manifest = Manifest::new(sample.settings.digest());
    let state = sample.measure();
    assert_eq!(state.disposals.len(), 1);
    let mut before = sample.clone();
    before.rows.pop();
    save(
        &before.measure().assets,
        &mut manifest,
        &mut BTreeMap::new(),
    );
    let days = [Day(18_691), Day(18_690)].map(|today| manifest.due(today));
    assert_eq!(days, [BTreeSet::from([asset("BTC")]), BTreeSet::new()]);
}

/// The ledger of `properties`, stretched over some months around the end of a UK tax year.
fn stretched(rows: Vec<Drawn>, zone: usize) -> Sample {
    let mut sample = ledger(rows);
    let start = instant("2021-12-28 00:00");
    for row in &mut sample.rows {
        let us = row.row.at.0 - start.0;
        row.row.at = Instant(instant("2022-02-01 00:30").0 + us * 16);
        if row.row.kind == Kind::Gift && row.row.line % 2 == 0 {
            row.row.kind = Kind::Lost;
        }
    }
    let first = instant("2022-01-31 00:00").utc_day().0;
    for (n, code) in ["BTC", "ETH", "BNB", "EUR"].into_iter().enumerate() {
        for day in (first..first + 110).step_by(n + 1) {
            let price = decimal(&format!("{}.37", 11 * (n + 1) + day as usize % 7));
            sample.book.pin(asset(code), Day(day), price, "own");
        }
    }
    sample.settings = uk().settings;
    let zones = ["Europe/London", "UTC", "America/St_Johns", "Pacific/Apia"];
    sample.settings.tax_timezone = zones[zone].to_owned();
    sample
}

/// What the rows did to an asset: their effects, which are the same for every method.
fn history(sample: &Sample, asset: &Asset) -> Vec<Event> {
    let zone = TimeZoneDatabase::bundled()
        .get(&sample.settings.tax_timezone)
        .unwrap();
    let mut rows = sample.rows.clone();
    sort_rows(&mut rows);
    let mut events = Vec::new();
    for row in rows {
        let mut decisions = sample.decisions.iter();
        let decision = decisions.find(|decision| decision.row == row.row_ref());
        if decision.is_some_and(|decision| decision.duplicate_of.is_some()) {
            continue;
        }
        let partner = decision.and_then(|decision| decision.partner.as_ref());
        let (switches, day) = (sample.settings.switches, tax_day(&zone, row.row.at).0);
        let effects = effects(&row.row, partner, switches, &sample.book).unwrap();
        if let Some(acquired) = effects.acquired.filter(|a| a.lot && a.asset == *asset) {
            let (quantity, cost) = (acquired.quantity, acquired.cost);
            events.push(Event::Acquired {
                day,
                quantity,
                cost,
            });
        }
        for disposed in effects.disposed.into_iter().filter(|d| d.asset == *asset) {
            let (manner, proceeds) = match disposed.proceeds {
                _ if disposed.kind == Kind::Lost => (Manner::Lost, None),
                Proceeds::Known(proceeds) => (Manner::Sold, Some(proceeds)),
                Proceeds::Unpriced => (Manner::Sold, None),
                Proceeds::CostBasis => (Manner::AtCost, None),
            };
            let quantity = disposed.quantity;
            events.push(Event::Disposed {
                day,
                manner,
                quantity,
                proceeds,
            });
        }
    }
    events
}

fn lines(outcome: &Outcome, asset: &Asset) -> Vec<Line> {
    let of_asset = outcome
        .disposals
        .iter()
        .filter(|row| row.key.asset == *asset);
    let line = |row: &DayDisposal| {
        let missing = row
            .issues
            .iter()
            .find(|issue| issue.code == IssueCode::MissingCostBasis);
        let missing = missing.and_then(|issue| issue.quantity.clone());
        let (quantity, cost) = (row.quantity.clone(), row.cost_basis.clone());
        let missing = missing.unwrap_or(Decimal::ZERO);
        (
            row.key.day,
            row.rule,
            row.acquired,
            quantity,
            row.proceeds.clone(),
            cost,
            missing,
        )
    };
    of_asset.map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_cut_into_segments_changes_what_section_104_decides(
        rows in drawn(), cuts in any::<u64>(), zone in 0..4_usize,
    ) {
        let sample = stretched(rows, zone);
        let whole = outcome(&sample, 0);
        prop_assert_eq!(&whole, &outcome(&sample, cuts));
        let keys: Vec<_> = whole.disposals.iter().map(|row| (row.key.clone(), row.n)).collect();
        prop_assert!(keys.is_sorted(), "the table's order is that of day, asset and place");
    }

    #[test]
    fn a_ledger_comes_to_what_the_rules_say_on_paper(rows in drawn(), zone in 0..4_usize) {
        let sample = stretched(rows, zone);
        let whole = outcome(&sample, 0x5555_5555_5555_5555);
        for code in ["BTC", "ETH", "BNB"] {
            let asset = asset(code);
            let (expected, pool) = reference(&history(&sample, &asset));
            prop_assert_eq!(lines(&whole, &asset), expected);
            let held = whole.holdings.iter().find(|holding| holding.asset == asset);
            let held = held.map(|held| (held.quantity.clone(), held.cost_basis.clone()));
            prop_assert_eq!(held.unwrap_or((Decimal::ZERO, Decimal::ZERO)), pool);
        }
    }

    #[test]
    fn what_is_appended_later_comes_to_what_all_at_once_does(rows in drawn(), at in 0..40_i64) {
        let sample = stretched(rows, 0);
        let border = Instant(instant("2022-02-01 00:30").0 + at * 4 * DAY_US);
        let mut before = sample.clone();
        before.rows.retain(|row| row.row.at < border);
        let (first, all) = (outcome(&before, 0), outcome(&sample, 0));
        // What a fold decided, and not the ledger's end, stays as it is.
        let decided = before.measure().disposals;
        prop_assert_eq!(&all.disposals[..decided.len()], &decided[..]);
        prop_assert_eq!(&all.rows[..first.rows.len()], &first.rows[..]);
    }
}
