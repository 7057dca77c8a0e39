//! The routes of this function in OpenAPI.

use domain::limits::{MAX_FILE_BYTES, MAX_FILENAME_BYTES, MAX_IDEMPOTENCY_KEY_BYTES};
use lambda::openapi::{
    Operation, Shape, flag, job_id, list, nullable, object, reference, text, time, whole, with,
    word,
};
use serde_json::{Value, json};

/// What can be asked.
#[must_use]
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new("post", "/v1/uploads", "createUpload", "Announce a file")
            .saying("The job is saved first; then the answer says how to send the file. The same content with the same options is the same job.")
            .header("Idempotency-Key", json!({"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_BYTES}), "The same key with the same request is answered the same for a day (`idempotency_key_seconds` of `GET /v1/limits`), with fresh URLs (draft-ietf-httpapi-idempotency-key-header-07).")
            .takes("application/json", reference("UploadRequest"))
            .answers(201, "A new job.", reference("UploadAnswer"))
            .answers(200, "The job there is; with fresh URLs while it awaits its file.", reference("UploadAnswer"))
            .refuses(400, "A field is wrong; `errors` names each.")
            .refuses(409, "A request with this Idempotency-Key is under way.")
            .refuses(422, "This Idempotency-Key was used for another request.")
            .refuses(413, "The body is too large, or the file is: then `limit` names it.")
            .refuses(429, "The tenant has as many uploads in flight, or began as many today, as it may; `limit` says which, Retry-After when there may be room."),
        Operation::new("get", "/v1/limits", "getLimits", "What limits there are, and what is used of them")
            .answers(200, "The limits.", reference("Limits")),
        Operation::new("get", "/v1/jobs/{id}/parts", "listParts", "What is held of a file in parts, and fresh URLs for the rest")
            .query("from", json!({"type": "integer", "minimum": 1}), "The first part to sign.")
            .answers(200, "The parts.", reference("Parts"))
            .refuses(400, "The parameter is no number of a part.")
            .refuses(404, "There is no job with this id, or it is another's.")
            .refuses(409, "The job has no upload in parts, or no longer."),
        Operation::new("post", "/v1/jobs/{id}/complete", "completeUpload", "Put the parts together")
            .saying("Asked twice, the second answer is the first.")
            .answers(202, "The file is here.", object(&[("job_id", job_id("The job.")), ("status_url", text("Where to poll."))]))
            .refuses(404, "There is no job with this id, or it is another's.")
            .refuses(409, "Parts are missing, or the job has no upload in parts."),
    ]
}

/// What stands in bodies.
#[must_use]
pub fn shapes() -> Vec<Shape> {
    vec![
        ("UploadRequest", request()),
        ("UploadAnswer", answer()),
        ("Parts", parts()),
        ("Limits", limits()),
    ]
}

fn request() -> Value {
    let option = |words| nullable(text(words));
    object(&[
        (
            "filename",
            json!({"type": "string", "minLength": 1, "maxLength": MAX_FILENAME_BYTES}),
        ),
        (
            "size",
            json!({"type": "integer", "minimum": 0, "maximum": MAX_FILE_BYTES}),
        ),
        (
            "sha256",
            json!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
        ),
        (
            "ledger?",
            nullable(json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"})),
        ),
        ("account?", option("Of rows that name none.")),
        ("timezone?", option("Of times that name none.")),
        ("date_format?", option("DD/MM/YYYY or MM/DD/YYYY.")),
        ("format?", option("When it is not to be detected.")),
    ])
}

fn answer() -> Value {
    let single = object(&[
        ("mode", json!({"const": "single"})),
        ("method", json!({"const": "PUT"})),
        ("url", text("Signed: a secret.")),
        ("headers", headers()),
        ("expires_at", time("The last instant an upload may begin.")),
    ]);
    let mode = [("mode", json!({"const": "multipart"}))];
    let form = json!({"anyOf": [single, with(cut(), &mode)]});
    object(&[
        ("job_id", job_id("The job.")),
        ("status_url", text("Where to poll.")),
        (
            "deduplicated",
            flag("Whether the content is there already."),
        ),
        ("upload?", form),
    ])
}

fn headers() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

/// How a file is cut into parts, with the URLs of some.
fn cut() -> Value {
    let part = object(&[
        ("number", whole("From 1.")),
        ("size", whole("Its bytes.")),
        ("method", json!({"const": "PUT"})),
        ("url", text("Signed: a secret.")),
        ("headers", headers()),
    ]);
    object(&[
        ("part_size", whole("Bytes of every part but the last.")),
        ("part_count", whole("Parts of the file.")),
        ("parts", list(part)),
        ("expires_at?", time("The last instant a part may begin.")),
    ])
}

fn parts() -> Value {
    let held = object(&[
        ("number", whole("From 1.")),
        ("size", whole("Its bytes.")),
        ("etag", text("As the store names it.")),
    ]);
    let more = [
        ("job_id", job_id("The job.")),
        ("state", word(&["open", "received"])),
        ("held", list(held)),
    ];
    with(cut(), &more)
}

fn limits() -> Value {
    let counted = |more: &[(&str, Value)]| {
        let both = [
            ("limit", whole("How many there may be.")),
            ("used", whole("How many there are.")),
        ];
        with(object(&both), more)
    };
    let reset = [("resets_at", time("When the count begins anew."))];
    object(&[
        ("file_bytes", whole("Bytes of a file.")),
        ("file_rows", whole("Data rows of a file.")),
        ("filename_bytes", whole("Bytes of a file's name.")),
        (
            "single_put_bytes",
            whole("Bytes up to which a file goes up in one PUT."),
        ),
        ("parts", whole("Parts of a larger one.")),
        (
            "url_valid_seconds",
            whole("Seconds a signed URL is good for."),
        ),
        (
            "parts_kept_seconds",
            whole("Seconds a file in parts is waited for."),
        ),
        (
            "idempotency_key_seconds",
            whole("Seconds an Idempotency-Key is remembered."),
        ),
        ("uploads_in_flight", counted(&[])),
        ("uploads_per_day", counted(&reset)),
    ])
}
