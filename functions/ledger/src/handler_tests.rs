//! What a client sees of the ledger routes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::asset::Asset;
use domain::ids::{LedgerRef, TenantId, TurnId};
use domain::keys;
use domain::limits::MAX_PRICES_BYTES;
use domain::message::{Envelope, Queue, Task};
use domain::read_rows::{Holding, IssueCode};
use domain::rows::Kind;
use domain::state::{Change, ErrorClass, ExportOrder, Job, JobError, JobKind, LedgerItem, Turn, TurnPhase};
use domain::time::{Day, Instant};
use http_body_util::BodyExt;
use ports::objects::write_json;
use ports::state::load;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner, Summaries, Transactions};
use ports::testing::{
    CountingIds, MemoryObjects, MemoryState, MemorySummaries, MemoryTransactions, PlainSigner, SentMessages, SetClock,
};
use ports::{PortError, StateStore};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{TURN, issue, owner, revision_of, row, segment_of};
use crate::{Deps, router};

#[derive(Default)]
struct Prices(Mutex<Vec<(PriceOwner, DayPrice)>>);

#[async_trait]
impl LedgerPrices for Prices {
    async fn write(&self, _ledger: &LedgerRef, owner: PriceOwner, prices: &[DayPrice]) -> Result<(), PortError> {
        self.0.lock().unwrap().extend(prices.iter().map(|price| (owner, price.clone())));
        Ok(())
    }

    async fn read(&self, _ledger: &LedgerRef, _owner: PriceOwner, _quote: &Asset, _from: Day, _to: Day) -> Result<Vec<DayPrice>, PortError> {
        Ok(Vec::new())
    }
}

struct World {
    state: Arc<MemoryState>,
    sent: Arc<SentMessages>,
    objects: Arc<MemoryObjects>,
    transactions: Arc<MemoryTransactions>,
    summaries: Arc<MemorySummaries>,
    prices: Arc<Prices>,
    router: Router,
}

impl World {
    fn empty() -> Self {
        let (state, sent, objects) = (Arc::new(MemoryState::default()), Arc::new(SentMessages::default()), Arc::new(MemoryObjects::default()));
        let (transactions, summaries, prices) = (Arc::new(MemoryTransactions::default()), Arc::new(MemorySummaries::default()), Arc::new(Prices::default()));
        let deps = Deps {
            state: state.clone(),
            sender: sent.clone(),
            objects: objects.clone(),
            transactions: transactions.clone(),
            summaries: summaries.clone(),
            prices: prices.clone(),
            signer: Arc::new(PlainSigner),
            clock: Arc::new(SetClock::at(Instant(1_700_000_000_000_000))),
            ids: Arc::new(CountingIds::default()),
        };
        Self { state, sent, objects, transactions, summaries, prices, router: router(Arc::new(deps)) }
    }

    /// A ledger with a published revision of five purchases in two segments.
    async fn published() -> Self {
        let world = Self::empty();
        world.publish(TURN, None).await;
        let mut rows: Vec<_> = (2..7).map(|line| row(1, line, 19_723 + i32::try_from(line).unwrap())).collect();
        rows[1].issues = vec![issue(IssueCode::Unpriced), issue(IssueCode::NegativeBalance)];
        rows[4].kind = Kind::Sell;
        let mut segments = Vec::new();
        for (index, part) in (0..).zip(rows.chunks(3)) {
            world.transactions.write(&owner(), TURN, index, 0, part).await.unwrap();
            segments.push(segment_of(index, part));
        }
        write_json(world.objects.as_ref(), &keys::revision(&owner(), TURN), &revision_of(segments)).await.unwrap();
        world
    }

