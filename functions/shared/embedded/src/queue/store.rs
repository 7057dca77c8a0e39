//! The table behind the queues.

use domain::limits::MAX_RECEIVES;
use domain::message::Queue;
use domain::time::Instant;
use ports::{PortError, PortErrorKind, QueueName, Received};
use rusqlite::{Transaction, params};

use crate::chance::Chance;
use crate::database::Trouble;

/// Messages. `seq` is never reused (so neither is a receipt); `visible_at` in microseconds; `delivery`
/// counts hand-outs over a message's whole life, `receives` those of the queue it is in; `repeated`
/// is set by the fault that delivers after acknowledgement.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE messages(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, visible_at INTEGER NOT NULL,
        receives INTEGER NOT NULL, delivery INTEGER NOT NULL, repeated INTEGER NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX messages_due ON messages(queue, visible_at, seq);";

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Those that can be received now.
    pub visible: u64,
    /// Those that are delayed, or handed out and not yet acknowledged.
    pub hidden: u64,
}

/// The name of one delivery: of which message, and the how-manieth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    seq: i64,
    delivery: i64,
}

impl Receipt {
    pub(super) fn parse(text: &str) -> Result<Self, PortError> {
        let parsed = text.split_once('-').and_then(|(seq, delivery)| {
            Some(Self {
                seq: seq.parse().ok()?,
                delivery: delivery.parse().ok()?,
            })
        });
        let none = || PortError::new(PortErrorKind::Reject, "queue.receipt", "this is no receipt");
        parsed.ok_or_else(none)
    }

    fn text(self) -> String {
        format!("{}-{}", self.seq, self.delivery)
    }
}

/// Stores messages, each as many times as `copies`.
pub(super) fn insert(
    t: &Transaction<'_>,
    queue: Queue,
    messages: &[(Instant, String)],
    copies: u32,
) -> Result<(), Trouble> {
    let name = QueueName::live(queue).to_string();
    let mut statement = t.prepare_cached(
        "INSERT INTO messages(queue, visible_at, receives, delivery, repeated, body) VALUES (?1, ?2, 0, 0, 0, ?3)",
    )?;
    for (visible_at, body) in messages {
        for _ in 0..copies {
            statement.execute(params![name, visible_at.0, body])?;
        }
    }
    Ok(())
}

/// Moves what was received often enough to the dead-letter queue; a dead-letter queue keeps what it
/// has. Answers how many moved.
pub(super) fn bury(t: &Transaction<'_>, from: QueueName, now: Instant) -> Result<usize, Trouble> {
    if from.dead {
        return Ok(0);
    }
    let mut statement = t.prepare_cached(
        "UPDATE messages SET queue = ?2, receives = 0, visible_at = ?3
         WHERE queue = ?1 AND visible_at <= ?3 AND receives >= ?4",
    )?;
    let dead = QueueName::dead(from.queue).to_string();
    Ok(statement.execute(params![from.to_string(), dead, now.0, MAX_RECEIVES])?)
}

/// Makes due what was handed out before. Answers how many.
pub(super) fn reclaim(t: &Transaction<'_>, now: Instant) -> Result<usize, Trouble> {
    let mut statement = t.prepare_cached(
        "UPDATE messages SET visible_at = ?1 WHERE receives > 0 AND visible_at > ?1",
    )?;
    Ok(statement.execute([now.0])?)
}

