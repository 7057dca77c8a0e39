//! All changes or none: a transaction, or one conditional write when there is one change, which
//! costs half.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use domain::state::Change;
use ports::state::check_commit;
use ports::{PortError, PortErrorKind};

use super::DynamoState;
use super::change::Write;
use crate::errors::{kind, port_error, service_error};

const OP: &str = "state.commit";
/// Bytes of a transaction: DynamoDB's limit.
const MAX_COMMIT_BYTES: usize = 4 * 1024 * 1024;
/// The status of an answer whose reasons are in its body.
const BAD_REQUEST: u16 = 400;

impl DynamoState {
    pub(super) async fn apply(&self, changes: &[Change]) -> Result<(), PortError> {
        check_commit(changes)?;
        let mut writes = Vec::with_capacity(changes.len());
        let mut bytes = 0;
        for change in changes {
            let write = Write::of(OP, change)?;
            bytes += write.size(OP)?;
            writes.push(write);
        }
        if bytes > MAX_COMMIT_BYTES {
            let text = format!("{bytes} bytes in one commit; DynamoDB takes {MAX_COMMIT_BYTES}");
            return Err(PortError::bug(OP, text));
        }
        match <[Write; 1]>::try_from(writes) {
            Ok([write]) => self.alone(write).await,
            Err(writes) if writes.is_empty() => Ok(()),
            Err(writes) => self.together(changes, writes).await,
        }
    }

    /// One write. An attempt whose effect is unknown is not repeated here (`repeating`): its repeat
    /// would find its own effect, and `Conflict` would prove nothing.
    async fn alone(&self, write: Write) -> Result<(), PortError> {
        let (client, table) = (&self.once, &self.table);
        match write {
            Write::Put { item, condition } => {
                let put = client.put_item().table_name(table).set_item(Some(item));
                let put = put.condition_expression(condition.text);
                let put = put.set_expression_attribute_names(Some(condition.names));
                let put = put.set_expression_attribute_values(some(condition.values));
                put.send()
                    .await
                    .map(drop)
                    .map_err(|error| port_error(OP, &error))
            }
            Write::Delete { key } => {
                let delete = client.delete_item().table_name(table).set_key(Some(key));
                delete
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| port_error(OP, &error))
            }
            Write::Update {
                key,
                update,
                condition,
            } => {
                let change = client.update_item().table_name(table).set_key(Some(key));
                let change = change.update_expression(update);
                let change = change.condition_expression(condition.text);
                let change = change.set_expression_attribute_names(Some(condition.names));
                let change = change.set_expression_attribute_values(some(condition.values));
                change
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| port_error(OP, &error))
            }
            check @ Write::Check { .. } => self.together(&[], vec![check]).await,
        }
    }

    /// Several writes. Here the SDK may repeat what it likes: it sends a token along, under which
    /// DynamoDB answers a repeat of what it has done with success.
    async fn together(&self, changes: &[Change], writes: Vec<Write>) -> Result<(), PortError> {
        let writes = writes.into_iter().map(|write| self.part(write));
        let writes: Result<Vec<_>, _> = writes.collect();
        let writes = writes.map_err(|error| PortError::bug(OP, error))?;
        let transact = self.client.transact_write_items();
        match transact.set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(cancelled(changes, &error)),
        }
    }

    fn part(&self, write: Write) -> Result<TransactWriteItem, BuildError> {
        let item = TransactWriteItem::builder();
        let item = match write {
            Write::Put {
                item: whole,
                condition,
            } => {
                let put = Put::builder().table_name(&self.table).set_item(Some(whole));
                let put = put.condition_expression(condition.text);
                let put = put.set_expression_attribute_names(Some(condition.names));
                let put = put.set_expression_attribute_values(some(condition.values));
                item.put(put.build()?)
            }
            Write::Delete { key } => {
                let delete = Delete::builder().table_name(&self.table).set_key(Some(key));
                item.delete(delete.build()?)
            }
            Write::Check { key, condition } => {
                let check = ConditionCheck::builder().table_name(&self.table);
                let check = check
                    .set_key(Some(key))
                    .condition_expression(condition.text);
                let check = check.set_expression_attribute_names(Some(condition.names));
                let check = check.set_expression_attribute_values(some(condition.values));
                item.condition_check(check.build()?)
            }
            Write::Update {
                key,
                update,
                condition,
            } => {
                let change = Update::builder().table_name(&self.table).set_key(Some(key));
                let change = change.update_expression(update);
                let change = change.condition_expression(condition.text);
                let change = change.set_expression_attribute_names(Some(condition.names));
                let change = change.set_expression_attribute_values(some(condition.values));
                item.update(change.build()?)
            }
        };
        Ok(item.build())
    }
}

/// DynamoDB refuses an empty map of values.
fn some<K, V>(values: std::collections::HashMap<K, V>) -> Option<std::collections::HashMap<K, V>> {
    (!values.is_empty()).then_some(values)
}

/// Why a transaction was not carried out. None of it was, so a condition that did not hold is a
/// conflict, whatever else was in its way.
fn cancelled(
    changes: &[Change],
    error: &SdkError<TransactWriteItemsError, HttpResponse>,
) -> PortError {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return port_error(OP, error);
    };
    let reasons = cancelled.cancellation_reasons().iter().enumerate();
    let mut reasons: Vec<(PortErrorKind, usize, &CancellationReason)> = reasons
        .filter(|(_, reason)| !matches!(reason.code(), None | Some("None")))
        .map(|(n, reason)| {
            (
                kind(reason.code().unwrap_or_default(), BAD_REQUEST),
                n,
                reason,
            )
        })
        .collect();
    reasons.sort_by_key(|(kind, n, _)| (rank(*kind), *n));
    let Some((kind, n, reason)) = reasons.first() else {
        return PortError::retry(OP, "a transaction was cancelled without a reason");
    };
    let code = reason.code().unwrap_or_default();
    let sort = changes.get(*n).map(|change| change.key().sort);
    let code = sort.map_or_else(|| code.to_owned(), |sort| format!("{code} at {sort}"));
    service_error(*kind, OP, code, reason.message())
}

/// Which reason to name: our own mistake, then a conflict, then what may heal by itself.
fn rank(kind: PortErrorKind) -> u8 {
    match kind {
        PortErrorKind::Bug | PortErrorKind::Reject | PortErrorKind::Invalid => 0,
        PortErrorKind::Conflict => 1,
        PortErrorKind::Retry => 2,
    }
}
