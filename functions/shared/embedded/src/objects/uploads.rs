//! Uploads in parts as `objects.db` knows them.

use std::collections::BTreeMap;

use ports::{HeldPart, PortError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::catalog::{Catalog, NewBody, NewObject, insert_in};
use super::errors::database;
use super::{ObjectInfo, Terms};

/// Bytes of every part but the last one: S3's limit.
const LEAST_PART_BYTES: u64 = 5 * 1024 * 1024;

/// What completing came to.
#[derive(Debug)]
pub(crate) enum Completed {
    /// The object is there, by this call.
    Stored(ObjectInfo),
    /// There is no such upload, or it has ended.
    NoUpload,
    /// The list of parts is wrong.
    Refused(PartFault),
}

/// What is wrong with a list of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartFault {
    /// It names none, or its numbers do not rise.
    Order,
    /// A part is not held, or is another by now.
    Unknown,
    /// A part that is not the last one is too small.
    TooSmall,
    /// Together they have another size than was said.
    Size,
}

/// A part and where its bytes are.
pub(super) struct KeptPart {
    pub(super) part: HeldPart,
    pub(super) file: u64,
}

impl Catalog {
    pub(super) fn begin_upload(
        &self,
        key: &str,
        content_type: Option<&str>,
    ) -> Result<i64, PortError> {
        let connection = self.connection();
        connection
            .execute(
                "INSERT INTO uploads (key, content_type, is_open) VALUES (?1, ?2, 1)",
                params![key, content_type],
            )
            .map_err(database("multipart.begin"))?;
        Ok(connection.last_insert_rowid())
    }

    /// Whether parts may come.
    pub(super) fn is_open(&self, key: &str, upload: i64) -> Result<bool, PortError> {
        let open = is_open(&self.connection(), key, upload);
        Ok(open.map_err(database("multipart.look"))?.is_some())
    }

    /// The parts of an upload, open or not, in order.
    pub(super) fn parts(&self, upload: i64) -> Result<Vec<KeptPart>, PortError> {
        parts(&self.connection(), upload).map_err(database("multipart.look"))
    }

    /// Names a durable part. Answers whether there is such an upload, and the file of the part it
    /// took the place of.
    pub(super) fn keep_part(
        &self,
        key: &str,
        upload: i64,
        kept: &KeptPart,
    ) -> Result<(bool, Option<u64>), PortError> {
        let error = database("multipart.part");
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&error)?;
        if is_open(&transaction, key, upload)
            .map_err(&error)?
            .is_none()
        {
            return Ok((false, None));
        }
        let replaced: Option<i64> = transaction
            .query_row(
                "SELECT file FROM parts WHERE upload = ?1 AND number = ?2",
                params![upload, kept.part.number],
                |row| row.get(0),
            )
            .optional()
            .map_err(&error)?;
        transaction
            .execute(
                "INSERT OR REPLACE INTO parts (upload, number, size, etag, file) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    upload,
                    kept.part.number,
                    kept.part.size.cast_signed(),
                    kept.part.etag,
                    kept.file.cast_signed()
                ],
            )
            .map_err(&error)?;
        transaction.commit().map_err(&error)?;
        Ok((true, replaced.map(i64::cast_unsigned)))
    }

    /// Makes an object of the parts that are listed as (number, entity tag), and ends the upload, in
    /// one transaction. Answers also the files of parts that are not listed and go.
    pub(super) fn complete_upload(
        &self,
        key: &str,
        upload: i64,
        listed: &[(u32, String)],
        size: Option<u64>,
        terms: &Terms,
    ) -> Result<(Completed, Vec<u64>), PortError> {
        let error = database("multipart.complete");
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&error)?;
        let Some(content_type) = is_open(&transaction, key, upload).map_err(&error)? else {
            return Ok((Completed::NoUpload, Vec::new()));
        };
        let held = parts(&transaction, upload).map_err(&error)?;
        let (chosen, left) = match choose(held, listed, size) {
            Ok(chosen) => chosen,
            Err(fault) => return Ok((Completed::Refused(fault), Vec::new())),
        };
        let object = NewObject {
            key: key.to_owned(),
            size: chosen.iter().map(|kept| kept.part.size).sum(),
            etag: etag_of(&chosen),
            terms: Terms {
                content_type,
                ..terms.clone()
            },
            body: NewBody::Parts(upload),
        };
        let info = insert_in(&transaction, &object)?;
        for kept in &left {
            let gone = params![upload, kept.part.number];
            transaction
                .execute("DELETE FROM parts WHERE upload = ?1 AND number = ?2", gone)
                .map_err(&error)?;
        }
        transaction
            .execute("UPDATE uploads SET is_open = 0 WHERE id = ?1", [upload])
            .map_err(&error)?;
        transaction.commit().map_err(&error)?;
        let files = left.iter().map(|kept| kept.file).collect();
        Ok((Completed::Stored(info), files))
    }

    /// Forgets an open upload. Answers whether there was one, and the files of its parts.
    pub(super) fn abort_upload(
        &self,
        key: &str,
        upload: i64,
    ) -> Result<(bool, Vec<u64>), PortError> {
        let error = database("multipart.abort");
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&error)?;
        if is_open(&transaction, key, upload)
            .map_err(&error)?
            .is_none()
        {
            return Ok((false, Vec::new()));
        }
        let held = parts(&transaction, upload).map_err(&error)?;
        transaction
            .execute("DELETE FROM parts WHERE upload = ?1", [upload])
            .and_then(|_| transaction.execute("DELETE FROM uploads WHERE id = ?1", [upload]))
            .map_err(&error)?;
        transaction.commit().map_err(&error)?;
        Ok((true, held.iter().map(|kept| kept.file).collect()))
    }
}

