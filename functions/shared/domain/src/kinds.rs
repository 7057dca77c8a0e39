//! The one table from a label and the legs of a row to its kind, and from the kind to what it does
//! to lots and income (section 2 of the domain rules).
//!
//! | kind | labels | legs | acquires | disposes |
//! |---|---|---|---|---|
//! | buy | none | fiat -> crypto | at cost | |
//! | sell | none | crypto -> fiat | | at proceeds |
//! | swap | none | crypto -> crypto | at cost | at proceeds |
//! | exchange | none | fiat -> fiat | | |
//! | deposit | none | in | at value, when unmatched | |
//! | withdrawal | none | out | | at proceeds, when unmatched |
//! | reward, staking, mining, interest, lending interest, income, other income, salary | their names | in | as income | |
//! | airdrop | airdrop | in | as income (US), at value (UK) (switch) | |
//! | fork | fork | in | as income (US), at zero (UK) (switch) | |
//! | cashback, fee refund, referral, gift received, loan | their names | in | at value | |
//! | cost, tax, loan fee, margin fee, loan repayment, fee, transfer fee | their names | out | | at proceeds |
//! | gift, donation | their names | out | | at cost basis (US), at proceeds (UK) (switch) |
//! | lost | lost | out | | at cost basis (US), at zero (UK) (switch) |
//! | stake, to pool | stake, sent to pool | out | | |
//! | unstake, from pool | unstake, received from pool | in | | |
//! | margin gain, margin loss | realized gain | in, out | | |
//! | migration | swap | both | not supported yet | |
//!
//! What a profile says by default, a switch may say otherwise (`switches`).
//!
//! Sources. Labels: Koinly's help, "What are tags?" (deposit, withdrawal and trade tags, "Realized
//! PNL", pools) and its older "What are labels?" ("loan interest", "interest payment"). US: income at
//! market value from airdrops after a hard fork (Rev. Rul. 2019-24), a gift is no sale and its giver
//! has no gain (IRS Notice 2014-21 and the FAQ on virtual currency). UK: an airdrop received without
//! doing anything is no income (HMRC CRYPTO21250), a fork's coins take a part of the old pool's cost
//! (CRYPTO22300; here none until the user says otherwise), a gift is a disposal at market value
//! (CRYPTO22100; a gift to a spouse or charity is the user's to mark), a loss claimed is a disposal
//! for nothing (CRYPTO22400, negligible value).

use crate::quote::quote;
use crate::rows::{Kind, Leg};
use crate::switches::{Airdrop, Fork, Gift, Lost, Switches};

/// Why a row has no kind: a row error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// The label is in no table; never guessed.
    #[error("{} is not a known label; leave it empty or use a Koinly tag such as reward, airdrop, cost, gift or lost", quote(.label))]
    Unknown {
        /// The label as the file has it.
        label: String,
    },
    /// The label says one thing and the legs another.
    #[error("the label {} belongs to a row with {expected}; this row has {found}", quote(.label))]
    DoesNotFit {
        /// The label as the file has it.
        label: String,
        /// The legs it needs.
        expected: &'static str,
        /// The legs there are.
        found: &'static str,
    },
    /// A tax-free swap of one asset into another.
    #[error(
        "the label {} marks a migration of one asset into another, which is not supported yet; to have it taxed as a trade, leave the label empty",
        quote(.label)
    )]
    MigrationUnsupported {
        /// The label as the file has it.
        label: String,
    },
    /// Nothing moves.
    #[error("no amount is sent, received or paid as a fee; fill in an amount with its currency")]
    NoLegs,
}

impl KindError {
    /// The stable code of the error, for rejects.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_label",
            Self::DoesNotFit { .. } => "label_does_not_fit",
            Self::MigrationUnsupported { .. } => "migration_unsupported",
            Self::NoLegs => "no_amount",
        }
    }
}

