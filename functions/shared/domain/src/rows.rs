//! A row: one normalised line of a user's file, whatever format it came in.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::ids::{Account, JobId};
use crate::money::Decimal;
use crate::time::Instant;

/// An amount of an asset. The amount is never negative; the side says the direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// How much.
    pub amount: Decimal,
    /// Of what.
    pub asset: Asset,
}

/// What a row is, decided once from its label and legs when it is parsed. The names are persisted
/// and shown: frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the names are the table of domain section 2; `kinds` says what each does"
)]
pub enum Kind {
    Buy,
    Sell,
    Swap,
    /// Fiat against fiat: moves balances, has no lots.
    Exchange,
    Deposit,
    Withdrawal,
    Reward,
    Staking,
    Mining,
    Interest,
    LendingInterest,
    Income,
    OtherIncome,
    Salary,
    Airdrop,
    Fork,
    Cashback,
    FeeRefund,
    Referral,
    GiftReceived,
    Loan,
    Cost,
    Tax,
    LoanFee,
    MarginFee,
    LoanRepayment,
    Fee,
    TransferFee,
    Gift,
    Donation,
    Lost,
    Stake,
    Unstake,
    ToPool,
    FromPool,
    Migration,
    MarginGain,
    MarginLoss,
}

/// Where a row stands: the job that brought it and the line of its file. Unique in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowRef {
    /// The upload.
    pub job: JobId,
    /// The line the record starts on, from 1.
    pub line: u64,
}

/// One normalised row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When it happened; of several records, the earliest time.
    pub at: Instant,
    /// The line its record starts on, from 1; of several records, the first.
    pub line: u64,
    /// The chunk that wrote it: a loader takes only rows of the generation that completed it (I2).
    pub chunk: u32,
    /// What it is.
    pub kind: Kind,
    /// Where it happened.
    pub account: Account,
    /// The user's own id, when the file has one.
    pub id: Option<Box<str>>,
    /// What left.
    pub sent: Option<Leg>,
    /// What came.
    pub received: Option<Leg>,
    /// What was paid for it on top: always an extra outflow.
    pub fee: Option<Leg>,
    /// The value the file gives the whole row.
    pub net_worth: Option<Leg>,
    /// The value the file gives the fee.
    pub fee_worth: Option<Leg>,
    /// Records of the file it is made of, from 1: a trade that an exchange writes in parts is one row,
    /// and counts of records add up (I3).
    pub records: u32,
    /// The transaction's hash on its chain.
    pub tx_hash: Option<Box<str>>,
    /// The file's description, for the reader.
    pub description: Option<Box<str>>,
}
