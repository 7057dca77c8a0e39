//! Every file of a small revision, to the byte.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::keys;
use domain::read_rows::{BalanceRow, Holding, TransactionRow};
use domain::revision::Revision;
use domain::rows::Kind;
use domain::state::{ExportOrder, ExportState};
use ports::PortErrorKind;
use ports::objects::write_json;
use ports::state::load;
use ports::tables::{Summaries, Transactions};
use ports::testing::MemoryTransactions;

use crate::export::{Reads, Work, export};
use crate::world::{TURN, World, name, number, one_upload, owner, row, rows};

#[tokio::test]
async fn transactions_have_a_line_per_row() {
    let file = one_upload().await.file("transactions.csv").await;
    let expected = "\
date,tax_day,account,id,type,sent_amount,sent_currency,received_amount,received_currency,fee_amount,fee_currency,value,value_source,fee_value,income,gain,day_disposals,duplicate,match_id,issues,balances,tx_hash,description,ignored,identity,file,line
2020-01-01T00:00:00Z,2020-01-01,Kraken,b-1,buy,8000,USD,1,BTC,40,USD,8000,base_leg,,,,,,,negative_balance,BTC=1;USD=-8040,,\"'=HYPERLINK(\"\"x\"\")\",,5a387a6cbe3c658ea0fbbd89b92a5fe8.1577836800000000,all.csv,2
2020-02-08T00:00:00Z,2020-02-08,Kraken,s-1,sell,0.5,BTC,5000.125,USD,,,,,,,980.125,,,,,,,,,a437e90113c79fa48aef56aa85b71a1f.1581120000000000,all.csv,3
2020-02-09T00:00:00Z,2020-02-09,Kraken,w-1,withdrawal,0.5,BTC,,,,,,,,,,,,all.csv:5,,,,,,3e11059e57247ec1f06a59e137acdbbf.1581206400000000,all.csv,4
2020-02-09T00:00:00Z,2020-02-09,Ledger,all.csv:5,deposit,,,0.5,BTC,,,,,,,,,,w-1,,,,,,d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5.1581206400000000.1,all.csv,5
2020-02-10T00:00:00Z,2020-02-10,Kraken,s-1,sell,0.5,BTC,,,,,,,,,,,true,,duplicate,,,,,a437e90113c79fa48aef56aa85b71a1f.1581292800000000,all.csv,6
";
    assert_eq!(file, expected);
}

#[tokio::test]
async fn a_disposal_is_exact_and_reported_to_the_cent_beside_it() {
    let world = one_upload().await;
    let lines = world.file("disposals.jsonl").await;
    assert_eq!(
        lines,
        "{\"id\":\"s-1\",\"asset\":\"BTC\",\"date\":\"2020-02-08\",\"kind\":\"sell\",\"qty\":\"0.5\",\"proceeds\":\"5000.125\",\"cost_basis\":\"4020\",\"gain\":\"980.125\",\"gain_long\":\"0\",\"lots\":[[\"b-1\",\"0.5\",\"4020\",\"S\"]]}\n"
    );
    let csv = world.file("disposals.csv").await;
    assert_eq!(
        csv.lines().nth(1).unwrap(),
        "s-1,BTC,2020-02-08,sell,0.5,5000.125,4020,980.125,0,5000.12,4020.00,980.12,0.00,2020-01-01,\"[[\"\"b-1\"\",\"\"0.5\"\",\"\"4020\"\",\"\"S\"\"]]\",all.csv,3"
    );
}

#[tokio::test]
async fn what_is_unpriced_is_left_out_and_never_zero() {
    let mut rows = rows([1; 5]);
    let disposal = &mut rows[1].disposals[0];
    (disposal.proceeds, disposal.gain, disposal.gain_long) = (None, None, None);
    disposal.lots[0].source = None;
    let world = World::of(&rows, &[(1, "all.csv")]).await;
    let lines = world.file("disposals.jsonl").await;
    assert!(!lines.contains("proceeds") && !lines.contains("gain"));
    assert!(lines.contains("[null,\"0.5\",\"4020\",\"S\"]"));
    assert!(
        world
            .file("disposals.csv")
            .await
            .contains("0.5,,4020,,,,4020.00,,,")
    );
}

#[tokio::test]
async fn transfers_issues_and_holdings_have_their_lines() {
    let world = one_upload().await;
    let btc = Holding {
        asset: "BTC".parse().unwrap(),
        quantity: number("0.5"),
        cost_basis: number("4020"),
        average_cost: Some(number("8040")),
        balances: vec![
            ("Kraken".parse().unwrap(), number("0")),
            ("Ledger".parse().unwrap(), number("0.5")),
        ],
    };
    world
        .summaries
        .write_holdings(&owner(), TURN, &[btc])
        .await
        .unwrap();
    assert_eq!(
        world.file("transfers.csv").await,
        "withdrawal_id,deposit_id\nw-1,all.csv:5\n"
    );
    let issues = "date,account,id,code,asset,quantity,detail,file,line\n\
        2020-01-01T00:00:00Z,Kraken,b-1,negative_balance,USD,-8040,the balance of USD is -8040,all.csv,2\n\
        2020-02-10T00:00:00Z,Kraken,s-1,duplicate,,,repeats an earlier row,all.csv,6\n";
    assert_eq!(world.file("issues.csv").await, issues);
    let holdings =
        "asset,quantity,cost_basis,average_cost,balances\nBTC,0.5,4020,8040,Kraken=0;Ledger=0.5\n";
    assert_eq!(world.file("holdings.csv").await, holdings);
    let summary: serde_json::Value =
        serde_json::from_str(&world.file("summary.json").await).unwrap();
    assert_eq!(summary["counts"]["transactions"], 5);
    assert_eq!(summary["incomplete"], false);
    assert_eq!(summary["balances"], serde_json::json!([]));
}

