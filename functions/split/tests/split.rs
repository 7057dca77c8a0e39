//! The step behind its handler: real events in, state, plan and messages out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::sync::Arc;

use domain::dialect::{DecimalMark, Encoding};
use domain::ids::Generation;
use domain::limits::{MAX_COLUMNS, MAX_FILE_BYTES, MAX_RECORD_BYTES};
use domain::message::{Envelope, Queue, SCHEMA_VERSION, Task};
use domain::settings::ParseOptions;
use domain::state::{ErrorClass, JobPhase};
use serde_json::json;
use split::config::Bounds;
use split::handler::{Deps, handle};
use split::pass::Pass;
use world::{HEADER, World, created, job_id, owner, row, rows, sqs};

/// Handles one message; answers whether it is to come back.
async fn deliver(world: &Arc<World>, body: &str, chunk_rows: Option<u32>) -> bool {
    let deps = Deps {
        state: world.clone(),
        objects: world.clone(),
        sender: world.clone(),
        postponer: world.clone(),
        clock: world.clone(),
        bounds: Bounds { chunk_rows },
    };
    !handle(sqs(body), &deps)
        .await
        .batch_item_failures
        .is_empty()
}

/// Uploads a file as declared and handles its event.
async fn split(content: &[u8], options: ParseOptions) -> Arc<World> {
    let world = Arc::new(World::awaiting(content, options));
    let version = world.upload(content);
    assert!(!deliver(&world, &created(content.len(), &version).to_string(), None).await);
    world
}

/// What a file that fails sends: nothing to work on, and the end of its job to `notify`.
fn only_its_end() -> Vec<(Queue, Task)> {
    let (job, generation) = (job_id(), Generation::FIRST);
    vec![(Queue::Notify, Task::Ended { job, generation })]
}

/// The code and message a file fails with.
async fn fault(content: impl AsRef<[u8]>) -> (String, String) {
    let world = split(content.as_ref(), ParseOptions::default()).await;
    assert!(world.plan().is_none() && world.done_set().is_none());
    assert_eq!(world.sent(), only_its_end());
    let error = world.error().unwrap();
    assert_eq!(error.class, ErrorClass::Data);
    (error.code, error.message)
}

#[tokio::test]
async fn a_file_becomes_a_plan_and_a_message_per_chunk() {
    let content = format!("{HEADER}{}", rows(5));
    let world = Arc::new(World::uploaded(&content));
    assert!(!deliver(&world, &created(content.len(), "v1").to_string(), Some(2)).await);

    let plan = world.plan().unwrap();
    assert_eq!((plan.version.as_str(), plan.records()), ("v1", 5));
    assert_eq!(plan.header.len(), 13);
    let lines: Vec<u64> = plan.chunks.iter().map(|chunk| chunk.first_line).collect();
    assert_eq!(lines, [2, 4, 6]);
    let last = plan.chunks.last().unwrap();
    assert_eq!(last.offset + last.length, content.len() as u64);

    let job = world.job();
    assert_eq!(job.phase, JobPhase::Ingesting);
    let upload = job.upload().unwrap();
    assert_eq!(
        (upload.records, upload.object_version.as_deref()),
        (Some(5), Some("v1"))
    );
    assert_eq!(world.done_set().unwrap().total, 3);
    let chunk = |batch| {
        (
            Queue::Ingest,
            Task::Chunk {
                job: job.id,
                generation: Generation::FIRST,
                batch,
            },
        )
    };
    assert_eq!(world.sent(), [chunk(0), chunk(1), chunk(2)]);
    assert_eq!(world.count("outbox"), 0);
}

#[tokio::test]
async fn a_second_delivery_and_another_version_change_nothing() {
    let content = format!("{HEADER}{}", rows(3));
    let world = split(content.as_bytes(), ParseOptions::default()).await;
    let (job, sent) = (world.job(), world.sent());
    let other = world.upload(b"something else");
    for (size, version) in [(content.len(), "v1"), (14, other.as_str())] {
        assert!(!deliver(&world, &created(size, version).to_string(), None).await);
    }
    assert_eq!((world.job(), world.sent()), (job, sent));
    assert_eq!(world.plan().unwrap().version, "v1");
}

