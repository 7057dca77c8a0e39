//! Uploads in parts that are open: listed, and dropped when nobody goes on with them.

use domain::time::Instant;
use ports::PortError;
use rusqlite::{Connection, TransactionBehavior, params};

use super::catalog::Catalog;
use super::errors::database;
use super::{ObjectStore, version_id, version_text};

/// Uploads dropped in one transaction: a backlog must not hold up every other writer.
const DROPPED_AT_ONCE: i64 = 100;

/// An upload that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenUpload {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) begun_at: Instant,
}

/// Which open uploads are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct UploadsAsked {
    /// What their keys begin with.
    pub(crate) prefix: String,
    /// Only those behind this key; empty asks from the beginning.
    pub(crate) behind_key: String,
    /// With this, also those of that very key behind this id.
    pub(crate) behind_id: Option<String>,
    /// At most so many.
    pub(crate) most: u32,
}

impl ObjectStore {
    /// Open uploads, by key and then as they were begun.
    ///
    /// # Errors
    /// `Retry` when the disk fails.
    pub(crate) async fn open_uploads(
        &self,
        asked: UploadsAsked,
    ) -> Result<Vec<OpenUpload>, PortError> {
        self.run("multipart.list", move |inner| {
            inner.catalog.open_uploads(&asked)
        })
        .await
    }

    /// Drops open uploads that were begun before an instant, with their parts, as the bucket's rule
    /// does in the cloud; answers how many. A second call finds nothing left to drop.
    ///
    /// # Errors
    /// `Retry` when the disk fails; what was dropped until then is gone.
    pub async fn drop_uploads_before(&self, before: Instant) -> Result<u64, PortError> {
        let mut dropped = 0;
        loop {
            let some = self.run("multipart.drop", move |inner| {
                let (uploads, files) = inner.catalog.drop_uploads_before(before)?;
                for file in files {
                    inner.bodies.discard(file);
                }
                Ok(uploads)
            });
            match some.await? {
                0 => return Ok(dropped),
                uploads => dropped += uploads,
            }
        }
    }
}

impl Catalog {
    fn open_uploads(&self, asked: &UploadsAsked) -> Result<Vec<OpenUpload>, PortError> {
        let error = database("multipart.list");
        // An id that was never given out stands behind all of its key's.
        let behind_id = asked.behind_id.as_deref();
        let behind_id = behind_id.and_then(version_id).unwrap_or(i64::MAX);
        let connection = self.connection();
        let mut query = connection
            .prepare_cached(
                "SELECT key, id, begun_at FROM uploads
                 WHERE is_open = 1 AND key >= ?2 AND (key > ?2 OR id > ?3)
                   AND substr(key, 1, length(?1)) = ?1
                 ORDER BY key, id LIMIT ?4",
            )
            .map_err(&error)?;
        let terms = params![asked.prefix, asked.behind_key, behind_id, asked.most];
        let rows = query
            .query_map(terms, |row| {
                Ok(OpenUpload {
                    key: row.get("key")?,
                    id: version_text(row.get("id")?),
                    begun_at: Instant(row.get("begun_at")?),
                })
            })
            .map_err(&error)?;
        rows.collect::<Result<_, _>>().map_err(&error)
    }

    /// Answers how many uploads went, and the files of their parts.
    fn drop_uploads_before(&self, before: Instant) -> Result<(u64, Vec<u64>), PortError> {
        let error = database("multipart.drop");
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&error)?;
        let old = old_uploads(&transaction, before).map_err(&error)?;
        let mut files = Vec::new();
        for upload in &old {
            files.extend(drop_upload(&transaction, *upload).map_err(&error)?);
        }
        transaction.commit().map_err(&error)?;
        Ok((old.len() as u64, files))
    }
}

fn old_uploads(connection: &Connection, before: Instant) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT id FROM uploads WHERE is_open = 1 AND begun_at < ?1 LIMIT ?2")?
        .query_map(params![before.0, DROPPED_AT_ONCE], |row| row.get(0))?
        .collect()
}

/// Forgets an upload and its parts; answers their files.
pub(super) fn drop_upload(connection: &Connection, upload: i64) -> rusqlite::Result<Vec<u64>> {
    let files = connection
        .prepare_cached("DELETE FROM parts WHERE upload = ?1 RETURNING file")?
        .query_map([upload], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?
        .collect::<rusqlite::Result<_>>()?;
    connection
        .prepare_cached("DELETE FROM uploads WHERE id = ?1")?
        .execute([upload])?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use bytes::Bytes;
    use ports::Parted;

    use super::*;

    async fn begin(store: &ObjectStore, key: &str, at: i64) -> String {
        let upload = store.begin_upload(key, None, Instant(at)).await.unwrap();
        let mut writer = store.writer(key).unwrap();
        writer.write(Bytes::from_static(b"a part")).await.unwrap();
        let kept = writer.finish_part(&upload, 1, None).await.unwrap();
        assert!(kept.is_some());
        upload
    }

    #[tokio::test]
    async fn uploads_that_nobody_completes_are_dropped_with_their_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectStore::open(folder.path()).unwrap();
        for n in 0..DROPPED_AT_ONCE + 1 {
            begin(&store, "old", n).await;
        }
        let young = begin(&store, "young", 1_000).await;
        let files = || {
            std::fs::read_dir(folder.path().join("bodies"))
                .unwrap()
                .count()
        };
        assert_eq!(files(), 102);
        for left in [101, 0] {
            let dropped = store.drop_uploads_before(Instant(1_000)).await;
            assert_eq!(dropped.unwrap(), left);
        }
        assert_eq!(files(), 1);
        let looked = store.look_at_upload("young", &young).await.unwrap();
        assert!(matches!(looked, Parted::Open(parts) if parts.len() == 1));
        let asked = UploadsAsked {
            most: 9,
            ..UploadsAsked::default()
        };
        let open = store.open_uploads(asked).await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].key, "young");
    }
}
