//! Objects in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;

use super::lock;
use crate::{ObjectHead, ObjectWriter, Objects, PortError, PutMode};

/// Objects; each write is a version, only the last one is kept.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects(Arc<Mutex<BTreeMap<String, (Bytes, u64)>>>);

impl MemoryObjects {
    /// Stores an object.
    pub fn store(&self, key: &str, body: impl Into<Bytes>) -> String {
        let mut objects = lock(&self.0);
        let version = objects.get(key).map_or(1, |(_, version)| version + 1);
        objects.insert(key.to_owned(), (body.into(), version));
        version.to_string()
    }

    /// An object's text; empty when it is not there.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        lock(&self.0)
            .get(key)
            .map(|(body, _)| String::from_utf8_lossy(body).into_owned())
            .unwrap_or_default()
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn put(&self, key: &str, body: Bytes, mode: PutMode) -> Result<String, PortError> {
        if mode == PutMode::IfAbsent && lock(&self.0).contains_key(key) {
            return Err(PortError::conflict("objects.put", "is there"));
        }
        Ok(self.store(key, body))
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError> {
        let objects = lock(&self.0);
        let Some((body, current)) = objects.get(key) else {
            return Ok(None);
        };
        if version.is_some_and(|version| version != current.to_string()) {
            return Ok(None);
        }
        let Some(range) = range else {
            return Ok(Some(body.clone()));
        };
        let place = |offset: u64| {
            usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(body.len())
        };
        Ok(Some(body.slice(place(range.start)..place(range.end))))
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, PortError> {
        let head = |(body, version): &(Bytes, u64)| ObjectHead {
            size: body.len() as u64,
            version: version.to_string(),
        };
        Ok(lock(&self.0).get(key).map(head))
    }

    async fn create(&self, key: &str) -> Result<Box<dyn ObjectWriter>, PortError> {
        Ok(Box::new(MemoryWriter {
            objects: self.clone(),
            key: key.to_owned(),
            written: Vec::new(),
        }))
    }
}

struct MemoryWriter {
    objects: MemoryObjects,
    key: String,
    written: Vec<u8>,
}

#[async_trait]
impl ObjectWriter for MemoryWriter {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        self.written.extend_from_slice(&piece);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<String, PortError> {
        Ok(self.objects.store(&self.key, self.written))
    }
}
