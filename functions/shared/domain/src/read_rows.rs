//! The rows of the read tables: computed once, then only filtered and paged.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::identity::{RowIdentity, Unnamed};
use crate::ids::Account;
use crate::money::Decimal;
use crate::order::hash_of;
use crate::rows::{Kind, Leg, RowRef};
use crate::section_104::DayShare;
use crate::time::{Day, Instant};

/// A row by name: the user's ID where there is one, else the place in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowName {
    /// Where it stands.
    pub row: RowRef,
    /// Its ID column.
    pub id: Option<Box<str>>,
}

/// The other end of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Which row.
    pub name: RowName,
    /// Its account.
    pub account: Account,
    /// Its time.
    pub at: Instant,
    /// Its amount: what arrived, or what was sent.
    pub amount: Decimal,
}

/// What `reconcile` says of a row that has something to say (table `decisions`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The row.
    pub row: RowRef,
    /// Its time: part of the key.
    pub at: Instant,
    /// The row it repeats.
    pub duplicate_of: Option<RowRef>,
    /// The other end of the transfer it is.
    pub partner: Option<Partner>,
    /// Why it has no partner, when it could have had one.
    pub unmatched: Option<UnmatchedReason>,
    /// Another row has the same content under another ID.
    pub same_content: Option<RowName>,
}

/// The first failed check of an unmatched side's best candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedReason {
    /// No opposite row of the same asset within the look-around.
    NoCandidate,
    /// Both sides are on one account.
    SameAccount,
    /// The deposit is before the withdrawal.
    DepositFirst,
    /// More time between them than the window.
    TooFarApart,
    /// More arrived than was sent.
    MoreArrived,
    /// More is missing than a fee may take.
    TooMuchMissing,
    /// Both have a hash and they differ.
    HashDiffers,
    /// The candidate belongs to another transfer.
    AlreadyMatched,
    /// The user says that the two are no transfer.
    Unlinked,
}

/// A part of a lot that a disposal took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotPart {
    /// The row that acquired it; absent where a pool or nothing stands behind it.
    pub source: Option<RowName>,
    /// When it was acquired.
    pub acquired: Option<Instant>,
    /// How much of it was taken.
    pub quantity: Decimal,
    /// Its cost.
    pub cost: Decimal,
    /// Whether it was held for the long term.
    pub long: bool,
}

/// One disposal of one asset by one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposal {
    /// The asset.
    pub asset: Asset,
    /// The tax day.
    pub date: Day,
    /// What the quantity went for: the row's kind, or `transfer_fee`, or `fee`.
    pub kind: Kind,
    /// How much.
    pub quantity: Decimal,
    /// Proceeds; absent while unpriced.
    pub proceeds: Option<Decimal>,
    /// Cost basis.
    pub cost_basis: Decimal,
    /// Proceeds less cost; absent while unpriced.
    pub gain: Option<Decimal>,
    /// The part of the gain on lots held for the long term.
    pub gain_long: Option<Decimal>,
    /// What it took.
    pub lots: Vec<LotPart>,
}

/// Something a user should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// What it is.
    pub code: IssueCode,
    /// The asset concerned.
    pub asset: Option<Asset>,
    /// The quantity concerned: missing, or the balance after.
    pub quantity: Option<Decimal>,
    /// In words.
    pub detail: String,
}

/// Kinds of issue. The names are shown and filtered by: frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueCode {
    /// A disposal took more than there was; the missing part cost 0.
    MissingCostBasis,
    /// The running balance of an account fell under 0.
    NegativeBalance,
    /// No price where one is really used.
    Unpriced,
    /// A deposit without its withdrawal.
    UnmatchedDeposit,
    /// A withdrawal without its deposit.
    UnmatchedWithdrawal,
    /// The row repeats an earlier one.
    Duplicate,
    /// The same content stands under another ID.
    SameContentOtherId,
    /// The result has more digits than can be held exactly.
    Overflow,
    /// The values of both legs are too far apart.
    ValueMismatch,
    /// Net Worth is too far off the price.
    PriceOutlier,
}

impl IssueCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::MissingCostBasis,
        Self::NegativeBalance,
        Self::Unpriced,
        Self::UnmatchedDeposit,
        Self::UnmatchedWithdrawal,
        Self::Duplicate,
        Self::SameContentOtherId,
        Self::Overflow,
        Self::ValueMismatch,
        Self::PriceOutlier,
    ];

    /// The code as it is shown and filtered by; the same as its serialised form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingCostBasis => "missing_cost_basis",
            Self::NegativeBalance => "negative_balance",
            Self::Unpriced => "unpriced",
            Self::UnmatchedDeposit => "unmatched_deposit",
            Self::UnmatchedWithdrawal => "unmatched_withdrawal",
            Self::Duplicate => "duplicate",
            Self::SameContentOtherId => "same_content_other_id",
            Self::Overflow => "overflow",
            Self::ValueMismatch => "value_mismatch",
            Self::PriceOutlier => "price_outlier",
        }
    }
}

/// A running balance after a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The asset.
    pub asset: Asset,
    /// What the row's account holds of it after the row.
    pub amount: Decimal,
}

