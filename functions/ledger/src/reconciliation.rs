//! The list of balances: how each account's balance in each asset came about, by tax year and over
//! the whole ledger. A page reads a bounded number of rows, whatever its filter.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::asset::Asset;
use domain::ids::{Account, LedgerRef, TurnId};
use domain::limits::{DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS};
use domain::read_rows::BalanceRow;
use lambda::http::{Tenant, tagged_json};
use lambda::params::{Paging, Params};
use lambda::problem::Problem;
use ports::PortError;
use ports::tables::Summaries;

use crate::cursor::{Binding, Position};
use crate::filter::name;
use crate::handler::{Deps, Given, owner};
use crate::lists::begin;
use crate::page::{MAX_ROWS_READ, Page};
use crate::views;

/// The value of `year` that means the whole ledger.
const WHOLE: &str = "total";

/// Which balances a reader wants: those that fit every filter that is set.
#[derive(Debug, Default)]
struct Filter {
    asset: Option<Asset>,
    account: Option<Account>,
    /// The calendar year in which the tax year begins, or none: the whole ledger.
    year: Option<Option<i16>>,
}

impl Filter {
    fn read(params: &mut Params) -> Self {
        Self {
            asset: params.parsed("asset", name),
            account: params.parsed("account", name),
            year: params.parsed("year", year),
        }
    }

    fn wants(&self, row: &BalanceRow) -> bool {
        self.asset.as_ref().is_none_or(|asset| row.asset == *asset)
            && self
                .account
                .as_ref()
                .is_none_or(|account| row.account == *account)
            && self.year.is_none_or(|year| row.year == year)
    }
}

fn year(text: &str) -> Result<Option<i16>, String> {
    if text == WHOLE {
        return Ok(None);
    }
    let year = text.parse().ok().filter(|year| (1..=9999).contains(year));
    let year = year.ok_or_else(|| {
        format!("must be the year in which a tax year begins, such as 2024, or `{WHOLE}` for the whole ledger")
    });
    year.map(Some)
}

pub(crate) async fn reconciliation(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let mut params = Params::new(given);
    let filter = Filter::read(&mut params);
    let Paging { limit, cursor } = params.paging(DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS);
    params.finish()?;
    let arguments = format!("{filter:?}");
    let binding = Binding {
        owner: &owner,
        list: "reconciliation",
        arguments: &arguments,
    };
    let (revision, start) = begin(&deps, binding, cursor.as_deref()).await?;
    let turn = revision.snapshot.turn;
    let table = deps.summaries.as_ref();
    let page = page(table, &owner, turn, &filter, start.seq, limit).await?;
    let list = views::List {
        revision: turn.0,
        base: revision.snapshot.settings.base,
        items: page.items,
        next_cursor: page.next.map(|next| binding.encode(turn, next)),
    };
    tagged_json(&list, &headers, None)
}

