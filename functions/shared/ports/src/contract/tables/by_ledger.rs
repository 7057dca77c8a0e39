//! The tables under a ledger and a turn.

use domain::ids::{LedgerRef, TurnId};

use super::neighbours;
use super::samples::{
    balance, day_disposal, decision, holding, large_transaction, total, transaction,
};
use crate::contract::World;
use crate::tables::{Decisions, Disposals, Summaries, Transactions};

pub(super) async fn decisions(table: &dyn Decisions, world: &World<'_>) {
    let (early, late) = (world.job(), world.job());
    let places = neighbours(world);
    for (place, (ledger, turn)) in (10..).zip(&places) {
        let unsorted = [
            decision(late, 5, 1),
            decision(early, 5, place),
            decision(early, 5, 2),
            decision(late, -1, 9),
        ];
        for _ in 0..2 {
            table
                .write(ledger, *turn, 0, &unsorted)
                .await
                .expect("write decisions");
            table
                .write(ledger, *turn, 1, &[decision(early, 0, place)])
                .await
                .expect("write decisions");
        }
    }
    for (place, (ledger, turn)) in (10..).zip(&places) {
        let read = table.read(ledger, *turn, 0).await.expect("read decisions");
        let sorted = [
            decision(late, -1, 9),
            decision(early, 5, 2),
            decision(early, 5, place),
            decision(late, 5, 1),
        ];
        assert_eq!(
            read, sorted,
            "in order of time, job, line; {ledger:?} {turn}"
        );
        let read = table.read(ledger, *turn, 1).await.expect("read decisions");
        assert_eq!(read, [decision(early, 0, place)]);
        assert_eq!(
            table.read(ledger, *turn, 2).await.expect("read decisions"),
            []
        );
    }
}

pub(super) async fn transactions(table: &dyn Transactions, world: &World<'_>) {
    let job = world.job();
    let places = neighbours(world);
    for (place, (ledger, turn)) in (0..).zip(&places) {
        let rows: Vec<_> = (0..25)
            .map(|n| transaction(job, 1_000 * place + n))
            .collect();
        let (before, behind) = rows.split_at(10);
        for _ in 0..2 {
            table
                .write(ledger, *turn, 3, 10, behind)
                .await
                .expect("write transactions");
            table
                .write(ledger, *turn, 3, 0, before)
                .await
                .expect("write transactions");
        }
        table
            .write(ledger, *turn, 4, 0, &rows[..1])
            .await
            .expect("write transactions");
    }
    for (place, (ledger, turn)) in (0..).zip(&places) {
        let mut next = 0;
        loop {
            let page = table.page(ledger, *turn, 3, next, 7).await.expect("a page");
            for (seq, row) in &page {
                assert_eq!(
                    *seq, next,
                    "rows come in order, none twice and none left out"
                );
                assert_eq!(*row, transaction(job, 1_000 * place + u64::from(next)));
                next += 1;
            }
            if page.len() < 7 {
                break;
            }
        }
        assert_eq!(next, 25, "{ledger:?} {turn}");
        assert_eq!(
            table
                .page(ledger, *turn, 4, 0, 100)
                .await
                .expect("a page")
                .len(),
            1
        );
        assert_eq!(
            table.page(ledger, *turn, 3, 25, 7).await.expect("a page"),
            []
        );
        assert_eq!(
            table.page(ledger, *turn, 5, 0, 7).await.expect("a page"),
            []
        );
    }
    a_large_transaction(table, world).await;
}

pub(super) async fn disposals(table: &dyn Disposals, world: &World<'_>) {
    let job = world.job();
    let places = neighbours(world);
    let rows =
        |place: u32| -> Vec<_> { (0..9).map(|n| day_disposal(job, 100 * place + n)).collect() };
    for (place, (ledger, turn)) in (0..).zip(&places) {
        for _ in 0..2 {
            let write = table.write(ledger, *turn, 3, &rows(place)).await;
            write.expect("write disposals");
            let write = table.write(ledger, *turn, 4, &rows(place)[..1]).await;
            write.expect("write disposals");
        }
        let write = table.write(ledger, *turn, 5, &[]).await;
        write.expect("write no disposals");
    }
    for (place, (ledger, turn)) in (0..).zip(&places) {
        let page = async |segment, from, limit| {
            let page = table.page(ledger, *turn, segment, from, limit).await;
            page.expect("a page")
        };
        let expected: Vec<_> = (0..).zip(rows(place)).collect();
        assert_eq!(page(3, 0, 4).await, expected[..4], "{ledger:?} {turn}");
        assert_eq!(page(3, 4, 9).await, expected[4..]);
        assert_eq!(page(4, 0, 9).await, expected[..1]);
        for (segment, from, limit) in [(3, 9, 4), (3, 0, 0), (5, 0, 4), (6, 0, 4)] {
            assert_eq!(page(segment, from, limit).await, []);
        }
    }
}

