//! The switches of the table of types (section 2 of the domain rules): what tax law sees differently
//! from country to country, set by the tax profile unless the user says otherwise.
//!
//! | switch | choice | what it does | default of |
//! |---|---|---|---|
//! | `airdrop` | `income` | acquired at value, which is income | us |
//! | | `no_income` | acquired at value, no income | uk |
//! | `fork` | `income` | acquired at value, which is income | us |
//! | | `zero_cost` | acquired for nothing, no income | uk |
//! | `gift` (and donation) | `no_gain` | disposed of for exactly its cost | us |
//! | | `at_value` | disposed of at market value | uk |
//! | `lost` | `no_gain` | disposed of for exactly its cost | us |
//! | | `zero_proceeds` | disposed of for nothing: its cost is a loss | uk |
//!
//! The sources of the defaults stand in `kinds`. No switch changes whether a kind acquires or
//! disposes, nor whether it may need a price: rows ask for prices before settings are known.

use serde::{Deserialize, Serialize};

use crate::settings::TaxProfile;

/// The switches of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// What an airdrop is.
    pub airdrop: Airdrop,
    /// What coins of a fork are.
    pub fork: Fork,
    /// What a gift or donation goes for.
    pub gift: Gift,
    /// What something lost goes for.
    pub lost: Lost,
}

/// What an airdrop is. The names are persisted and shown: frozen, here and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Airdrop {
    /// Income at its value.
    Income,
    /// An acquisition at its value, and no income.
    NoIncome,
}

/// What coins of a fork are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fork {
    /// Income at their value.
    Income,
    /// An acquisition for nothing.
    ZeroCost,
}

/// What a gift or donation goes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gift {
    /// Its cost: the giver has no gain.
    NoGain,
    /// Its market value.
    AtValue,
}

/// What something lost goes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// Its cost: there is no loss to declare.
    NoGain,
    /// Nothing: its cost is a loss.
    ZeroProceeds,
}

impl TaxProfile {
    /// The switches of the profile.
    #[must_use]
    pub fn switches(self) -> Switches {
        match self {
            Self::Us => Switches {
                airdrop: Airdrop::Income,
                fork: Fork::Income,
                gift: Gift::NoGain,
                lost: Lost::NoGain,
            },
            Self::Uk => Switches {
                airdrop: Airdrop::NoIncome,
                fork: Fork::ZeroCost,
                gift: Gift::AtValue,
                lost: Lost::ZeroProceeds,
            },
        }
    }
}
