//! The folds over a ledger's segments: each takes a checkpoint and one segment's rows, and gives
//! what it has decided and the next checkpoint. Pure: the functions load and store.

pub mod metrics;
pub mod reconcile;