/// What a label makes of a row.
#[derive(Debug, Clone, Copy)]
enum Means {
    /// A receipt and nothing sent.
    In(Kind),
    /// Something sent and nothing received.
    Out(Kind),
    /// Something sent, or only a fee paid; nothing received.
    OutOrFee(Kind),
    /// A receipt is a gain, something sent a loss.
    Margin,
    /// Both legs: one asset becomes another.
    Migration,
}

/// Every label, normalised, sorted.
const LABELS: [(&str, Means); 49] = [
    ("add_to_pool", Means::Out(Kind::ToPool)),
    ("airdrop", Means::In(Kind::Airdrop)),
    ("cashback", Means::In(Kind::Cashback)),
    ("cost", Means::Out(Kind::Cost)),
    ("donation", Means::Out(Kind::Donation)),
    ("fee", Means::OutOrFee(Kind::Fee)),
    ("fee_refund", Means::In(Kind::FeeRefund)),
    ("fork", Means::In(Kind::Fork)),
    ("from_pool", Means::In(Kind::FromPool)),
    ("gift", Means::Out(Kind::Gift)),
    ("gift_received", Means::In(Kind::GiftReceived)),
    ("income", Means::In(Kind::Income)),
    ("interest", Means::In(Kind::Interest)),
    ("interest_payment", Means::OutOrFee(Kind::LoanFee)),
    ("lending_interest", Means::In(Kind::LendingInterest)),
    ("loan", Means::In(Kind::Loan)),
    ("loan_fee", Means::OutOrFee(Kind::LoanFee)),
    ("loan_interest", Means::In(Kind::LendingInterest)),
    ("loan_repayment", Means::Out(Kind::LoanRepayment)),
    ("lost", Means::Out(Kind::Lost)),
    ("margin_fee", Means::OutOrFee(Kind::MarginFee)),
    ("margin_gain", Means::In(Kind::MarginGain)),
    ("margin_loan", Means::In(Kind::Loan)),
    ("margin_loss", Means::Out(Kind::MarginLoss)),
    ("margin_repayment", Means::Out(Kind::LoanRepayment)),
    ("migration", Means::Migration),
    ("mining", Means::In(Kind::Mining)),
    ("other_income", Means::In(Kind::OtherIncome)),
    ("realised_gain", Means::Margin),
    ("realized_gain", Means::Margin),
    ("realized_p&l", Means::Margin),
    ("realized_pnl", Means::Margin),
    ("receive_from_pool", Means::In(Kind::FromPool)),
    ("received_from_pool", Means::In(Kind::FromPool)),
    ("referral", Means::In(Kind::Referral)),
    ("remove_from_pool", Means::In(Kind::FromPool)),
    ("reward", Means::In(Kind::Reward)),
    ("rewards", Means::In(Kind::Reward)),
    ("salary", Means::In(Kind::Salary)),
    ("send_to_pool", Means::Out(Kind::ToPool)),
    ("sent_to_pool", Means::Out(Kind::ToPool)),
    ("stake", Means::Out(Kind::Stake)),
    ("staking", Means::In(Kind::Staking)),
    ("staking_reward", Means::In(Kind::Staking)),
    ("swap", Means::Migration),
    ("tax", Means::Out(Kind::Tax)),
    ("to_pool", Means::Out(Kind::ToPool)),
    ("transfer_fee", Means::OutOrFee(Kind::TransferFee)),
    ("unstake", Means::In(Kind::Unstake)),
];

/// The kind of a row, from its label and legs. Labels compare after trimming, lower-casing, and
/// space and `-` becoming `_`; an empty label is none.
///
/// # Errors
/// The label is unknown, does not fit the legs, or is a migration; or the row has no leg.
pub fn kind_of(
    label: Option<&str>,
    sent: Option<&Leg>,
    received: Option<&Leg>,
    fee: Option<&Leg>,
) -> Result<Kind, KindError> {
    if sent.is_none() && received.is_none() && fee.is_none() {
        return Err(KindError::NoLegs);
    }
    match label.map(str::trim).filter(|label| !label.is_empty()) {
        None => Ok(unlabelled(sent, received)),
        Some(label) => labelled(label, sent.is_some(), received.is_some()),
    }
}

