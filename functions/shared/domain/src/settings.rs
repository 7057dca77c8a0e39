//! What belongs to a ledger, and what belongs to one upload.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::ids::Account;
use crate::switches::Switches;
use crate::time::Day;

/// How disposals find their cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// Highest unit cost first.
    Hifo,
    /// Lowest unit cost first.
    Lofo,
    /// Average cost of the pool.
    Average,
    /// UK section 104: the same day, the 30 days after it, then the pool (TCGA 1992 s104-s106A).
    S104,
}

impl Method {
    /// Every method, as the command line lists them.
    pub const ALL: [Self; 6] = [
        Self::Fifo,
        Self::Lifo,
        Self::Hifo,
        Self::Lofo,
        Self::Average,
        Self::S104,
    ];

    /// The method's name, persisted and shown: frozen, and the same as its serialised form.
    #[must_use]
    pub fn name(self) -> &'static str {
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

/// The tax profile: which switches of the table of types hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaxProfile {
    /// United States: airdrops and forks are income, gifts carry no gain.
    Us,
    /// United Kingdom: airdrops are no income, forks cost nothing, gifts are disposals at value.
    Uk,
}

impl TaxProfile {
    /// Month and day the tax year begins on: in the United States 1 January, in the United Kingdom
    /// 6 April (GOV.UK, "Self Assessment tax returns: deadlines").
    fn year_begins(self) -> (i8, i8) {
        match self {
            Self::Us => (1, 1),
            Self::Uk => (4, 6),
        }
    }

    /// The tax year of a day: the calendar year it begins in.
    #[must_use]
    pub fn tax_year(self, day: Day) -> i16 {
        let date = day.date();
        let before = (date.month(), date.day()) < self.year_begins();
        date.year() - i16::from(before)
    }

    /// The first and the last day of a tax year.
    #[must_use]
    pub fn tax_year_days(self, year: i16) -> (Day, Day) {
        let (month, day) = self.year_begins();
        let begins = |year| Day::of(jiff::civil::date(year, month, day));
        (begins(year), Day(begins(year + 1).0 - 1))
    }
}

/// A ledger's settings: every answer of the ledger follows from them, so a change recomputes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The cost method.
    pub method: Method,
    /// The currency values, gains and totals are in.
    pub base: Asset,
    /// The tax profile.
    pub profile: TaxProfile,
    /// The switches of the table of types: the profile's, unless the user has set others.
    pub switches: Switches,
    /// The zone whose midnight divides tax days and tax years, as an IANA name.
    pub tax_timezone: String,
    /// Bounds of transfer matching.
    pub matching: MatchBounds,
    /// Bounds of the value checks.
    pub checks: CheckBounds,
    /// Whole days after which a gain is long term.
    pub long_term_days: u32,
}

/// Bounds of the checks of what a row says it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckBounds {
    /// How far the values of a row's two legs may be apart, in percent of the larger.
    pub mismatch_percent: u32,
    /// How far Net Worth may be off what the price says, in percent of the latter.
    pub outlier_percent: u32,
}

impl Default for CheckBounds {
    fn default() -> Self {
        Self {
            mismatch_percent: 10,
            outlier_percent: 50,
        }
    }
}

/// Bounds of transfer matching (Koinly's published rules by default).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchBounds {
    /// Longest time from withdrawal to deposit, in hours.
    pub window_hours: u32,
    /// Largest part of the withdrawal that may be missing in the deposit, in percent.
    pub max_loss_percent: u32,
    /// How far a candidate is looked for when an unmatched side is explained, in hours.
    pub reason_hours: u32,
}

impl Default for MatchBounds {
    fn default() -> Self {
        Self {
            window_hours: 12,
            max_loss_percent: 20,
            reason_hours: 24,
        }
    }
}

impl Default for Settings {
    /// Settings of a ledger that was told nothing.
    fn default() -> Self {
        Self::new(Asset::usd())
    }
}

impl Settings {
    /// Takes a profile with its switches.
    pub fn set_profile(&mut self, profile: TaxProfile) {
        (self.profile, self.switches) = (profile, profile.switches());
    }

    /// Settings of a new ledger: FIFO in `base`, the US profile, UTC days.
    #[must_use]
    pub fn new(base: Asset) -> Self {
        Self {
            method: Method::Fifo,
            base,
            profile: TaxProfile::Us,
            switches: TaxProfile::Us.switches(),
            tax_timezone: "UTC".to_owned(),
            matching: MatchBounds::default(),
            checks: CheckBounds::default(),
            long_term_days: 365,
        }
    }

    /// A digest of everything here: the stamp of checkpoints.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut short = [0; 16];
        short.copy_from_slice(&blake3::hash(&text).as_bytes()[..16]);
        short
    }
}

/// How one file is to be read. Two uploads of the same bytes with the same options are one job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseOptions {
    /// The account of rows that name none.
    pub account: Option<Account>,
    /// The zone of times that name none, as an IANA name; UTC when absent.
    pub timezone: Option<String>,
    /// The order of day and month in ambiguous dates, as `DD/MM/YYYY` or `MM/DD/YYYY`.
    pub date_format: Option<String>,
    /// The format, when the user names it instead of having it detected.
    pub format: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_methods_name_is_its_serialised_form() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
    }

    #[test]
    fn every_setting_is_in_the_digest() {
        let plain = Settings::default();
        let mut others: Vec<Settings> = Method::ALL[1..]
            .iter()
            .map(|method| Settings {
                method: *method,
                ..plain.clone()
            })
            .collect();
        others.push(Settings::new("GBP".parse().unwrap()));
        let (us, uk) = (plain.switches, TaxProfile::Uk.switches());
        for switches in [
            Switches {
                airdrop: uk.airdrop,
                ..us
            },
            Switches {
                fork: uk.fork,
                ..us
            },
            Switches {
                gift: uk.gift,
                ..us
            },
            Switches {
                lost: uk.lost,
                ..us
            },
        ] {
            others.push(Settings {
                switches,
                ..plain.clone()
            });
        }
        others.push(Settings {
            long_term_days: 366,
            ..plain.clone()
        });
        for other in others {
            assert_ne!(other.digest(), plain.digest(), "{other:?}");
        }
    }
}
