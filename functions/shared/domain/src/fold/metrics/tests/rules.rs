//! One test per rule of values, fees and flags.

use super::sample::*;
use crate::fold::metrics::metrics;
use crate::overrides::Rulings;
use crate::read_rows::{IssueCode, RowName, UnmatchedReason};
use crate::rows::{Kind, Row};
use crate::settings::TaxProfile;
use crate::switches::{Fork, Lost};

const DAY: &str = "2021-05-05 12:00";
const LATER: &str = "2021-05-06 12:00";

/// A ledger with 10 BTC at 100 each and 1000 BNB at 1 each, bought earlier, and USD to spend.
fn stocked() -> Sample {
    let mut sample = Sample::new();
    sample.row("usd", "2021-01-01 00:00", "", "", "1000000 USD", "");
    sample.row("eur", "2021-01-01 00:00", "", "", "1000000 EUR", "");
    sample.row("btc", "2021-01-01 00:01", "", "1000 USD", "10 BTC", "");
    sample.row("bnb", "2021-01-01 00:01", "", "1000 USD", "1000 BNB", "");
    for (code, price) in [("BTC", "200"), ("BNB", "3"), ("EUR", "2"), ("ETH", "50")] {
        sample.price(code, "2021-05-05", price);
    }
    sample
}

/// Adds one row to the stock: its disposals, and what is then held of BTC and ETH.
fn with(
    label: &str,
    sent: &str,
    received: &str,
    fee: &str,
    change: &dyn Fn(&mut Row),
) -> (Vec<String>, String, String) {
    let mut sample = stocked();
    change(sample.row("x", DAY, label, sent, received, fee));
    let measured = sample.measure();
    let held = |code: &str| {
        measured.assets.get(&asset(code)).map_or("-".into(), |_| {
            let (quantity, cost) = held(&measured, code);
            format!("{quantity} for {cost}")
        })
    };
    (disposals(&measured, "x"), held("BTC"), held("ETH"))
}

fn plain(label: &str, sent: &str, received: &str, fee: &str) -> (Vec<String>, String, String) {
    with(label, sent, received, fee, &|_| {})
}

#[test]
fn a_buy_costs_its_value_and_its_fee() {
    assert_eq!(plain("", "70 USD", "1 ETH", "5 USD").2, "1 for 75");
    assert_eq!(plain("", "70 USD", "1 ETH", "5 EUR").2, "1 for 80");
    assert_eq!(plain("", "70 EUR", "1 ETH", "5 EUR").2, "1 for 150");
    let (sold, _, eth) = plain("", "70 USD", "1 ETH", "2 BNB");
    assert_eq!(
        (eth.as_str(), sold),
        ("1 for 76", vec!["BNB fee 2 6 2 4".to_owned()])
    );
}

/// What is said of the prices that a row of 1 March, on which nothing is priced, does without.
fn unpriced(sent: &str, received: &str, fee: &str, net_worth: &str) -> Vec<String> {
    let mut sample = stocked();
    let row = sample.row("x", "2021-03-01 12:00", "", sent, received, fee);
    row.net_worth = leg(net_worth);
    let measured = sample.measure();
    let issues = written(&measured, "x").issues.iter();
    let issues = issues.filter(|issue| issue.code == IssueCode::Unpriced);
    let ends = " on 2021-03-01; send one, or give the row a Net Worth";
    let words = issues.map(|issue| issue.detail.strip_suffix(ends).unwrap().to_owned());
    words.collect()
}

