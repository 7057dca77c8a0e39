//! Uploads in parts, in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::{HeldPart, Multipart, Parted, PortError};

/// Uploads by id; a test puts the parts where clients would.
#[derive(Debug, Default)]
pub struct MemoryMultipart {
    uploads: Mutex<BTreeMap<String, Parted>>,
}

impl MemoryMultipart {
    /// Says what has become of an upload.
    pub fn set(&self, upload: &str, state: Parted) {
        lock(&self.uploads).insert(upload.to_owned(), state);
    }

    /// Every upload that was ever begun.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Parted)> {
        lock(&self.uploads).clone().into_iter().collect()
    }
}

#[async_trait]
impl Multipart for MemoryMultipart {
    async fn begin(&self, _key: &str, _content_type: &str) -> Result<String, PortError> {
        let mut uploads = lock(&self.uploads);
        let id = format!("upload-{}", uploads.len());
        uploads.insert(id.clone(), Parted::Open(Vec::new()));
        Ok(id)
    }

    async fn look(&self, _key: &str, upload: &str) -> Result<Parted, PortError> {
        let found = lock(&self.uploads).get(upload).cloned();
        Ok(found.unwrap_or(Parted::Gone))
    }

    async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[HeldPart],
    ) -> Result<Parted, PortError> {
        match self.look(key, upload).await? {
            Parted::Open(held) if held == parts => {
                self.set(upload, Parted::Stored);
                Ok(Parted::Stored)
            }
            Parted::Open(_) => Err(PortError::conflict("multipart.complete", "other parts")),
            ended => Ok(ended),
        }
    }

    async fn abort(&self, _key: &str, upload: &str) -> Result<(), PortError> {
        let mut uploads = lock(&self.uploads);
        if let Some(state @ Parted::Open(_)) = uploads.get_mut(upload) {
            *state = Parted::Gone;
        }
        Ok(())
    }
}
