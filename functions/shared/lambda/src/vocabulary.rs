//! The words of the log, each defined once. A message is readable alone; the fields say of what.
//! Never in a log: a row, a body, a token, a signed URL.

/// The tenant's key segment.
pub const TENANT: &str = "tenant";
/// The ledger.
pub const LEDGER: &str = "ledger";
/// The job.
pub const JOB: &str = "job";
/// The turn.
pub const TURN: &str = "turn";
/// The attempt at the job.
pub const GENERATION: &str = "generation";
/// The batch: a chunk, a price group, a segment.
pub const BATCH: &str = "batch";
/// The id shared by all work that follows from one request.
pub const CORRELATION: &str = "correlation";
/// API Gateway's name of the HTTP request, which a problem answer names too.
pub const REQUEST: &str = "request";
/// The task of the message.
pub const TASK: &str = "task";
/// The queue.
pub const QUEUE: &str = "queue";
/// How often the message was received, this time included.
pub const RECEIVED: &str = "received";
/// What went wrong.
pub const CAUSE: &str = "cause";

/// All of them.
pub const ALL: [&str; 12] = [
    TENANT,
    LEDGER,
    JOB,
    TURN,
    GENERATION,
    BATCH,
    CORRELATION,
    REQUEST,
    TASK,
    QUEUE,
    RECEIVED,
    CAUSE,
];
