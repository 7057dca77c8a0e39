//! The state table: documents under versions, and done-sets, in one table of DynamoDB.
//!
//! Names of attributes are frozen: `item` has those of a document, `done_set` those of a set.

mod change;
mod commit;
mod done_set;
mod item;
mod records;
mod repeating;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::state::{Change, Key};
use ports::{PortError, StateStore, Stored};

use crate::errors::port_error;
use item::Item;

/// The state table.
pub struct DynamoState {
    client: Client,
    /// For writes that must not be repeated unasked (`repeating`).
    once: Client,
    table: String,
}

impl DynamoState {
    /// The table `table`: keys `pk` and `sk`, both strings, TTL on `expires_at`. A document whose
    /// time has come is there until DynamoDB has removed it, which may take days.
    #[must_use]
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        Self {
            client: Client::new(config),
            once: repeating::only_what_was_not_done(config),
            table: table.to_owned(),
        }
    }

    async fn find(&self, op: &'static str, key: &Key) -> Result<Option<Item>, PortError> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.set_key(Some(item::key(key))).consistent_read(true);
        let got = get.send().await.map_err(|error| port_error(op, &error))?;
        Ok(got.item)
    }

    /// A query for the documents of a partition under a prefix; DynamoDB refuses an empty one.
    fn query(&self, partition: &str, prefix: &str) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table);
        let query = query
            .consistent_read(true)
            .expression_attribute_names("#pk", item::PARTITION)
            .expression_attribute_values(":pk", item::text(partition));
        if prefix.is_empty() {
            return query.key_condition_expression("#pk = :pk");
        }
        query
            .expression_attribute_names("#sk", item::SORT)
            .expression_attribute_values(":prefix", item::text(prefix))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
    }
}

#[async_trait]
impl StateStore for DynamoState {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        const OP: &str = "state.get";
        match self.find(OP, key).await? {
            Some(found) => item::document(OP, &found),
            None => Ok(None),
        }
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        const OP: &str = "state.list";
        let wanted = usize::try_from(limit).map_err(|error| PortError::bug(OP, error))?;
        let mut start = match after {
            Some(after) if after.starts_with(prefix) && !after.is_empty() => {
                Some(item::key(&Key::new(partition, after)))
            }
            // Behind every key with the prefix, or before all of them.
            Some(after) if after > prefix => return Ok(Vec::new()),
            _ => None,
        };
        let mut listed = Vec::new();
        // A page ends after 1 MB, whatever the limit.
        while listed.len() < wanted {
            let left = i32::try_from(wanted - listed.len()).unwrap_or(i32::MAX);
            let query = self.query(partition, prefix).limit(left);
            let page = query.set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| port_error(OP, &error))?;
            for found in page.items() {
                listed.extend(item::document(OP, found)?);
            }
            start = page.last_evaluated_key;
            if start.as_ref().is_none_or(Item::is_empty) {
                break;
            }
        }
        Ok(listed)
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        self.apply(changes).await
    }
}
