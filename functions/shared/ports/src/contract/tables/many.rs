//! More than any implementation keeps or fetches together: whole segments, and pages that begin and
//! end anywhere.

use domain::ids::{Generation, TurnId};
use domain::plan::RowPartition;
use domain::read_rows::{Decision, TransactionRow};
use domain::rows::Row;
use domain::time::{Day, Instant, Month};

use super::samples::{
    asset, balance, bare_row, day_disposal, decimal, decision, holding, small_transaction, total,
};
use crate::contract::World;
use crate::tables::{
    DayPrice, Decisions, Disposals, LedgerPrices, PriceOwner, Reject, Rejects, Rows, Summaries,
    Transactions,
};

const TURN: TurnId = TurnId(7);
const BEGINNING: Instant = Instant(i64::MIN);
const END: Instant = Instant(i64::MAX);

/// A whole segment's rows in one partition, from ten chunks, with many rows to an instant.
pub(super) async fn rows(table: &dyn Rows, world: &World<'_>) {
    let partition = RowPartition {
        job: world.job(),
        generation: Generation::FIRST,
        month: Month(24_240),
        bucket: 2,
    };
    // In the order of the file, which runs backwards in time.
    let row = |n: i64| Row {
        chunk: u32::try_from(n / 2_000).expect("a chunk"),
        ..bare_row((20_000 - n) / 3, n.unsigned_abs() + 1)
    };
    let written: Vec<Row> = (0..20_000).map(row).collect();
    for chunk in written.chunks(2_000).chain(written.chunks(2_000).skip(7)) {
        table.write(partition, chunk).await.expect("write a chunk");
    }
    let mut sorted = written;
    sorted.sort_by_key(|row| (row.at, row.line));
    let read = table
        .read(partition, BEGINNING, END)
        .await
        .expect("read rows");
    assert!(
        read == sorted,
        "20,000 rows come back in order, chunks written twice once"
    );
    let (from, to) = (Instant(2_000), Instant(4_000));
    let read = table.read(partition, from, to).await.expect("read rows");
    sorted.retain(|row| from <= row.at && row.at < to);
    assert!(read == sorted, "a span of them too");
}

/// A chunk whose every row was refused.
pub(super) async fn rejects(table: &dyn Rejects, world: &World<'_>) {
    let reject = |line| Reject {
        line,
        offset: line,
        length: 1,
        code: "amount".to_owned(),
        message: "m".repeat(200),
    };
    let job = world.job();
    let mut written: Vec<Reject> = (1..=3_000).rev().map(reject).collect();
    for _ in 0..2 {
        let write = table.write(job, Generation::FIRST, 9, &written).await;
        write.expect("write rejects");
    }
    written.reverse();
    let read = table
        .read(job, Generation::FIRST, 9)
        .await
        .expect("read rejects");
    assert!(read == written, "3,000 rejects come back in order of line");
}

/// A decision on every third row of a segment.
pub(super) async fn decisions(table: &dyn Decisions, world: &World<'_>) {
    let (ledger, job) = (world.ledger("many"), world.job());
    let said = |n: i64| decision(job, 6_000 - n, n.unsigned_abs() + 1);
    let mut written: Vec<Decision> = (0..6_000).map(said).collect();
    table
        .write(&ledger, TURN, 3, &written)
        .await
        .expect("write decisions");
    let again = table.write(&ledger, TURN, 3, &written[500..600]).await;
    again.expect("write some again");
    written.sort_by_key(|decision| (decision.at, decision.row));
    let read = table.read(&ledger, TURN, 3).await.expect("read decisions");
    assert!(read == written, "6,000 decisions come back in order");
}

/// Segments around the sizes at which rows are kept together, read in pages of odd sizes.
pub(super) async fn transactions(table: &dyn Transactions, world: &World<'_>) {
    let (ledger, job) = (world.ledger("many"), world.job());
    let all: Vec<TransactionRow> = (0..5_000).map(|n| small_transaction(job, n)).collect();
    let lengths = [2_047, 2_048, 2_049, 4_096, 5_000];
    for (segment, length) in (0..).zip(lengths) {
        let (before, behind) = all[..length].split_at(1_500);
        for (first, rows) in [(1_500, behind), (0, before), (0, before)] {
            let write = table.write(&ledger, TURN, segment, first, rows).await;
            write.expect("write transactions");
        }
        let page = async |from, limit| {
            let page = table.page(&ledger, TURN, segment, from, limit).await;
            page.expect("a page")
        };
        for size in [999, 2_048, 4_096, 6_000] {
            let mut read = Vec::new();
            while let Some((last, _)) = page(next(&read), size).await.last().cloned() {
                let more = page(next(&read), size).await;
                assert!(
                    more.len() <= size as usize,
                    "a page holds no more than was asked"
                );
                read.extend(more);
                assert_eq!(next(&read), last + 1);
            }
            let rows: Vec<_> = read.iter().map(|(_, row)| row).collect();
            let same = rows.iter().copied().eq(&all[..length]);
            assert!(same, "{length} transactions in pages of {size}");
        }
        let end = u32::try_from(length).expect("a length");
        assert_eq!(page(end, 10).await, []);
        assert_eq!(page(end - 1, 10).await.len(), 1);
        assert_eq!(page(0, 0).await, [], "nothing was asked for");
    }
}

