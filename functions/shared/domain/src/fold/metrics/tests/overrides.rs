//! What a user says of single rows.

use super::sample::{Sample, asset, decimal, disposals, held, issues, leg, written};
use crate::fold::metrics::Measured;
use crate::identity::RowIdentity;
use crate::order::place_rows;
use crate::overrides::{Told, UnitPrice};
use crate::read_rows::IssueCode;
use crate::rows::Kind;

/// 2 BTC bought, a deposit of 1 BTC, a withdrawal of 1 BTC, a sale of 1 BTC.
fn ledger() -> Sample {
    let mut sample = Sample::new();
    sample.row("buy", "2020-01-01 10:00", "", "200 USD", "2 BTC", "");
    sample.row("in", "2020-02-01 10:00", "", "", "1 BTC", "");
    sample.row("out", "2020-03-01 10:00", "", "1 BTC", "", "");
    sample.row("sell", "2020-04-01 10:00", "", "1 BTC", "500 USD", "");
    sample.price("BTC", "2020-02-01", "150");
    sample.price("BTC", "2020-03-01", "300");
    sample
}

fn label(text: &str) -> Told {
    Told {
        label: Some(text.into()),
        ..Told::default()
    }
}

fn price(amount: &str, currency: &str) -> Told {
    Told {
        price: Some(UnitPrice {
            amount: decimal(amount),
            currency: asset(currency),
        }),
        ..Told::default()
    }
}

fn ignore() -> Told {
    Told {
        ignore: true,
        ..Told::default()
    }
}

fn identity(sample: &Sample, id: &str) -> RowIdentity {
    place_rows(vec![sample.find(id).clone()])[0].identity()
}

/// Value and where it came from.
fn value(measured: &Measured, id: &str) -> (String, String) {
    let row = written(measured, id);
    let value = row.value.as_ref().map(ToString::to_string);
    let source = row.value_source.clone();
    (value.unwrap_or_default(), source.unwrap_or_default())
}

fn worth(value: &str, source: &str) -> (String, String) {
    (value.to_owned(), source.to_owned())
}

#[test]
fn a_label_makes_the_row_what_it_says_and_the_empty_one_takes_the_files_off() {
    let mut sample = ledger();
    sample.tell("in", label("Staking reward"));
    sample.row("tip", "2020-02-01 11:00", "reward", "", "2 BTC", "");
    sample.tell("tip", label(""));
    let measured = sample.measure();
    let reward = written(&measured, "in");
    assert_eq!(reward.kind, Kind::Staking);
    assert_eq!(reward.income, Some(decimal("150")));
    assert_eq!(reward.stated.kind, Some(Kind::Deposit));
    assert_eq!(issues(&measured, "in"), []);
    let tip = written(&measured, "tip");
    assert_eq!((tip.kind, &tip.income), (Kind::Deposit, &None));
    assert_eq!(issues(&measured, "tip"), [IssueCode::UnmatchedDeposit]);
    assert_eq!(measured.facts.unapplied, []);
    assert_eq!(written(&measured, "out").stated.kind, None);
}

#[test]
fn a_label_that_does_not_fit_changes_nothing_and_is_named() {
    let mut sample = ledger();
    let before = sample.measure();
    sample.tell("in", label("gift"));
    let measured = sample.measure();
    assert_eq!(measured.rows, before.rows);
    assert_eq!(measured.facts.unapplied, [identity(&sample, "in")]);
}

#[test]
fn a_price_is_before_net_worth_money_and_prices() {
    let mut sample = ledger();
    sample.tell("in", price("170", "USD"));
    sample.tell("sell", price("600", "USD"));
    let gift = sample.row("worth", "2020-03-02 10:00", "gift", "0.5 BTC", "", "");
    gift.net_worth = leg("77 USD");
    sample.tell("worth", price("400", "USD"));
    let measured = sample.measure();
    assert_eq!(value(&measured, "in"), worth("170", "price:override"));
    assert_eq!(value(&measured, "sell"), worth("600", "price:override"));
    assert_eq!(value(&measured, "worth"), worth("200", "price:override"));
    assert_eq!(value(&measured, "out"), worth("300", "price:own"));
    assert!(disposals(&measured, "sell")[0].starts_with("BTC sell 1 600 "));
    assert_eq!(
        issues(&measured, "worth"),
        [],
        "the user has settled what it is worth"
    );
}

