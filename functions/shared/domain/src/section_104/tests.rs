#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot build its input has failed"
)]

use proptest::prelude::*;

use super::reference::{Event, Line, reference};
use super::*;
use crate::ids::JobId;
use crate::lots::Lots;
use crate::rows::RowRef;
use crate::settings::Method;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn name(line: u64) -> RowName {
    let job = JobId::new(1, &[0; 10]);
    RowName {
        row: RowRef { job, line },
        id: None,
    }
}

/// `10 + 5 20`: on day 10, 5 for 20 are acquired; `- ` is a sale (`-` for no price), `lost`, `gift`.
fn event(text: &str) -> Event {
    let [day, what, quantity, amount] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{text:?}");
    };
    let (day, quantity) = (day.parse().unwrap(), decimal(quantity));
    let manner = match what {
        "+" => {
            let cost = decimal(amount);
            return Event::Acquired {
                day,
                quantity,
                cost,
            };
        }
        "-" => Manner::Sold,
        "lost" => Manner::Lost,
        "gift" => Manner::AtCost,
        _ => panic!("{text:?}"),
    };
    Event::Disposed {
        day,
        manner,
        quantity,
        proceeds: (amount != "-").then(|| decimal(amount)),
    }
}

fn feed(open: &mut OpenDays, line: u64, event: &Event) {
    match event {
        Event::Acquired {
            day,
            quantity,
            cost,
        } => open.acquire(Day(*day), quantity, cost).unwrap(),
        Event::Disposed {
            day,
            manner,
            quantity,
            proceeds,
        } => {
            let proceeds = proceeds.as_ref();
            open.dispose(Day(*day), *manner, quantity, proceeds, &name(line))
                .unwrap();
        }
    }
}

fn lines(decided: &[Decided]) -> Vec<Line> {
    let mut lines = Vec::new();
    for Decided { day, parts } in decided {
        for part in parts {
            lines.push((
                *day,
                part.rule,
                part.acquired,
                part.quantity.clone(),
                part.proceeds.clone(),
                part.cost.clone(),
                part.missing.clone(),
            ));
        }
    }
    lines
}

fn day_of(event: &Event) -> Day {
    match event {
        Event::Acquired { day, .. } | Event::Disposed { day, .. } => Day(*day),
    }
}

/// Feeds events in order of time; where `cuts` has a bit, days that are over are decided and the
/// open ones are stored and loaded.
fn run(events: &[Event], cuts: u64) -> (Vec<Line>, (Decimal, Decimal)) {
    let (mut open, mut pool) = (OpenDays::default(), Lots::new(Method::Average));
    let mut decided = Vec::new();
    for (n, event) in events.iter().enumerate() {
        if cuts >> (n % 64) & 1 == 1 {
            decided.extend(open.advance(day_of(event), &mut pool));
            let stored = postcard::to_stdvec(&open).unwrap();
            open = postcard::from_bytes(&stored).unwrap();
        }
        feed(&mut open, n as u64, event);
    }
    decided.extend(open.close(&mut pool));
    assert!(open.is_empty());
    let head = pool.head();
    (lines(&decided), (head.quantity.clone(), head.cost.clone()))
}

/// The parts as `day rule acquired quantity proceeds cost missing`.
fn shown(events: &[&str]) -> Vec<String> {
    let events: Vec<Event> = events.iter().map(|text| event(text)).collect();
    let dash = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
    let show = |(day, rule, acquired, quantity, proceeds, cost, missing): Line| {
        let acquired = dash(acquired.map(|day| day.0.to_string()));
        let proceeds = dash(proceeds.map(|proceeds| proceeds.to_string()));
        let rule = rule.name();
        let day = day.0;
        format!("{day} {rule} {acquired} {quantity} {proceeds} {cost} {missing}")
    };
    run(&events, u64::MAX).0.into_iter().map(show).collect()
}