/// What a long segment decides, read in pages that begin and end anywhere.
pub(super) async fn disposals(table: &dyn Disposals, world: &World<'_>) {
    let (ledger, job) = (world.ledger("many"), world.job());
    let all: Vec<_> = (0..4_500).map(|n| day_disposal(job, n)).collect();
    for (segment, length) in [(0, 2_048), (1, 2_049), (2, 4_500)] {
        for _ in 0..2 {
            let write = table.write(&ledger, TURN, segment, &all[..length]).await;
            write.expect("write disposals");
        }
        for size in [999, 2_048, 6_000] {
            let mut read = Vec::new();
            while let Ok(from) = u32::try_from(read.len()) {
                let page = table.page(&ledger, TURN, segment, from, size).await;
                let page = page.expect("a page");
                assert!(page.len() <= size as usize, "no more than was asked");
                if page.is_empty() {
                    break;
                }
                read.extend(page);
            }
            let numbered = read.iter().map(|(seq, _)| *seq as usize).eq(0..length);
            assert!(numbered, "{length} disposals are numbered without gaps");
            let same = read.iter().map(|(_, row)| row).eq(&all[..length]);
            assert!(same, "{length} disposals in pages of {size}");
        }
    }
}

fn next(read: &[(u32, TransactionRow)]) -> u32 {
    read.last().map_or(0, |(seq, _)| seq + 1)
}

/// Totals and holdings of a ledger with very many assets.
pub(super) async fn summaries(table: &dyn Summaries, world: &World<'_>) {
    let ledger = world.ledger("many");
    for (turn, count) in [(TurnId(1), 2_048), (TurnId(2), 4_100)] {
        let totals: Vec<_> = (0..count).map(|n| total(count - n)).collect();
        let holdings: Vec<_> = (0..count).map(|n| holding(&format!("A{n}"))).collect();
        for _ in 0..2 {
            let write = table.write_totals(&ledger, turn, 0, &totals).await;
            write.expect("write totals");
            let write = table.write_holdings(&ledger, turn, &holdings).await;
            write.expect("write holdings");
        }
        let read = table.totals(&ledger, turn).await.expect("totals");
        assert!(read == totals, "{count} totals in stored order");
        let read = table.holdings(&ledger, turn).await.expect("holdings");
        assert!(read == holdings, "{count} holdings in stored order");
    }
    let balances: Vec<_> = (1..4_200).map(balance).collect();
    for first in [3_000, 0] {
        let part = &balances[first..balances.len().min(first + 3_000)];
        let write =
            table.write_balances(&ledger, TURN, u32::try_from(first).expect("a number"), part);
        write.await.expect("write balances");
    }
    for size in [1_000, 2_048, 5_000] {
        let mut read: Vec<(u32, _)> = Vec::new();
        loop {
            let next = read.last().map_or(0, |(n, _)| n + 1);
            let page = table.balances(&ledger, TURN, next, size).await;
            let page = page.expect("balances");
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        let same = (0..).zip(balances.iter().cloned()).eq(read);
        assert!(same, "4,199 balances in pages of {size}");
    }
}

/// Two years of prices of many assets.
pub(super) async fn ledger_prices(table: &dyn LedgerPrices, world: &World<'_>) {
    let (ledger, owner) = (world.ledger("many"), PriceOwner::Turn(TURN));
    let price = |day: i32, n: i32| DayPrice {
        asset: asset(&format!("A{n:02}")),
        quote: asset("USD"),
        day: Day(day),
        price: Some(decimal("1.5")),
        source: "own".to_owned(),
    };
    let days = 17_800..18_530;
    let mut written: Vec<DayPrice> = (0..10)
        .flat_map(|n| days.clone().map(move |day| price(day, n)))
        .collect();
    for _ in 0..2 {
        table
            .write(&ledger, owner, &written)
            .await
            .expect("write prices");
    }
    written.sort_by(|a, b| (a.day, &a.asset).cmp(&(b.day, &b.asset)));
    let usd = asset("USD");
    let (from, to) = (Day(17_800), Day(18_529));
    let read = table
        .read(&ledger, owner, &usd, from, to)
        .await
        .expect("read prices");
    assert!(
        read == written,
        "7,300 prices come back in order of day and asset"
    );
    let read = table
        .read(&ledger, owner, &usd, to, from)
        .await
        .expect("read prices");
    assert_eq!(read, [], "no day is in a span that ends before it begins");
}
