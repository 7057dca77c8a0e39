//! The store as the functions see it: `ports::Objects`.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use ports::{ObjectHead, ObjectWriter, Objects, PortError, PutMode};

use super::{Condition, ObjectStore, Terms, Writer};

#[async_trait]
impl Objects for ObjectStore {
    async fn put(&self, key: &str, body: Bytes, mode: PutMode) -> Result<String, PortError> {
        let condition = match mode {
            PutMode::Overwrite => Condition::Always,
            PutMode::IfAbsent => Condition::IfAbsent,
        };
        let terms = Terms {
            condition,
            ..Terms::default()
        };
        Ok(self.store(key, body, terms).await?.version)
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError> {
        self.read(key, version, range).await
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, PortError> {
        let info = self.info(key, None).await?;
        Ok(info.map(|info| ObjectHead {
            size: info.size,
            version: info.version,
        }))
    }

    async fn create(&self, key: &str) -> Result<Box<dyn ObjectWriter>, PortError> {
        Ok(Box::new(self.writer(key)?))
    }
}

#[async_trait]
impl ObjectWriter for Writer {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        Writer::write(self, piece).await
    }

    async fn finish(self: Box<Self>) -> Result<String, PortError> {
        Ok(Writer::finish(*self, Terms::default()).await?.version)
    }
}
