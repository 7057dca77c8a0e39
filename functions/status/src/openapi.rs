//! The routes of this function in OpenAPI, next to the structs they speak of.

use domain::limits::MAX_PAGE_JOBS;
use lambda::openapi::{
    OPEN, Operation, Shape, flag, job_id, list, nullable, object, reference, text, time, whole,
    with, within, word,
};
use serde_json::{Value, json};

/// What can be asked.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let new = Operation::new;
    let none = "There is no job with this id, or it is another's.";
    vec![
        new("get", "/v1/jobs", "listJobs", "Your jobs, the newest first")
            .query("limit", within(1, MAX_PAGE_JOBS), "Jobs of a page; 20 when left out.")
            .query("cursor", text(""), "`next_cursor` of the page before.")
            .tagged()
            .answers(200, "A page.", reference("JobList"))
            .refuses(400, "A parameter is wrong.")
            .refuses(404, "No page of this list has this cursor."),
        new("get", "/v1/jobs/{id}", "getJob", "What has become of a job")
            .saying("The answer stays the same until the job changes: poll with If-None-Match, and wait Retry-After seconds.")
            .tagged()
            .answers(200, "The job.", reference("Job"))
            .refuses(404, none),
        new("delete", "/v1/jobs/{id}", "cancelJob", "Stop a job")
            .saying("Before a turn of its ledger has it, the job ends without effect. After that an upload is taken out by the next turn.")
            .answers(200, "It has ended.", reference("Cancelled"))
            .answers(202, "Another job takes it out.", reference("Cancelled"))
            .refuses(404, none)
            .refuses(409, "It has ended, or is a change that cannot be taken back."),
        new("post", "/v1/jobs/{id}/retry", "retryJob", "Try what failed once more")
            .answers(202, "It runs again.", reference("Job"))
            .refuses(404, none)
            .refuses(409, "There is nothing to retry."),
        new("post", "/v1/jobs/{id}/undo", "undoJob", "Take an upload out of its ledger")
            .answers(202, "This job takes it out.", reference("Job"))
            .refuses(404, none)
            .refuses(409, "It is no completed upload, or undone already."),
        new("get", "/v1/jobs/{id}/rejects", "getRejects", "The refused records as CSV")
            .replies(303, "The file, at the signed URL in Location.", None)
            .answers(202, "It is being written.", reference("BeingWritten"))
            .refuses(404, none)
            .refuses(409, "The file is still being read, or never was."),
        new("get", "/v1/jobs/{id}/receipt", "getReceipt", "What to keep of a job that has ended")
            .tagged()
            .answers(200, "The receipt; it never changes.", reference("Receipt"))
            .refuses(404, none)
            .refuses(409, "The job has not ended."),
        new("get", "/v1/webhook", "getWebhook", "Where you are told of the ends of jobs")
            .answers(200, "The webhook, without its secret.", webhook())
            .refuses(404, "None is set."),
        new("put", "/v1/webhook", "putWebhook", "Be told of the ends of jobs")
            .takes("application/json", object(&[("url", text("An https:// URL with a public address."))]))
            .answers(200, "Set anew, with another secret.", webhook_with_secret())
            .answers(201, "Set.", webhook_with_secret())
            .refuses(400, "The address cannot be used."),
        new("delete", "/v1/webhook", "deleteWebhook", "Be told no more")
            .replies(204, "None is set.", None),
        new("get", OPEN[0], "getOpenApi", "This description")
            .answers(200, "OpenAPI 3.1.", json!({"type": "object"})),
        new("get", OPEN[1], "getDocs", "This description for people")
            .replies(200, "A page.", Some("text/html")),
    ]
}

/// What stands in bodies.
#[must_use]
pub fn shapes() -> Vec<Shape> {
    vec![
        ("Job", job()),
        ("JobList", job_list()),
        ("JobState", states()),
        ("JobError", job_error()),
        ("RecordCounts", counts()),
        ("Cancelled", cancelled()),
        ("Receipt", receipt()),
        ("BeingWritten", being_written()),
    ]
}

fn states() -> Value {
    word(&[
        "awaiting_upload",
        "running",
        "completed",
        "completed_with_warnings",
        "failed",
        "cancelled",
        "expired",
    ])
}

fn kinds() -> Value {
    word(&["upload", "undo", "settings", "prices", "override"])
}

fn job_error() -> Value {
    object(&[
        ("class", word(&["data", "transient", "price", "internal"])),
        ("code", text("Stable, for programs.")),
        ("message", text("What happened, where, and what to do.")),
    ])
}

fn counts() -> Value {
    object(&[
        ("total", whole("Records of the file: the sum of the rest.")),
        ("accepted", whole("Rows that count.")),
        ("duplicate", whole("Rows that repeat an earlier one.")),
        ("rejected", whole("Refused; `rejects` says why.")),
        ("ignored", whole("Known to carry nothing.")),
        (
            "failed",
            whole("Never dealt with, as the job failed or was cancelled."),
        ),
        ("pending", whole("Not yet dealt with; 0 at the end.")),
    ])
}