#[test]
fn a_missing_value_names_every_price_that_would_have_given_it() {
    for (sent, received, fee, net_worth, expected) in [
        ("70 USD", "1 ETH", "", "", vec![]),
        (
            "70 EUR",
            "1 ETH",
            "",
            "",
            vec!["no price of EUR in USD nor of ETH in USD"],
        ),
        (
            "1 BTC",
            "4 ETH",
            "",
            "",
            vec!["no price of BTC in USD nor of ETH in USD"; 2],
        ),
        (
            "",
            "4 ETH",
            "",
            "9 EUR",
            vec!["no price of EUR in USD nor of ETH in USD"],
        ),
        (
            "70 USD",
            "1 ETH",
            "5 EUR",
            "",
            vec!["no price of EUR in USD"],
        ),
        (
            "70 USD",
            "1 ETH",
            "2 BNB",
            "",
            vec!["no price of BNB in USD"],
        ),
        (
            "70 EUR",
            "1 ETH",
            "5 EUR",
            "",
            vec![
                "no price of EUR in USD nor of ETH in USD",
                "no price of EUR in USD",
            ],
        ),
    ] {
        assert_eq!(
            unpriced(sent, received, fee, net_worth),
            expected,
            "{sent} {received} {fee}"
        );
    }
}

#[test]
fn a_sale_goes_for_its_value_less_its_fee() {
    assert_eq!(
        plain("", "1 BTC", "210 USD", "5 USD").0,
        ["BTC sell 1 205 100 105"]
    );
    assert_eq!(
        plain("", "1 BTC", "100 EUR", "5 EUR").0,
        ["BTC sell 1 190 100 90"]
    );
    assert_eq!(
        plain("", "1 BTC", "210 USD", "2 BNB").0,
        ["BTC sell 1 204 100 104", "BNB fee 2 6 2 4"]
    );
}

#[test]
fn a_swap_sells_at_value_less_fee_and_buys_at_value() {
    let (sold, _, eth) = plain("", "1 BTC", "4 ETH", "5 USD");
    assert_eq!(
        (sold, eth.as_str()),
        (vec!["BTC swap 1 195 100 95".to_owned()], "4 for 200")
    );
    let (sold, _, eth) = with("", "1 BTC", "4 ETH", "", &|row| {
        row.net_worth = leg("190 USD")
    });
    assert_eq!(
        (sold, eth.as_str()),
        (vec!["BTC swap 1 190 100 90".to_owned()], "4 for 190")
    );
}

#[test]
fn a_fee_in_the_asset_sent_is_disposed_of_with_it_for_the_same_proceeds() {
    let (sold, btc, eth) = plain("", "1 BTC", "4 ETH", "0.5 BTC");
    assert_eq!(sold, ["BTC swap 1.5 200 150 50"]);
    assert_eq!((btc.as_str(), eth.as_str()), ("8.5 for 850", "4 for 200"));
}

#[test]
fn a_fee_in_the_asset_received_lessens_what_is_acquired_and_not_its_cost() {
    let (sold, _, eth) = plain("", "70 USD", "2 ETH", "0.5 ETH");
    assert_eq!((sold.len(), eth.as_str()), (0, "1.5 for 70"));
}

#[test]
fn a_fee_that_eats_up_what_was_received_leaves_a_loss_of_what_was_paid() {
    let (sold, _, eth) = plain("", "70 USD", "2 ETH", "2 ETH");
    assert_eq!(
        (sold, eth.as_str()),
        (vec!["ETH fee 2 100 170 -70".to_owned()], "0 for 0")
    );
}

#[test]
fn income_costs_its_value_whatever_the_fee_and_in_money_it_is_no_lot() {
    let mut sample = stocked();
    sample.row("r", DAY, "reward", "", "2 ETH", "5 USD");
    sample.row("i", DAY, "interest", "", "30 EUR", "");
    let measured = sample.measure();
    assert_eq!(held(&measured, "ETH"), ("2".into(), "100".into()));
    assert_eq!(written(&measured, "r").income, Some(decimal("100")));
    assert_eq!(written(&measured, "i").income, Some(decimal("60")));
    assert_eq!(held(&measured, "EUR"), ("0".into(), "0".into()));
    let totals = measured.assets[&asset("EUR")].totals(&asset("EUR"));
    let interest = totals
        .iter()
        .find(|total| total.kind == Some(Kind::Interest))
        .unwrap();
    assert_eq!(
        (&interest.income, &interest.acquired),
        (&decimal("60"), &decimal("30"))
    );
}

