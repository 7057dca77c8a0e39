//! What holds for every ledger.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::sample::*;
use crate::asset::Asset;
use crate::checkpoint::{Block, BlockName, Manifest};
use crate::fold::metrics::{AssetState, Measured, metrics, touched};
use crate::ids::Account;
use crate::money::Decimal;
use crate::order::LedgerRow;
use crate::overrides::Rulings;
use crate::read_rows::{IssueCode, SummaryRow, TransactionRow};
use crate::rows::Kind;
use crate::settings::{Method, TaxProfile};
use crate::time::{DAY_US, Instant};

const CODES: [&str; 5] = ["BTC", "ETH", "BNB", "USD", "EUR"];

/// The methods whose disposals stand in their rows.
const METHODS: [Method; 5] = [
    Method::Fifo,
    Method::Lifo,
    Method::Hifo,
    Method::Lofo,
    Method::Average,
];

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(METHODS.to_vec())
}

/// One drawn row: time in half days, shape, assets and amounts.
pub(super) type Drawn = (i64, u8, (usize, usize, usize), (u32, u32, u32), u8);

pub(super) fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let row = (
        0..12_i64,
        0..12_u8,
        (0..3_usize, 0..5_usize, 0..5_usize),
        (1..900_u32, 1..900_u32, 0..30_u32),
        0..8_u8,
    );
    prop::collection::vec(row, 1..40)
}

fn amount(units: u32, code: usize) -> String {
    format!("{} {}", plain(units), CODES[code])
}

/// Units as hundreds with three decimals, so that divisions rarely come out even.
fn plain(units: u32) -> String {
    format!("{}.{:03}", units / 100, units % 100 * 7)
}

/// A ledger of every kind of row, with duplicates, transfers and days without a price.
pub(super) fn ledger(rows: Vec<Drawn>) -> Sample {
    let mut sample = Sample::new();
    for (n, (half_day, shape, (a, b, c), (x, y, z), extra)) in rows.into_iter().enumerate() {
        let id = format!("r{n:03}");
        let (sent, received) = (amount(x, a), amount(y, b));
        let fee = if z < 10 { String::new() } else { amount(z, c) };
        let (label, sent, received) = match shape {
            0..3 => ("", amount(x, 3), amount(y, a)),
            3 | 4 => ("", sent, amount(y, 4)),
            5 => ("", sent, received),
            6 => ("reward", String::new(), received),
            7 => ("", sent, String::new()),
            8 => ("", String::new(), sent),
            9 => ("cost", sent, String::new()),
            10 => ("gift", sent, String::new()),
            _ => ("stake", sent, String::new()),
        };
        let row = sample.row(&id, "2021-12-28 00:00", label, &sent, &received, &fee);
        row.at = Instant(row.at.0 + half_day * DAY_US / 2);
        row.account = if extra & 1 == 0 { "main" } else { "cold" }
            .parse()
            .unwrap();
        if extra == 6 {
            row.net_worth = leg(&amount(y, 3 + b % 2));
        }
        if extra == 7 && n > 0 {
            let first = sample.find("r000").row_ref();
            sample.decision(&id).duplicate_of = Some(first);
        } else if shape == 8 {
            link_to_a_withdrawal(&mut sample, n);
        }
    }
    for (n, code) in ["BTC", "ETH", "BNB", "EUR"].into_iter().enumerate() {
        for day in [
            "2021-12-28",
            "2021-12-29",
            "2021-12-31",
            "2022-01-01",
            "2022-01-02",
        ]
        .iter()
        .skip(n % 2)
        {
            sample.price(code, day, &format!("{}.37", 11 * (n + 1)));
        }
    }
    sample
}

/// Makes row `n` the deposit of the row before it, when that fits.
fn link_to_a_withdrawal(sample: &mut Sample, n: usize) {
    let Some(before) = n.checked_sub(1).and_then(|n| sample.rows.get(n)) else {
        return;
    };
    let decided = sample
        .decisions
        .iter()
        .any(|decision| decision.row == before.row_ref());
    let (id, row) = (before.row.id.clone().unwrap(), before.row.clone());
    let Some(deposit) = sample.rows.get(n).and_then(|row| row.row.received.clone()) else {
        return;
    };
    let Some(sent) = row
        .sent
        .filter(|sent| row.kind == Kind::Withdrawal && !decided && sent.asset == deposit.asset)
    else {
        return;
    };
    if sent.amount >= deposit.amount {
        sample.link(&id, &format!("r{n:03}"));
    }
}