#[tokio::test]
async fn the_announced_version_is_read_even_when_a_newer_one_is_there() {
    let content = format!("{HEADER}{}", rows(3));
    let world = Arc::new(World::uploaded(&content));
    world.upload(b"replaced");
    assert!(!deliver(&world, &created(content.len(), "v1").to_string(), None).await);
    assert_eq!(world.plan().unwrap().version, "v1");
    assert_eq!(world.job().phase, JobPhase::Ingesting);
}

#[tokio::test]
async fn a_header_without_rows_is_complete_and_asks_for_its_turn() {
    let world = split(HEADER.as_bytes(), ParseOptions::default()).await;
    assert_eq!(world.job().phase, JobPhase::AwaitingTurn);
    assert_eq!(world.plan().unwrap().chunks, []);
    assert_eq!(world.sent(), [(Queue::Price, Task::Admit)]);
    assert_eq!(world.count("turn_request"), 1);
    assert_eq!(world.done_set().unwrap().total, 0);
}

#[tokio::test]
async fn an_empty_file_is_named_as_that() {
    for content in ["", "\r\n\n\n", "\u{feff}", "\u{feff}\n"] {
        let (code, message) = fault(content).await;
        assert_eq!(code, "empty_file", "{content:?}");
        assert!(message.contains("upload the new file"), "{message}");
    }
}

#[tokio::test]
async fn an_unknown_header_is_shown_with_the_formats_that_are_known() {
    let content = "my export\nWhen,What,\"How\x07\nmuch\"\n1,2,3\n";
    let (code, message) = fault(content).await;
    assert_eq!(code, "unknown_header");
    assert!(
        message.contains("Line 2 has the columns: \"When\", \"What\", \"How??much\"."),
        "{message}"
    );
    assert!(message.contains("Known formats: koinly"), "{message}");
}

#[tokio::test]
async fn a_header_that_is_almost_known_is_told_what_it_lacks() {
    let (code, message) = fault(HEADER.replace("TxHash", "Hashtag")).await;
    assert_eq!(code, "unknown_header");
    assert!(
        message.contains("Note: record 1 is like a header of koinly, but"),
        "{message}"
    );
}

#[tokio::test]
async fn a_wide_unknown_header_is_shortened() {
    let cells: Vec<String> = (0..40)
        .map(|n| format!("column {n}{}", "x".repeat(100)))
        .collect();
    let (code, message) = fault(cells.join(",")).await;
    assert_eq!(code, "unknown_header");
    assert!(
        message.contains("and 24 more") && message.len() < 1_500,
        "{message}"
    );
}

#[tokio::test]
async fn an_unclosed_quote_names_its_line() {
    let content = format!(
        "{HEADER}{}2024-01-01 00:00:00 UTC,,,1,BTC,,,,,,\"open,,\n{}",
        row("2024-01-01 00:00:00 UTC", "1"),
        rows(3)
    );
    let (code, message) = fault(content).await;
    assert_eq!(code, "unclosed_quote");
    assert!(
        message.starts_with("Line 3: a quote opens a field here"),
        "{message}"
    );
}

#[tokio::test]
async fn a_record_over_the_limit_names_its_line() {
    let (code, message) = fault(format!("{HEADER}\n{}\n", "x".repeat(MAX_RECORD_BYTES + 1))).await;
    assert_eq!(code, "record_too_long");
    assert!(message.starts_with("Line 3: "), "{message}");
}

#[tokio::test]
async fn too_many_columns_name_their_line() {
    let (code, message) = fault(format!("{HEADER}{}\n", ",".repeat(MAX_COLUMNS))).await;
    assert_eq!(code, "too_many_columns");
    assert!(
        message.starts_with("Line 2: the record has 513 columns"),
        "{message}"
    );
}

#[tokio::test]
async fn the_dialect_is_the_one_a_known_header_shows() {
    let text = format!("\u{feff}{HEADER}{}", rows(3));
    let semicolons = text.replace(',', ";");
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    let files = [
        (
            text.clone().into_bytes(),
            b',',
            Encoding::Utf8,
            DecimalMark::Point,
        ),
        (
            semicolons.clone().into_bytes(),
            b';',
            Encoding::Utf8,
            DecimalMark::Unsaid,
        ),
        (
            semicolons.replace(";1;BTC", ";1,5;BTC").into_bytes(),
            b';',
            Encoding::Utf8,
            DecimalMark::Comma,
        ),
        (
            units(&text.replace(',', "\t"))
                .into_iter()
                .flat_map(u16::to_le_bytes)
                .collect(),
            b'\t',
            Encoding::Utf16Le,
            DecimalMark::Unsaid,
        ),
        (
            units(&text)
                .into_iter()
                .flat_map(u16::to_be_bytes)
                .collect(),
            b',',
            Encoding::Utf16Be,
            DecimalMark::Point,
        ),
    ];
    for (file, delimiter, encoding, decimal) in files {
        let plan = split(&file, ParseOptions::default()).await.plan().unwrap();
        let found = plan.dialect;
        assert_eq!(
            (found.delimiter, found.encoding, found.decimal),
            (delimiter, encoding, decimal)
        );
        assert_eq!(plan.records(), 3);
    }
}

