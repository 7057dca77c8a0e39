//! The table of types (domain section 2), as the model reads it.

use crate::ledger::{Entry, Switches, is_fiat};

/// What comes with a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gets {
    Nothing,
    /// A lot for what was given.
    AtCost,
    /// A lot for its value.
    AtValue,
    /// A lot for its value, which is income.
    AsIncome,
    /// A lot for 0.
    Free,
}

/// What goes with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    Nothing,
    /// A disposal for its value.
    AtValue,
    /// A disposal for its cost.
    AtCost,
    /// A disposal for 0.
    ForNothing,
}

/// Labels of receipts, with their kinds.
pub(crate) const RECEIPTS: [(&str, &str); 25] = [
    ("Reward", "reward"),
    ("rewards", "reward"),
    ("staking", "staking"),
    ("mining", "mining"),
    ("interest", "interest"),
    ("Lending Interest", "lending_interest"),
    ("loan interest", "lending_interest"),
    ("income", "income"),
    ("other-income", "other_income"),
    ("salary", "salary"),
    ("AIRDROP", "airdrop"),
    ("fork", "fork"),
    ("cashback", "cashback"),
    ("fee refund", "fee_refund"),
    ("referral", "referral"),
    ("gift received", "gift_received"),
    ("loan", "loan"),
    ("margin loan", "loan"),
    ("unstake", "unstake"),
    ("received from pool", "from_pool"),
    ("remove_from_pool", "from_pool"),
    ("margin gain", "margin_gain"),
    ("realized gain", "margin_gain"),
    ("realized_pnl", "margin_gain"),
    ("Realised Gain", "margin_gain"),
];

/// Labels of payments, with their kinds and whether a bare fee may bear them.
pub(crate) const PAYMENTS: [(&str, &str, bool); 19] = [
    ("cost", "cost", false),
    ("tax", "tax", false),
    ("Loan Fee", "loan_fee", true),
    ("interest payment", "loan_fee", true),
    ("margin-fee", "margin_fee", true),
    ("loan repayment", "loan_repayment", false),
    ("margin_repayment", "loan_repayment", false),
    ("fee", "fee", true),
    ("transfer fee", "transfer_fee", true),
    ("Gift", "gift", false),
    ("donation", "donation", false),
    ("lost", "lost", false),
    ("stake", "stake", false),
    ("sent_to_pool", "to_pool", false),
    ("send to pool", "to_pool", false),
    ("margin loss", "margin_loss", false),
    ("realized gain", "margin_loss", false),
    ("Realised Gain", "margin_loss", false),
    ("realized_pnl", "margin_loss", false),
];

/// The kind of a row; none when its label does not fit its legs.
pub(crate) fn kind_of(row: &Entry) -> Option<&'static str> {
    let (sent, received) = (row.sent.as_ref(), row.received.as_ref());
    if row.label.is_empty() {
        return match (sent, received) {
            (Some((_, sent)), Some((_, received))) => Some(trade(is_fiat(sent), is_fiat(received))),
            (None, Some(_)) => Some("deposit"),
            (Some(_), None) => Some("withdrawal"),
            (None, None) => row.fee.as_ref().map(|_| "fee"),
        };
    }
    let label = |known: &str| known == row.label;
    match (sent, received) {
        (None, Some(_)) => RECEIPTS
            .iter()
            .find(|(known, _)| label(known))
            .map(|(_, kind)| *kind),
        (Some(_), None) => PAYMENTS
            .iter()
            .find(|(known, ..)| label(known))
            .map(|(_, kind, _)| *kind),
        (None, None) if row.fee.is_some() => {
            let bare = PAYMENTS
                .iter()
                .find(|(known, _, bare)| *bare && label(known));
            bare.map(|(_, kind, _)| *kind)
        }
        _ => None,
    }
}

fn trade(from_fiat: bool, to_fiat: bool) -> &'static str {
    match (from_fiat, to_fiat) {
        (true, true) => "exchange",
        (true, false) => "buy",
        (false, true) => "sell",
        (false, false) => "swap",
    }
}

/// What an unmatched row of a kind gets and gives.
pub(crate) fn treatment(kind: &str, switches: Switches) -> (Gets, Gives) {
    let either = |is_so: bool, so: Gets, otherwise: Gets| if is_so { so } else { otherwise };
    match kind {
        "buy" => (Gets::AtCost, Gives::Nothing),
        "sell" => (Gets::Nothing, Gives::AtValue),
        "swap" => (Gets::AtCost, Gives::AtValue),
        "deposit" | "cashback" | "fee_refund" | "referral" | "gift_received" | "loan" => {
            (Gets::AtValue, Gives::Nothing)
        }
        "reward" | "staking" | "mining" | "interest" | "lending_interest" | "income"
        | "other_income" | "salary" => (Gets::AsIncome, Gives::Nothing),
        "airdrop" => (
            either(switches.airdrop_is_income, Gets::AsIncome, Gets::AtValue),
            Gives::Nothing,
        ),
        "fork" => (
            either(switches.fork_is_income, Gets::AsIncome, Gets::Free),
            Gives::Nothing,
        ),
        "withdrawal" | "cost" | "tax" | "loan_fee" | "margin_fee" | "loan_repayment" | "fee"
        | "transfer_fee" => (Gets::Nothing, Gives::AtValue),
        "gift" | "donation" if switches.gift_at_value => (Gets::Nothing, Gives::AtValue),
        "lost" if switches.lost_for_nothing => (Gets::Nothing, Gives::ForNothing),
        "gift" | "donation" | "lost" => (Gets::Nothing, Gives::AtCost),
        "exchange" | "stake" | "unstake" | "to_pool" | "from_pool" | "margin_gain"
        | "margin_loss" => (Gets::Nothing, Gives::Nothing),
        other => panic!("{other} is no kind"),
    }
}
