//! Two tenants of one stack: whatever is one's is to the other as if it had never been (I8). Every
//! request that can name something is made twice, once with what is there and is another's, once with
//! what nobody ever had, and the answers are the same, byte for byte.

mod asker;
mod belongings;
mod routes;

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use tests::ledgers::distinct;
use tests::user::{LEDGER, User};

use crate::world::{Setup, World};
use asker::{Answer, Asker, sent};
use belongings::{Belongings, EXPORT, KEY, Read, Signed};
use routes::{Names, Operation, operations};

const ALICE: &str = "alice";
const BOB: &str = "bob";

/// What a case draws.
#[derive(Debug, Clone)]
struct Drawn {
    job: Index,
    cursor: Index,
    identity: Index,
    tag: Option<Index>,
    with_cursor: bool,
    never: [u8; 16],
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let tag = prop::option::of(any::<Index>());
    let all = (any::<[Index; 3]>(), tag, any::<bool>(), any::<[u8; 16]>());
    all.prop_map(|([job, cursor, identity], tag, with_cursor, never)| Drawn {
        job,
        cursor,
        identity,
        tag,
        with_cursor,
        never,
    })
}

/// A stack with Alice, who has everything, and Bob, who has a ledger of the same name.
struct Two {
    world: World,
    operations: Vec<Operation>,
    alice: Belongings,
    bob: User,
    asker: Asker,
}

impl Two {
    async fn start() -> Self {
        let world = World::start(Setup {
            segment_rows: 40,
            single_put_bytes: 1024 * 1024,
            ..Setup::default()
        })
        .await;
        let asker = Asker::of(&world, BOB);
        let operations = operations(&asker.get("/openapi.json").await.json());
        let alice = Belongings::of(&world, ALICE, &operations).await;
        let bob = User::named(&world.stack, BOB);
        bob.ingest("bob.csv", &distinct(73, 30).csv()).await;
        Self {
            world,
            operations,
            alice,
            bob,
            asker,
        }
    }
}

/// What is Alice's, as a case draws it.
fn alices(alice: &Belongings, drawn: &Drawn, ledger: &str) -> Names {
    let tag = drawn.tag.map(|tag| tag.get(&alice.tags).clone());
    Names {
        id: drawn.job.get(&alice.jobs).clone(),
        ledger: ledger.to_owned(),
        name: EXPORT.to_owned(),
        revision: drawn.with_cursor.then(|| alice.revision.clone()),
        cursor: drawn
            .with_cursor
            .then(|| drawn.cursor.get(&alice.cursors).clone()),
        identity: drawn.identity.get(&alice.identities).clone(),
        // A star holds whatever is there.
        tag: tag.unwrap_or_else(|| "*".to_owned()),
    }
}

/// The same of what nobody ever had.
fn nobodys(alices: &Names, drawn: &Drawn, ledger: &str) -> Names {
    let hex: String = drawn
        .never
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let id = domain::ids::JobId::from_bytes(drawn.never);
    let like = |text: &String| hex.chars().cycle().take(text.len()).collect::<String>();
    // A row that could be there: a digest, and the time of one that is.
    let time = alices.identity.split_once('.').expect("a time").1;
    Names {
        id: id.to_string(),
        ledger: ledger.to_owned(),
        revision: alices.revision.as_ref().map(|_| "1000000000".to_owned()),
        cursor: alices.cursor.as_ref().map(like),
        identity: format!("{hex}.{time}"),
        ..alices.clone()
    }
}

/// Asks twice; what differs in the answers is only what was named, and the names of new jobs.
async fn alike(
    operation: &Operation,
    (one, theirs): (&Asker, &Names),
    (other, nobodys): (&Asker, &Names),
) -> Answer {
    let plain = |answer: Answer, names: &Names| {
        let job = answer.json()["job_id"].as_str().map(str::to_owned);
        let job = job.unwrap_or_else(|| names.id.clone());
        let ledger = format!("/{}/", names.ledger);
        answer.unnamed().saying(&[
            (job.as_str(), "JOB"),
            (&names.id, "JOB"),
            (&ledger, "/LEDGER/"),
            (&names.identity, "IDENTITY"),
        ])
    };
    let found = plain(sent(operation.request(one, theirs)).await, theirs);
    let missing = plain(sent(operation.request(other, nobodys)).await, nobodys);
    assert_eq!(found, missing, "{operation:?} {theirs:?} {nobodys:?}");
    found
}

/// Somebody who has nothing asks for what is Alice's, and somebody else for what is nobody's.
async fn strangers(two: &Two, drawn: &Drawn, number: u32) {
    let theirs = alices(&two.alice, drawn, LEDGER);
    let never = nobodys(&theirs, drawn, "never-was");
    for (nth, operation) in two.operations.iter().enumerate() {
        // Who has put something has something.
        let one = Asker::of(&two.world, &format!("stranger-{number}-{nth}"));
        let other = Asker::of(&two.world, &format!("other-{number}-{nth}"));
        let answer = alike(operation, (&one, &theirs), (&other, &never)).await;
        // Everybody may read the list of their own jobs, and begin a ledger of any name.
        if operation.takes("id") || operation.may_find_nothing && operation.takes("ledger") {
            assert_eq!(answer.status, 404, "{operation:?}: {answer:?}");
        }
    }
}

