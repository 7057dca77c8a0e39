#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its input has failed"
)]

use proptest::prelude::*;

use super::*;
use crate::ids::JobId;
use crate::rows::RowRef;

fn name(line: u64) -> RowName {
    RowName {
        row: RowRef {
            job: JobId::new(1, &[0; 10]),
            line,
        },
        id: None,
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn lots(method: Method, acquired: &[(i64, &str, &str)]) -> Lots {
    let mut lots = Lots::new(method);
    for (line, (at, quantity, cost)) in (1..).zip(acquired) {
        lots.acquire(name(line), Instant(*at), decimal(quantity), decimal(cost))
            .unwrap();
    }
    lots
}

/// Line, quantity and cost of what a disposal takes.
fn dispose(lots: &mut Lots, quantity: &str) -> Vec<(u64, String, String)> {
    let take = lots.plan(&decimal(quantity)).unwrap();
    let line = |piece: &Piece| piece.source.as_ref().map_or(0, |name| name.row.line);
    let show = |piece: &Piece| {
        (
            line(piece),
            piece.quantity.to_string(),
            piece.cost.to_string(),
        )
    };
    let shown = take.pieces.iter().map(show).collect();
    lots.commit(take);
    shown
}

fn pieces(expected: &[(u64, &str, &str)]) -> Vec<(u64, String, String)> {
    expected
        .iter()
        .map(|(line, quantity, cost)| (*line, (*quantity).into(), (*cost).into()))
        .collect()
}

#[test]
fn fifo_takes_the_earliest_lot_first_whatever_order_they_were_added_in() {
    let mut fifo = lots(
        Method::Fifo,
        &[(20, "1", "200"), (10, "2", "100"), (10, "1", "60")],
    );
    assert_eq!(
        dispose(&mut fifo, "2.5"),
        pieces(&[(2, "2", "100"), (3, "0.5", "30")])
    );
    assert_eq!(
        dispose(&mut fifo, "1"),
        pieces(&[(3, "0.5", "30"), (1, "0.5", "100")])
    );
    assert_eq!(fifo.head().quantity, decimal("0.5"));
    assert_eq!(fifo.head().cost, decimal("100"));
}

#[test]
fn lifo_takes_the_latest_lot_first_and_of_one_instant_the_last() {
    let mut lifo = lots(
        Method::Lifo,
        &[(20, "1", "200"), (10, "2", "100"), (20, "1", "60")],
    );
    assert_eq!(
        dispose(&mut lifo, "1.5"),
        pieces(&[(3, "1", "60"), (1, "0.5", "100")])
    );
    lifo.acquire(name(4), Instant(30), decimal("1"), decimal("7"))
        .unwrap();
    assert_eq!(
        dispose(&mut lifo, "2"),
        pieces(&[(4, "1", "7"), (1, "0.5", "100"), (2, "0.5", "25")])
    );
    assert_eq!(lifo.head().cost, decimal("75"));
}

#[test]
fn hifo_takes_the_dearest_unit_first_and_of_equal_ones_the_oldest() {
    let mut hifo = lots(
        Method::Hifo,
        &[
            (10, "2", "100"),
            (20, "1", "60"),
            (30, "4", "200"),
            (5, "10", "500"),
        ],
    );
    assert_eq!(
        dispose(&mut hifo, "0.5"),
        pieces(&[(2, "0.5", "30")]),
        "60 a piece, though the other lots cost more in all"
    );
    assert_eq!(
        dispose(&mut hifo, "13"),
        pieces(&[
            (2, "0.5", "30"),
            (4, "10", "500"),
            (1, "2", "100"),
            (3, "0.5", "25")
        ])
    );
    assert_eq!(hifo.head().quantity, decimal("3.5"));
}

#[test]
fn lofo_takes_the_cheapest_unit_first_and_of_equal_ones_the_oldest() {
    let mut lofo = lots(
        Method::Lofo,
        &[(10, "2", "100"), (20, "1", "60"), (20, "4", "200")],
    );
    lofo.acquire(name(4), Instant(30), decimal("1"), Decimal::ZERO)
        .unwrap();
    assert_eq!(
        dispose(&mut lofo, "6.5"),
        pieces(&[(4, "1", "0"), (1, "2", "100"), (3, "3.5", "175")])
    );
    assert_eq!(
        dispose(&mut lofo, "1"),
        pieces(&[(3, "0.5", "25"), (2, "0.5", "30")])
    );
}

#[test]
fn unit_costs_that_round_to_the_same_are_equal() {
    let (third, more) = ("1", "1.0000000000000000000000000000004");
    let mut hifo = lots(Method::Hifo, &[(1, "3", third), (2, "3", more)]);
    assert_eq!(dispose(&mut hifo, "3"), pieces(&[(1, "3", "1")]));
    let mut lofo = lots(Method::Lofo, &[(2, "3", third), (1, "3", more)]);
    assert_eq!(dispose(&mut lofo, "3"), pieces(&[(2, "3", more)]));
}

#[test]
fn a_unit_cost_that_does_not_fit_leaves_the_lots_as_they_were() {
    let mut hifo = lots(Method::Hifo, &[(1, "1", "10")]);
    let before = hifo.clone();
    let (quantity, cost) = (decimal("1e-38"), decimal(&format!("1{}", "0".repeat(120))));
    assert_eq!(
        hifo.acquire(name(2), Instant(2), quantity, cost),
        Err(ArithmeticError::Overflow)
    );
    assert_eq!(hifo, before);
}

#[test]
fn the_last_piece_of_a_lot_takes_what_the_roundings_left() {
    let mut fifo = lots(Method::Fifo, &[(1, "3", "10")]);
    let third = "3.333333333333333333333333333333";
    assert_eq!(dispose(&mut fifo, "1"), pieces(&[(1, "1", third)]));
    assert_eq!(dispose(&mut fifo, "1"), pieces(&[(1, "1", third)]));
    assert_eq!(
        dispose(&mut fifo, "1"),
        pieces(&[(1, "1", "3.333333333333333333333333333334")])
    );
    assert!(fifo.head().cost.is_zero());
}

#[test]
fn roundings_up_never_leave_a_lot_with_a_negative_cost() {
    let mut fifo = lots(Method::Fifo, &[(1, "5", "3e-30")]);
    for cost in ["1", "1", "1", "0", "0"].map(|units| decimal(&format!("{units}e-30")).to_string())
    {
        assert_eq!(dispose(&mut fifo, "1"), pieces(&[(1, "1", &cost)]));
    }
}

#[test]
fn average_takes_shares_of_the_pool_as_it_is() {
    let mut average = lots(Method::Average, &[(1, "1", "10"), (2, "1", "20")]);
    assert_eq!(dispose(&mut average, "0.5"), pieces(&[(0, "0.5", "7.5")]));
    average
        .acquire(name(3), Instant(3), decimal("0.5"), decimal("17.5"))
        .unwrap();
    assert_eq!(dispose(&mut average, "1"), pieces(&[(0, "1", "20")]));
    assert_eq!(dispose(&mut average, "1"), pieces(&[(0, "1", "20")]));
    assert_eq!(average.open().len(), 0);
}

#[test]
fn a_shortfall_takes_what_exists_and_says_what_is_missing() {
    for method in Method::ALL {
        let mut lots = lots(method, &[(1, "1", "10")]);
        let take = lots.plan(&decimal("1.25")).unwrap();
        assert_eq!(
            (take.missing.clone(), take.cost.clone()),
            (decimal("0.25"), decimal("10"))
        );
        lots.commit(take);
        assert_eq!(lots.plan(&decimal("2")).unwrap().missing, decimal("2"));
        assert!(lots.head().quantity.is_zero());
    }
}

#[test]
fn a_plan_that_is_not_carried_out_changes_nothing() {
    let fifo = lots(Method::Fifo, &[(1, "1", "10"), (2, "1", "20")]);
    let before = fifo.clone();
    assert_eq!(fifo.plan(&decimal("1.5")).unwrap().pieces.len(), 2);
    assert_eq!(fifo, before);
}

/// An acquisition or a disposal: minutes since the one before, quantity, cost. Few distinct times,
/// quantities and costs, so that ties are many and disposals often end inside a lot.
#[derive(Debug, Clone)]
struct Step {
    buys: bool,
    later: i64,
    units: u64,
    price: u64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<bool>(), 0..3_i64, 1..50_u64, 0..8_u64);
    let step = step.prop_map(|(buys, later, units, price)| Step {
        buys,
        later,
        units: units * 100,
        price: price * 1_000,
    });
    prop::collection::vec(step, 1..60)
}

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(Method::ALL.to_vec())
}

