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
    for method in [Method::Fifo, Method::Average] {
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

/// Small quantities with a few decimals, so that disposals often end inside a lot.
fn amounts() -> impl Strategy<Value = Vec<(bool, u64, u64)>> {
    prop::collection::vec((any::<bool>(), 1..5_000_u64, 0..100_000_u64), 1..60)
}

fn milli(units: u64) -> Decimal {
    Decimal::from(units).times(&decimal("0.001")).unwrap()
}

proptest! {
    #[test]
    fn quantities_and_costs_are_conserved_exactly(steps in amounts(), average in any::<bool>()) {
        let mut lots = Lots::new(if average { Method::Average } else { Method::Fifo });
        let (mut quantity, mut cost) = (Decimal::ZERO, Decimal::ZERO);
        for (line, (buy, units, price)) in (1..).zip(steps) {
            if buy {
                let (bought, paid) = (milli(units), milli(price));
                quantity = quantity.plus(&bought).unwrap();
                cost = cost.plus(&paid).unwrap();
                lots.acquire(name(line), Instant(0), bought, paid).unwrap();
            } else {
                let take = lots.plan(&milli(units)).unwrap();
                let sum = take.pieces.iter().try_fold(Decimal::ZERO, |sum, piece| sum.plus(&piece.cost));
                prop_assert_eq!(sum.unwrap(), take.cost.clone());
                let taken = milli(units).minus(&take.missing).unwrap();
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
    fn restored_lots_behave_like_those_they_were_taken_from(steps in amounts(), average in any::<bool>()) {
        let mut lots = Lots::new(if average { Method::Average } else { Method::Fifo });
        for (line, (buy, units, price)) in (1..).zip(steps) {
            if buy {
                lots.acquire(name(line), Instant(0), milli(units), milli(price)).unwrap();
            } else {
                let take = lots.plan(&milli(units)).unwrap();
                lots.commit(take);
            }
            let open = lots.open().into_iter().cloned().collect();
            prop_assert_eq!(&Lots::restore(lots.head().clone(), open).unwrap(), &lots);
        }
    }
}