/// Rows of 300 KB and, with ten times more lots than a common sale has, of several megabytes.
async fn a_large_transaction(table: &dyn Transactions, world: &World<'_>) {
    let ledger = world.ledger("large");
    let job = world.job();
    let mut described = transaction(job, 1);
    described.description = Some("0123456789".repeat(30_000).into());
    let rows = [
        transaction(job, 0),
        described,
        large_transaction(job, 2, 50_000),
        large_transaction(job, 3, 20_000),
        transaction(job, 4),
    ];
    let turn = domain::ids::TurnId(1);
    for _ in 0..2 {
        table
            .write(&ledger, turn, 0, 0, &rows)
            .await
            .expect("write large transactions");
    }
    for (from, limit) in [
        (0, 1),
        (0, 3),
        (1, 1),
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 9),
        (0, 9),
    ] {
        let page = table.page(&ledger, turn, 0, from, limit).await;
        let page = page.expect("a page");
        let expected: Vec<_> = (0..)
            .zip(rows.iter().cloned())
            .skip(from as usize)
            .take(limit as usize)
            .collect();
        assert!(
            page == expected,
            "{limit} large rows from {from} come back whole"
        );
    }
}

pub(super) async fn summaries(table: &dyn Summaries, world: &World<'_>) {
    let places = neighbours(world);
    for (place, (ledger, turn)) in (2_000..).zip(&places) {
        let totals = [total(place), total(1999), total(place)];
        let holdings = [
            holding("BTC"),
            holding("ETH"),
            holding(&format!("A{place}")),
        ];
        for _ in 0..2 {
            for (first, part) in [(2, &totals[2..]), (0, &totals[..2])] {
                let write = table.write_totals(ledger, *turn, first, part);
                write.await.expect("write totals");
            }
            table
                .write_holdings(ledger, *turn, &holdings)
                .await
                .expect("write holdings");
        }
    }
    for (place, (ledger, turn)) in (2_000..).zip(&places) {
        let totals = table.totals(ledger, *turn).await.expect("totals");
        assert_eq!(
            totals,
            [total(place), total(1999), total(place)],
            "in stored order; {ledger:?} {turn}"
        );
        let holdings = table.holdings(ledger, *turn).await.expect("holdings");
        assert_eq!(
            holdings,
            [
                holding("BTC"),
                holding("ETH"),
                holding(&format!("A{place}"))
            ]
        );
    }
    balances(table, &places).await;
    let elsewhere = world.ledger("elsewhere");
    let turn = domain::ids::TurnId(1);
    assert_eq!(table.totals(&elsewhere, turn).await.expect("totals"), []);
    assert_eq!(
        table.holdings(&elsewhere, turn).await.expect("holdings"),
        []
    );
}

async fn balances(table: &dyn Summaries, places: &[(LedgerRef, TurnId)]) {
    for (place, (ledger, turn)) in (2_000..).zip(places) {
        for (first, years) in [(2, [place, 0]), (0, [1999, 2001])] {
            for _ in 0..2 {
                let rows = years.map(balance);
                let write = table.write_balances(ledger, *turn, first, &rows);
                write.await.expect("write balances");
            }
        }
    }
    for (place, (ledger, turn)) in (2_000..).zip(places) {
        let all: Vec<_> = (0..).zip([1999, 2001, place, 0].map(balance)).collect();
        for (from, limit) in [(0, 9), (0, 3), (1, 2), (3, 1), (4, 1), (0, 0)] {
            let page = table.balances(ledger, *turn, from, limit).await;
            let from = from as usize;
            let end = all.len().min(from + limit as usize);
            assert_eq!(page.expect("balances"), all[from..end], "{ledger:?} {turn}");
        }
    }
}