#[tokio::test]
async fn utf_16_that_was_cut_off_is_named() {
    let mut content: Vec<u8> = format!("\u{feff}{HEADER}{}", rows(3))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    content.pop();
    assert_eq!(fault(content).await.0, "cut_utf16");
}

#[tokio::test]
async fn an_unknown_header_is_shown_as_its_own_delimiter_divides_it() {
    let (code, message) = fault("Datum;Betrag;Notiz\n1;2;3\n").await;
    assert_eq!(code, "unknown_header");
    assert!(
        message.contains("Line 1 has the columns: \"Datum\", \"Betrag\", \"Notiz\""),
        "{message}"
    );
}

#[tokio::test]
async fn blank_lines_without_end_are_an_empty_file() {
    assert_eq!(fault(vec![b'\n'; 12 * 1024 * 1024]).await.0, "empty_file");
}

#[tokio::test]
async fn another_content_than_declared_fails_by_its_digest() {
    let world = Arc::new(World::awaiting(
        format!("{HEADER}{}", rows(3)).as_bytes(),
        ParseOptions::default(),
    ));
    let changed = format!("{HEADER}{}", rows(3)).replace("reward", "mining");
    world.upload(changed.as_bytes());
    assert!(!deliver(&world, &created(changed.len(), "v1").to_string(), None).await);
    let error = world.error().unwrap();
    assert_eq!(
        (error.class, error.code.as_str()),
        (ErrorClass::Data, "wrong_sha256")
    );
    assert!(world.plan().is_none());
    assert_eq!(world.sent(), only_its_end());
}

