//! The tables under a job's id: rows and rejects.

use domain::ids::Generation;
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::time::{Instant, Month};

use super::samples::{bare_row, full_row};
use crate::contract::World;
use crate::tables::{Reject, Rejects, Rows};

const BEGINNING: Instant = Instant(i64::MIN);
const END: Instant = Instant(i64::MAX);

fn partition(world: &World<'_>) -> RowPartition {
    RowPartition {
        job: world.job(),
        generation: Generation::FIRST,
        month: Month(24_240),
        bucket: 0,
    }
}

pub(super) async fn rows(table: &dyn Rows, world: &World<'_>) {
    let partition = partition(world);
    let read = async |from, to| table.read(partition, from, to).await.expect("read rows");
    assert_eq!(read(BEGINNING, END).await, [], "nothing was written");

    // In file order, which is not time order; two rows share an instant; one is before 1970.
    let written = [
        full_row(50, 4),
        bare_row(50, 3),
        full_row(-7, 9),
        bare_row(90, 1),
        full_row(51, 2),
    ];
    table
        .write(partition, &written[..3])
        .await
        .expect("write rows");
    table
        .write(partition, &written[3..])
        .await
        .expect("write rows");
    table.write(partition, &[]).await.expect("write no rows");
    let mut sorted = written.to_vec();
    sorted.sort_by_key(|row| (row.at, row.line));
    assert_eq!(read(BEGINNING, END).await, sorted);
    table
        .write(partition, &written)
        .await
        .expect("write the rows again");
    assert_eq!(
        read(BEGINNING, END).await,
        sorted,
        "a repeat changes nothing (I2)"
    );

    let between = |from: i64, to: i64| -> Vec<Row> {
        sorted
            .iter()
            .filter(|row| (from..to).contains(&row.at.0))
            .cloned()
            .collect()
    };
    for (from, to) in [
        (50, 51),
        (50, 52),
        (51, 90),
        (-7, 50),
        (-6, 50),
        (91, 100),
        (50, 50),
    ] {
        let read = read(Instant(from), Instant(to)).await;
        assert_eq!(read, between(from, to), "from {from} up to, not with, {to}");
    }
    neighbours_of_a_partition(table, partition, &sorted).await;
}

async fn neighbours_of_a_partition(table: &dyn Rows, own: RowPartition, own_rows: &[Row]) {
    let near = [
        RowPartition {
            generation: own.generation.next(),
            ..own
        },
        RowPartition {
            month: Month(own.month.0 + 1),
            ..own
        },
        RowPartition {
            month: Month(-1),
            ..own
        },
        RowPartition { bucket: 1, ..own },
    ];
    for (place, partition) in (100..).zip(near) {
        table
            .write(partition, &[full_row(50, place)])
            .await
            .expect("write rows");
    }
    let rows = table.read(own, BEGINNING, END).await.expect("read rows");
    assert_eq!(rows, own_rows, "a partition shows its own rows only");
    for (place, partition) in (100..).zip(near) {
        let rows = table
            .read(partition, BEGINNING, END)
            .await
            .expect("read rows");
        assert_eq!(rows, [full_row(50, place)]);
    }
}

pub(super) async fn large_rows(table: &dyn Rows, world: &World<'_>) {
    let partition = partition(world);
    let mut large = full_row(1, 1);
    large.description = Some("é".repeat(150_000).into());
    let many: Vec<Row> = (0..5_000)
        .map(|n| bare_row(n, 5_000 - n.unsigned_abs()))
        .collect();
    table
        .write(partition, &many)
        .await
        .expect("write many rows");
    table
        .write(partition, std::slice::from_ref(&large))
        .await
        .expect("write a row of 300 KB");
    let read = table
        .read(partition, BEGINNING, END)
        .await
        .expect("read rows");
    assert_eq!(read.len(), 5_001);
    assert!(read.is_sorted_by_key(|row| (row.at, row.line)));
    assert!(read.contains(&large), "a row of 300 KB comes back whole");
}

pub(super) async fn rejects(table: &dyn Rejects, world: &World<'_>) {
    let reject = |line: u64| Reject {
        line,
        offset: line * 100,
        length: 99,
        code: "amount".to_owned(),
        message: format!("line {line}: \"x\" is not a decimal number"),
    };
    let (job, first) = (world.job(), Generation::FIRST);
    let read = async |generation, chunk| table.read(job, generation, chunk).await.expect("read");
    assert_eq!(read(first, 0).await, []);
    for _ in 0..2 {
        let unsorted = [reject(30), reject(4), reject(200)];
        table
            .write(job, first, 0, &unsorted)
            .await
            .expect("write rejects");
        table
            .write(job, first, 1, &[reject(5)])
            .await
            .expect("write rejects");
        table
            .write(job, first.next(), 0, &[reject(6)])
            .await
            .expect("write rejects");
    }
    assert_eq!(read(first, 0).await, [reject(4), reject(30), reject(200)]);
    assert_eq!(read(first, 1).await, [reject(5)]);
    assert_eq!(read(first.next(), 0).await, [reject(6)]);
    assert_eq!(table.read(world.job(), first, 0).await.expect("read"), []);
}
