//! What the model is asked about: rows as a file states them, the ledger's settings and prices.

use std::collections::BTreeMap;

use crate::number::Number;
use crate::said::Saying;

/// An amount and what it is an amount of.
pub(crate) type Leg = (Number, String);

/// Which upload and which line of it.
pub(crate) type Place = (usize, u64);

/// A row of a file. An amount of 0 is as good as none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    /// Microseconds since 1970.
    pub(crate) at: i64,
    pub(crate) account: String,
    pub(crate) id: Option<String>,
    pub(crate) label: String,
    pub(crate) sent: Option<Leg>,
    pub(crate) received: Option<Leg>,
    pub(crate) fee: Option<Leg>,
    pub(crate) net_worth: Option<Leg>,
    pub(crate) fee_worth: Option<Leg>,
    pub(crate) hash: Option<String>,
    pub(crate) description: Option<String>,
}

/// The order disposals take lots in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Fifo,
    Lifo,
    Hifo,
    Lofo,
    Average,
    S104,
}

impl Method {
    /// Every method.
    pub(crate) const ALL: [Self; 6] = [
        Self::Fifo,
        Self::Lifo,
        Self::Hifo,
        Self::Lofo,
        Self::Average,
        Self::S104,
    ];

    /// As the settings call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Lifo => "lifo",
            Self::Hifo => "hifo",
            Self::Lofo => "lofo",
            Self::Average => "average",
            Self::S104 => "s104",
        }
    }
}

/// What a tax profile says of the kinds it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switches {
    pub(crate) airdrop_is_income: bool,
    /// Else its coins cost nothing.
    pub(crate) fork_is_income: bool,
    /// Else for its cost, without a gain.
    pub(crate) gift_at_value: bool,
    /// Else for its cost, without a gain.
    pub(crate) lost_for_nothing: bool,
}

/// The settings of a ledger.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) method: Method,
    pub(crate) base: String,
    pub(crate) uk: bool,
    pub(crate) switches: Switches,
    pub(crate) zone: &'static str,
    pub(crate) long_term_days: u32,
    pub(crate) window_hours: u32,
    pub(crate) max_loss_percent: u32,
    pub(crate) reason_hours: u32,
    pub(crate) mismatch_percent: u32,
    pub(crate) outlier_percent: u32,
}

/// A ledger.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    pub(crate) rules: Rules,
    pub(crate) entries: Vec<Entry>,
    /// By asset and day of UTC since 1970, in the base currency.
    pub(crate) prices: BTreeMap<(String, i64), Number>,
    /// What is said of single rows, each named as its user knows it.
    pub(crate) said: Vec<(String, Saying)>,
}

/// Microseconds in an hour and in a day.
pub(crate) const HOUR: i64 = 3_600_000_000;
pub(crate) const DAY: i64 = 24 * HOUR;

impl Entry {
    /// The row without the legs that are 0.
    pub(crate) fn without_zeros(&self) -> Self {
        let kept = |leg: &Option<Leg>| leg.clone().filter(|(amount, _)| !amount.is_zero());
        Self {
            sent: kept(&self.sent),
            received: kept(&self.received),
            fee: kept(&self.fee),
            net_worth: kept(&self.net_worth),
            fee_worth: kept(&self.fee_worth),
            ..self.clone()
        }
    }

    /// The day of UTC it falls on.
    pub(crate) fn utc_day(&self) -> i64 {
        self.at.div_euclid(DAY)
    }
}

/// The national currencies that ledgers of these tests use.
pub(crate) const FIAT: [&str; 3] = ["EUR", "GBP", "USD"];

/// Fiat has balances and no lots; every base currency is fiat.
pub(crate) fn is_fiat(asset: &str) -> bool {
    FIAT.contains(&asset)
}