    async fn publish(&self, revision: TurnId, earlier: Option<TurnId>) {
        let key = LedgerItem::key_of(&owner());
        let stored = load::<LedgerItem>(self.state.as_ref(), &key).await.unwrap();
        let mut item = LedgerItem::new(owner());
        item.published = Some(revision);
        item.next_turn = TurnId(revision.0 + 1);
        let turn = turn(revision, TurnPhase::Completed, earlier);
        let item = match stored {
            Some(stored) => Change::replace(&item, stored.version).unwrap(),
            None => Change::insert(&item).unwrap(),
        };
        self.state.commit(&[item, Change::insert(&turn).unwrap()]).await.unwrap();
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
        self.send_as("local", method, path, body).await
    }

    async fn send_as(&self, tenant: &str, method: &str, path: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
        let uri = format!("/v1/ledgers/main/{path}");
        let mut request = Request::builder().method(method).uri(uri).body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(tenant.parse::<TenantId>().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.send("GET", path, "").await;
        (status, body)
    }

    async fn jobs(&self) -> Vec<Job> {
        self.state.of_kind("job").iter().map(|stored| stored.decode::<Job>().unwrap().value).collect()
    }
}

fn turn(id: TurnId, phase: TurnPhase, base: Option<TurnId>) -> Turn {
    Turn {
        id,
        owner: owner(),
        phase,
        jobs: Vec::new(),
        base,
        segments: Some(2),
        restart: 0,
        reconcile_cursor: 2,
        metrics_cursor: 2,
        results: Vec::new(),
        started_at: Instant(0),
        updated_at: Instant(0),
        correlation: String::new(),
    }
}

fn lines(body: &Value) -> Vec<u64> {
    body["items"].as_array().unwrap().iter().map(|item| item["source"]["line"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn nothing_can_be_read_of_a_ledger_that_was_never_published() {
    let world = World::empty();
    for path in ["transactions", "issues", "holdings", "summary", "exports/holdings.csv"] {
        let (status, body) = world.get(path).await;
        assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{path}");
    }
    let world = World::published().await;
    let (status, _, _) = world.send_as("stranger", "GET", "transactions", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn rows_are_paged_in_order_and_amounts_are_strings() {
    let world = World::published().await;
    let (_, first) = world.get("transactions?limit=2").await;
    assert_eq!(lines(&first), [2, 3]);
    assert_eq!(first["revision"], 3);
    let item = &first["items"][0];
    assert_eq!(item["sent"], json!({"amount": "8000.5", "currency": "USD"}));
    assert_eq!((&item["id"], &item["type"], &item["source"]["file"]), (&json!("a.csv:2"), &json!("buy"), &json!("a.csv")));
    let (_, second) = world.get(&format!("transactions?limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!(lines(&second), [4, 5, 6]);
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn filters_take_rows_and_issues_are_listed_one_by_one() {
    let world = World::published().await;
    let (_, sales) = world.get("transactions?type=sell").await;
    assert_eq!(lines(&sales), [6]);
    let (_, marked) = world.get("transactions?has_issue=true").await;
    assert_eq!(lines(&marked), [3]);
    let (_, issues) = world.get("issues").await;
    assert_eq!(lines(&issues), [3, 3]);
    let (_, one) = world.get("issues?issue=unpriced").await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(one["items"][0]["code"], "unpriced");
    let (status, body) = world.get("transactions?limit=0&colour=red").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_cursor_stays_in_its_revision_while_another_is_published() {
    let world = World::published().await;
    let (_, first) = world.get("transactions?limit=2").await;
    world.publish(TurnId(4), Some(TURN)).await;
    let mut later = revision_of(Vec::new());
    later.snapshot.turn = TurnId(4);
    write_json(world.objects.as_ref(), &keys::revision(&owner(), TurnId(4)), &later).await.unwrap();
    let (_, fresh) = world.get("transactions").await;
    assert_eq!((&fresh["revision"], lines(&fresh)), (&json!(4), vec![]));
    let (_, second) = world.get(&format!("transactions?limit=9&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((&second["revision"], lines(&second)), (&json!(3), vec![4, 5, 6]));
}

#[tokio::test]
async fn a_cursor_of_other_arguments_another_tenant_or_no_revision_is_refused() {
    let world = World::published().await;
    let (_, first) = world.get("transactions?limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    for path in [format!("transactions?type=buy&cursor={cursor}"), format!("issues?cursor={cursor}"), "transactions?cursor=abc".to_owned()] {
        let (status, body) = world.get(&path).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_cursor")), "{path}");
    }
    let (status, _, _) = world.send_as("stranger", "GET", &format!("transactions?cursor={cursor}"), "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let error = JobError { class: ErrorClass::Internal, code: "x".to_owned(), message: "y".to_owned() };
    let failed = turn(TurnId(9), TurnPhase::Failed { error, requeued: false }, None);
    world.state.commit(&[Change::insert(&failed).unwrap()]).await.unwrap();
    let owner = owner();
    let arguments = crate::filter::Filter::default().canonical();
    let binding = crate::cursor::Binding { owner: &owner, list: "transactions", arguments: &arguments };
    let forged = binding.encode(TurnId(9), crate::cursor::Position::START);
    let (status, _) = world.get(&format!("transactions?cursor={forged}")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn holdings_and_summary_are_those_of_the_revision() {
    let world = World::published().await;
    let btc = Holding {
        asset: "BTC".parse().unwrap(),
        quantity: "5".parse().unwrap(),
        cost_basis: "40002.5".parse().unwrap(),
        average_cost: Some("8000.5".parse().unwrap()),
        balances: vec![("Kraken".parse().unwrap(), "5".parse().unwrap())],
    };
    world.summaries.write_holdings(&owner(), TURN, &[btc]).await.unwrap();
    let (_, holdings) = world.get("holdings").await;
    assert_eq!(holdings["items"][0]["average_cost"], "8000.5");
    assert_eq!(holdings["items"][0]["balances"], json!([{"account": "Kraken", "amount": "5"}]));
    let (_, summary) = world.get("summary").await;
    assert_eq!((&summary["revision"], &summary["segments"], &summary["segments_recomputed"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!((&summary["base"], &summary["incomplete"]), (&json!("USD"), &json!(true)));
    assert_eq!(summary["counts"]["transactions"], 5);
}

#[tokio::test]
async fn settings_are_the_defaults_until_others_are_asked_for() {
    let world = World::empty();
    let (_, body) = world.get("settings").await;
    assert_eq!((&body["method"], &body["base"], &body["revision"]), (&json!("fifo"), &json!("USD"), &Value::Null));
    let (status, _, _) = world.send("PUT", "settings", r#"{"base":"USD"}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn two_changes_after_each_other_both_count_and_the_same_again_makes_no_job() {
    let world = World::published().await;
    let (status, headers, first) = world.send("PUT", "settings", r#"{"method":"average"}"#).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(headers[header::LOCATION], first["status_url"].as_str().unwrap());
    let (_, _, second) = world.send("PUT", "settings", r#"{"base":"EUR"}"#).await;
    let (status, _, again) = world.send("PUT", "settings", r#"{"method":"average","base":"EUR"}"#).await;
    assert_eq!((status, &again["job_id"]), (StatusCode::ACCEPTED, &second["job_id"]));
    let jobs = world.jobs().await;
    assert_eq!(jobs.len(), 2);
    let JobKind::Settings { settings } = &jobs[1].kind else { unreachable!("a settings job") };
    assert_eq!(serde_json::to_value(settings).unwrap()["method"], "average");
    assert_eq!(settings.base.as_str(), "EUR");
    let (_, body) = world.get("settings").await;
    assert_eq!((&body["base"], &body["pending"]["settings"]["base"]), (&json!("USD"), &json!("EUR")));
    assert!(world.sent.all().iter().all(|(queue, _)| *queue == Queue::Price));
}

#[tokio::test]
async fn settings_of_a_job_that_is_in_a_turn_are_pending_still() {
    let world = World::published().await;
    world.send("PUT", "settings", r#"{"method":"average"}"#).await;
    let job = world.jobs().await.remove(0);
    let request = domain::state::TurnRequest::key_of(&owner(), job.id);
    let mut active = turn(TurnId(4), TurnPhase::Pricing, Some(TURN));
    active.jobs = vec![job.id];
    let ledger = load::<LedgerItem>(world.state.as_ref(), &LedgerItem::key_of(&owner())).await.unwrap().unwrap();
    let item = LedgerItem { active: Some(TurnId(4)), ..ledger.value };
    let changes = [Change::Delete { key: request }, Change::insert(&active).unwrap(), Change::replace(&item, ledger.version).unwrap()];
    world.state.commit(&changes).await.unwrap();
    let (_, body) = world.get("settings").await;
    assert_eq!(body["pending"]["settings"]["method"], "average");
}

#[tokio::test]
async fn faulty_settings_change_nothing() {
    let world = World::published().await;
    let (status, _, body) = world.send("PUT", "settings", r#"{"method":"best","base":"XYZ"}"#).await;
    assert_eq!((status, body["errors"].as_array().unwrap().len()), (StatusCode::BAD_REQUEST, 2));
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn prices_are_stored_under_their_job_before_it_asks_for_a_turn() {
    let world = World::empty();
    let body = "date,asset,currency,price\n2021-02-02,BTC,USD,2\n2021-02-01,BTC,USD,33500.00\n";
    let (status, _, answer) = world.send("PUT", "prices", body).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let job = world.jobs().await.remove(0);
    assert_eq!(answer["job_id"], job.id.to_string());
    assert_eq!(job.kind, JobKind::Prices { earliest: "2021-02-01".parse::<jiff::civil::Date>().map(Day::of).unwrap(), rows: 2 });
    let stored = world.prices.0.lock().unwrap().clone();
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].0, PriceOwner::Job(job.id));
    let envelope = Envelope::parse(&world.sent.all()[0].1).unwrap();
    assert_eq!(envelope.task, Task::Admit);
}

#[tokio::test]
async fn a_price_file_with_one_bad_line_changes_nothing() {
    let world = World::empty();
    let (status, _, body) = world.send("PUT", "prices", "date,asset,currency,price\n2021-02-02,BTC,USD,2\n2021-02-02,ETH,USD,x\n").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!((&body["errors"][0]["line"], &body["errors"][0]["column"]), (&json!(3), &json!("price")));
    assert!(world.prices.0.lock().unwrap().is_empty());
    assert!(world.jobs().await.is_empty());
    let (status, _, _) = world.send("PUT", "prices", &"x".repeat(MAX_PRICES_BYTES + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_export_is_ordered_once_and_then_answered_by_a_signed_url() {
    let world = World::published().await;
    for _ in 0..2 {
        let (status, headers, body) = world.send("GET", "exports/holdings.csv", "").await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(headers[header::RETRY_AFTER], "1");
        assert_eq!(body["status_url"], "/v1/ledgers/main/exports/holdings.csv?revision=3");
    }
    let sent = world.sent.all();
    assert_eq!((sent.len(), sent[0].0), (1, Queue::Export));
    let key = keys::export(&owner(), TURN, "holdings.csv");
    let order = load::<ExportOrder>(world.state.as_ref(), &ExportOrder::key_of(&owner(), &key)).await.unwrap().unwrap();
    world.state.commit(&order.written().unwrap().unwrap().changes).await.unwrap();
    let (status, headers, _) = world.send("GET", "exports/holdings.csv?revision=3", "").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers[header::LOCATION], format!("get:{key}?as=holdings.csv").as_str());
}

#[tokio::test]
async fn an_unknown_file_or_revision_is_not_found() {
    let world = World::published().await;
    for path in ["exports/secrets.csv", "exports/holdings.csv?revision=2"] {
        let (status, _) = world.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, _) = world.get("exports/holdings.csv?revision=x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(world.sent.all().is_empty());
}
