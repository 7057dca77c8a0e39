//! Uploads in parts as `objects.db` knows them.

use std::collections::BTreeMap;

use domain::time::Instant;
use ports::{HeldPart, PortError};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::catalog::{Catalog, NewBody, NewObject, insert_in};
use super::errors::database;
use super::open_uploads::drop_upload;
use super::{ObjectInfo, Terms};
use crate::checksum::Checksum;

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
    /// A part is not held, or is another by now, or came with another checksum.
    Unknown,
    /// A part that is not the last one is too small.
    TooSmall,
    /// Together they have another size than was said.
    Size,
}

/// A part, the checksum it was verified by when it came, and where its bytes are.
#[derive(Debug)]
pub(crate) struct KeptPart {
    pub(crate) part: HeldPart,
    pub(crate) checksum: Option<Checksum>,
    pub(super) file: u64,
}

/// A part as a client lists it to complete an upload.
#[derive(Debug)]
pub(crate) struct ListedPart {
    pub(crate) number: u32,
    /// Entity tag without quotes.
    pub(crate) etag: String,
    /// Checksums the part must have come with; mostly none.
    pub(crate) checksums: Vec<Checksum>,
}

impl Catalog {
    pub(super) fn begin_upload(
        &self,
        key: &str,
        content_type: Option<&str>,
        now: Instant,
    ) -> Result<i64, PortError> {
        let connection = self.connection();
        connection
            .execute(
                "INSERT INTO uploads (key, content_type, is_open, begun_at) VALUES (?1, ?2, 1, ?3)",
                params![key, content_type, now.0],
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
                "INSERT OR REPLACE INTO parts (upload, number, size, etag, file, checksum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    upload,
                    kept.part.number,
                    kept.part.size.cast_signed(),
                    kept.part.etag,
                    kept.file.cast_signed(),
                    kept.checksum.as_ref().map(Checksum::text)
                ],
            )
            .map_err(&error)?;
        transaction.commit().map_err(&error)?;
        Ok((true, replaced.map(i64::cast_unsigned)))
    }

    /// Makes an object of the parts that are listed, and ends the upload, in
    /// one transaction. Answers also the files of parts that are not listed and go.
    pub(super) fn complete_upload(
        &self,
        key: &str,
        upload: i64,
        listed: &[ListedPart],
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
        let files = drop_upload(&transaction, upload).map_err(&error)?;
        transaction.commit().map_err(&error)?;
        Ok((true, files))
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
            "SELECT number, size, etag, file, checksum FROM parts WHERE upload = ?1 ORDER BY number",
        )?
        .query_map([upload], |row| {
            Ok(KeptPart {
                part: HeldPart {
                    number: row.get("number")?,
                    size: row.get::<_, i64>("size")?.cast_unsigned(),
                    etag: row.get("etag")?,
                },
                file: row.get::<_, i64>("file")?.cast_unsigned(),
                checksum: checksum(row)?,
            })
        })?
        .collect()
}

fn checksum(row: &Row<'_>) -> rusqlite::Result<Option<Checksum>> {
    let text: Option<String> = row.get("checksum")?;
    Ok(text.as_deref().and_then(Checksum::parse))
}

/// The held parts that are listed, and those that are not.
fn choose(
    held: Vec<KeptPart>,
    listed: &[ListedPart],
    size: Option<u64>,
) -> Result<(Vec<KeptPart>, Vec<KeptPart>), PartFault> {
    let rising = listed.iter().zip(listed.iter().skip(1));
    if listed.is_empty()
        || !rising
            .map(|(a, b)| (a.number, b.number))
            .all(|(a, b)| a < b)
    {
        return Err(PartFault::Order);
    }
    let mut held: BTreeMap<u32, KeptPart> = held
        .into_iter()
        .map(|kept| (kept.part.number, kept))
        .collect();
    let mut chosen: Vec<KeptPart> = Vec::new();
    for named in listed {
        let kept = held.remove(&named.number).ok_or(PartFault::Unknown)?;
        let mut sums = named.checksums.iter();
        if kept.part.etag != named.etag || !sums.all(|sum| kept.checksum.as_ref() == Some(sum)) {
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
