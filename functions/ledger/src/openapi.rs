//! The routes of this function in OpenAPI.

use domain::exports::ExportFile;
use domain::limits::{MAX_OVERRIDE_CHANGES, MAX_PAGE_ROWS};
use domain::read_rows::IssueCode;
use domain::rows::Kind;
use domain::settings::Method;
use lambda::openapi::{
    Operation, Shape, decimal, flag, job_id, list, nullable, object, reference, text, time, whole,
    with, within, word,
};
use serde_json::{Value, json};

const NOTHING_YET: &str = "Nothing is published of this ledger yet.";
const NO_PAGE: &str =
    "Nothing is published of this ledger yet, or no page of this list has this cursor.";
const INVALID: &str = "A parameter or field is wrong; `errors` names each.";

/// What can be asked.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let mut all = told();
    all.extend(lists());
    all.extend(whole_revisions());
    all
}

/// What a ledger is told.
fn told() -> Vec<Operation> {
    let new = Operation::new;
    let settings = "/v1/ledgers/{ledger}/settings";
    let overrides = "/v1/ledgers/{ledger}/overrides";
    vec![
        new("get", settings, "getSettings", "The settings in force, and those that are asked for")
            .tagged()
            .answers(200, "The settings.", settings_held())
            .refuses(400, "The ledger's name is none."),
        new("put", settings, "putSettings", "Change settings; what is left out stays")
            .takes("application/json", settings_change())
            .answers(200, "They are so already.", reference("Settings"))
            .answers(202, "This job recomputes the ledger.", reference("Accepted"))
            .refuses(400, INVALID),
        new("put", "/v1/ledgers/{ledger}/prices", "putPrices", "Bring prices or exchange rates of your own")
            .takes("text/csv", text("`date,asset,currency,price`, or the ECB's table of reference rates; gzip is taken."))
            .answers(202, "This job recomputes what the prices change.", reference("Accepted"))
            .refuses(400, INVALID)
            .refuses(413, "The file is too large."),
        new("get", overrides, "listOverrides", "What you said of single rows")
            .query("limit", within(1, MAX_PAGE_ROWS), "Overrides of a page.")
            .query("cursor", text(""), "`next_cursor` of the page before.")
            .tagged()
            .answers(200, "A page.", overrides_page())
            .refuses(400, INVALID)
            .refuses(404, NO_PAGE),
        new("put", overrides, "putOverrides", "Say something of single rows, or take it back")
            .takes("application/json", overrides_change())
            .answers(200, "It is said already.", object(&[("changed", flag("False."))]))
            .answers(202, "This job recomputes what it changes.", reference("Accepted"))
            .refuses(400, INVALID)
            .refuses(404, NOTHING_YET)
            .refuses(422, "A change does not fit its row."),
    ]
}

/// A list of rows with its filters.
fn rows(path: &'static str, id: &str, summary: &str, item: Value) -> Operation {
    let kinds: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
    let issues: Vec<&str> = IssueCode::ALL.into_iter().map(IssueCode::name).collect();
    let bound = "A tax day such as 2024-12-31, or a time with its offset.";
    Operation::new("get", path, id, summary)
        .query("from", text(""), bound)
        .query("to", text(""), bound)
        .query("account", text(""), "Of this account.")
        .query("asset", text(""), "With this asset.")
        .query("type", word(&kinds), "Of this type.")
        .query("issue", word(&issues), "With this issue.")
        .query("has_issue", flag(""), "With any issue, or none.")
        .query("unmatched", flag(""), "Transfers without their other side.")
        .query(
            "disposal",
            text(""),
            "Of one day of section 104: `ASSET:DAY`.",
        )
        .query(
            "limit",
            within(1, MAX_PAGE_ROWS),
            "Rows of a page; 100 when left out.",
        )
        .query("cursor", text(""), "`next_cursor` of the page before.")
        .tagged()
        .answers(
            200,
            "A page of one revision; it may be short and still have a next.",
            page(item),
        )
        .refuses(400, INVALID)
        .refuses(404, NO_PAGE)
}