#[tokio::test]
async fn the_summary_tells_how_every_balance_came_about() {
    let world = one_upload().await;
    let balance = |year| BalanceRow {
        asset: "BTC".parse().unwrap(),
        account: "Kraken".parse().unwrap(),
        year,
        opening: number("0"),
        received: number("1.5"),
        sent: number("1"),
        fee: number("0.01"),
        closing: number("0.49"),
    };
    let many: Vec<_> = (1..1_500).map(|year| balance(Some(year))).collect();
    let (owner, summaries) = (owner(), &world.summaries);
    let write = summaries.write_balances(&owner, TURN, 0, &many);
    write.await.unwrap();
    let whole = [balance(None)];
    let write = summaries.write_balances(&owner, TURN, 1_499, &whole);
    write.await.unwrap();
    let summary: serde_json::Value =
        serde_json::from_str(&world.file("summary.json").await).unwrap();
    let balances = summary["balances"].as_array().unwrap();
    assert_eq!(balances.len(), 1_500);
    let last = serde_json::json!({
        "asset": "BTC", "account": "Kraken", "year": null, "opening": "0",
        "received": "1.5", "sent": "1", "fee": "0.01", "closing": "0.49",
    });
    assert_eq!(balances[1_499], last);
}

/// A line without its two last cells.
fn without_place(line: &str) -> &str {
    line.rsplitn(3, ',').last().unwrap()
}

#[tokio::test]
async fn the_same_rows_in_other_files_differ_in_file_and_line_only() {
    let mut together = rows([1; 5]);
    let mut apart = rows([1, 2, 2, 1, 2]);
    for rows in [&mut together, &mut apart] {
        rows[3].name.id = Some("d-1".into());
        rows[2].partner.as_mut().unwrap().name.id = Some("d-1".into());
    }
    for row in &mut apart {
        row.name.row.line += 10;
    }
    let one = World::of(&together, &[(1, "all.csv")]).await;
    let two = World::of(&apart, &[(1, "a.csv"), (2, "b.csv")]).await;
    for name in [
        "disposals.jsonl",
        "transfers.csv",
        "holdings.csv",
        "summary.json",
    ] {
        assert_eq!(one.file(name).await, two.file(name).await, "{name}");
    }
    for name in ["transactions.csv", "disposals.csv", "issues.csv"] {
        let (one, two) = (one.file(name).await, two.file(name).await);
        let stripped = |file: &str| {
            file.lines()
                .map(without_place)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(stripped(&one), stripped(&two), "{name}");
        assert_ne!(one, two, "{name}");
    }
}

#[tokio::test]
async fn an_order_that_is_ready_or_was_never_placed_is_not_written() {
    let world = one_upload().await;
    world.write("transfers.csv").await.unwrap();
    assert_eq!(
        world
            .objects
            .text(&keys::export(&owner(), TURN, "transfers.csv")),
        ""
    );
    world.file("transfers.csv").await;
    let read = world.transactions.rows_read();
    world.write("transfers.csv").await.unwrap();
    assert_eq!(world.transactions.rows_read(), read);
}

#[tokio::test]
async fn a_segment_without_its_rows_writes_nothing() {
    let world = one_upload().await;
    let missing = MemoryTransactions::default();
    assert!(!world.order("transactions.csv").await);
    let owner = owner();
    let work = Work {
        owner: &owner,
        turn: TURN,
        name: "transactions.csv",
    };
    let reads = Reads {
        transactions: &missing,
        disposals: &world.disposals,
        summaries: &world.summaries,
    };
    let error = export(&world.state, &world.objects, reads, work)
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert_eq!(
        world
            .objects
            .text(&keys::export(&owner, TURN, "transactions.csv")),
        ""
    );
    assert!(!world.order("transactions.csv").await);
}

#[tokio::test]
async fn an_unknown_file_is_given_up() {
    let world = one_upload().await;
    assert!(!world.order("secrets.csv").await);
    world.write("secrets.csv").await.unwrap();
    let key = ExportOrder::key_of(&owner(), &keys::export(&owner(), TURN, "secrets.csv"));
    let order = load::<ExportOrder>(&world.state, &key)
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(order.value.state, ExportState::Failed { .. }));
}

#[tokio::test]
async fn a_ledger_of_many_pages_is_written_whole() {
    let many: Vec<TransactionRow> = (0..2_500)
        .map(|line| row(name(1, line, None), 18_262, Kind::Deposit))
        .collect();
    let world = World::of(&many[..3], &[(1, "all.csv")]).await;
    world
        .transactions
        .write(&owner(), TURN, 0, 0, &many)
        .await
        .unwrap();
    let mut revision: Revision =
        ports::objects::read_json(&world.objects, &keys::revision(&owner(), TURN))
            .await
            .unwrap();
    revision.segments[0].segment.rows = 2_500;
    write_json(&world.objects, &keys::revision(&owner(), TURN), &revision)
        .await
        .unwrap();
    assert_eq!(world.file("transactions.csv").await.lines().count(), 2_501);
}