async fn page(
    table: &dyn Summaries,
    owner: &LedgerRef,
    turn: TurnId,
    filter: &Filter,
    start: u32,
    limit: u32,
) -> Result<Page<BalanceRow>, PortError> {
    let mut items = Vec::new();
    let (mut next, mut left) = (start, MAX_ROWS_READ);
    let behind = |seq| {
        Some(Position {
            seq,
            ..Position::START
        })
    };
    while left > 0 {
        let read = table.balances(owner, turn, next, MAX_PAGE_ROWS.min(left));
        let rows = read.await?;
        if rows.is_empty() {
            return Ok(Page { items, next: None });
        }
        for (n, row) in rows {
            if filter.wants(&row) {
                if items.len() >= limit as usize {
                    let next = behind(n);
                    return Ok(Page { items, next });
                }
                items.push(row);
            }
            left = left.saturating_sub(1);
            next = n.saturating_add(1);
        }
    }
    let next = behind(next);
    Ok(Page { items, next })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::http::StatusCode;
    use domain::money::Decimal;
    use serde_json::{Value, json};

    use super::*;
    use crate::routes_world::World;
    use crate::world::{TURN, owner};

    fn row(asset: &str, account: &str, year: Option<i16>, closing: u64) -> BalanceRow {
        BalanceRow {
            asset: asset.parse().unwrap(),
            account: account.parse().unwrap(),
            year,
            opening: Decimal::ZERO,
            received: Decimal::from(closing + 3),
            sent: Decimal::from(2),
            fee: Decimal::ONE,
            closing: Decimal::from(closing),
        }
    }

    async fn world(rows: &[BalanceRow]) -> World {
        let world = World::published().await;
        let owner = owner();
        let write = world.summaries.write_balances(&owner, TURN, 0, rows);
        write.await.unwrap();
        world
    }

    fn closings(body: &Value) -> Vec<&str> {
        let items = body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["closing"].as_str().unwrap())
            .collect()
    }

    fn some() -> Vec<BalanceRow> {
        vec![
            row("BTC", "Kraken", Some(2023), 1),
            row("BTC", "Kraken", None, 2),
            row("BTC", "Ledger", Some(2024), 3),
            row("ETH", "Kraken", Some(2023), 4),
        ]
    }

    #[tokio::test]
    async fn each_filter_takes_the_balances_it_names() {
        let world = world(&some()).await;
        for (query, expected) in [
            ("", vec!["1", "2", "3", "4"]),
            ("asset=btc", vec!["1", "2", "3"]),
            ("account=Kraken", vec!["1", "2", "4"]),
            ("year=2023", vec!["1", "4"]),
            ("year=total", vec!["2"]),
            ("year=2024&account=Kraken", vec![]),
        ] {
            let (status, body) = world.get(&format!("reconciliation?{query}")).await;
            assert_eq!(
                (status, closings(&body)),
                (StatusCode::OK, expected),
                "{query}"
            );
        }
        let (_, body) = world.get("reconciliation?limit=1").await;
        let shown = json!({
            "asset": "BTC", "account": "Kraken", "year": 2023, "opening": "0",
            "received": "4", "sent": "2", "fee": "1", "closing": "1",
        });
        assert_eq!(body["items"], json!([shown]));
    }

    #[tokio::test]
    async fn pages_together_are_all_and_a_cursor_keeps_its_filter() {
        let world = world(&some()).await;
        let (mut query, mut seen) = ("account=Kraken&limit=1".to_owned(), Vec::new());
        loop {
            let (_, body) = world.get(&format!("reconciliation?{query}")).await;
            seen.extend(closings(&body).into_iter().map(str::to_owned));
            let Some(cursor) = body["next_cursor"].as_str() else {
                break;
            };
            let (status, _) = world.get(&format!("reconciliation?cursor={cursor}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
            query = format!("account=Kraken&limit=1&cursor={cursor}");
        }
        assert_eq!(seen, ["1", "2", "4"]);
    }

    #[tokio::test]
    async fn a_filter_that_finds_nothing_reads_a_bounded_number_of_rows() {
        let last = i16::try_from(MAX_ROWS_READ).unwrap() + 10;
        let rows: Vec<_> = (0..last).map(|n| row("BTC", "a", Some(n), 1)).collect();
        let world = world(&rows).await;
        let query = "reconciliation?account=b";
        let (_, first) = world.get(query).await;
        assert_eq!(first["items"], json!([]));
        let cursor = first["next_cursor"].as_str().unwrap();
        let (_, second) = world.get(&format!("{query}&cursor={cursor}")).await;
        assert_eq!(second["items"], json!([]));
        assert_eq!(second["next_cursor"], Value::Null);
    }

    #[tokio::test]
    async fn an_odd_filter_is_refused_with_all_that_is_wrong() {
        let world = world(&[]).await;
        let query = "reconciliation?year=24x&asset=a%20b&type=buy";
        let (status, body) = world.get(query).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body["errors"].as_array().unwrap().len(), 3);
    }
}
