//! Section 104 through the whole pipeline: what was decided at a ledger's end is decided anew when
//! something follows, and what was decided before stays.

use crate::world::{Setup, World};
use tests::ledgers::{cut, dealt, distinct};
use tests::results::{Results, assert_same, without_places};

const ROWS: usize = 240;

async fn of_files(files: &[Vec<u8>], prices: &[u8], setup: Setup) -> (World, Results) {
    let world = World::start(setup).await;
    world.settle("s104", "USD").await;
    world.price(prices).await;
    for (n, file) in files.iter().enumerate() {
        world.ingest(&format!("part-{n}.csv"), file).await;
    }
    let results = world.results().await;
    (world, results)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_one_after_another_in_any_cut_equal_one() {
    let ledger = distinct(11, ROWS);
    let prices = ledger.prices_csv();
    let setup = |segment_rows| Setup {
        segment_rows,
        ..Setup::default()
    };
    let (_, whole) = of_files(&[ledger.csv()], &prices, setup(20_000)).await;
    let disposals = String::from_utf8_lossy(&whole["disposals.jsonl"]).into_owned();
    for rule in ["same_day", "bed_and_breakfast", "section_104"] {
        assert!(disposals.contains(rule), "no disposal by {rule}");
    }
    let mut backwards = cut(&ledger, 3);
    backwards.reverse();
    for files in [cut(&ledger, 3), dealt(&ledger, 3), backwards] {
        let (_, parted) = of_files(&files, &prices, setup(30)).await;
        assert_same(&without_places(&whole), &without_places(&parted), "parted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_upload_leaves_the_days_as_before_it() {
    let ledger = distinct(12, ROWS);
    let files = cut(&ledger, 2);
    let setup = Setup {
        segment_rows: 30,
        ..Setup::default()
    };
    let (world, before) = of_files(&files[..1], &ledger.prices_csv(), setup).await;
    let second = world.ingest("second.csv", &files[1]).await;
    assert_ne!(
        before["disposals.csv"],
        world.results().await["disposals.csv"]
    );
    let undo = world.client.undo(&second.job_id).await.expect("an undo");
    assert!(world.end_of(&undo.job_id).await.succeeded());
    assert_same(&before, &world.results().await, "after the undo");
}