#[test]
fn the_profile_decides_airdrops_forks_gifts_and_losses() {
    let mut sample = stocked();
    sample.row("a", DAY, "airdrop", "", "1 ETH", "");
    sample.row("f", DAY, "fork", "", "1 ETH", "");
    sample.row("g", LATER, "gift", "1 BTC", "", "").net_worth = leg("250 USD");
    sample.row("l", LATER, "lost", "1 BTC", "", "");
    let us = sample.measure();
    assert_eq!(
        (
            written(&us, "a").income.clone(),
            written(&us, "f").income.clone()
        ),
        (Some(decimal("50")), Some(decimal("50")))
    );
    assert_eq!(
        (disposals(&us, "g"), disposals(&us, "l")),
        (
            vec!["BTC gift 1 100 100 0".into()],
            vec!["BTC lost 1 100 100 0".into()]
        )
    );
    assert_eq!(issues(&us, "l"), []);
    sample.settings.set_profile(TaxProfile::Uk);
    let uk = sample.measure();
    assert_eq!(
        (
            written(&uk, "a").income.clone(),
            written(&uk, "f").income.clone()
        ),
        (None, None)
    );
    assert_eq!(held(&uk, "ETH"), ("2".into(), "50".into()));
    assert_eq!(
        (disposals(&uk, "g"), disposals(&uk, "l")),
        (
            vec!["BTC gift 1 250 100 150".into()],
            vec!["BTC lost 1 0 100 -100".into()]
        )
    );
}

#[test]
fn a_switch_beats_the_profile_it_came_with() {
    let mut sample = stocked();
    sample.price("ETH", "2021-01-10", "50");
    sample.row("a", DAY, "airdrop", "", "1 ETH", "");
    sample.row("f", DAY, "fork", "", "1 ETH", "");
    sample.row("g", LATER, "gift", "1 BTC", "", "").net_worth = leg("250 USD");
    sample.row("l", LATER, "lost", "1 BTC", "", "");
    sample.settings.switches.fork = Fork::ZeroCost;
    sample.settings.switches.lost = Lost::ZeroProceeds;
    let measured = sample.measure();
    assert_eq!(written(&measured, "a").income, Some(decimal("50")));
    assert_eq!(written(&measured, "f").income, None);
    assert_eq!(held(&measured, "ETH"), ("2".into(), "50".into()));
    assert_eq!(disposals(&measured, "g"), ["BTC gift 1 100 100 0"]);
    assert_eq!(disposals(&measured, "l"), ["BTC lost 1 0 100 -100"]);
}

#[test]
fn a_matched_transfer_is_neutral_but_for_what_never_arrived() {
    let mut sample = stocked();
    sample.row("w", DAY, "", "2 BTC", "", "0.25 BTC");
    sample.row("d", LATER, "", "", "1.75 BTC", "").account = "cold".parse().unwrap();
    sample.link("w", "d");
    let measured = sample.measure();
    assert_eq!(
        disposals(&measured, "w"),
        ["BTC transfer_fee 0.5 100 50 50"]
    );
    assert_eq!(
        (disposals(&measured, "d"), issues(&measured, "d")),
        (vec![], vec![])
    );
    assert_eq!(held(&measured, "BTC"), ("9.5".into(), "950".into()));
    assert_eq!(
        (
            &written(&measured, "w").value,
            &written(&measured, "d").value
        ),
        (&None, &None)
    );
    let state = measured.assets.get(&asset("BTC")).unwrap();
    assert_eq!(state.holding(&asset("BTC")).unwrap().balances.len(), 2);
}