/// Hands out what is due: oldest first, or as chance will have it.
pub(super) fn take(
    t: &Transaction<'_>,
    from: QueueName,
    max: u32,
    now: Instant,
    until: Instant,
    chance: Option<Chance>,
) -> Result<Vec<Received>, Trouble> {
    let seqs = match chance {
        None => due(t, from, now, i64::from(max))?,
        Some(mut chance) => {
            let mut seqs = due(t, from, now, -1)?;
            chance.shuffle(&mut seqs);
            // Fewer than there are, as SQS may; never none, so that nobody waits for nothing.
            let taken = 1 + chance.below(usize::try_from(max).unwrap_or(1));
            seqs.truncate(taken.min(usize::try_from(max).unwrap_or(0)));
            seqs
        }
    };
    let mut statement = t.prepare_cached(
        "UPDATE messages SET receives = receives + 1, delivery = delivery + 1, visible_at = ?2 WHERE seq = ?1
         RETURNING delivery, receives, body",
    )?;
    let mut received = Vec::with_capacity(seqs.len());
    for seq in seqs {
        received.push(statement.query_row(params![seq, until.0], |row| {
            let receipt = Receipt {
                seq,
                delivery: row.get(0)?,
            };
            Ok(Received {
                message_id: format!("{seq:016x}"),
                receipt: receipt.text(),
                receive_count: row.get(1)?,
                body: row.get(2)?,
            })
        })?);
    }
    Ok(received)
}

/// The messages that can be received; a negative `limit` means all.
fn due(
    t: &Transaction<'_>,
    from: QueueName,
    now: Instant,
    limit: i64,
) -> Result<Vec<i64>, Trouble> {
    let mut statement = t.prepare_cached(
        "SELECT seq FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, seq LIMIT ?3",
    )?;
    let seqs = statement.query_map(params![from.to_string(), now.0, limit], |row| row.get(0))?;
    Ok(seqs.collect::<Result<_, _>>()?)
}

/// Ends a delivery. With `again` a message acknowledged for the first time is due once more.
pub(super) fn remove(
    t: &Transaction<'_>,
    from: QueueName,
    receipt: Receipt,
    again: Option<Instant>,
) -> Result<(), Trouble> {
    if let Some(now) = again {
        let mut statement = t.prepare_cached(
            "UPDATE messages SET repeated = 1, visible_at = ?4, delivery = delivery + 1, receives = 0
             WHERE seq = ?1 AND delivery = ?2 AND queue = ?3 AND repeated = 0",
        )?;
        if statement.execute(params![
            receipt.seq,
            receipt.delivery,
            from.to_string(),
            now.0
        ])? > 0
        {
            return Ok(());
        }
    }
    let mut statement =
        t.prepare_cached("DELETE FROM messages WHERE seq = ?1 AND delivery = ?2 AND queue = ?3")?;
    statement.execute(params![receipt.seq, receipt.delivery, from.to_string()])?;
    Ok(())
}

/// Hides a message that is handed out; answers whether there was one: not when the receipt is of an
/// earlier delivery or of another queue, or when its time has run out.
pub(super) fn hide(
    t: &Transaction<'_>,
    from: QueueName,
    receipt: Receipt,
    now: Instant,
    until: Instant,
) -> Result<bool, Trouble> {
    let mut statement = t.prepare_cached(
        "UPDATE messages SET visible_at = ?5
         WHERE seq = ?1 AND delivery = ?2 AND queue = ?3 AND visible_at > ?4",
    )?;
    let values = params![
        receipt.seq,
        receipt.delivery,
        from.to_string(),
        now.0,
        until.0
    ];
    Ok(statement.execute(values)? > 0)
}

/// The earliest instant a message of the queue can be received.
pub(super) fn next_due(t: &Transaction<'_>, name: QueueName) -> Result<Option<Instant>, Trouble> {
    let mut statement =
        t.prepare_cached("SELECT min(visible_at) FROM messages WHERE queue = ?1")?;
    let first: Option<i64> = statement.query_row([name.to_string()], |row| row.get(0))?;
    Ok(first.map(Instant))
}

/// How many there are.
pub(super) fn depth(t: &Transaction<'_>, name: QueueName, now: Instant) -> Result<Depth, Trouble> {
    let mut statement = t.prepare_cached(
        "SELECT count(*) FILTER (WHERE visible_at <= ?2), count(*) FILTER (WHERE visible_at > ?2)
         FROM messages WHERE queue = ?1",
    )?;
    let (visible, hidden): (i64, i64) = statement
        .query_row(params![name.to_string(), now.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(Depth {
        visible: visible.unsigned_abs(),
        hidden: hidden.unsigned_abs(),
    })
}