fn milli(units: u64) -> Decimal {
    Decimal::from(units).times(&decimal("0.001")).unwrap()
}

/// The lots a plain sort of all of them would take first: line and open quantity.
fn sorted(method: Method, lots: &Lots) -> Vec<(u64, Decimal)> {
    let mut open: Vec<Lot> = lots.open().into_iter().cloned().collect();
    let unit = |lot: &Lot| lot.cost.divided_by(&lot.quantity).unwrap();
    open.sort_by(|a, b| match method {
        Method::Lifo => (b.acquired, b.number).cmp(&(a.acquired, a.number)),
        Method::Hifo => (unit(b), a.acquired, a.number).cmp(&(unit(a), b.acquired, b.number)),
        Method::Lofo => (unit(a), a.acquired, a.number).cmp(&(unit(b), b.acquired, b.number)),
        _ => (a.acquired, a.number).cmp(&(b.acquired, b.number)),
    });
    let line = |lot: &Lot| lot.source.as_ref().map_or(0, |name| name.row.line);
    open.iter()
        .map(|lot| (line(lot), lot.open_quantity.clone()))
        .collect()
}

proptest! {
    #[test]
    fn quantities_and_costs_are_conserved_exactly(steps in steps(), method in method()) {
        let mut lots = Lots::new(method);
        let (mut quantity, mut cost, mut at) = (Decimal::ZERO, Decimal::ZERO, 0);
        for (line, step) in (1..).zip(steps) {
            at += step.later;
            if step.buys {
                let (bought, paid) = (milli(step.units), milli(step.price));
                quantity = quantity.plus(&bought).unwrap();
                cost = cost.plus(&paid).unwrap();
                lots.acquire(name(line), Instant(at), bought, paid).unwrap();
            } else {
                let take = lots.plan(&milli(step.units)).unwrap();
                let sum = take.pieces.iter().try_fold(Decimal::ZERO, |sum, piece| sum.plus(&piece.cost));
                prop_assert_eq!(sum.unwrap(), take.cost.clone());
                let taken = milli(step.units).minus(&take.missing).unwrap();
                quantity = quantity.minus(&taken).unwrap();
                cost = cost.minus(&take.cost).unwrap();
                lots.commit(take);
            }
            let open = lots.open();
            let held = open.iter().try_fold(Decimal::ZERO, |sum, lot| sum.plus(&lot.open_quantity)).unwrap();
            let paid = open.iter().try_fold(Decimal::ZERO, |sum, lot| sum.plus(&lot.open_cost)).unwrap();
            prop_assert_eq!((&held, &paid), (&quantity, &cost));
            prop_assert_eq!((&lots.head().quantity, &lots.head().cost), (&quantity, &cost));
            prop_assert!(!quantity.is_negative() && !cost.is_negative());
        }
    }

    #[test]
    fn lots_are_taken_in_the_order_a_plain_sort_gives(steps in steps(), method in method()) {
        let (mut lots, mut at) = (Lots::new(method), 0);
        for (line, step) in (1..).zip(steps) {
            at += step.later;
            if step.buys {
                lots.acquire(name(line), Instant(at), milli(step.units), milli(step.price)).unwrap();
                continue;
            }
            let (order, mut left) = (sorted(method, &lots), milli(step.units));
            let take = lots.plan(&left).unwrap();
            prop_assert!(take.pieces.len() <= order.len());
            for (piece, (line, open)) in take.pieces.iter().zip(&order) {
                prop_assert_eq!(piece.source.as_ref().map_or(0, |name| name.row.line), *line);
                prop_assert_eq!(&piece.quantity, open.min(&left));
                left = left.minus(&piece.quantity).unwrap();
            }
            prop_assert_eq!(&take.missing, &left);
            prop_assert!(left.is_zero() || take.pieces.len() == order.len());
            lots.commit(take);
        }
    }

    #[test]
    fn restored_lots_behave_like_those_they_were_taken_from(steps in steps(), method in method()) {
        let (mut lots, mut at) = (Lots::new(method), 0);
        for (line, step) in (1..).zip(steps) {
            at += step.later;
            if step.buys {
                lots.acquire(name(line), Instant(at), milli(step.units), milli(step.price)).unwrap();
            } else {
                let take = lots.plan(&milli(step.units)).unwrap();
                lots.commit(take);
            }
            let open = lots.open().into_iter().cloned().collect();
            prop_assert_eq!(&Lots::restore(lots.head().clone(), open).unwrap(), &lots);
        }
    }
}
