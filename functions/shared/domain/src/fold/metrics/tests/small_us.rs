//! The twelve-row example whose answers come from independent programs: rp2 for FIFO, BittyTax for
//! average cost.

use super::sample::*;
use crate::money::Decimal;
use crate::settings::Method;

/// ID, time, label, sent, received, fee.
const ROWS: [(&str, &str, &str, &str, &str, &str); 12] = [
    ("s-01", "2020-01-01 00:00", "", "", "100000 USD", ""),
    (
        "s-02",
        "2020-01-10 10:00",
        "",
        "8000 USD",
        "1 BTC",
        "40 USD",
    ),
    (
        "s-03",
        "2020-03-15 10:00",
        "",
        "5000 USD",
        "1 BTC",
        "25 USD",
    ),
    (
        "s-04",
        "2020-10-01 10:00",
        "",
        "21600 USD",
        "2 BTC",
        "108 USD",
    ),
    (
        "s-05",
        "2020-12-01 10:00",
        "",
        "1.5 BTC",
        "28500 USD",
        "142.5 USD",
    ),
    ("s-06", "2021-01-05 12:00", "reward", "", "0.1 BTC", ""),
    ("s-07", "2021-02-01 09:00", "", "1 BTC", "", "0.001 BTC"),
    ("s-08", "2021-02-01 09:20", "", "", "1 BTC", ""),
    (
        "s-09",
        "2021-03-01 10:00",
        "",
        "0.5 BTC",
        "15 ETH",
        "0.001 BTC",
    ),
    ("s-10", "2021-06-01 10:00", "cost", "2 ETH", "", ""),
    (
        "s-11",
        "2022-02-01 10:00",
        "",
        "1 BTC",
        "38500 USD",
        "192.5 USD",
    ),
    ("s-12", "2022-02-02 10:00", "gift", "3 ETH", "", ""),
];

fn small_us(method: Method) -> Sample {
    let mut sample = Sample::new();
    sample.settings.method = method;
    sample.price("BTC", "2021-02-01", "33500");
    sample.price("ETH", "2021-06-01", "2600");
    for (id, at, label, sent, received, fee) in ROWS {
        let row = sample.row(id, at, label, sent, received, fee);
        if ["s-06", "s-08", "s-09", "s-10", "s-12"].contains(&id) {
            row.account = "Ledger".parse().unwrap();
        }
        row.net_worth = match id {
            "s-06" => leg("3200 USD"),
            "s-09" => leg("24000 USD"),
            "s-12" => leg("8100 USD"),
            _ => None,
        };
    }
    sample.link("s-07", "s-08");
    sample
}

#[test]
fn fifo_gives_the_answers_of_rp2() {
    let measured = small_us(Method::Fifo).measure();
    assert_eq!(
        disposals(&measured, "s-05"),
        ["BTC sell 1.5 28357.5 10552.5 17805"]
    );
    assert_eq!(
        disposals(&measured, "s-07"),
        ["BTC transfer_fee 0.001 33.5 5.025 28.475"]
    );
    assert_eq!(
        disposals(&measured, "s-09"),
        ["BTC swap 0.501 24000 2529.183 21470.817"]
    );
    assert_eq!(disposals(&measured, "s-10"), ["ETH cost 2 5200 3200 2000"]);
    assert_eq!(
        disposals(&measured, "s-11"),
        ["BTC sell 1 38307.5 10854 27453.5"]
    );
    // Under the US profile a gift is no sale: it goes for exactly its cost.
    assert_eq!(disposals(&measured, "s-12"), ["ETH gift 3 4800 4800 0"]);
    assert_eq!(
        measured
            .rows
            .iter()
            .map(|row| row.disposals.len())
            .sum::<usize>(),
        6
    );
    assert_eq!(written(&measured, "s-06").income, Some(decimal("3200")));
    assert_eq!(held(&measured, "BTC"), ("1.098".into(), "14032.292".into()));
    assert_eq!(held(&measured, "ETH"), ("10".into(), "16000".into()));
}

