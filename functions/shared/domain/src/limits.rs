//! Every bound of the system, each with its unit and reason. A limit that a user can meet is
//! answered with a message that names it.

/// Bytes of a tenant id: an OpenID `sub` has at most 255, ours at most 128 so keys stay under 1 KiB.
pub const MAX_TENANT_ID_BYTES: usize = 128;
/// Bytes of a ledger id.
pub const MAX_LEDGER_ID_BYTES: usize = 64;
/// Bytes of an account name.
pub const MAX_ACCOUNT_BYTES: usize = 128;
/// Bytes of an asset code; contract addresses are mapped to codes before they reach a ledger.
pub const MAX_ASSET_BYTES: usize = 32;

/// Bytes of an uploaded file: 600,000 rows of 200 bytes are 120 MB; a single S3 PUT takes 5 GB.
pub const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Data rows of one file.
pub const MAX_FILE_ROWS: u64 = 600_000;
/// Bytes of one CSV record, so that one row can never fill a worker's memory.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// Bytes of one field; no exchange writes a longer note.
pub const MAX_FIELD_BYTES: usize = 64 * 1024;
/// Columns of one record.
pub const MAX_COLUMNS: usize = 512;
/// Refused records of one file: each is stored and shown with its reason. A file with more of them is
/// not what its user takes it for, so its job fails and tells the first steps.
pub const MAX_REJECTS: u64 = 100_000;
/// Records in which the header is looked for: exports put a few preamble lines first.
pub const HEADER_WITHIN_RECORDS: usize = 10;

/// Significant digits of an amount in a file.
pub const MAX_AMOUNT_DIGITS: u32 = 38;
/// Decimal places of an amount in a file. With the digits it bounds the exponent: from `1e-38` to
/// `1e37`, and whatever the text claims, nothing is allocated for it.
pub const MAX_AMOUNT_SCALE: u32 = 38;
/// Decimal places every division is rounded to, half-even (I10).
pub const DIVISION_SCALE: u32 = 30;

/// Rows a chunk aims at: enough to batch writes, few enough that a retry is cheap.
pub const CHUNK_ROWS: u32 = 2_000;
/// The fewest rows the byte and column rules may bring a chunk down to.
pub const MIN_CHUNK_ROWS: u32 = 500;
/// Bytes a chunk aims at, unless that would leave it under `MIN_CHUNK_ROWS`.
pub const CHUNK_BYTES: u64 = 1024 * 1024;
/// Bytes a chunk never exceeds, whatever its rows: the memory of one worker.
pub const MAX_CHUNK_BYTES: u64 = 16 * 1024 * 1024;
/// Columns above which a chunk takes fewer rows: wide rows cost parse time per cell.
pub const WIDE_ROW_COLUMNS: usize = 32;
/// Chunks whose rows share a time bucket's partition, so that a partition is bounded whatever the
/// order of the file.
pub const CHUNKS_PER_BUCKET: u32 = 16;

/// Records of one group (a Kraken `refid`, a second of a Binance statement): a market order is filled
/// in some hundred parts at most. A larger group is refused, record by record.
pub const MAX_GROUP_RECORDS: u32 = 5_000;
/// Bytes of one group: a worker holds a group whole.
pub const MAX_GROUP_BYTES: u64 = 4 * 1024 * 1024;
/// Records, of groups whose records stand apart in a file, that are kept and joined after the last
/// chunk: what one worker reads and holds. Groups beyond are refused, in the order of the file.
pub const MAX_FRAGMENTS: u32 = 20_000;
/// Bytes of such records.
pub const MAX_FRAGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Rows of a segment: the unit of memory and time of reconcile and metrics.
pub const SEGMENT_ROWS: u32 = 20_000;
/// Rows one instant may hold; an instant is never divided.
pub const MAX_INSTANT_ROWS: u32 = 100_000;
/// Jobs a turn admits at most.
pub const MAX_TURN_JOBS: usize = 50;
/// Lots in one checkpoint block of one asset: few, because a block is written anew when one of its lots
/// changes; not fewer, because the manifest names each block.
pub const LOTS_PER_BLOCK: u64 = 256;
/// Changes in one transaction: DynamoDB's limit.
pub const MAX_COMMIT_CHANGES: usize = 100;
/// Bytes of one document of the state table: DynamoDB's item limit of 400 KB, less the longest key
/// (3 KB) and the names of attributes, which count as well.
pub const MAX_DOCUMENT_BYTES: usize = 396 * 1024;
/// Bytes of the cause a done-set keeps of a batch that was given up: 1,200 of them, the chunks of the
/// longest file, are then less than a document may have.
pub const MAX_CAUSE_BYTES: usize = 200;
/// Messages in one SQS send.
pub const MAX_SEND_BATCH: usize = 10;
/// Messages in one SQS receive.
pub const MAX_RECEIVE_BATCH: u32 = 10;
/// Bytes of one message: the bound SQS had for most of its life, so that every server takes it.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Seconds a message may be delayed when it is sent: SQS's limit.
pub const MAX_DELAY_SECONDS: u32 = 900;
/// Seconds a received message may be hidden: SQS's limit of twelve hours.
pub const MAX_HIDE_SECONDS: u32 = 43_200;
/// Receives before a message goes to its dead-letter queue.
pub const MAX_RECEIVES: u32 = 5;