fn lists() -> Vec<Operation> {
    let disposal = json!({"anyOf": [reference("RowDisposal"), reference("DayDisposal")]});
    let issue = json!({"anyOf": [reference("RowIssue"), reference("DayIssue")]});
    vec![
        rows(
            "/v1/ledgers/{ledger}/transactions",
            "listTransactions",
            "The rows of the ledger",
            reference("Transaction"),
        ),
        rows(
            "/v1/ledgers/{ledger}/disposals",
            "listDisposals",
            "What was disposed of, with the lots it took",
            disposal,
        ),
        rows(
            "/v1/ledgers/{ledger}/issues",
            "listIssues",
            "What to look at",
            issue,
        ),
        Operation::new(
            "get",
            "/v1/ledgers/{ledger}/reconciliation",
            "listBalances",
            "How each balance came about",
        )
        .query("asset", text(""), "Of this asset.")
        .query("account", text(""), "Of this account.")
        .query(
            "year",
            text(""),
            "The year a tax year begins in, or `total`.",
        )
        .query("limit", within(1, MAX_PAGE_ROWS), "Balances of a page.")
        .query("cursor", text(""), "`next_cursor` of the page before.")
        .tagged()
        .answers(200, "A page.", page(reference("Balance")))
        .refuses(400, INVALID)
        .refuses(404, NO_PAGE),
    ]
}

fn whole_revisions() -> Vec<Operation> {
    let new = Operation::new;
    let names: Vec<&str> = ExportFile::ALL.into_iter().map(ExportFile::name).collect();
    let files = format!("One of {}.", names.join(", "));
    vec![
        new(
            "get",
            "/v1/ledgers/{ledger}/holdings",
            "getHoldings",
            "What is held at the end",
        )
        .tagged()
        .answers(200, "The holdings.", holdings())
        .refuses(400, INVALID)
        .refuses(404, NOTHING_YET),
        new(
            "get",
            "/v1/ledgers/{ledger}/summary",
            "getSummary",
            "The totals",
        )
        .tagged()
        .answers(200, "The totals.", summary())
        .refuses(400, INVALID)
        .refuses(404, NOTHING_YET),
        new(
            "get",
            "/v1/ledgers/{ledger}/exports/{name}",
            "getExport",
            "A whole revision as a file",
        )
        .saying(&files)
        .query(
            "revision",
            json!({"type": "integer", "minimum": 1}),
            "The newest when left out.",
        )
        .replies(303, "The file, at the signed URL in Location.", None)
        .answers(202, "It is being written.", reference("BeingWritten"))
        .refuses(400, INVALID)
        .refuses(404, "There is no such file or revision."),
    ]
}

/// What stands in bodies.
#[must_use]
pub fn shapes() -> Vec<Shape> {
    vec![
        ("Settings", settings()),
        ("Accepted", accepted()),
        ("Amount", amount()),
        ("Source", source()),
        ("Issue", issue()),
        ("Transaction", transaction()),
        ("Disposal", disposal()),
        ("RowDisposal", row_disposal()),
        ("DayDisposal", day_disposal()),
        ("RowIssue", row_issue()),
        ("DayIssue", day_issue()),
        ("Balance", balance()),
    ]
}

fn accepted() -> Value {
    object(&[
        ("job_id", job_id("The job that does the work.")),
        ("status_url", text("Where to poll.")),
        ("poll_after_seconds", whole("When to ask.")),
    ])
}

fn methods() -> Value {
    word(&Method::ALL.map(Method::name))
}