/// The rows in segments that end behind the instants `cuts` chooses.
pub(super) fn segments(sample: &Sample, cuts: u64) -> Vec<Vec<LedgerRow>> {
    let mut by_instant: BTreeMap<Instant, Vec<LedgerRow>> = BTreeMap::new();
    for row in &sample.rows {
        by_instant.entry(row.row.at).or_default().push(row.clone());
    }
    let (mut segments, last) = (vec![Vec::new()], by_instant.len());
    for (n, rows) in by_instant.into_values().enumerate() {
        segments.last_mut().unwrap().extend(rows);
        if cuts >> (n % 64) & 1 == 1 && n + 1 < last {
            segments.push(Vec::new());
        }
    }
    segments
}

/// Folds the rows in segments, with every state stored and loaded in between.
fn in_segments(
    sample: &Sample,
    cuts: u64,
) -> (Vec<TransactionRow>, Manifest, BTreeMap<BlockName, Vec<u8>>) {
    let (mut written, mut store) = (Vec::new(), BTreeMap::new());
    let mut manifest = Manifest::new(sample.settings.digest());
    for rows in segments(sample, cuts) {
        let mut assets = BTreeMap::new();
        for asset in touched(&rows) {
            if let Some(blocks) = manifest.assets.get(&asset) {
                assets.insert(asset, load(blocks, &store));
            }
        }
        let measured = metrics(
            assets,
            rows,
            &sample.decisions,
            &Rulings::default(),
            &sample.book,
            &sample.settings,
        )
        .unwrap();
        written.extend(measured.rows);
        save(&measured.assets, &mut manifest, &mut store);
        manifest = Manifest::decode(&manifest.encode().unwrap()).unwrap();
    }
    (written, manifest, store)
}

pub(super) fn load(
    blocks: &crate::checkpoint::AssetBlocks,
    store: &BTreeMap<BlockName, Vec<u8>>,
) -> AssetState {
    AssetState::decode(blocks, |name| store.get(&name).map(Vec::as_slice)).unwrap()
}

pub(super) fn save(
    assets: &BTreeMap<Asset, AssetState>,
    manifest: &mut Manifest,
    store: &mut BTreeMap<BlockName, Vec<u8>>,
) {
    for (asset, state) in assets {
        let (named, blocks) = state.encode(manifest.assets.get(asset)).unwrap();
        store.extend(
            blocks
                .into_iter()
                .map(|Block { name, bytes }| (name, bytes)),
        );
        manifest.with(asset.clone(), named);
    }
}

fn sum<'a>(amounts: impl Iterator<Item = &'a Decimal>) -> Decimal {
    amounts.fold(Decimal::ZERO, |sum, amount| sum.plus(amount).unwrap())
}

fn all_totals(measured: &Measured) -> Vec<SummaryRow> {
    measured
        .assets
        .iter()
        .flat_map(|(asset, state)| state.totals(asset))
        .collect()
}

