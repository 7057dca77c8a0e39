//! Done-sets: reading one, and recording a batch in it.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::counts::RowCounts;
use domain::ids::Generation;
use domain::state::{BatchOutcome, DoneSet, Key, Recorded};
use ports::{DoneSets, PortError};

use super::change::Expression;
use super::done_set::{COUNTS, DONE, FAILED, GENERATION, attribute, decode};
use super::item::{self, Item, number};
use super::{DynamoState, done_set};
use crate::errors::port_error;

const OP: &str = "state.record";

#[async_trait]
impl DoneSets for DynamoState {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        const OP: &str = "state.done_set";
        let found = self.find(OP, key).await?;
        found.as_ref().map(|item| decode(OP, item)).transpose()
    }

    /// One update of one item. When the SDK had to repeat it, the repeat may find the batch already
    /// there and answers so, as a second call would: whoever records looks at the set in either
    /// answer (I4).
    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        let (update, condition) = recording(generation, batch, &outcome)?;
        let change = self.client.update_item().table_name(&self.table);
        let change = change
            .set_key(Some(item::key(key)))
            .update_expression(update)
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match change.send().await {
            Ok(changed) => {
                let item = changed.attributes.unwrap_or_default();
                return Ok(Recorded::Added(decode(OP, &item)?));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                unrecorded(key, failed.item(), generation, batch, outcome)
            }
            _ => Err(port_error(OP, &error)),
        }
    }
}

/// Why nothing was recorded, told by the set as it stood. The domain decides, as it does for every
/// store; only that the batch could be added after all is no answer to a refused update.
fn unrecorded(
    key: &Key,
    item: Option<&Item>,
    generation: Generation,
    batch: u32,
    outcome: BatchOutcome,
) -> Result<Recorded, PortError> {
    let Some(item) = item.filter(|item| !item.is_empty()) else {
        let text = format!("there is no set {}", key.sort);
        return Err(PortError::invalid(OP, text));
    };
    match done_set::decode(OP, item)?.record(generation, batch, outcome) {
        Recorded::Added(_) => Err(PortError::retry(
            OP,
            "an update was refused without a reason",
        )),
        told => Ok(told),
    }
}

/// `DoneSet::record` as an update under a condition.
fn recording(
    generation: Generation,
    batch: u32,
    outcome: &BatchOutcome,
) -> Result<(String, Expression), PortError> {
    let condition = Expression::new(
        "#generation = :generation AND attribute_not_exists(#done.#batch) \
         AND attribute_not_exists(#failed.#batch)",
    );
    let mut condition = condition
        .name("#generation", GENERATION)
        .name("#done", DONE)
        .name("#failed", FAILED)
        .name("#counts", COUNTS)
        .name("#batch", batch.to_string())
        .value(":generation", number(generation.0));
    let (mut update, counts) = match outcome {
        BatchOutcome::Done(counts) => ("SET #done.#batch = :generation".to_owned(), *counts),
        BatchOutcome::Failed(failure) => {
            let json = serde_json::to_value(failure).map_err(|error| PortError::bug(OP, error))?;
            condition = condition.value(":failure", attribute(json));
            let counts = RowCounts {
                failed: failure.records,
                ..RowCounts::default()
            };
            ("SET #failed.#batch = :failure".to_owned(), counts)
        }
    };
    let counts = serde_json::to_value(counts).map_err(|error| PortError::bug(OP, error))?;
    for (name, count) in counts.as_object().into_iter().flatten() {
        // A set of an older build may lack a count that came later.
        update.push_str(&format!(
            ", #counts.#c_{name} = if_not_exists(#counts.#c_{name}, :zero) + :c_{name}"
        ));
        condition = condition
            .name(&format!("#c_{name}"), name.as_str())
            .value(&format!(":c_{name}"), attribute(count.clone()));
    }
    Ok((update, condition.value(":zero", number(0))))
}