fn unlabelled(sent: Option<&Leg>, received: Option<&Leg>) -> Kind {
    match (sent, received) {
        (Some(sent), Some(received)) => match (sent.asset.is_fiat(), received.asset.is_fiat()) {
            (true, true) => Kind::Exchange,
            (true, false) => Kind::Buy,
            (false, true) => Kind::Sell,
            (false, false) => Kind::Swap,
        },
        (None, Some(_)) => Kind::Deposit,
        (Some(_), None) => Kind::Withdrawal,
        (None, None) => Kind::Fee,
    }
}

fn labelled(label: &str, sent: bool, received: bool) -> Result<Kind, KindError> {
    let Some(means) = meaning(label) else {
        return Err(KindError::Unknown {
            label: label.to_owned(),
        });
    };
    let expected = match (means, sent, received) {
        (Means::In(kind), false, true)
        | (Means::Out(kind), true, false)
        | (Means::OutOrFee(kind), true | false, false) => return Ok(kind),
        (Means::Margin, false, true) => return Ok(Kind::MarginGain),
        (Means::Margin, true, false) => return Ok(Kind::MarginLoss),
        (Means::Migration, true, true) => {
            return Err(KindError::MigrationUnsupported {
                label: label.to_owned(),
            });
        }
        (Means::In(_), ..) => "a received amount and no sent one",
        (Means::Out(_), ..) => "a sent amount and no received one",
        (Means::OutOrFee(_), ..) => "a sent amount or a fee, and no received amount",
        (Means::Margin, ..) => "either a received or a sent amount",
        (Means::Migration, ..) => "both a sent and a received amount",
    };
    let found = match (sent, received) {
        (true, true) => "both",
        (true, false) => "only a sent one",
        (false, true) => "only a received one",
        (false, false) => "only a fee",
    };
    Err(KindError::DoesNotFit {
        label: label.to_owned(),
        expected,
        found,
    })
}

fn meaning(label: &str) -> Option<Means> {
    LABELS
        .iter()
        .find(|(known, _)| same_label(known, label))
        .map(|(_, means)| *means)
}

/// Whether a label is the `known` one, which is written in lower case with underscores.
pub(crate) fn same_label(known: &str, label: &str) -> bool {
    known.len() == label.len()
        && known
            .bytes()
            .zip(label.bytes())
            .all(|(known, given)| match given {
                b' ' | b'-' => known == b'_',
                given => known == given.to_ascii_lowercase(),
            })
}

/// What the received leg of a kind does to the lots of its asset. Fiat legs have no lots, whatever
/// the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquires {
    /// Nothing: the balance moves, no lot is made.
    No,
    /// A lot that cost what was given for it, fee included.
    AtCost,
    /// A lot at the row's value, which is income too.
    AsIncome,
    /// A lot at the row's value, without income.
    AtValue,
    /// A lot that cost nothing.
    AtZero,
}

/// What the sent leg of a kind does to the lots of its asset. Fiat legs have no lots, whatever the
/// kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposes {
    /// Nothing: the balance moves, no lot is taken.
    No,
    /// A disposal for what the row is worth, less the fee.
    AtProceeds,
    /// A disposal for exactly its cost: no gain.
    AtCostBasis,
    /// A disposal for nothing: the whole cost is a loss.
    AtZero,
}