/// Days an exchange rate counts for after its own: the longest run of days without one, around
/// Easter and Christmas, is five.
pub const MAX_RATE_AGE_DAYS: i32 = 7;
/// Bytes of a price file as it is sent, packed or not: a function is given 6 MB, in base64.
pub const MAX_PRICES_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a price file unpacked: the prices of 300 assets over four years are 16 MB.
pub const MAX_UNPACKED_PRICES_BYTES: usize = 32 * 1024 * 1024;
/// Changes of overrides in one request: a page of transactions, each with one change.
pub const MAX_OVERRIDE_CHANGES: usize = 1_000;
/// Bytes of such a request: a change with two identities has some 200.
pub const MAX_OVERRIDES_BYTES: usize = 512 * 1024;
/// Rows of a ledger that a user may say something of: planners hold what is said of them, some 500
/// bytes each, and look up both ends of every link.
pub const MAX_OVERRIDES: usize = 20_000;
/// Rows that one row may be kept from being matched with: more than ever are within its window.
pub const MAX_UNLINKS: usize = 100;
/// Rows a page of the read API may hold.
pub const MAX_PAGE_ROWS: u32 = 1_000;
/// Rows a page of the read API holds when not told otherwise.
pub const DEFAULT_PAGE_ROWS: u32 = 100;
/// Jobs a page of the list may hold: each is three reads of the state table.
pub const MAX_PAGE_JOBS: u32 = 50;
/// Jobs a page of the list holds when not told otherwise.
pub const DEFAULT_PAGE_JOBS: u32 = 20;

/// Bytes up to which a file goes up in one PUT. A larger one goes in parts: what was sent of it is not
/// lost with a connection.
pub const SINGLE_PUT_BYTES: u32 = 100 * 1024 * 1024;
/// Bytes of a part at least: S3 takes 5 MiB, and each part costs a request.
pub const MIN_PART_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of a part at most: what a slow line loses with a connection.
pub const MAX_PART_BYTES: u64 = 64 * 1024 * 1024;
/// Parts of an upload at most: one page of S3's list of them, and a tenth of what S3 takes.
pub const MAX_PARTS: u32 = 1_000;
/// Parts that are signed in one answer: enough to keep a client busy for minutes, few enough to
/// be answered at once.
pub const SIGNED_PARTS: usize = 64;
/// Seconds an upload in parts is waited for: an hour less than the day after which the bucket's rule
/// removes the parts.
pub const PARTED_UPLOAD_WAIT_SECONDS: u64 = 23 * 3_600;
/// Uploads of a tenant that may be waited for at the same time: more than anybody drops on a page at
/// once, few enough that `sweep` sees each of them in time.
pub const UPLOADS_IN_FLIGHT: u32 = 1_000;
/// Uploads that a tenant may begin on a day (UTC): a file a second for hours, and the end of a script
/// that has gone wild.
pub const UPLOADS_PER_DAY: u32 = 20_000;
/// Seconds after which a tenant with too many uploads in flight may ask again at the earliest: a small
/// file takes less.
pub const IN_FLIGHT_RETRY_SECONDS: u32 = 5;
/// The same at the latest: nobody watches a page for longer without a sign.
pub const IN_FLIGHT_LONGEST_RETRY_SECONDS: u32 = 60;
/// Seconds an `Idempotency-Key` is remembered: a client that was away overnight still learns what its
/// request came to.
pub const IDEMPOTENCY_KEY_SECONDS: u32 = 24 * 3_600;
/// Bytes of an `Idempotency-Key`: several times a UUID.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Seconds a signed upload may begin in, if not fewer are asked for: long enough to choose a file, short for
/// a secret. A file that comes in one PUT is waited for as long, however soon its URL ends.
pub const UPLOAD_VALID_SECONDS: u32 = 3_600;
/// Seconds a signed download may begin in: a browser follows the redirect at once.
pub const DOWNLOAD_VALID_SECONDS: u64 = 300;
/// Bytes of a file's name: what file systems allow.
pub const MAX_FILENAME_BYTES: usize = 255;
/// Bytes of a JSON request body: every one is a handful of fields.
pub const MAX_JSON_BYTES: usize = 16 * 1024;
/// Bytes of a webhook's address; longer ones are refused by servers on the way.
pub const MAX_WEBHOOK_URL_BYTES: usize = 2_048;
/// Hours two sides of a transfer may be apart, and be looked for: a month. A late upload recomputes
/// at least that much.
pub const MAX_MATCH_HOURS: u32 = 31 * 24;
/// Days until a gain is long term: no law asks for more than ten years.
pub const MAX_LONG_TERM_DAYS: u32 = 3_660;
/// Percent Net Worth may be told to be off its price before it is an issue: a hundred times as much.
pub const MAX_OUTLIER_PERCENT: u32 = 10_000;