/// The balances behind the last row of each account and tax year, and of the ledger, as rows show them.
fn shown_balances(
    measured: &Measured,
    asset: &Asset,
    profile: TaxProfile,
) -> BTreeMap<(Account, Option<i16>), Decimal> {
    let mut shown = BTreeMap::new();
    for row in &measured.rows {
        let mut balances = row.balances.iter();
        if let Some(balance) = balances.find(|balance| balance.asset == *asset) {
            for year in [Some(profile.tax_year(row.date)), None] {
                shown.insert((row.account.clone(), year), balance.amount.clone());
            }
        }
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_cut_into_segments_changes_anything(rows in drawn(), cuts in any::<u64>(), method in method()) {
        let mut sample = ledger(rows);
        sample.settings.method = method;
        let whole = sample.measure();
        let (written, manifest, store) = in_segments(&sample, cuts);
        prop_assert_eq!(&whole.rows, &written);
        let loaded: BTreeMap<Asset, AssetState> =
            manifest.assets.iter().map(|(asset, blocks)| (asset.clone(), load(blocks, &store))).collect();
        for (asset, state) in &whole.assets {
            prop_assert_eq!(state.totals(asset), loaded[asset].totals(asset));
            prop_assert_eq!(state.holding(asset), loaded[asset].holding(asset));
        }
        prop_assert_eq!(&whole.assets, &loaded);
        let mut at_once = Manifest::new(sample.settings.digest());
        save(&whole.assets, &mut at_once, &mut BTreeMap::new());
        prop_assert_eq!(at_once.encode().unwrap(), manifest.encode().unwrap());
    }

    #[test]
    fn what_a_row_did_not_ask_a_price_for_is_not_looked_up(rows in drawn(), uk in any::<bool>()) {
        let mut sample = ledger(rows);
        sample.settings.set_profile(if uk { TaxProfile::Uk } else { TaxProfile::Us });
        let all = sample.measure();
        sample.book = sample.asked_prices();
        prop_assert_eq!(all, sample.measure());
    }

    #[test]
    fn balances_add_up_to_those_the_rows_show(rows in drawn(), uk in any::<bool>()) {
        let mut sample = ledger(rows);
        sample.settings.set_profile(if uk { TaxProfile::Uk } else { TaxProfile::Us });
        let measured = sample.measure();
        for (asset, state) in &measured.assets {
            let shown = shown_balances(&measured, asset, sample.settings.profile);
            let rows = state.balance_rows(asset).unwrap();
            prop_assert_eq!(rows.len(), shown.len());
            for row in rows {
                prop_assert!(row.adds_up(), "{row:?}");
                prop_assert_eq!(&row.closing, &shown[&(row.account, row.year)]);
            }
        }
    }

    #[test]
    fn quantities_are_conserved(rows in drawn()) {
        let measured = ledger(rows).measure();
        for code in &CODES[..3] {
            let Some(state) = measured.assets.get(&asset(code)) else { continue };
            let totals = state.totals(&asset(code));
            let acquired = sum(totals.iter().map(|total| &total.acquired));
            let disposed = sum(totals.iter().map(|total| &total.disposed));
            let issues = measured.rows.iter().flat_map(|row| &row.issues);
            let missing = sum(issues
                .filter(|issue| issue.code == IssueCode::MissingCostBasis && issue.asset == Some(asset(code)))
                .filter_map(|issue| issue.quantity.as_ref()));
            let held = &state.lots.head().quantity;
            prop_assert_eq!(acquired.plus(&missing).unwrap(), disposed.plus(held).unwrap());
        }
    }

    #[test]
    fn the_parts_of_a_disposal_add_up(rows in drawn(), method in method()) {
        let mut sample = ledger(rows);
        sample.settings.method = method;
        let measured = sample.measure();
        for disposal in measured.rows.iter().flat_map(|row| &row.disposals) {
            prop_assert_eq!(&sum(disposal.lots.iter().map(|part| &part.quantity)), &disposal.quantity);
            prop_assert_eq!(&sum(disposal.lots.iter().map(|part| &part.cost)), &disposal.cost_basis);
        }
        let gains = sum(measured.rows.iter().flat_map(|row| &row.disposals).filter_map(|d| d.gain.as_ref()));
        prop_assert_eq!(gains, sum(all_totals(&measured).iter().map(|total| &total.gain)));
    }

    #[test]
    fn cost_is_conserved_and_all_methods_agree_once_everything_is_sold(
        trades in prop::collection::vec((any::<bool>(), 1..900_u32, 1..900_u32), 1..30),
    ) {
        let mut sample = Sample::new();
        for (n, (buy, quantity, price)) in trades.iter().enumerate() {
            let (btc, usd) = (amount(*quantity, 0), amount(*price, 3));
            let (sent, received) = if *buy { (usd, btc) } else { (btc, usd) };
            let row = sample.row(&format!("r{n:03}"), "2021-01-01 00:00", "", &sent, &received, "0.013 USD");
            row.at = row.at.plus_us(n as i64);
        }
        sample.row("all", "2022-01-01 00:00", "", "1000000 BTC", "777 USD", "");
        let mut ends = Vec::new();
        for method in METHODS {
            sample.settings.method = method;
            let measured = sample.measure();
            prop_assert_eq!(held(&measured, "BTC"), ("0".to_owned(), "0".to_owned()));
            let buys = measured.rows.iter().filter(|row| row.kind == Kind::Buy);
            let paid = sum(buys.flat_map(|row| [row.value.as_ref().unwrap(), row.fee_value.as_ref().unwrap()]));
            let totals = all_totals(&measured);
            prop_assert_eq!(&paid, &sum(totals.iter().map(|total| &total.cost_basis)));
            ends.push((sum(totals.iter().map(|total| &total.gain)), sum(totals.iter().map(|total| &total.disposed))));
        }
        prop_assert!(ends.iter().all(|end| *end == ends[0]), "{:?}", ends);
    }
}