#[test]
fn the_example_of_crypto22253_comes_out_as_printed() {
    let found = shown(&[
        "0 + 2000 1000",
        "90 - 1000 400",
        "110 - 500 150",
        "111 + 700 175",
        "118 + 500 100",
        "121 + 500 150",
    ]);
    let expected = [
        "90 bed_and_breakfast 111 700 280 175 0",
        "90 bed_and_breakfast 118 300 120 60 0",
        "110 bed_and_breakfast 118 200 60 40 0",
        "110 bed_and_breakfast 121 300 90 90 0",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_same_day_comes_before_the_days_behind_and_both_before_the_pool() {
    let found = shown(&[
        "0 + 10 100",
        "50 - 6 90",
        "50 + 2 24",
        "60 + 5 75",
        "60 - 4 64",
        "81 + 9 999",
    ]);
    let expected = [
        "50 same_day 50 2 30 24 0",
        "50 bed_and_breakfast 60 1 15 15 0",
        "50 section_104 - 3 45 30 0",
        "60 same_day 60 4 64 60 0",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_thirtieth_day_behind_counts_and_the_next_does_not() {
    assert_eq!(
        shown(&["0 + 1 10", "5 - 1 15", "35 + 1 11"]),
        ["5 bed_and_breakfast 35 1 15 11 0"]
    );
    assert_eq!(
        shown(&["0 + 1 10", "5 - 1 15", "36 + 1 11"]),
        ["5 section_104 - 1 15 10 0"]
    );
}

#[test]
fn what_is_lost_or_given_comes_from_the_pool_behind_the_days_sale() {
    let found = shown(&[
        "0 + 10 100",
        "5 lost 2 0",
        "5 gift 3 0",
        "5 - 4 60",
        "5 + 1 40",
        "6 + 9 900",
    ]);
    let expected = [
        "5 same_day 5 1 15 40 0",
        "5 bed_and_breakfast 6 3 45 300 0",
        "5 lost - 2 0 20 0",
        "5 gift - 3 30 30 0",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_shortfall_costs_nothing_and_a_row_without_a_price_takes_the_proceeds_of_its_day() {
    let found = shown(&["0 + 1 10", "5 - 2 -", "5 - 1 90", "50 - 1 7"]);
    let expected = ["5 section_104 - 3 - 10 2", "50 section_104 - 1 7 0 1"];
    assert_eq!(found, expected);
}

#[test]
fn a_day_names_its_first_rows_and_counts_them_all() {
    let mut open = OpenDays::default();
    for line in 0..20 {
        open.dispose(Day(1), Manner::Sold, &Decimal::ONE, None, &name(line))
            .unwrap();
    }
    let decided = open.close(&mut Lots::new(Method::Average));
    let sources = &decided[0].parts[0].sources;
    let first: Vec<u64> = sources.first.iter().map(|name| name.row.line).collect();
    assert_eq!(first, (0..NAMED_ROWS as u64).collect::<Vec<_>>());
    assert_eq!(sources.count, 20);
}

#[test]
fn a_day_whose_numbers_do_not_fit_says_so_and_leaves_the_others_alone() {
    let huge = format!("1{}", "0".repeat(140));
    let (open, pool) = (&mut OpenDays::default(), &mut Lots::new(Method::Average));
    let cost = decimal("100.00000000000000000000001");
    open.acquire(Day(0), &decimal("10"), &cost).unwrap();
    for (line, day, proceeds) in [(1, 5, "7"), (2, 6, huge.as_str()), (3, 7, "8")] {
        let proceeds = decimal(proceeds);
        open.dispose(
            Day(day),
            Manner::Sold,
            &decimal("3"),
            Some(&proceeds),
            &name(line),
        )
        .unwrap();
    }
    open.acquire(
        Day(7),
        &decimal("1.000000000000000000000001"),
        &decimal("5"),
    )
    .unwrap();
    let decided = open.close(pool);
    let found: Vec<_> = decided
        .iter()
        .flat_map(|decided| &decided.parts)
        .map(|part| (part.rule, part.overflow, part.quantity.to_string()))
        .collect();
    assert!(
        found.contains(&(Rule::Section104, true, "3".to_owned())),
        "{found:?}"
    );
    assert_eq!(found.iter().filter(|(_, overflow, _)| *overflow).count(), 1);
    assert_eq!(decided.len(), 3);
}

#[test]
fn only_the_window_stays_open() {
    let (open, pool) = (&mut OpenDays::default(), &mut Lots::new(Method::Average));
    for day in 0..2_000 {
        let day = Day(day);
        open.acquire(day, &decimal("2"), &decimal("3")).unwrap();
        open.dispose(day, Manner::Sold, &Decimal::ONE, None, &name(1))
            .unwrap();
        open.advance(day, pool);
        assert!(open.days.len() <= 33, "{} days are open", open.days.len());
    }
    assert_eq!(pool.head().quantity, decimal("1968"));
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (0..9_usize, 0..10_u8, 1..900_u32, 0..900_u32);
    prop::collection::vec(one, 1..40).prop_map(|drawn| {
        let gaps = [0, 0, 0, 1, 1, 7, 15, 29, 31];
        let mut day = 0;
        let mut events = Vec::new();
        for (gap, what, quantity, amount) in drawn {
            day += gaps[gap];
            let (quantity, amount) = (format!("{quantity}.07"), format!("{amount}.3"));
            let what = match what {
                0..5 => "+",
                5..8 => "-",
                8 => "lost",
                _ => "gift",
            };
            let unpriced = what == "-" && amount.starts_with('7');
            let amount = if unpriced { "-" } else { &amount };
            events.push(event(&format!("{day} {what} {quantity} {amount}")));
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn days_are_decided_as_on_paper_wherever_the_history_is_cut(events in events(), cuts in any::<u64>()) {
        prop_assert_eq!(run(&events, cuts), reference(&events));
    }

    #[test]
    fn quantities_costs_and_proceeds_are_conserved(events in events(), cuts in any::<u64>()) {
        let (lines, (held, cost_held)) = run(&events, cuts);
        let all = |numbers: Vec<&Decimal>| numbers.iter().fold(Decimal::ZERO, |sum, n| sum.plus(n).unwrap());
        let (mut acquired, mut paid, mut disposed) = (vec![], vec![], vec![]);
        for event in &events {
            match event {
                Event::Acquired { quantity, cost, .. } => { acquired.push(quantity); paid.push(cost); }
                Event::Disposed { quantity, .. } => disposed.push(quantity),
            }
        }
        let out = all(lines.iter().map(|line| &line.3).collect());
        prop_assert_eq!(&out, &all(disposed));
        let missing = all(lines.iter().map(|line| &line.6).collect());
        prop_assert_eq!(all(acquired).plus(&missing).unwrap(), out.plus(&held).unwrap());
        let cost = all(lines.iter().map(|line| &line.5).collect());
        prop_assert_eq!(all(paid), cost.plus(&cost_held).unwrap());
    }
}
