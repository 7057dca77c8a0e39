//! Kraken's codes of assets.

use crate::asset::Asset;
use crate::money::Decimal;
use crate::rows::Leg;

/// Kraken's fee credits.
pub(super) const FEE_CREDITS: &str = "KFEE";

/// Classic codes, whose first letter says crypto (X) or fiat (Z), and names that only Kraken uses.
/// Source: the public list of Kraken's API, `GET /0/public/Assets` (`altname`); ETH2 was staked ether and
/// became ether one to one.
const CLASSIC: [(&str, &str); 21] = [
    ("ETH2", "ETH"),
    ("XBT", "BTC"),
    ("XDAO", "DAO"),
    ("XDG", "DOGE"),
    ("XETC", "ETC"),
    ("XETH", "ETH"),
    ("XICN", "ICN"),
    ("XLTC", "LTC"),
    ("XMLN", "MLN"),
    ("XNMC", "NMC"),
    ("XREP", "REP"),
    ("XXBT", "BTC"),
    ("XXDG", "DOGE"),
    ("XXLM", "XLM"),
    ("XXMR", "XMR"),
    ("XXRP", "XRP"),
    ("XXVN", "VEN"),
    ("XZEC", "ZEC"),
    ("ZKRW", "KRW"),
    ("ZUSD", "USD"),
    ("ZEUR", "EUR"),
];

/// Where an amount of an asset lies: staked, in opt-in rewards, in a parachain auction, on hold, in
/// flexible or bonded earning. It is the same asset. Source: Kraken's API guide, "Asset names".
const SUFFIXES: [&str; 6] = [".S", ".M", ".P", ".F", ".B", ".HOLD"];

/// Days that a bonded staking is locked for, as they stand before `.S`: `DOT28.S`.
const BONDED_DAYS: [&str; 6] = ["03", "04", "07", "14", "21", "28"];

/// The common code of one of Kraken's.
pub(super) fn common(code: &str) -> String {
    let code = code.to_uppercase();
    let mut base = code.as_str();
    for suffix in SUFFIXES {
        if let Some(bare) = code.strip_suffix(suffix) {
            let bonded = BONDED_DAYS.iter().find_map(|days| bare.strip_suffix(days));
            base = bonded.filter(|bonded| !bonded.is_empty()).unwrap_or(bare);
        }
    }
    if let Some((_, common)) = CLASSIC.iter().find(|(classic, _)| *classic == base) {
        return (*common).to_owned();
    }
    let fiat = base.strip_prefix('Z').filter(|rest| is_fiat(rest));
    fiat.unwrap_or(base).to_owned()
}

/// What fee credits are worth: they have no market, and pay a cent of a dollar each. Source: Kraken's
/// help, "Kraken fee credits" (1,000 pay 10 US dollars). `None` for every other asset.
pub(super) fn worth(of: &Leg) -> Option<Leg> {
    let cent: Decimal = "0.01".parse().ok()?;
    let amount = of.amount.times(&cent).ok()?;
    let asset = Asset::usd();
    (of.asset.as_str() == FEE_CREDITS).then_some(Leg { amount, asset })
}

fn is_fiat(code: &str) -> bool {
    code.parse::<Asset>().is_ok_and(|asset| asset.is_fiat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes_are_taken_off_and_nothing_else() {
        for (code, expected) in [
            ("XXBT", "BTC"),
            ("XBT", "BTC"),
            ("XBT.M", "BTC"),
            ("XBT.F", "BTC"),
            ("XETH", "ETH"),
            ("ETH2.S", "ETH"),
            ("ETH2", "ETH"),
            ("XXDG", "DOGE"),
            ("XDG", "DOGE"),
            ("XXRP", "XRP"),
            ("ZEUR", "EUR"),
            ("ZCHF", "CHF"),
            ("EUR.HOLD", "EUR"),
            ("USD.M", "USD"),
            ("DOT.S", "DOT"),
            ("DOT28.S", "DOT"),
            ("DOT.P", "DOT"),
            ("KAVA21.S", "KAVA"),
            ("USDC.B", "USDC"),
            ("XTZ", "XTZ"),
            ("XRP", "XRP"),
            ("ZRX", "ZRX"),
            ("ZEC", "ZEC"),
            ("1INCH", "1INCH"),
            ("sol", "SOL"),
            ("28.S", "28"),
            ("", ""),
        ] {
            assert_eq!(common(code), expected, "{code}");
        }
    }
}