/// What a row's file states and the row's columns do not show: what an override has to know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// What the row is known by when it has no ID.
    pub unnamed: Option<Unnamed>,
    /// The kind the file makes it, where the user's label makes it another.
    pub kind: Option<Kind>,
    /// The value the file gives the whole row.
    pub net_worth: Option<Leg>,
    /// The value the file gives the fee.
    pub fee_worth: Option<Leg>,
}

/// One row of the table `transactions`: everything the pipeline says of one input row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionRow {
    /// Where it comes from (I12).
    pub name: RowName,
    /// When.
    pub at: Instant,
    /// The tax day.
    pub date: Day,
    /// Where.
    pub account: Account,
    /// What.
    pub kind: Kind,
    /// What left.
    pub sent: Option<Leg>,
    /// What came.
    pub received: Option<Leg>,
    /// What was paid on top.
    pub fee: Option<Leg>,
    /// The row's value in the base currency; absent while unpriced or when none is used.
    pub value: Option<Decimal>,
    /// Where the value came from, as `fiat_leg+fx:ecb`: `value::Value::source_name`.
    pub value_source: Option<String>,
    /// The fee's value in the base currency.
    pub fee_value: Option<Decimal>,
    /// Income in the base currency.
    pub income: Option<Decimal>,
    /// Sum of the gains of its disposals.
    pub gain: Option<Decimal>,
    /// The row it repeats: such a row has no effect.
    pub duplicate_of: Option<RowRef>,
    /// The user wants it left out: such a row has no effect either.
    pub ignored: bool,
    /// The other end of the transfer.
    pub partner: Option<Partner>,
    /// Its disposals. With section 104 there is none, and no gain: a day's disposals are one.
    pub disposals: Vec<Disposal>,
    /// With section 104 what it adds to the disposals of its tax day, which stand in the table
    /// `disposals` under asset and `date`.
    pub day_shares: Vec<DayShare>,
    /// Balances of its assets after it.
    pub balances: Vec<Balance>,
    /// What to look at.
    pub issues: Vec<Issue>,
    /// The hash on its chain.
    pub tx_hash: Option<Box<str>>,
    /// The file's description.
    pub description: Option<Box<str>>,
    /// What else its file states.
    pub stated: Stated,
}

impl TransactionRow {
    /// What the row is known by to its user.
    #[must_use]
    pub fn identity(&self) -> RowIdentity {
        let id = self.name.id.as_deref();
        let named = id.map(|id| hash_of(&self.account, id));
        RowIdentity::of(self.at, named, self.stated.unnamed)
    }
}

/// A total of the read table `summaries`: one per tax year, asset, account and kind. With section
/// 104 proceeds, cost and gain belong to days and not to rows: they stand in one total per tax year
/// and asset that has neither account nor kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryRow {
    /// The calendar year in which the tax year begins: with the UK's profile on 6 April.
    pub year: i16,
    /// The asset.
    pub asset: Asset,
    /// The account; absent for the days of section 104.
    pub account: Option<Account>,
    /// The kind; absent for the days of section 104.
    pub kind: Option<Kind>,
    /// Rows, or disposals, counted.
    pub count: u64,
    /// Quantity acquired.
    pub acquired: Decimal,
    /// Quantity disposed of.
    pub disposed: Decimal,
    /// Exact proceeds.
    pub proceeds: Decimal,
    /// Exact cost basis.
    pub cost_basis: Decimal,
    /// Exact gain.
    pub gain: Decimal,
    /// Exact long-term part of the gain.
    pub gain_long: Decimal,
    /// Exact income.
    pub income: Decimal,
    /// Sum of the gains, each rounded half-even to 0.01 (the report's total).
    pub gain_reported: Decimal,
    /// The long-term part of it, rounded disposal by disposal like it; the rest is short term.
    pub gain_long_reported: Decimal,
    /// Rows without a price: where it is not 0 the totals are incomplete.
    pub unpriced: u64,
}

/// What a ledger holds of one asset at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The asset.
    pub asset: Asset,
    /// Quantity of all open lots.
    pub quantity: Decimal,
    /// Cost of all open lots.
    pub cost_basis: Decimal,
    /// Cost over quantity, rounded half-even to 10^-30; absent when nothing is held.
    pub average_cost: Option<Decimal>,
    /// Balance per account, sorted by account.
    pub balances: Vec<(Account, Decimal)>,
}

/// How the balance of an account in one asset came about, in a tax year or over the whole ledger: the
/// opening balance, what came, what went and the fees paid on top, and the closing balance, which is
/// the running balance behind the last row. Duplicates move nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRow {
    /// The asset.
    pub asset: Asset,
    /// The account.
    pub account: Account,
    /// The calendar year in which the tax year begins; absent over the whole ledger.
    pub year: Option<i16>,
    /// The closing balance of the last year before in which it moved; 0 at the ledger's start.
    pub opening: Decimal,
    /// What came.
    pub received: Decimal,
    /// What went.
    pub sent: Decimal,
    /// What was paid on top.
    pub fee: Decimal,
    /// The running balance at the end.
    pub closing: Decimal,
}

impl BalanceRow {
    /// Whether opening + received - sent - fee is closing (I13).
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let sum = self.opening.plus(&self.received);
        let sum = sum.and_then(|sum| sum.minus(&self.sent));
        let sum = sum.and_then(|sum| sum.minus(&self.fee));
        sum.is_ok_and(|sum| sum == self.closing)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_issues_name_is_its_serialised_form() {
        for code in IssueCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