#[tokio::test]
async fn another_length_than_declared_fails_before_and_after_reading() {
    let content = format!("{HEADER}{}", rows(3));
    for announced in [content.len() + 1, content.len()] {
        let world = Arc::new(World::awaiting(content.as_bytes(), ParseOptions::default()));
        world.upload(format!("{content}\n").as_bytes());
        assert!(!deliver(&world, &created(announced, "v1").to_string(), None).await);
        let error = world.error().unwrap();
        assert_eq!(error.code, "wrong_length");
        let (declared, found) = (content.len(), content.len() + 1);
        assert!(
            error
                .message
                .contains(&format!("declared {declared} bytes, but {found} arrived"))
        );
    }
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_unread() {
    let world = Arc::new(World::awaiting(b"x", ParseOptions::default()));
    let size = usize::try_from(MAX_FILE_BYTES).unwrap() + 1;
    assert!(!deliver(&world, &created(size, "v1").to_string(), None).await);
    assert_eq!(world.error().unwrap().code, "file_too_large");
}

#[tokio::test]
async fn a_file_that_is_gone_fails_its_job() {
    let content = format!("{HEADER}{}", rows(3));
    let world = Arc::new(World::uploaded(&content));
    world.lose_upload();
    assert!(!deliver(&world, &created(content.len(), "v1").to_string(), None).await);
    assert_eq!(world.error().unwrap().code, "object_gone");
}

#[tokio::test]
async fn options_that_cannot_be_followed_fail_the_job_before_any_row() {
    let content = format!("{HEADER}{}", rows(3));
    for (options, code) in [
        (
            ParseOptions {
                timezone: Some("Mars/Base".to_owned()),
                ..ParseOptions::default()
            },
            "unknown_timezone",
        ),
        (
            ParseOptions {
                format: Some("kraken".to_owned()),
                ..ParseOptions::default()
            },
            "format_mismatch",
        ),
    ] {
        let world = split(content.as_bytes(), options).await;
        let error = world.error().unwrap();
        assert_eq!(error.code, code);
        assert!(error.message.starts_with("Line 1"), "{}", error.message);
    }
}

#[tokio::test]
async fn messages_that_ask_for_nothing_are_acknowledged() {
    let content = format!("{HEADER}{}", rows(1));
    let world = Arc::new(World::uploaded(&content));
    let before = world.job();
    let mut other_key = created(1, "v1");
    other_key["detail"]["object"]["key"] = json!("jobs/6c6f63616c/main/x/plan.json");
    let mut deleted = created(1, "v1");
    deleted["detail-type"] = json!("Object Deleted");
    let mut no_job = created(content.len(), "v1");
    no_job["detail"]["object"]["key"] = json!(domain::keys::upload(
        &owner(),
        domain::ids::JobId::new(5, &[1; 10])
    ));
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2024-01-01T00:00:00.000Z", "Bucket": "uploads"});
    for body in [other_key, deleted, no_job, test] {
        assert!(!deliver(&world, &body.to_string(), None).await, "{body}");
    }
    assert_eq!((world.job(), world.sent().len()), (before, 0));
}

#[tokio::test]
async fn a_message_nobody_understands_comes_back() {
    let world = Arc::new(World::uploaded(HEADER));
    let records = json!({"Records": [{"eventName": "ObjectCreated:Put"}]});
    for body in ["", "not json", "{}", &records.to_string()] {
        assert!(deliver(&world, body, None).await, "{body}");
    }
    assert_eq!(world.job().phase, JobPhase::AwaitingUpload);
}

#[tokio::test]
async fn trouble_brings_the_message_back_and_the_next_time_it_is_done() {
    let content = format!("{HEADER}{}", rows(3));
    for op in ["objects.get", "objects.put", "state.commit"] {
        let world = Arc::new(World::uploaded(&content));
        world.break_once(op);
        let event = created(content.len(), "v1").to_string();
        assert!(deliver(&world, &event, None).await, "{op}");
        assert!(!deliver(&world, &event, None).await, "{op}");
        assert_eq!(
            (world.job().phase, world.sent().len()),
            (JobPhase::Ingesting, 1),
            "{op}"
        );
    }
}

#[tokio::test]
async fn a_queue_that_is_away_leaves_the_messages_to_the_sweep() {
    let content = format!("{HEADER}{}", rows(3));
    let world = Arc::new(World::uploaded(&content));
    world.break_once("queue.send");
    assert!(!deliver(&world, &created(content.len(), "v1").to_string(), None).await);
    assert_eq!(
        (world.job().phase, world.count("outbox")),
        (JobPhase::Ingesting, 1)
    );
}

#[tokio::test]
async fn a_retry_splits_the_current_version_for_its_own_attempt_only() {
    let content = format!("{HEADER}{}", rows(3));
    let world = Arc::new(World::uploaded(&content));
    let mut job = world.job();
    job.generation = Generation(2);
    world.save(&job);
    let task = |generation| Envelope {
        v: SCHEMA_VERSION,
        tenant: owner().tenant,
        ledger: owner().ledger,
        task: Task::Split {
            job: job_id(),
            generation,
        },
        correlation: job_id().to_string(),
    };
    assert!(!deliver(&world, &task(Generation::FIRST).body(), None).await);
    assert_eq!(world.job().phase, JobPhase::AwaitingUpload);
    assert!(!deliver(&world, &task(Generation(2)).body(), None).await);
    assert_eq!(world.job().phase, JobPhase::Ingesting);
    assert_eq!(world.done_set().unwrap().generation, Generation(2));
}

#[tokio::test]
async fn a_file_of_many_blocks_gets_the_plan_of_one_pass_over_it_whole() {
    let quoted = "2024-01-01 00:00:00 UTC,,,1,BTC,,,,,reward,\"two\r\nlines \"\"here\"\"\",,\r\n"
        .repeat(140_000);
    let content = format!("\u{feff}Transactions\r\n\r\n{HEADER}{quoted}");
    assert!(content.len() > 9 * 1024 * 1024);
    let world = split(content.as_bytes(), ParseOptions::default()).await;
    let plan = world.plan().unwrap();
    let options = ParseOptions::default();
    let mut pass = Pass::new(&options, None);
    pass.feed(content.as_bytes()).unwrap();
    assert_eq!(plan.chunks, pass.finish().unwrap().chunks);
    assert_eq!(plan.records(), 140_000);
    assert_eq!(
        plan.chunks[1].first_line,
        4 + 2 * u64::from(plan.chunks[0].records)
    );
}
