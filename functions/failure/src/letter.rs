//! What a dead letter was about, read as leniently as possible: the message may be of a schema
//! version this build does not know, and its job must end all the same.

use domain::ids::{Generation, JobId, LedgerRef, TurnId};
use domain::keys;
use domain::message::{Envelope, EnvelopeError, Queue, Task};
use serde::Deserialize;

/// The work a dead letter asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The file of a job.
    File(JobId),
    /// A chunk of a job.
    Chunk(JobId, Generation, u32),
    /// A unit of a turn.
    Turn(TurnId),
    /// A file of results.
    Export(String),
    /// The end of a job that the tenant's webhook was to be told of.
    Notice,
    /// A wake-up: nothing but a reason to look.
    WakeUp,
}

/// A dead letter that could be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Whose work it was.
    pub(crate) owner: LedgerRef,
    /// Which.
    pub(crate) subject: Subject,
    /// What is wrong with the message itself, if something is.
    pub(crate) unreadable: Option<String>,
}

/// Reads a dead letter of a queue; `None` when nobody's work can be found in it.
pub(crate) fn read(queue: Queue, body: &str) -> Option<Letter> {
    match Envelope::parse(body) {
        Ok(envelope) => Some(of_envelope(envelope)),
        Err(error) if queue == Queue::Split => {
            of_event(body).or_else(|| leniently(queue, body, &error))
        }
        Err(error) => leniently(queue, body, &error),
    }
}

fn of_envelope(envelope: Envelope) -> Letter {
    let owner = LedgerRef {
        tenant: envelope.tenant,
        ledger: envelope.ledger,
    };
    let subject = match envelope.task {
        Task::Split { job, .. } => Subject::File(job),
        Task::Chunk {
            job,
            generation,
            batch,
        } => Subject::Chunk(job, generation, batch),
        Task::Begin { turn }
        | Task::Fetch { turn, .. }
        | Task::Plan { turn }
        | Task::Reconcile { turn, .. }
        | Task::Metrics { turn, .. }
        | Task::Publish { turn } => Subject::Turn(turn),
        Task::Export { turn, name } => Subject::Export(keys::export(&owner, turn, &name)),
        Task::Rejects { job, generation } => {
            Subject::Export(keys::rejects(&owner, job, generation))
        }
        Task::Ended { .. } | Task::TurnEnded { .. } => Subject::Notice,
        Task::Admit => Subject::WakeUp,
    };
    Letter {
        owner,
        subject,
        unreadable: None,
    }
}

fn of_event(body: &str) -> Option<Letter> {
    #[derive(Deserialize)]
    struct Event {
        detail: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        object: Object,
    }
    #[derive(Deserialize)]
    struct Object {
        key: String,
    }
    let event: Event = serde_json::from_str(body).ok()?;
    let (owner, job) = keys::parse_upload(&event.detail.object.key)?;
    Some(Letter {
        owner,
        subject: Subject::File(job),
        unreadable: None,
    })
}

/// The header fields every version has had.
fn leniently(queue: Queue, body: &str, error: &EnvelopeError) -> Option<Letter> {
    #[derive(Deserialize)]
    struct Header {
        tenant: domain::ids::TenantId,
        ledger: domain::ids::LedgerId,
        job: Option<JobId>,
        turn: Option<TurnId>,
        generation: Option<Generation>,
        batch: Option<u32>,
    }
    let header: Header = serde_json::from_str(body).ok()?;
    let owner = LedgerRef {
        tenant: header.tenant,
        ledger: header.ledger,
    };
    let subject = match (
        queue,
        header.job,
        header.turn,
        header.generation,
        header.batch,
    ) {
        (Queue::Ingest, Some(job), _, Some(generation), Some(batch)) => {
            Subject::Chunk(job, generation, batch)
        }
        (Queue::Split, Some(job), ..) => Subject::File(job),
        (Queue::Price | Queue::Reconcile | Queue::Metrics, _, Some(turn), ..) => {
            Subject::Turn(turn)
        }
        (Queue::Notify, ..) => Subject::Notice,
        _ => return None,
    };
    Some(Letter {
        owner,
        subject,
        unreadable: Some(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: &str = r#"{"v":1,"tenant":"local","ledger":"main","task":"chunk","job":"018bcfe5-6800-7707-8707-070707070707","generation":2,"batch":7,"correlation":"c"}"#;

    #[test]
    fn a_chunk_of_an_unknown_schema_version_still_names_its_job_and_chunk() {
        let known = read(Queue::Ingest, CHUNK).unwrap();
        let newer = read(
            Queue::Ingest,
            &CHUNK.replace(r#""v":1"#, r#""v":9,"extra":[]"#),
        )
        .unwrap();
        assert_eq!(newer.subject, known.subject);
        assert_eq!(newer.owner, known.owner);
        assert_eq!(known.unreadable, None);
        let cause = newer.unreadable.unwrap();
        assert!(cause.contains("schema version 9"), "{cause}");
    }

    #[test]
    fn an_end_nobody_could_be_told_of_is_the_webhooks_and_ends_no_job() {
        let ended = r#"{"v":1,"tenant":"local","ledger":"main","task":"ended","job":"018bcfe5-6800-7707-8707-070707070707","generation":1,"correlation":"c"}"#;
        let of_turn = r#"{"v":1,"tenant":"local","ledger":"main","task":"turn_ended","turn":4,"batch":2,"correlation":"c"}"#;
        for body in [ended, of_turn] {
            let known = read(Queue::Notify, body).unwrap();
            let newer = read(Queue::Notify, &body.replace(r#""v":1"#, r#""v":9"#)).unwrap();
            assert_eq!(
                (known.subject, newer.subject),
                (Subject::Notice, Subject::Notice)
            );
        }
    }

    #[test]
    fn an_s3_event_names_its_job_by_the_object_key() {
        let key = "uploads/6c6f63616c/main/018bcfe5-6800-7707-8707-070707070707/file";
        let body = format!(
            r#"{{"detail-type":"Object Created","detail":{{"object":{{"key":"{key}"}}}}}}"#
        );
        let letter = read(Queue::Split, &body).unwrap();
        let Subject::File(job) = letter.subject else {
            panic!("{letter:?}")
        };
        assert_eq!(job.to_string(), "018bcfe5-6800-7707-8707-070707070707");
    }

    #[test]
    fn what_names_nobodys_work_is_nobodys() {
        for body in [
            "",
            "{}",
            "[1]",
            r#"{"v":1}"#,
            r#"{"tenant":"a","ledger":"b"}"#,
        ] {
            assert_eq!(read(Queue::Metrics, body), None, "{body}");
        }
    }
}