impl Kind {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 38] = [
        Self::Buy,
        Self::Sell,
        Self::Swap,
        Self::Exchange,
        Self::Deposit,
        Self::Withdrawal,
        Self::Reward,
        Self::Staking,
        Self::Mining,
        Self::Interest,
        Self::LendingInterest,
        Self::Income,
        Self::OtherIncome,
        Self::Salary,
        Self::Airdrop,
        Self::Fork,
        Self::Cashback,
        Self::FeeRefund,
        Self::Referral,
        Self::GiftReceived,
        Self::Loan,
        Self::Cost,
        Self::Tax,
        Self::LoanFee,
        Self::MarginFee,
        Self::LoanRepayment,
        Self::Fee,
        Self::TransferFee,
        Self::Gift,
        Self::Donation,
        Self::Lost,
        Self::Stake,
        Self::Unstake,
        Self::ToPool,
        Self::FromPool,
        Self::Migration,
        Self::MarginGain,
        Self::MarginLoss,
    ];

    /// The kind's name, persisted and shown: frozen, and the same as its serialised form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
            Self::Swap => "swap",
            Self::Exchange => "exchange",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Reward => "reward",
            Self::Staking => "staking",
            Self::Mining => "mining",
            Self::Interest => "interest",
            Self::LendingInterest => "lending_interest",
            Self::Income => "income",
            Self::OtherIncome => "other_income",
            Self::Salary => "salary",
            Self::Airdrop => "airdrop",
            Self::Fork => "fork",
            Self::Cashback => "cashback",
            Self::FeeRefund => "fee_refund",
            Self::Referral => "referral",
            Self::GiftReceived => "gift_received",
            Self::Loan => "loan",
            Self::Cost => "cost",
            Self::Tax => "tax",
            Self::LoanFee => "loan_fee",
            Self::MarginFee => "margin_fee",
            Self::LoanRepayment => "loan_repayment",
            Self::Fee => "fee",
            Self::TransferFee => "transfer_fee",
            Self::Gift => "gift",
            Self::Donation => "donation",
            Self::Lost => "lost",
            Self::Stake => "stake",
            Self::Unstake => "unstake",
            Self::ToPool => "to_pool",
            Self::FromPool => "from_pool",
            Self::Migration => "migration",
            Self::MarginGain => "margin_gain",
            Self::MarginLoss => "margin_loss",
        }
    }

    /// Whether the kind comes from the legs alone: only such rows can be ends of a transfer.
    #[must_use]
    pub fn is_unlabelled(self) -> bool {
        matches!(
            self,
            Self::Buy | Self::Sell | Self::Swap | Self::Exchange | Self::Deposit | Self::Withdrawal
        )
    }

    /// What the received leg does under `switches`. A deposit's answer holds while it is unmatched;
    /// a matched one is neutral.
    #[must_use]
    pub fn acquires(self, switches: Switches) -> Acquires {
        match self {
            Self::Buy | Self::Swap => Acquires::AtCost,
            Self::Reward
            | Self::Staking
            | Self::Mining
            | Self::Interest
            | Self::LendingInterest
            | Self::Income
            | Self::OtherIncome
            | Self::Salary => Acquires::AsIncome,
            Self::Airdrop => match switches.airdrop {
                Airdrop::Income => Acquires::AsIncome,
                Airdrop::NoIncome => Acquires::AtValue,
            },
            Self::Fork => match switches.fork {
                Fork::Income => Acquires::AsIncome,
                Fork::ZeroCost => Acquires::AtZero,
            },
            Self::Deposit
            | Self::Cashback
            | Self::FeeRefund
            | Self::Referral
            | Self::GiftReceived
            | Self::Loan => Acquires::AtValue,
            _ => Acquires::No,
        }
    }

    /// What the sent leg does under `switches`. A withdrawal's answer holds while it is unmatched; a
    /// matched one is neutral.
    #[must_use]
    pub fn disposes(self, switches: Switches) -> Disposes {
        match self {
            Self::Sell
            | Self::Swap
            | Self::Withdrawal
            | Self::Cost
            | Self::Tax
            | Self::LoanFee
            | Self::MarginFee
            | Self::LoanRepayment
            | Self::Fee
            | Self::TransferFee => Disposes::AtProceeds,
            Self::Gift | Self::Donation => match switches.gift {
                Gift::NoGain => Disposes::AtCostBasis,
                Gift::AtValue => Disposes::AtProceeds,
            },
            Self::Lost => match switches.lost {
                Lost::NoGain => Disposes::AtCostBasis,
                Lost::ZeroProceeds => Disposes::AtZero,
            },
            _ => Disposes::No,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::money::Decimal;
    use crate::settings::TaxProfile;

    fn leg(asset: &str) -> Leg {
        Leg {
            amount: Decimal::ONE,
            asset: asset.parse().unwrap(),
        }
    }

    /// The kind of a row with these assets, `-` for no leg.
    fn kind(label: &str, sent: &str, received: &str, fee: &str) -> Result<Kind, KindError> {
        let [sent, received, fee] =
            [sent, received, fee].map(|asset| (asset != "-").then(|| leg(asset)));
        kind_of(
            (!label.is_empty()).then_some(label),
            sent.as_ref(),
            received.as_ref(),
            fee.as_ref(),
        )
    }

    #[test]
    fn the_legs_alone_decide_an_unlabelled_row() {
        assert_eq!(kind("", "USD", "BTC", "USD"), Ok(Kind::Buy));
        assert_eq!(kind("", "BTC", "EUR", "-"), Ok(Kind::Sell));
        assert_eq!(kind("", "BTC", "ETH", "-"), Ok(Kind::Swap));
        assert_eq!(kind("", "USDT", "BTC", "-"), Ok(Kind::Swap));
        assert_eq!(kind("", "USD", "EUR", "-"), Ok(Kind::Exchange));
        assert_eq!(kind("", "-", "BTC", "BTC"), Ok(Kind::Deposit));
        assert_eq!(kind(" ", "BTC", "-", "BTC"), Ok(Kind::Withdrawal));
        assert_eq!(kind("", "-", "-", "BTC"), Ok(Kind::Fee));
        assert_eq!(kind("", "-", "-", "-"), Err(KindError::NoLegs));
    }

    #[test]
    fn labels_compare_without_case_and_with_space_and_dash_as_underscore() {
        for label in ["lending_interest", "Lending Interest", " LENDING-INTEREST "] {
            assert_eq!(kind(label, "-", "BTC", "-"), Ok(Kind::LendingInterest));
        }
    }

    #[test]
    fn realized_gain_is_a_gain_or_a_loss_by_its_leg() {
        assert_eq!(
            kind("Realized gain", "-", "USDT", "-"),
            Ok(Kind::MarginGain)
        );
        assert_eq!(
            kind("realized_gain", "USDT", "-", "-"),
            Ok(Kind::MarginLoss)
        );
        assert_eq!(
            kind("realized gain", "USDT", "BTC", "-")
                .unwrap_err()
                .code(),
            "label_does_not_fit"
        );
    }

    #[test]
    fn a_label_for_costs_may_stand_on_a_bare_fee() {
        assert_eq!(kind("margin fee", "-", "-", "USDT"), Ok(Kind::MarginFee));
        assert_eq!(kind("margin fee", "USDT", "-", "-"), Ok(Kind::MarginFee));
        assert_eq!(
            kind("gift", "-", "-", "BTC").unwrap_err().code(),
            "label_does_not_fit"
        );
    }

    #[test]
    fn an_unknown_label_is_named_and_clipped() {
        let message = kind("rug pull", "BTC", "-", "-").unwrap_err().to_string();
        assert!(
            message.starts_with("\"rug pull\" is not a known label"),
            "{message}"
        );
        let message = kind(&"x".repeat(60_000), "BTC", "-", "-")
            .unwrap_err()
            .to_string();
        assert!(message.len() < 250, "{message}");
    }

    #[test]
    fn a_label_that_does_not_fit_says_what_it_needs() {
        assert_eq!(
            kind("Reward", "BTC", "-", "-").unwrap_err().to_string(),
            "the label \"Reward\" belongs to a row with a received amount and no sent one; this row has only a sent one"
        );
    }

    #[test]
    fn a_migration_is_refused_and_never_taxed_as_a_trade() {
        assert_eq!(
            kind("swap", "LEND", "AAVE", "-").unwrap_err().code(),
            "migration_unsupported"
        );
        assert_eq!(
            kind("swap", "LEND", "-", "-").unwrap_err().code(),
            "label_does_not_fit"
        );
    }

    #[test]
    fn the_labels_are_sorted_normalised_and_distinct() {
        assert!(LABELS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(
            LABELS
                .iter()
                .all(|(label, _)| !label.contains([' ', '-']) && *label == label.to_lowercase())
        );
    }

    #[test]
    fn every_name_is_the_serialised_form_and_every_kind_is_listed_once() {
        for kind in Kind::ALL {
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.name())
            );
        }
        assert!(Kind::ALL.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn no_kind_of_one_leg_acts_on_the_other() {
        for switches in [TaxProfile::Us, TaxProfile::Uk].map(TaxProfile::switches) {
            for (label, means) in LABELS {
                match means {
                    Means::In(kind) => assert_eq!(kind.disposes(switches), Disposes::No, "{label}"),
                    Means::Out(kind) | Means::OutOrFee(kind) => {
                        assert_eq!(kind.acquires(switches), Acquires::No, "{label}");
                    }
                    Means::Margin | Means::Migration => {}
                }
            }
        }
    }

    #[test]
    fn the_profiles_differ_where_the_table_says() {
        let (us, uk) = (TaxProfile::Us.switches(), TaxProfile::Uk.switches());
        assert_eq!(
            (Kind::Airdrop.acquires(us), Kind::Airdrop.acquires(uk)),
            (Acquires::AsIncome, Acquires::AtValue)
        );
        assert_eq!(
            (Kind::Fork.acquires(us), Kind::Fork.acquires(uk)),
            (Acquires::AsIncome, Acquires::AtZero)
        );
        for kind in [Kind::Gift, Kind::Donation] {
            assert_eq!(
                (kind.disposes(us), kind.disposes(uk)),
                (Disposes::AtCostBasis, Disposes::AtProceeds)
            );
        }
        assert_eq!(
            (Kind::Lost.disposes(us), Kind::Lost.disposes(uk)),
            (Disposes::AtCostBasis, Disposes::AtZero)
        );
        let differ = |kind: &Kind| {
            kind.acquires(us) != kind.acquires(uk) || kind.disposes(us) != kind.disposes(uk)
        };
        let differing: Vec<_> = Kind::ALL.into_iter().filter(differ).collect();
        assert_eq!(
            differing,
            [
                Kind::Airdrop,
                Kind::Fork,
                Kind::Gift,
                Kind::Donation,
                Kind::Lost
            ]
        );
    }

    #[test]
    fn a_switch_changes_its_own_kinds_and_no_other() {
        let (us, uk) = (TaxProfile::Us.switches(), TaxProfile::Uk.switches());
        let airdrop = Switches {
            airdrop: uk.airdrop,
            ..us
        };
        let fork = Switches {
            fork: uk.fork,
            ..us
        };
        let gift = Switches {
            gift: uk.gift,
            ..us
        };
        let lost = Switches {
            lost: uk.lost,
            ..us
        };
        for (switches, changed) in [
            (airdrop, vec![Kind::Airdrop]),
            (fork, vec![Kind::Fork]),
            (gift, vec![Kind::Gift, Kind::Donation]),
            (lost, vec![Kind::Lost]),
        ] {
            let acts = |kind: Kind, by| (kind.acquires(by), kind.disposes(by));
            let differ = |kind: &Kind| acts(*kind, us) != acts(*kind, switches);
            let differing: Vec<_> = Kind::ALL.into_iter().filter(differ).collect();
            assert_eq!(differing, changed);
        }
    }

    #[test]
    fn neutral_kinds_touch_no_lots() {
        use Kind::{Exchange, FromPool, MarginGain, MarginLoss, Stake, ToPool, Unstake};
        for kind in [
            Exchange, Stake, Unstake, ToPool, FromPool, MarginGain, MarginLoss,
        ] {
            assert_eq!(kind.acquires(TaxProfile::Us.switches()), Acquires::No);
            assert_eq!(kind.disposes(TaxProfile::Us.switches()), Disposes::No);
        }
    }
}
