//! Coinbase's transaction types.

use crate::quote::quote;

use super::super::error::Wrong;

/// What a type of transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// Bought for money, or for what Notes say.
    Buy,
    /// Sold for money, or for what Notes say.
    Sell,
    /// One asset for another, as Notes say.
    Convert,
    /// Received, with this label.
    In(&'static str),
    /// Sent, with this label.
    Out(&'static str),
    /// Money paid in.
    CashIn,
    /// Money paid out.
    CashOut,
    /// Into or out of staking, by the sign of the quantity.
    Staked,
    /// Moved within Coinbase in one record: the account's balance stays.
    Internal,
}

/// Every type, in lower case. A deposit of the exchange is a withdrawal from here, and the reverse.
const TYPES: [(&str, Means); 43] = [
    ("admin debit", Means::Out("cost")),
    ("advance trade buy", Means::Buy),
    ("advance trade sell", Means::Sell),
    ("advanced trade buy", Means::Buy),
    ("advanced trade sell", Means::Sell),
    ("airdrop", Means::In("airdrop")),
    ("buy", Means::Buy),
    ("card spend", Means::Out("cost")),
    ("cash to savings", Means::Internal),
    ("coinbase earn", Means::In("reward")),
    ("convert", Means::Convert),
    ("deposit", Means::CashIn),
    ("donation", Means::Out("donation")),
    ("exchange deposit", Means::Out("")),
    ("exchange withdrawal", Means::In("")),
    ("incentives rewards payout", Means::In("reward")),
    ("inflation reward", Means::In("staking")),
    ("interest payout", Means::In("interest")),
    ("learning reward", Means::In("reward")),
    ("prime deposit", Means::Out("")),
    ("prime withdrawal", Means::In("")),
    ("pro deposit", Means::Out("")),
    ("pro withdrawal", Means::In("")),
    ("receive", Means::In("")),
    ("retail eth deprecation", Means::Staked),
    ("retail eth2 deprecation", Means::Staked),
    ("retail simple dust", Means::Sell),
    ("retail simple price improvement", Means::In("cashback")),
    ("retail staking transfer", Means::Staked),
    ("retail unstaking transfer", Means::Staked),
    ("reward income", Means::In("reward")),
    ("rewards income", Means::In("reward")),
    ("savings to cash", Means::Internal),
    ("sell", Means::Sell),
    ("send", Means::Out("")),
    ("staking income", Means::In("staking")),
    ("subscription", Means::Out("cost")),
    ("subscription rebate", Means::In("fee_refund")),
    ("subscription rebates (24 hours)", Means::In("fee_refund")),
    ("transfer", Means::Internal),
    ("vault deposit", Means::Internal),
    ("vault withdrawal", Means::Internal),
    ("withdrawal", Means::CashOut),
];

/// Receipts that older files only tell from deposits by their notes.
const RECEIPTS: [(&str, &str); 3] = [
    ("coinbase referral", "referral"),
    ("coinbase earn", "reward"),
    ("coinbase rewards", "reward"),
];

/// What a record of a type with these notes means.
pub(super) fn means(name: &str, notes: &str) -> Result<Means, Wrong> {
    let known = TYPES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    match known {
        Some((_, Means::In(""))) if name.eq_ignore_ascii_case("receive") => {
            let notes = notes.to_ascii_lowercase();
            let told = RECEIPTS.iter().find(|(source, _)| notes.contains(source));
            Ok(Means::In(told.map_or("", |(_, label)| label)))
        }
        Some((_, means)) => Ok(*means),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> Wrong {
    if name.eq_ignore_ascii_case("asset migration") {
        return Wrong::new(
            "migration_unsupported",
            "\"Asset Migration\" turns one asset into another over two records, which is not supported yet; leave both out, and to have it taxed as a trade enter them as one row of the Koinly template without a label",
        );
    }
    Wrong::new(
        "unknown_type",
        format!(
            "{} is not a type of transaction that is known; leave the record out and enter what it did as a row of the Koinly template",
            quote(name)
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::kinds::kind_of;
    use crate::money::Decimal;
    use crate::rows::Leg;

    #[test]
    fn every_label_is_one_that_kinds_know() {
        let leg = Leg {
            amount: Decimal::ONE,
            asset: "BTC".parse().unwrap(),
        };
        for (name, means) in TYPES {
            let (label, sent, received) = match means {
                Means::In(label) => (label, None, Some(&leg)),
                Means::Out(label) => (label, Some(&leg), None),
                _ => continue,
            };
            assert!(kind_of(Some(label), sent, received, None).is_ok(), "{name}");
        }
    }

    #[test]
    fn types_compare_without_case_and_unknown_ones_are_named() {
        assert_eq!(means("Interest payout", "").unwrap(), Means::In("interest"));
        assert_eq!(means("ADVANCE TRADE SELL", "").unwrap(), Means::Sell);
        let wrong = means("Order", "").unwrap_err();
        assert!(
            wrong.reason.starts_with("\"Order\" is not a type"),
            "{}",
            wrong.reason
        );
        assert_eq!(
            means("Asset Migration", "").unwrap_err().code,
            "migration_unsupported"
        );
    }

    #[test]
    fn a_receipt_is_what_its_notes_say_it_came_from() {
        let receive = |notes| means("Receive", notes).unwrap();
        assert_eq!(
            receive("Received 0.1 BTC from Coinbase Earn"),
            Means::In("reward")
        );
        assert_eq!(
            receive("Received 0.1 BTC from Coinbase Referral"),
            Means::In("referral")
        );
        assert_eq!(
            receive("Received 0.1 BTC from an external account"),
            Means::In("")
        );
        assert_eq!(means("Buy", "Coinbase Earn").unwrap(), Means::Buy);
    }
}