#[test]
fn a_transfer_without_loss_disposes_of_nothing_and_its_fee_elsewhere_stands_apart() {
    let mut sample = stocked();
    sample.row("w", DAY, "", "2 BTC", "", "1 BNB");
    sample.row("d", DAY, "", "", "2 BTC", "").account = "cold".parse().unwrap();
    sample.link("w", "d");
    let measured = sample.measure();
    assert_eq!(disposals(&measured, "w"), ["BNB fee 1 3 1 2"]);
    assert_eq!(held(&measured, "BTC"), ("10".into(), "1000".into()));
}

#[test]
fn an_unmatched_end_counts_at_value_and_says_why() {
    let mut sample = stocked();
    sample.row("w", DAY, "", "1 BTC", "", "");
    sample.row("d", DAY, "", "", "1 ETH", "");
    sample.row("f", DAY, "", "50 USD", "", "");
    sample.decision("w").unmatched = Some(UnmatchedReason::HashDiffers);
    let measured = sample.measure();
    assert_eq!(disposals(&measured, "w"), ["BTC withdrawal 1 200 100 100"]);
    assert_eq!(issues(&measured, "w"), [IssueCode::UnmatchedWithdrawal]);
    assert!(
        written(&measured, "w").issues[0]
            .detail
            .contains("another transaction hash")
    );
    assert_eq!(issues(&measured, "d"), [IssueCode::UnmatchedDeposit]);
    assert_eq!(held(&measured, "ETH"), ("1".into(), "50".into()));
    assert_eq!(
        (
            disposals(&measured, "f").len(),
            issues(&measured, "f").len()
        ),
        (0, 0)
    );
}

#[test]
fn a_duplicate_has_no_effect_and_is_flagged() {
    let mut sample = stocked();
    sample.row("x", DAY, "", "1 BTC", "210 USD", "2 BNB");
    let first = sample.find("btc").row_ref();
    sample.decision("x").duplicate_of = Some(first);
    let mut without = sample.clone();
    without.rows.pop();
    let (measured, expected) = (sample.measure(), without.measure());
    assert_eq!(measured.assets, expected.assets);
    let row = written(&measured, "x");
    assert_eq!(
        (row.duplicate_of, issues(&measured, "x")),
        (Some(first), vec![IssueCode::Duplicate])
    );
    assert!(row.disposals.is_empty() && row.balances.is_empty() && row.value.is_none());
    assert_eq!(measured.facts.jobs, [(first.job, 4, 1)]);
}

#[test]
fn a_missing_price_leaves_the_value_empty_and_counts_as_incomplete() {
    let mut sample = stocked();
    sample.row("swap", LATER, "", "1 BTC", "4 ETH", "1 BNB");
    sample.row("gift", LATER, "gift", "1 BTC", "", "");
    let measured = sample.measure();
    let row = written(&measured, "swap");
    assert_eq!(
        (&row.value, &row.fee_value, &row.gain),
        (&None, &None, &None)
    );
    assert_eq!(
        disposals(&measured, "swap"),
        ["BTC swap 1 - 100 -", "BNB fee 1 - 1 -"]
    );
    let codes = [IssueCode::Unpriced; 3];
    assert_eq!(issues(&measured, "swap"), codes);
    assert_eq!(held(&measured, "ETH"), ("4".into(), "0".into()));
    assert_eq!(issues(&measured, "gift"), []);
    let unpriced = |code: &str| {
        measured
            .assets
            .get(&asset(code))
            .unwrap()
            .totals(&asset(code))
            .iter()
            .map(|t| t.unpriced)
            .sum::<u64>()
    };
    assert_eq!(
        (unpriced("BTC"), unpriced("ETH"), unpriced("BNB")),
        (1, 1, 1)
    );
}

