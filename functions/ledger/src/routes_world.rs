//! The routes on ports in memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::asset::Asset;
use domain::ids::{LedgerRef, TenantId, TurnId};
use domain::keys;
use domain::read_rows::IssueCode;
use domain::rows::Kind;
use domain::state::{Change, Job, LedgerItem, Turn, TurnPhase};
use domain::time::{Day, Instant};
use http_body_util::BodyExt;
use ports::objects::write_json;
use ports::state::load;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner, Transactions};
use ports::testing::{
    CountingIds, MemoryDisposals, MemoryObjects, MemoryState, MemorySummaries, MemoryTransactions,
    PlainSigner, SentMessages, SetClock,
};
use ports::{PortError, StateStore};
use serde_json::Value;
use tower::ServiceExt;

use crate::world::{TURN, issue, owner, revision_of, row, segment_of};
use crate::{Deps, router};

/// Prices as they were written.
#[derive(Default)]
pub(crate) struct Prices(pub(crate) Mutex<Vec<(PriceOwner, DayPrice)>>);

#[async_trait]
impl LedgerPrices for Prices {
    async fn write(
        &self,
        _ledger: &LedgerRef,
        owner: PriceOwner,
        prices: &[DayPrice],
    ) -> Result<(), PortError> {
        self.0
            .lock()
            .unwrap()
            .extend(prices.iter().map(|price| (owner, price.clone())));
        Ok(())
    }

    async fn read(
        &self,
        _ledger: &LedgerRef,
        _owner: PriceOwner,
        _quote: &Asset,
        _from: Day,
        _to: Day,
    ) -> Result<Vec<DayPrice>, PortError> {
        Ok(Vec::new())
    }
}

/// A ledger behind its routes, and everything they touch.
pub(crate) struct World {
    pub(crate) state: Arc<MemoryState>,
    pub(crate) sent: Arc<SentMessages>,
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) transactions: Arc<MemoryTransactions>,
    pub(crate) disposals: Arc<MemoryDisposals>,
    pub(crate) summaries: Arc<MemorySummaries>,
    pub(crate) prices: Arc<Prices>,
    router: Router,
}

impl World {
    pub(crate) fn empty() -> Self {
        let (state, sent, objects) = (
            Arc::new(MemoryState::default()),
            Arc::new(SentMessages::default()),
            Arc::new(MemoryObjects::default()),
        );
        let (transactions, summaries, prices) = (
            Arc::new(MemoryTransactions::default()),
            Arc::new(MemorySummaries::default()),
            Arc::new(Prices::default()),
        );
        let disposals = Arc::new(MemoryDisposals::default());
        let deps = Deps {
            state: state.clone(),
            sender: sent.clone(),
            objects: objects.clone(),
            transactions: transactions.clone(),
            disposals: disposals.clone(),
            summaries: summaries.clone(),
            prices: prices.clone(),
            signer: Arc::new(PlainSigner),
            clock: Arc::new(SetClock::at(Instant(1_700_000_000_000_000))),
            ids: Arc::new(CountingIds::default()),
        };
        Self {
            state,
            sent,
            objects,
            transactions,
            disposals,
            summaries,
            prices,
            router: router(Arc::new(deps)),
        }
    }

    /// A ledger with a published revision of five purchases in two segments.
    pub(crate) async fn published() -> Self {
        let world = Self::empty();
        world.publish(TURN, None).await;
        let mut rows: Vec<_> = (2..7)
            .map(|line| row(1, line, 19_723 + i32::try_from(line).unwrap()))
            .collect();
        rows[1].issues = vec![
            issue(IssueCode::Unpriced),
            issue(IssueCode::NegativeBalance),
        ];
        rows[4].kind = Kind::Sell;
        let mut segments = Vec::new();
        for (index, part) in (0..).zip(rows.chunks(3)) {
            world
                .transactions
                .write(&owner(), TURN, index, 0, part)
                .await
                .unwrap();
            segments.push(segment_of(index, part));
        }
        write_json(
            world.objects.as_ref(),
            &keys::revision(&owner(), TURN),
            &revision_of(segments),
        )
        .await
        .unwrap();
        world
    }

    pub(crate) async fn publish(&self, revision: TurnId, earlier: Option<TurnId>) {
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
        self.state
            .commit(&[item, Change::insert(&turn).unwrap()])
            .await
            .unwrap();
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, HeaderMap, Value) {
        self.send_as("local", method, path, body).await
    }

    pub(crate) async fn send_as(
        &self,
        tenant: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, HeaderMap, Value) {
        let uri = format!("/v1/ledgers/main/{path}");
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .body(Body::from(body.to_owned()))
            .unwrap();
        request
            .extensions_mut()
            .insert(tenant.parse::<TenantId>().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            headers,
            serde_json::from_slice(&bytes).unwrap_or_default(),
        )
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.send("GET", path, "").await;
        (status, body)
    }

    pub(crate) async fn jobs(&self) -> Vec<Job> {
        self.state
            .of_kind("job")
            .iter()
            .map(|stored| stored.decode::<Job>().unwrap().value)
            .collect()
    }
}

pub(crate) fn turn(id: TurnId, phase: TurnPhase, base: Option<TurnId>) -> Turn {
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
        times: domain::state::StageTimes::default(),
        correlation: String::new(),
    }
}