/// Bob asks in his own ledger for what is Alice's, and for what is nobody's.
async fn neighbours(two: &Two, drawn: &Drawn) {
    let drawn = Drawn {
        with_cursor: true,
        ..drawn.clone()
    };
    let theirs = alices(&two.alice, &drawn, LEDGER);
    let never = nobodys(&theirs, &drawn, LEDGER);
    for operation in two.operations.iter().filter(|one| one.names_within()) {
        let answer = alike(operation, (&two.asker, &theirs), (&two.asker, &never)).await;
        let refused = if operation.says_of_rows() { 422 } else { 404 };
        assert_eq!(answer.status, refused, "{operation:?}: {answer:?}");
    }
}

/// Nobody has changed anything of hers.
fn assert_kept(before: &Read, after: &Read) {
    assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
    for (what, answer) in before {
        assert_eq!(answer, &after[what], "{what}");
    }
}

#[test]
fn what_is_anothers_is_answered_as_what_never_was() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let two = runtime.block_on(Two::start());
    assert!(two.operations.len() >= 18, "{:?}", two.operations);
    let before = runtime.block_on(two.alice.read(&two.operations));
    // Each case asks every operation.
    let cases = Config::default().cases / 16;
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let number = AtomicU32::new(0);
    let ran = runner.run(&drawn(), |drawn| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(async {
            strangers(&two, &drawn, number).await;
            neighbours(&two, &drawn).await;
        });
        Ok(())
    });
    ran.expect("the answers are alike");
    let after = runtime.block_on(two.alice.read(&two.operations));
    assert_kept(&before, &after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_and_the_same_key_are_new_to_another_tenant() {
    let two = Two::start().await;
    let before = two.alice.read(&two.operations).await;
    let announce = async |name: &str, bytes: &[u8]| {
        let body = two.bob.request(name, bytes).await;
        let post = two.asker.request(Method::POST, "/v1/uploads");
        sent(post.header("idempotency-key", KEY).json(&body)).await
    };
    let announced = announce("kept.csv", &two.alice.file).await;
    assert_eq!(announced.status, 201, "{announced:?}");
    let job = announced.json()["job_id"].as_str().map(str::to_owned);
    assert!(!two.alice.jobs.contains(&job.expect("a job")));
    // The key is Bob's own now, for the file that he announced with it.
    assert_eq!(announce("kept.csv", &two.alice.file).await.status, 201);
    assert_eq!(announce("other.csv", b"other").await.status, 422);
    let done = two.bob.ingest("kept.csv", &two.alice.file).await;
    assert_eq!(
        (done.counts.duplicate, done.counts.rejected),
        (two.alice.user.client.job(&two.alice.jobs[2]).await)
            .map(|job| (job.counts.duplicate, job.counts.rejected))
            .expect("her job"),
        "her rows are no earlier rows of his"
    );
    assert_kept(&before, &two.alice.read(&two.operations).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_address_that_is_altered_to_anothers_key_is_refused() {
    let two = Two::start().await;
    let before = two.alice.read(&two.operations).await;
    let carol = Belongings::of(&two.world, "carol", &two.operations).await;
    let segment = |tenant: &str| {
        let tenant: domain::ids::TenantId = tenant.parse().expect("a tenant");
        format!("/{}/", tenant.key_segment())
    };
    let (hers, carols) = (segment(ALICE), segment("carol"));
    assert_eq!(two.alice.signed.len(), carol.signed.len());
    for (of_alice, of_carol) in two.alice.signed.iter().zip(&carol.signed) {
        let (address, _) = of_alice.url.split_once('?').expect("an address");
        let (_, signature) = of_carol.url.split_once('?').expect("a signature");
        assert!(address.contains(&hers) && of_carol.url.contains(&carols));
        // Altered in whose it is, and in all but the signature.
        let only_whose = of_carol.url.replace(&carols, &hers);
        for altered in [only_whose, format!("{address}?{signature}")] {
            let answer = follow(&two.asker, of_carol, &altered).await;
            assert_eq!(answer.status, 403, "{}", answer.body);
            let mismatch = answer.body.contains("SignatureDoesNotMatch");
            assert!(mismatch, "{}", answer.body);
        }
        // As it was signed it is good: it was the key that was refused.
        let answer = follow(&two.asker, of_carol, &of_carol.url).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_kept(&before, &two.alice.read(&two.operations).await);
}

/// Sends what belongs to a signed address, to `url`.
async fn follow(asker: &Asker, signed: &Signed, url: &str) -> Answer {
    let mut request = asker.signed(signed.method.clone(), url);
    for (name, value) in &signed.headers {
        if !name.eq_ignore_ascii_case("host") {
            request = request.header(name, value);
        }
    }
    sent(request.body(signed.body.clone())).await
}