#[test]
fn a_price_in_another_currency_is_exchanged_on_the_rows_day_or_comes_to_nothing() {
    let mut sample = ledger();
    sample.price("EUR", "2020-02-01", "1.1");
    sample.tell("in", price("100", "EUR"));
    sample.tell("out", price("100", "EUR"));
    let measured = sample.measure();
    assert_eq!(
        value(&measured, "in"),
        worth("110", "price:override+fx:own")
    );
    assert_eq!(value(&measured, "out"), worth("300", "price:own"));
    assert_eq!(measured.facts.unapplied, [identity(&sample, "out")]);
}

#[test]
fn a_price_is_of_the_part_of_a_transfer_that_never_arrived_too() {
    let mut sample = ledger();
    sample.tell("out", price("1000", "USD"));
    sample.row("there", "2020-03-01 11:00", "", "", "0.9 BTC", "");
    sample.link("out", "there");
    assert_eq!(
        disposals(&sample.measure(), "out"),
        ["BTC transfer_fee 0.1 100 10 90"]
    );
}

#[test]
fn a_price_of_a_fee_alone_is_what_the_fee_is_worth() {
    let mut sample = ledger();
    sample.row("gas", "2020-03-02 10:00", "", "", "", "0.1 BTC");
    sample.tell("gas", price("1000", "USD"));
    assert_eq!(
        disposals(&sample.measure(), "gas"),
        ["BTC fee 0.1 100 10 90"]
    );
}

#[test]
fn an_ignored_row_moves_nothing_and_nothing_is_the_matter_with_it() {
    let mut sample = ledger();
    sample.tell("buy", ignore());
    sample.tell("out", ignore());
    let measured = sample.measure();
    let out = written(&measured, "out");
    assert!(out.ignored && out.issues.is_empty() && out.disposals.is_empty());
    assert_eq!((&out.value, out.balances.len()), (&None, 0));
    let sell = written(&measured, "sell");
    let balances = sell.balances.iter();
    let after: Vec<String> = balances.map(|held| held.amount.to_string()).collect();
    assert_eq!(after, ["0", "500"]);
    assert_eq!(held(&measured, "BTC"), ("0".to_owned(), "0".to_owned()));
    let jobs = &measured.facts.jobs;
    assert_eq!(
        (jobs[0].1, jobs[0].2),
        (4, 0),
        "it was accepted, and still is"
    );
    let ignored = measured.rows.iter().filter(|row| row.ignored);
    let ids: Vec<_> = ignored.map(|row| row.name.id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["buy", "out"]);
}

#[test]
fn what_is_said_of_a_row_that_is_not_there_or_repeats_another_is_named() {
    let mut sample = ledger();
    let mut gone = sample.clone();
    gone.row("gone", "2020-02-02 10:00", "", "", "1 BTC", "");
    gone.tell("gone", ignore());
    sample.rulings.append(&mut gone.rulings);
    let kept = sample.find("buy").row_ref();
    sample.decision("in").duplicate_of = Some(kept);
    sample.tell("in", ignore());
    let measured = sample.measure();
    assert!(!written(&measured, "in").ignored);
    assert_eq!(measured.facts.unapplied.len(), 2);
}

#[test]
fn a_link_that_cannot_be_is_named_and_one_that_can_is_not() {
    let mut sample = ledger();
    let out = identity(&sample, "out");
    let told = Told {
        link: Some(identity(&sample, "in")),
        ..Told::default()
    };
    sample.tell("out", told);
    assert_eq!(sample.measure().facts.unapplied, [out]);
    sample.link("out", "in");
    sample.rulings[0].partner = sample.decisions[0].partner.clone();
    let measured = sample.measure();
    assert_eq!(measured.facts.unapplied, []);
    assert_eq!(issues(&measured, "out"), []);
    assert_eq!(disposals(&measured, "out"), [] as [String; 0]);
}