#[test]
fn fifo_names_the_lots_and_how_long_they_were_held() {
    let measured = small_us(Method::Fifo).measure();
    let lots = |id: &str| -> Vec<(String, String, String, bool)> {
        let parts = written(&measured, id)
            .disposals
            .iter()
            .flat_map(|disposal| &disposal.lots);
        let id = |source: &Option<crate::read_rows::RowName>| {
            source.as_ref().unwrap().id.as_deref().unwrap().into()
        };
        parts
            .map(|part| {
                (
                    id(&part.source),
                    part.quantity.to_string(),
                    part.cost.to_string(),
                    part.long,
                )
            })
            .collect()
    };
    let part = |id: &str, quantity: &str, cost: &str, long| {
        (id.into(), quantity.into(), cost.into(), long)
    };
    assert_eq!(
        lots("s-05"),
        [
            part("s-02", "1", "8040", false),
            part("s-03", "0.5", "2512.5", false)
        ]
    );
    assert_eq!(
        lots("s-09"),
        [
            part("s-03", "0.499", "2507.475", false),
            part("s-04", "0.002", "21.708", false)
        ]
    );
    assert_eq!(lots("s-11"), [part("s-04", "1", "10854", true)]);
    assert_eq!(
        written(&measured, "s-11").disposals[0].gain_long,
        Some(decimal("27453.5"))
    );
    assert_eq!(
        written(&measured, "s-09").disposals[0].gain_long,
        Some(Decimal::ZERO)
    );
}

#[test]
fn average_cost_gives_the_answers_of_bittytax() {
    let measured = small_us(Method::Average).measure();
    let close = |id: &str, cost: &str, gain: &str| {
        let disposal = &written(&measured, id).disposals[0];
        let near = |a: &Decimal, b: &str| a.minus(&decimal(b)).unwrap().abs() < decimal("1e-20");
        near(&disposal.cost_basis, cost) && near(disposal.gain.as_ref().unwrap(), gain)
    };
    assert!(close("s-05", "13039.875", "15317.625"));
    assert!(close(
        "s-07",
        "9.58966346153846153846153846153",
        "23.9103365384615384615384615385"
    ));
    assert!(close(
        "s-09",
        "4804.42139423076923076923076922",
        "19195.5786057692307692307692308"
    ));
    assert!(close("s-10", "3200", "2000"));
    assert!(close(
        "s-11",
        "9589.66346153846153846153846154",
        "28717.8365384615384615384615385"
    ));
    assert_eq!(
        written(&measured, "s-12").disposals[0].cost_basis,
        decimal("4800")
    );
    assert_eq!(
        held(&measured, "BTC"),
        (
            "1.098".into(),
            "10529.450480769230769230769230769231".into()
        )
    );
    assert_eq!(held(&measured, "ETH"), ("10".into(), "16000".into()));
}

#[test]
fn balances_are_those_of_each_account_and_nothing_needs_a_look() {
    let measured = small_us(Method::Fifo).measure();
    let holding = measured
        .assets
        .get(&asset("BTC"))
        .unwrap()
        .holding(&asset("BTC"))
        .unwrap();
    let balances: Vec<String> = holding
        .balances
        .iter()
        .map(|(account, amount)| format!("{account} {amount}"))
        .collect();
    assert_eq!(balances, ["Ledger 0.599", "main 0.499"]);
    assert!(
        measured.rows.iter().all(|row| row.issues.is_empty()),
        "{:?}",
        measured.facts.issues
    );
    let kinds: Vec<&str> = measured
        .facts
        .kinds
        .iter()
        .map(|kind| kind.name())
        .collect();
    assert_eq!(
        kinds,
        [
            "buy",
            "sell",
            "swap",
            "deposit",
            "withdrawal",
            "reward",
            "cost",
            "transfer_fee",
            "gift"
        ]
    );
    assert_eq!(
        measured.facts.jobs,
        [(measured.rows[0].name.row.job, 12, 0)]
    );
}

#[test]
fn totals_add_up_by_year_account_and_kind() {
    let measured = small_us(Method::Fifo).measure();
    let totals = measured.assets[&asset("BTC")].totals(&asset("BTC"));
    let shown: Vec<String> = totals
        .iter()
        .map(|total| {
            format!(
                "{} {} {} {}",
                total.year,
                total.kind.unwrap().name(),
                total.count,
                total.gain_reported
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "2020 buy 3 0",
            "2020 sell 1 17805",
            "2021 swap 1 21470.82",
            "2021 deposit 1 0",
            "2021 reward 1 0",
            "2021 withdrawal 1 0",
            "2021 transfer_fee 1 28.48",
            "2022 sell 1 27453.5",
        ]
    );
}