fn switches() -> [(&'static str, Value); 4] {
    [
        ("airdrop", word(&["income", "no_income"])),
        ("fork", word(&["income", "zero_cost"])),
        ("gift", word(&["no_gain", "at_value"])),
        ("lost", word(&["no_gain", "zero_proceeds"])),
    ]
}

fn matching() -> [(&'static str, Value); 3] {
    [
        ("window_hours", whole("From withdrawal to deposit.")),
        ("max_loss_percent", whole("Of the withdrawal.")),
        ("reason_hours", whole("How far an explanation looks.")),
    ]
}

fn checks() -> [(&'static str, Value); 2] {
    [
        ("mismatch_percent", whole("Between the values of two legs.")),
        ("outlier_percent", whole("Between Net Worth and the price.")),
    ]
}

fn settings() -> Value {
    object(&[
        ("method", methods()),
        ("base", text("ISO 4217.")),
        ("profile", word(&["us", "uk"])),
        ("switches", object(&switches())),
        ("tax_timezone", text("A name of the IANA database.")),
        ("matching", object(&matching())),
        ("checks", object(&checks())),
        (
            "long_term_days",
            whole("Whole days until a gain is long term."),
        ),
    ])
}

/// Every field of an object may be left out, or be null.
fn optional(schema: Value) -> Value {
    let mut schema = schema;
    if let Some(properties) = schema["properties"].as_object_mut() {
        for (_, field) in properties.iter_mut() {
            *field = nullable(optional(field.take()));
        }
        schema["required"] = json!([]);
    }
    schema
}

fn settings_change() -> Value {
    optional(settings())
}

fn settings_held() -> Value {
    let pending = object(&[("job_id", job_id("")), ("settings", reference("Settings"))]);
    with(
        settings(),
        &[
            ("revision", nullable(whole("The revision they are of."))),
            ("pending", nullable(pending)),
        ],
    )
}

fn page(item: Value) -> Value {
    object(&[
        ("revision", whole("The revision.")),
        ("base", text("The currency of values, costs and gains.")),
        ("items", list(item)),
        (
            "next_cursor",
            nullable(text("Where the next page begins; null at the end.")),
        ),
    ])
}

fn overrides_page() -> Value {
    let price = object(&[("amount", decimal("")), ("currency", text("ISO 4217."))]);
    let item = object(&[
        ("identity", text("The row.")),
        ("time", time("Its time.")),
        ("account", text("Its account.")),
        ("id", nullable(text("Its ID."))),
        ("type", text("Its type.")),
        ("label", nullable(text("The label it has instead."))),
        ("price", nullable(price)),
        ("ignore", flag("Whether it is left out.")),
        ("link", nullable(text("The other side of the transfer."))),
        ("unlink", list(text("Rows it is kept from."))),
        ("applies", flag("Whether all of it came to something.")),
    ]);
    let pending = object(&[("job_id", job_id("")), ("changes", whole("How many."))]);
    object(&[
        ("revision", whole("The revision.")),
        ("items", list(item)),
        (
            "next_cursor",
            nullable(text("Where the next page begins; null at the end.")),
        ),
        ("pending", list(pending)),
    ])
}

fn overrides_change() -> Value {
    let parts = word(&["label", "price", "ignore", "link", "unlink"]);
    let price = object(&[
        ("amount", decimal("More than 0.")),
        ("currency", text("ISO 4217.")),
    ]);
    let set = object(&[
        ("label?", text("Another label.")),
        ("price?", price),
        ("ignore?", json!({"const": true})),
        ("link?", text("The identity of the other side.")),
        ("unlink?", text("The identity of a row it is kept from.")),
    ]);
    let change = object(&[
        ("identity", text("The row's `identity`.")),
        ("clear?", list(parts)),
        ("set?", set),
    ]);
    let mut changes = list(change);
    changes["maxItems"] = MAX_OVERRIDE_CHANGES.into();
    object(&[("changes", changes)])
}

fn amount() -> Value {
    object(&[("amount", decimal("")), ("currency", text("The asset."))])
}

fn source() -> Value {
    object(&[
        ("job_id", job_id("The upload.")),
        ("file", text("Its name.")),
        ("line", whole("From 1.")),
    ])
}

fn issue() -> Value {
    let codes: Vec<&str> = IssueCode::ALL.into_iter().map(IssueCode::name).collect();
    object(&[
        ("code", word(&codes)),
        ("asset", nullable(text("Of which asset."))),
        ("quantity", nullable(decimal("How much."))),
        ("detail", text("In words.")),
    ])
}

fn transaction() -> Value {
    let matched = object(&[
        ("id", text("The other side.")),
        ("account", text("Its account.")),
        ("time", time("Its time.")),
        ("amount", decimal("Its amount.")),
    ]);
    let share = object(&[
        ("id", text("`ASSET:DAY`.")),
        ("kind", text("Its type.")),
        ("quantity", decimal("")),
        ("proceeds", nullable(decimal(""))),
    ]);
    let balance = object(&[("asset", text("")), ("amount", decimal("After the row."))]);
    let leg = || nullable(reference("Amount"));
    let money = || nullable(decimal("In the ledger's base currency."));
    object(&[
        ("identity", text("Names the row through every re-run.")),
        ("time", time("")),
        ("tax_day", text("In the ledger's time zone.")),
        ("account", text("")),
        ("id", text("Its ID, else file and line.")),
        ("type", text("")),
        ("sent", leg()),
        ("received", leg()),
        ("fee", leg()),
        ("value", money()),
        (
            "value_source",
            nullable(text("Where the value comes from.")),
        ),
        ("fee_value", money()),
        ("income", money()),
        ("gain", money()),
        ("duplicate", flag("")),
        ("duplicate_of", nullable(reference("Source"))),
        ("ignored", flag("")),
        ("match", nullable(matched)),
        ("disposals", list(reference("Disposal"))),
        ("day_disposals", list(share)),
        ("balances", list(balance)),
        ("issues", list(reference("Issue"))),
        ("tx_hash", nullable(text(""))),
        ("description", nullable(text(""))),
        ("source", reference("Source")),
    ])
}

fn disposal() -> Value {
    let lot = object(&[
        ("id", nullable(text("The row that acquired it."))),
        ("acquired", nullable(text("The day."))),
        ("quantity", decimal("")),
        ("cost", decimal("")),
        ("term", text("short or long")),
    ]);
    object(&[
        ("asset", text("")),
        ("date", text("The tax day.")),
        ("kind", text("")),
        ("quantity", decimal("")),
        ("proceeds", nullable(decimal(""))),
        ("cost_basis", decimal("")),
        ("gain", nullable(decimal(""))),
        ("gain_long", nullable(decimal(""))),
        ("lot_count", whole("All lots; at most 100 are listed.")),
        ("lots", list(lot)),
    ])
}

fn row_disposal() -> Value {
    with(
        disposal(),
        &[
            ("id", text("The row.")),
            ("time", time("")),
            ("account", text("")),
            ("source", reference("Source")),
        ],
    )
}

fn day_disposal() -> Value {
    let row = object(&[("id", text("")), ("source", reference("Source"))]);
    object(&[
        ("id", text("`ASSET:DAY`.")),
        ("asset", text("")),
        ("date", text("The tax day.")),
        ("kind", text("The rule of section 104.")),
        ("acquired", nullable(text("The day it was matched with."))),
        ("quantity", decimal("")),
        ("proceeds", nullable(decimal(""))),
        ("cost_basis", decimal("")),
        ("gain", nullable(decimal(""))),
        ("issues", list(reference("Issue"))),
        ("row_count", whole("All rows of the day.")),
        ("rows", list(row)),
    ])
}

fn row_issue() -> Value {
    with(
        issue(),
        &[
            ("identity", text("The row.")),
            ("time", time("")),
            ("account", text("")),
            ("id", text("Its ID, else file and line.")),
            ("source", reference("Source")),
        ],
    )
}

fn day_issue() -> Value {
    with(
        issue(),
        &[
            ("date", text("The tax day.")),
            ("id", text("`ASSET:DAY`.")),
            ("source", nullable(reference("Source"))),
        ],
    )
}

fn balance() -> Value {
    object(&[
        ("asset", text("")),
        ("account", text("")),
        ("year", nullable(whole("Null over the whole ledger."))),
        ("opening", decimal("")),
        ("received", decimal("")),
        ("sent", decimal("")),
        ("fee", decimal("")),
        ("closing", decimal("opening + received - sent - fee")),
    ])
}

fn holdings() -> Value {
    let balance = object(&[("account", text("")), ("amount", decimal(""))]);
    let holding = object(&[
        ("asset", text("")),
        ("quantity", decimal("Of all open lots.")),
        ("cost_basis", decimal("Of all open lots.")),
        ("average_cost", nullable(decimal(""))),
        ("balances", list(balance)),
    ]);
    object(&[
        ("revision", whole("The revision.")),
        ("base", text("The currency of costs.")),
        ("holdings", list(holding)),
    ])
}

fn totals() -> [(&'static str, Value); 10] {
    let money = || nullable(decimal(""));
    [
        ("proceeds", money()),
        ("cost_basis", money()),
        ("gain", money()),
        ("gain_short", money()),
        ("gain_long", money()),
        ("income", money()),
        ("gain_reported", money()),
        ("gain_short_reported", money()),
        ("gain_long_reported", money()),
        ("unpriced", whole("Rows whose value is missing.")),
    ]
}

fn summary() -> Value {
    let year = with(
        object(&totals()),
        &[
            ("year", whole("It begins in.")),
            ("name", text("2024 or 2024/25.")),
            ("from", text("Its first day.")),
            ("to", text("Its last day.")),
        ],
    );
    let counts = object(&[
        ("transactions", whole("Duplicates included.")),
        ("duplicates", whole("")),
        (
            "issues",
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        ),
    ]);
    object(&[
        ("revision", whole("The revision.")),
        ("segments", whole("Of the revision.")),
        ("segments_recomputed", whole("Of those.")),
        ("base", text("The currency of every money amount.")),
        ("method", methods()),
        ("profile", word(&["us", "uk"])),
        ("switches", object(&switches())),
        ("tax_timezone", text("")),
        ("incomplete", flag("Whether a value is missing somewhere.")),
        ("counts", counts),
        ("overall", object(&totals())),
        ("years", list(year)),
        ("totals", list(total())),
    ])
}

fn total() -> Value {
    object(&[
        ("year", whole("The tax year begins in.")),
        ("asset", text("")),
        ("account", nullable(text("Null for days of section 104."))),
        ("kind", nullable(text("Null for days of section 104."))),
        ("count", whole("")),
        ("acquired", decimal("")),
        ("disposed", decimal("")),
        ("proceeds", decimal("")),
        ("cost_basis", decimal("")),
        ("gain", decimal("")),
        ("gain_long", decimal("")),
        ("income", decimal("")),
        ("gain_reported", decimal("")),
        ("gain_long_reported", decimal("")),
        ("unpriced", whole("")),
    ])
}