#[test]
fn a_shortfall_costs_nothing_and_names_the_quantity() {
    let mut sample = stocked();
    sample.row("x", DAY, "", "12 BTC", "2400 USD", "");
    let measured = sample.measure();
    assert_eq!(disposals(&measured, "x"), ["BTC sell 12 2400 1000 1400"]);
    assert_eq!(
        issues(&measured, "x"),
        [IssueCode::MissingCostBasis, IssueCode::NegativeBalance]
    );
    let [missing, negative] = written(&measured, "x").issues.as_slice() else {
        panic!()
    };
    assert_eq!(
        (&missing.quantity, &negative.quantity),
        (&Some(decimal("2")), &Some(decimal("-2")))
    );
    let last = written(&measured, "x").disposals[0].lots.last().unwrap();
    assert_eq!(
        (&last.source, &last.quantity, &last.cost),
        (&None, &decimal("2"), &decimal("0"))
    );
}

#[test]
fn a_balance_falls_under_zero_in_fiat_too_and_only_by_what_leaves() {
    let mut sample = Sample::new();
    sample.row("a", DAY, "", "100 USD", "1 BTC", "1 USD");
    sample.row("b", LATER, "", "", "50 USD", "");
    let measured = sample.measure();
    assert_eq!(issues(&measured, "a"), [IssueCode::NegativeBalance]);
    assert_eq!(
        written(&measured, "a").issues[0].quantity,
        Some(decimal("-101"))
    );
    assert_eq!(issues(&measured, "b"), []);
}

#[test]
fn of_one_instant_acquisitions_come_before_disposals() {
    let mut sample = Sample::new();
    sample.row("a", DAY, "", "1 BTC", "200 USD", "");
    sample.row("b", DAY, "", "5 SOL", "1 BTC", "").net_worth = leg("150 USD");
    let measured = sample.measure();
    assert_eq!(disposals(&measured, "a"), ["BTC sell 1 200 150 50"]);
    assert_eq!(
        issues(&measured, "b"),
        [IssueCode::MissingCostBasis, IssueCode::NegativeBalance]
    );
}

#[test]
fn a_row_that_is_nothing_but_a_fee_disposes_of_it() {
    let mut sample = stocked();
    sample.row("x", DAY, "", "", "", "2 BNB");
    sample.row("y", DAY, "loan fee", "", "", "2 BNB");
    let measured = sample.measure();
    assert_eq!(disposals(&measured, "x"), ["BNB fee 2 6 2 4"]);
    assert_eq!(disposals(&measured, "y"), ["BNB loan_fee 2 6 2 4"]);
}

#[test]
fn long_term_is_a_number_of_whole_days_and_a_part_of_the_gain() {
    let mut sample = Sample::new();
    sample.row("a", "2020-01-01 10:00", "", "100 USD", "1 BTC", "");
    sample.row("b", "2020-01-02 10:01", "", "100 USD", "1 BTC", "");
    sample.row("x", "2021-01-01 10:00", "", "2 BTC", "600 USD", "");
    let disposal = written(&sample.measure(), "x").disposals[0].clone();
    assert_eq!(
        (disposal.gain, disposal.gain_long),
        (Some(decimal("400")), Some(decimal("200")))
    );
    sample.settings.long_term_days = 367;
    assert_eq!(
        written(&sample.measure(), "x").disposals[0].gain_long,
        Some(decimal("0"))
    );
}

#[test]
fn the_tax_day_and_year_are_those_of_the_ledgers_zone() {
    let mut sample = stocked();
    sample.row("x", "2022-01-01 03:00", "", "1 BTC", "200 USD", "");
    sample.settings.tax_timezone = "America/New_York".to_owned();
    let measured = sample.measure();
    assert_eq!(written(&measured, "x").date.to_string(), "2021-12-31");
    let totals = measured.assets[&asset("BTC")].totals(&asset("BTC"));
    assert!(totals.iter().all(|total| total.year <= 2021));
    sample.settings.tax_timezone = "Mars/Olympus".to_owned();
    let error = metrics(
        Default::default(),
        sample.rows,
        &[],
        &Rulings::default(),
        &sample.book,
        &sample.settings,
    )
    .unwrap_err();
    assert!(error.to_string().contains("Mars/Olympus"));
}