/// What a job has in the list and on its own.
fn common() -> Value {
    object(&[
        ("job_id", job_id("Its id.")),
        ("kind", kinds()),
        ("filename?", text("The file's name; only of an upload.")),
        (
            "undoes?",
            job_id("The upload that is taken out; only of an undo."),
        ),
        ("ledger", text("Its ledger.")),
        ("state", reference("JobState")),
        (
            "is_terminal",
            flag("Whether only a request of yours moves it again."),
        ),
        ("counts", reference("RecordCounts")),
        ("error", nullable(reference("JobError"))),
        (
            "undone_by",
            nullable(job_id("The undo that took this upload out.")),
        ),
        ("created_at", time("When it was requested.")),
    ])
}

fn job_list() -> Value {
    let item = with(common(), &[("status_url", text("The job, as a path."))]);
    object(&[
        ("items", list(item)),
        (
            "next_cursor",
            nullable(text("Where the next page begins; null at the end.")),
        ),
    ])
}

fn job() -> Value {
    let stages = word(&["split", "ingest", "price", "reconcile", "metrics"]);
    let warning = object(&[("code", text("Stable.")), ("message", text("In words."))]);
    let segments = object(&[
        ("total", whole("Segments of the ledger.")),
        ("recomputed", whole("Those that were computed.")),
    ]);
    let seconds = json!({"type": "integer", "enum": [2, 10, 30]});
    with(
        common(),
        &[
            ("stage", nullable(stages.clone())),
            ("progress", progress(&stages)),
            (
                "estimated_completion_at",
                nullable(time("Changes when the job moves.")),
            ),
            ("estimated_from_stage", nullable(stages)),
            ("poll_after_seconds", nullable(seconds)),
            ("retry_allowed", flag("Whether `retry` would do something.")),
            ("warnings", list(warning)),
            (
                "revision",
                nullable(whole("The revision that first shows it.")),
            ),
            ("segments", nullable(segments)),
            ("updated_at", time("When its document last changed.")),
            ("links", links()),
        ],
    )
}

fn progress(stages: &Value) -> Value {
    let stage = object(&[
        ("name", stages.clone()),
        (
            "state",
            word(&["pending", "running", "done", "failed", "cancelled"]),
        ),
        ("done", whole("Batches done.")),
        ("total", whole("Batches there are.")),
        ("failed", whole("Batches given up.")),
        ("started_at", nullable(time("When it began."))),
        ("finished_at", nullable(time("When it ended."))),
    ]);
    object(&[
        ("percent", within(0, 100)),
        ("message", text("What is happening, in words.")),
        ("stages", list(stage)),
    ])
}

fn links() -> Value {
    let path = || text("A path of this API.");
    object(&[
        ("self", path()),
        ("rejects?", path()),
        ("cancel?", path()),
        ("receipt?", path()),
        ("retry?", path()),
        ("undo?", path()),
        ("transactions", path()),
        ("summary", path()),
    ])
}

fn cancelled() -> Value {
    object(&[
        ("result", word(&["cancelled", "undo_requested"])),
        ("message", text("The same in words.")),
        ("undo_job_id?", job_id("The job that takes the upload out.")),
        ("status_url", text("Where to poll: the job, or its undo.")),
        ("job", reference("Job")),
    ])
}

fn receipt() -> Value {
    let option = || nullable(text("As it was given."));
    let file = object(&[
        ("filename", text("As the client gave it.")),
        ("size", whole("Bytes.")),
        ("sha256", text("Hex; verified when the file was read.")),
        (
            "object_version",
            nullable(text("Of the stored object that was read.")),
        ),
        (
            "options",
            object(&[
                ("account", option()),
                ("timezone", option()),
                ("date_format", option()),
                ("format", option()),
            ]),
        ),
    ]);
    let result = object(&[
        ("revision", whole("The revision that first shows the job.")),
        ("digest", text("Of its manifest.")),
        ("uploads", whole("Uploads of the ledger in it.")),
        ("rows", whole("Rows of the ledger in it.")),
        ("settings", reference("Settings")),
        ("settings_digest", text("Of those settings.")),
        ("prices_digest", text("Of what brought its prices.")),
    ]);
    object(&[
        ("job_id", job_id("The job.")),
        ("kind", kinds()),
        ("undoes", nullable(job_id("The upload that it took out."))),
        ("ledger", text("Its ledger.")),
        ("state", reference("JobState")),
        ("error", nullable(reference("JobError"))),
        ("requested_at", time("When it was requested.")),
        ("ended_at", time("When it ended.")),
        ("file", nullable(file)),
        ("counts", reference("RecordCounts")),
        ("result", nullable(result)),
    ])
}

fn being_written() -> Value {
    object(&[
        ("state", word(&["being_written"])),
        ("poll_after_seconds", whole("When to ask again.")),
        ("status_url", text("What to ask again.")),
    ])
}

fn webhook() -> Value {
    let undelivered = object(&[
        ("at", time("When it was given up.")),
        ("message", text("Of which job, and why.")),
    ]);
    object(&[
        ("url", text("Where events go.")),
        ("state", word(&["active", "gone"])),
        ("set_at", time("When it was set.")),
        ("gone_at?", time("When its receiver answered 410.")),
        ("undelivered?", undelivered),
    ])
}

fn webhook_with_secret() -> Value {
    let secret = text("What events are signed with (Standard Webhooks 1.0); shown this once.");
    with(webhook(), &[("secret", secret)])
}
