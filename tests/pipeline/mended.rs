//! A file of refused records is mended and uploaded as it is: does it come to what the file would have,
//! had it been right at once, whatever stands in its cells?

use tests::results::{assert_same, without_places};

use crate::world::{Setup, World};

const COINBASE: &str = include_str!(
    "../../functions/shared/domain/src/formats/fixtures/coinbase_preamble_newest_first_and_signs.csv"
);
/// The end of every time, and what no reader takes for it.
const RIGHT: &str = ":00 UTC";
const WRONG: &str = ":00 then";

/// Cells that a spreadsheet would compute, that look like it, and that were made text before.
const CELLS: [&str; 14] = [
    "=1+1",
    "=HYPERLINK(\"http://example.com\";\"x\")",
    "@cmd",
    "+49 30 1234",
    "-",
    "--1",
    "-kr5",
    "-4.41",
    "-$4.41",
    "'=1+1",
    "''=1+1",
    "'-4.41",
    "'tis a note",
    "two\n=lines, \"quoted\"",
];

fn koinly() -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash,ID";
    writer.write_record(header.split(',')).expect("a header");
    for (n, cell) in CELLS.iter().enumerate() {
        let (time, id) = (
            format!("2024-01-{:02} 10:00{RIGHT}", n + 1),
            format!("{cell}{n}"),
        );
        let row = [
            &time, "", "", "1.5", "BTC", "", "", "9", "USD", "reward", cell, cell, &id,
        ];
        writer.write_record(row).expect("a row");
    }
    String::from_utf8(writer.into_inner().expect("a file")).expect("text")
}

async fn rejects(world: &World, job: &str) -> String {
    let to = world.file("rejects.csv", b"");
    let path = format!("/v1/jobs/{job}/rejects");
    let download = world.client.download("the rejects", &path, &to);
    download.await.expect("rejects");
    std::fs::read_to_string(&to).expect("rejects")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_records_that_are_mended_come_to_what_they_would_have_at_once() {
    for (name, good, rows) in [
        ("koinly.csv", koinly(), 14),
        ("coinbase.csv", COINBASE.into(), 6),
    ] {
        let right = World::start(Setup::default()).await;
        right.ingest(name, good.as_bytes()).await;
        let expected = without_places(&right.results().await);

        let world = World::start(Setup::default()).await;
        let broken = good.replace(RIGHT, WRONG);
        let end = world.ingest(name, broken.as_bytes()).await;
        assert_eq!(
            (end.counts.rejected, end.counts.accepted),
            (rows as u64, 0),
            "{name}"
        );
        let refused = rejects(&world, &end.job_id).await;
        for amount in ["-4.41", "-$4.41", "\"-$30,000.00\""] {
            let cell = format!(",{amount},");
            assert_eq!(refused.contains(&cell), broken.contains(&cell), "{refused}");
        }
        let end = world
            .ingest("rejects.csv", refused.replace(WRONG, RIGHT).as_bytes())
            .await;
        assert_eq!(
            (end.counts.rejected, end.counts.accepted),
            (0, rows as u64),
            "{name}"
        );
        assert_same(&expected, &without_places(&world.results().await), name);
    }
}