#[test]
fn a_result_that_does_not_fit_is_an_issue_and_leaves_the_lots_alone() {
    let mut sample = stocked();
    let long = "9".repeat(38);
    let fine = format!("0.{}1", "0".repeat(37));
    sample.price("HUGE", "2021-05-05", &long);
    sample.price("TINY", "2021-05-05", &fine);
    for n in 0..1_500 {
        sample.row(
            &format!("x{n}"),
            DAY,
            "reward",
            "",
            &format!("{long} HUGE"),
            "",
        );
    }
    let held_before = held(&sample.measure(), "HUGE");
    sample
        .row("y", DAY, "reward", "", &format!("{fine} HUGE"), "")
        .net_worth = leg(&format!("{fine} TINY"));
    let measured = sample.measure();
    assert_eq!(
        issues(&measured, "y"),
        [IssueCode::PriceOutlier, IssueCode::Overflow]
    );
    let row = written(&measured, "y");
    assert!(row.value.is_none() && row.income.is_none() && row.gain.is_none());
    assert_eq!(held(&measured, "HUGE"), held_before);
    let counted = [(IssueCode::Overflow, 1), (IssueCode::PriceOutlier, 1)];
    assert_eq!(measured.facts.issues, counted);
}

#[test]
fn words_of_an_issue_name_neither_job_nor_line() {
    let mut sample = stocked();
    sample.row("x", DAY, "", "1 BTC", "", "");
    let other = RowName {
        row: sample.find("btc").row_ref(),
        id: Some("other".into()),
    };
    sample.decision("x").same_content = Some(other);
    let measured = sample.measure();
    assert_eq!(
        issues(&measured, "x"),
        [
            IssueCode::SameContentOtherId,
            IssueCode::UnmatchedWithdrawal
        ]
    );
    let detail = &written(&measured, "x").issues[0].detail;
    assert_eq!(
        detail,
        "the same content stands under the ID other; both count"
    );
}

#[test]
fn values_that_contradict_each_other_are_issues_and_change_no_number() {
    let mut sample = stocked();
    sample.row("typo", DAY, "", "1000 USD", "1 BTC", "");
    sample.row("near", DAY, "", "190 USD", "1 BTC", "");
    sample
        .row("gift", DAY, "gift_received", "", "1 BTC", "")
        .net_worth = leg("310 USD");
    let measured = sample.measure();
    assert_eq!(issues(&measured, "typo"), [IssueCode::ValueMismatch]);
    assert_eq!(issues(&measured, "near"), []);
    assert_eq!(issues(&measured, "gift"), [IssueCode::PriceOutlier]);
    assert_eq!(
        written(&measured, "typo").issues[0].detail,
        "what was sent is worth 1000 USD and what was received 200 USD, more than 10 % apart; check both amounts"
    );
    assert_eq!(
        written(&measured, "gift").issues[0].detail,
        "Net Worth is 310 USD and by price it is 200 USD, more than 50 % off; check Net Worth and the price of BTC"
    );
    assert_eq!(written(&measured, "typo").value, Some(decimal("1000")));
    sample.settings.checks.mismatch_percent = 90;
    sample.settings.checks.outlier_percent = 60;
    let measured = sample.measure();
    assert_eq!(
        (issues(&measured, "typo"), issues(&measured, "gift")),
        (vec![], vec![])
    );
}

#[test]
fn a_row_of_several_records_counts_them_all() {
    let mut sample = stocked();
    sample.row("x", DAY, "", "70 USD", "1 ETH", "").records = 3;
    let job = sample.rows[0].job;
    assert_eq!(sample.measure().facts.jobs, [(job, 7, 0)]);
}
