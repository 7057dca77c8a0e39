//! Binance's operations, and what each is. Names compare without case.
//!
//! Sources: BittyTax's, rotki's and CoinTaxman's readers of the statement, and Koinly's help on
//! Binance. Where they differ, an operation is what most of them take it for; where they contradict
//! each other, or only guess, it is none that is known.

use crate::rows::Kind;

/// What an entry is in its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A side of a trade: its sign says which.
    Side(Family),
    /// A fee of a trade.
    Fee(Family),
    /// An event of its own: what it is when it comes, and when it goes.
    Moves(Option<Kind>, Option<Kind>),
    /// A move between wallets.
    Stays,
}

/// Entries that make trades together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Orders on the market of one wallet; the word tells buying from selling.
    Market(&'static str),
    /// One coin for another outside of the market, written side by side.
    Conversion(&'static str),
}

impl Family {
    /// What entries of one family share.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Market(_) => "market",
            Self::Conversion(name) => name,
        }
    }

    /// Orders of another wallet are other trades; a conversion may take from one wallet into another.
    pub(super) fn wallet(self, wallet: &str) -> &str {
        match self {
            Self::Market(_) => wallet,
            Self::Conversion(_) => "",
        }
    }
}

/// Accounts whose profits, losses and fees are those of futures.
const FUTURES: [&str; 6] = [
    "usdt-futures",
    "usd-mfutures",
    "usd-m futures",
    "usdⓢ-m futures",
    "coin-m futures",
    "coin-mfutures",
];

/// What an operation with a remark is; `None` when nobody knows it.
pub(super) fn role(wallet: &str, operation: &str, remark: &str) -> Option<Role> {
    let operation = operation.to_lowercase();
    if operation == "asset - transfer" {
        return is_airdrop(remark).then_some(Role::Moves(Some(Kind::Airdrop), None));
    }
    if FUTURES.contains(&wallet.to_lowercase().as_str())
        && let Some(role) = of_futures(&operation)
    {
        return Some(role);
    }
    if operation.starts_with("transfer between ") {
        return Some(Role::Stays);
    }
    of_trade(&operation)
        .or_else(|| of_income(&operation))
        .or_else(|| of_payment(&operation))
        .or_else(|| is_internal(&operation).then_some(Role::Stays))
}

/// `Asset - Transfer` was once what Binance called airdrops and distributions, and other things too:
/// the remark tells, in English or Chinese.
fn is_airdrop(remark: &str) -> bool {
    let remark = remark.to_lowercase();
    let words = ["airdrop", "distribution", "空投", "分发"];
    words.iter().any(|word| remark.contains(word))
}

fn of_futures(operation: &str) -> Option<Role> {
    let role = match operation {
        "realize profit and loss" | "realized profit and loss" => {
            Role::Moves(Some(Kind::MarginGain), Some(Kind::MarginLoss))
        }
        "fee" | "funding fee" | "insurance fund compensation" | "insurance fund refund" => {
            Role::Moves(Some(Kind::FeeRefund), Some(Kind::MarginFee))
        }
        _ => return None,
    };
    Some(role)
}

fn of_trade(operation: &str) -> Option<Role> {
    let role = match operation {
        "buy" => Role::Side(Family::Market("buy")),
        "sell" => Role::Side(Family::Market("sell")),
        "transaction related" => Role::Side(Family::Market("related")),
        "transaction buy" | "transaction spend" => Role::Side(Family::Market("transaction buy")),
        "transaction sold" | "transaction revenue" => {
            Role::Side(Family::Market("transaction sold"))
        }
        "fee" | "transaction fee" => Role::Fee(Family::Market("")),
        "large otc trading" | "otc trading" => Role::Side(Family::Conversion("otc")),
        "binance convert" | "convert" | "the easiest way to trade" => {
            Role::Side(Family::Conversion("convert"))
        }
        "buy crypto" | "buy crypto with card" | "buy crypto with fiat" => {
            Role::Side(Family::Conversion(BUY_CRYPTO))
        }
        "small assets exchange bnb" | "bnb fee deduction" => {
            Role::Side(Family::Conversion("small assets"))
        }
        "eth 2.0 staking" => Role::Side(Family::Conversion("eth 2.0")),
        "leverage token redemption" | "leverage token purchase" => {
            Role::Side(Family::Conversion("leverage token"))
        }
        "auto-invest transaction" => Role::Side(Family::Conversion("auto-invest")),
        "stablecoins auto-conversion" => Role::Side(Family::Conversion("stablecoins")),
        "asset conversion transfer" | "futures convert" => {
            Role::Side(Family::Conversion("futures"))
        }
        "swap farming transaction" | "liquid swap sell" => {
            Role::Side(Family::Conversion("liquid swap"))
        }
        _ => return None,
    };
    Some(role)
}

