//! Uploads in parts as the functions see them: `ports::Multipart`. It is the endpoint's, not the
//! store's, because an upload that is completed from the inside announces itself as well.

use async_trait::async_trait;
use ports::{HeldPart, Multipart, Parted, PortError, PortErrorKind};

use super::{ANNOUNCED_PREFIX, Endpoint};
use crate::objects::{Completed, Condition, ListedPart, Terms, Unannounced};

#[async_trait]
impl Multipart for Endpoint {
    async fn begin(&self, key: &str, content_type: &str) -> Result<String, PortError> {
        let now = self.clock.now();
        self.store.begin_upload(key, Some(content_type), now).await
    }

    async fn look(&self, key: &str, upload: &str) -> Result<Parted, PortError> {
        self.store.look_at_upload(key, upload).await
    }

    async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[HeldPart],
    ) -> Result<Parted, PortError> {
        const OP: &str = "multipart.complete";
        let listed = parts.iter().map(|part| ListedPart {
            number: part.number,
            etag: part.etag.clone(),
            checksums: Vec::new(),
        });
        let size = parts.iter().map(|part| part.size).sum();
        let at = self.clock.now();
        let announced = key.starts_with(ANNOUNCED_PREFIX);
        let terms = Terms {
            condition: Condition::IfAbsent,
            announce_at: announced.then_some(at),
            ..Terms::default()
        };
        let listed = listed.collect();
        let completing = self
            .store
            .complete_upload(key, upload, listed, Some(size), terms);
        let info = match completing.await {
            Ok(Completed::Stored(info)) => info,
            Ok(Completed::NoUpload) => return self.look(key, upload).await,
            Ok(Completed::Refused(fault)) => {
                return Err(PortError::conflict(OP, format!("{fault:?}")));
            }
            // The condition: the key is taken.
            Err(error) if error.kind == PortErrorKind::Conflict => return Ok(Parted::Stored),
            Err(error) => return Err(error),
        };
        if announced {
            let event = Unannounced {
                key: key.to_owned(),
                info,
                at,
            };
            if let Err(error) = self.announce_one(&event).await {
                tracing::warn!(%error, "an upload's event waits to be sent again");
            }
        }
        Ok(Parted::Stored)
    }

    async fn abort(&self, key: &str, upload: &str) -> Result<(), PortError> {
        self.store.abort_upload(key, upload).await.map(drop)
    }
}