/// The content type of an open upload; the outer `None` when it is none.
#[allow(clippy::option_option, reason = "an upload may have no content type")]
fn is_open(
    connection: &Connection,
    key: &str,
    upload: i64,
) -> rusqlite::Result<Option<Option<String>>> {
    connection
        .prepare_cached(
            "SELECT content_type FROM uploads WHERE id = ?1 AND key = ?2 AND is_open = 1",
        )?
        .query_row(params![upload, key], |row| row.get(0))
        .optional()
}

fn parts(connection: &Connection, upload: i64) -> rusqlite::Result<Vec<KeptPart>> {
    connection
        .prepare_cached(
            "SELECT number, size, etag, file FROM parts WHERE upload = ?1 ORDER BY number",
        )?
        .query_map([upload], |row| {
            Ok(KeptPart {
                part: HeldPart {
                    number: row.get("number")?,
                    size: row.get::<_, i64>("size")?.cast_unsigned(),
                    etag: row.get("etag")?,
                },
                file: row.get::<_, i64>("file")?.cast_unsigned(),
            })
        })?
        .collect()
}

/// The held parts that are listed, and those that are not.
fn choose(
    held: Vec<KeptPart>,
    listed: &[(u32, String)],
    size: Option<u64>,
) -> Result<(Vec<KeptPart>, Vec<KeptPart>), PartFault> {
    let rising = listed.iter().zip(listed.iter().skip(1));
    if listed.is_empty() || !rising.map(|(a, b)| (a.0, b.0)).all(|(a, b)| a < b) {
        return Err(PartFault::Order);
    }
    let mut held: BTreeMap<u32, KeptPart> = held
        .into_iter()
        .map(|kept| (kept.part.number, kept))
        .collect();
    let mut chosen: Vec<KeptPart> = Vec::new();
    for (number, etag) in listed {
        let kept = held.remove(number).ok_or(PartFault::Unknown)?;
        if kept.part.etag != *etag {
            return Err(PartFault::Unknown);
        }
        if chosen
            .last()
            .is_some_and(|last| last.part.size < LEAST_PART_BYTES)
        {
            return Err(PartFault::TooSmall);
        }
        chosen.push(kept);
    }
    let whole: u64 = chosen.iter().map(|kept| kept.part.size).sum();
    if size.is_some_and(|said| said != whole) {
        return Err(PartFault::Size);
    }
    Ok((chosen, held.into_values().collect()))
}

/// As S3 makes it: a hash of the parts' tags, and their number.
fn etag_of(parts: &[KeptPart]) -> String {
    let mut hash = blake3::Hasher::new();
    for kept in parts {
        hash.update(kept.part.etag.as_bytes());
    }
    let hash = hash.finalize().to_hex();
    format!("{}-{}", hash.get(..32).unwrap_or_default(), parts.len())
}