/// Crypto bought with a card: the card pays, so what comes may have no other side here.
pub(super) const BUY_CRYPTO: &str = "buy crypto";

fn of_income(operation: &str) -> Option<Role> {
    let kind = match operation {
        "commission history"
        | "commission rebate"
        | "commission fee shared with you"
        | "referrer rebates"
        | "referee rebates"
        | "referral kickback"
        | "referral commission" => Kind::Referral,
        "airdrop assets"
        | "distribution"
        | "cash voucher"
        | "cash voucher distribution"
        | "cashback voucher"
        | "rewards distribution"
        | "token swap - distribution"
        | "simple earn flexible airdrop"
        | "campaign related reward"
        | "launchpool airdrop"
        | "hodler airdrops distribution"
        | "megadrop rewards"
        | "launchpool airdrop - user claim distribution"
        | "launchpool airdrop - system distribution" => Kind::Airdrop,
        "mission reward distribution" => Kind::Reward,
        "super bnb mining" => Kind::Mining,
        "savings interest"
        | "savings distribution"
        | "simple earn flexible interest"
        | "pool distribution"
        | "launchpool interest" => Kind::Interest,
        "pos savings interest"
        | "staking rewards"
        | "eth 2.0 staking rewards"
        | "liquid swap rewards"
        | "simple earn locked rewards"
        | "dot slot auction rewards"
        | "launchpool earnings withdrawal"
        | "bnb vault rewards"
        | "swap farming rewards" => Kind::Staking,
        "binance card cashback" => Kind::Cashback,
        _ => return None,
    };
    Some(Role::Moves(Some(kind), None))
}

fn of_payment(operation: &str) -> Option<Role> {
    let (comes, goes) = match operation {
        "deposit"
        | "fiat deposit"
        | "fiat ocbs - add fiat and fees"
        | "crypto - asset transfer" => (Some(Kind::Deposit), None),
        // Money changes hands outside of Binance, so what comes or goes has no other side here.
        "p2p trading" => (Some(Kind::Deposit), Some(Kind::Withdrawal)),
        "liquid swap add"
        | "liquid swap add/sell"
        | "liquid swap remove"
        | "liquidity farming remove" => (Some(Kind::FromPool), Some(Kind::ToPool)),
        "withdraw" | "withdrawal" | "fiat withdraw" | "fiat withdrawal" | "send" => {
            (None, Some(Kind::Withdrawal))
        }
        "binance card spending" => (Some(Kind::FeeRefund), Some(Kind::Cost)),
        "crypto box" => (Some(Kind::GiftReceived), Some(Kind::Gift)),
        "margin loan" | "isolated margin loan" => (Some(Kind::Loan), None),
        "margin repayment"
        | "isolated margin repayment"
        | "cross margin liquidation - repayment" => (None, Some(Kind::LoanRepayment)),
        _ => return None,
    };
    Some(Role::Moves(comes, goes))
}

fn is_internal(operation: &str) -> bool {
    matches!(
        operation,
        "transfer_in"
            | "transfer_out"
            | "savings purchase"
            | "savings principal redemption"
            | "pos savings purchase"
            | "pos savings redemption"
            | "staking purchase"
            | "staking redemption"
            | "simple earn flexible subscription"
            | "simple earn flexible redemption"
            | "simple earn locked subscription"
            | "simple earn locked redemption"
            | "launchpool subscription/redemption"
            | "launchpad subscribe"
            | "main and funding account transfer"
    )
}
