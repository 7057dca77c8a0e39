//! Binance's trading pairs: two assets written as one word, `BTCUSDT`, `1INCHUSDT`.

use crate::dialect::DecimalMark;
use crate::quote::quote;

use super::amounts;
use super::error::Wrong;

/// Assets that pairs are quoted in. Source: the quote assets of Binance's exchange information and
/// BittyTax's list of those that are gone.
const QUOTES: [&str; 50] = [
    "AEUR", "ARS", "AUD", "BIDR", "BKRW", "BNB", "BRL", "BTC", "BUSD", "BVND", "COP", "CZK", "DAI",
    "DOGE", "DOT", "ETH", "EUR", "EURI", "FDUSD", "GBP", "GYEN", "IDR", "IDRT", "JPY", "KZT",
    "MXN", "NGN", "PAX", "PLN", "RLUSD", "RON", "RUB", "SOL", "TRX", "TRY", "TUSD", "UAH", "USD",
    "USD1", "USDC", "USDP", "USDS", "USDT", "UST", "VAI", "XMR", "XRP", "XUSD", "ZAR", "AED",
];

/// Assets that are traded for what two quotes could end with: `BTCTUSD` is BTC/TUSD and `ADAEUR` is
/// ADA/EUR, because BTC and ADA are here.
const BASES: [&str; 40] = [
    "AAVE", "ADA", "ALGO", "ARB", "ATOM", "AVAX", "BCH", "BNB", "BTC", "BUSD", "CHZ", "DOGE",
    "DOT", "ENA", "EOS", "ETC", "ETH", "FIL", "GALA", "LINK", "LTC", "LUNA", "LUNC", "MATIC",
    "NEAR", "PEPE", "POL", "SHIB", "SOL", "SUI", "THETA", "TON", "TRX", "UNI", "USDC", "USDT",
    "VET", "WIN", "XLM", "XRP",
];

/// The two assets of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) base: String,
    pub(super) quote: String,
}

/// The assets of a pair whose two quantities carry them: the one place to divide the word at which
/// each half ends its quantity and a number stands before it.
pub(super) fn glued(pair: &str, [base, quote]: [&str; 2]) -> Option<Pair> {
    let is_quantity = |text: &str, asset: &str| {
        let number = without(text, asset);
        number.is_some_and(|number| {
            !number.is_empty() && amounts::amount(number, DecimalMark::Point).is_ok()
        })
    };
    let mut found = None;
    for (place, _) in pair.char_indices().skip(1) {
        let (first, second) = pair.split_at(place);
        let second = second.trim_start_matches(['/', '-', '_']);
        let first = first.trim_end_matches(['/', '-', '_']);
        if is_quantity(base, first) && is_quantity(quote, second) {
            let this = Pair {
                base: first.to_owned(),
                quote: second.to_owned(),
            };
            if found.as_ref().is_some_and(|other| *other != this) {
                return None;
            }
            found = Some(this);
        }
    }
    found
}

/// The assets of a pair that stands alone. Where two known quotes end it, the fee decides: it is paid
/// in what was received, or in a third asset; else the known bases.
pub(super) fn divided(pair: &str, fee_asset: &str, buys: bool) -> Result<Pair, Wrong> {
    let pair = pair.to_ascii_uppercase();
    if let Some((base, quote)) = pair.split_once(['/', '-', '_']) {
        return Ok(Pair {
            base: base.to_owned(),
            quote: quote.to_owned(),
        });
    }
    let readings: Vec<Pair> = QUOTES
        .iter()
        .filter_map(|quote| Some((pair.strip_suffix(quote)?, quote)))
        .filter(|(base, _)| !base.is_empty())
        .map(|(base, quote)| Pair {
            base: base.to_owned(),
            quote: (*quote).to_owned(),
        })
        .collect();
    let received = |pair: &&Pair| {
        let asset = if buys { &pair.base } else { &pair.quote };
        asset.eq_ignore_ascii_case(fee_asset)
    };
    let is_known = |pair: &&Pair| BASES.contains(&pair.base.as_str());
    only(readings.iter())
        .or_else(|| only(readings.iter().filter(received)))
        .or_else(|| only(readings.iter().filter(is_known)))
        .cloned()
        .ok_or_else(|| unreadable(&pair, &readings))
}

/// The only one there is.
fn only<'a>(mut pairs: impl Iterator<Item = &'a Pair>) -> Option<&'a Pair> {
    pairs.next().filter(|_| pairs.next().is_none())
}

fn unreadable(pair: &str, readings: &[Pair]) -> Wrong {
    let as_text: Vec<String> = readings
        .iter()
        .map(|pair| quote(&format!("{}/{}", pair.base, pair.quote)))
        .collect();
    let why = match as_text.as_slice() {
        [] => "is not a pair with a known quote asset".to_owned(),
        several => format!("could be {}", several.join(" or ")),
    };
    Wrong::new(
        "unknown_pair",
        format!(
            "{} {why}; write the pair with a slash, e.g. BTC/USDT",
            quote(pair)
        ),
    )
}

/// The number before a glued asset, when the text ends with it.
pub(super) fn without<'a>(text: &'a str, asset: &str) -> Option<&'a str> {
    let place = text.len().checked_sub(asset.len())?;
    let (number, tail) = text.split_at_checked(place)?;
    tail.eq_ignore_ascii_case(asset).then(|| number.trim_end())
}

/// What stands behind the last digit, mark or space of a quantity: its asset, if that begins with a
/// letter.
pub(super) fn tail(text: &str) -> &str {
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    number.trim_start()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn shown(pair: &Pair) -> String {
        format!("{}/{}", pair.base, pair.quote)
    }

    fn of(pair: &str, base: &str, quote: &str) -> Option<String> {
        glued(pair, [base, quote]).as_ref().map(shown)
    }

    fn alone(pair: &str, fee_asset: &str, buys: bool) -> Result<String, &'static str> {
        divided(pair, fee_asset, buys)
            .map(|pair| shown(&pair))
            .map_err(|wrong| wrong.code)
    }

    #[test]
    fn the_quantities_say_where_a_pair_is_divided() {
        assert_eq!(
            of("1INCHUSDT", "0.51INCH", "0.2USDT").unwrap(),
            "1INCH/USDT"
        );
        assert_eq!(of("BTCUSD1", "0.5BTC", "31,000.5USD1").unwrap(), "BTC/USD1");
        assert_eq!(
            of("1000SATSUSDT", "100001000SATS", "3USDT").unwrap(),
            "1000SATS/USDT"
        );
        assert_eq!(
            of("DOGEBTC", "200.0000000000DOGE", "0.00201200BTC").unwrap(),
            "DOGE/BTC"
        );
        assert_eq!(of("BTCUSDT", "1 BTC", "101 USDT").unwrap(), "BTC/USDT");
        assert_eq!(of("BTCUSDT", "0.5", "3"), None);
        assert_eq!(of("BTCUSDT", "BTC", "3USDT"), None);
        assert_eq!(of("BTCUSDT", "0.5ETH", "3USDT"), None);
    }

    #[test]
    fn a_pair_alone_is_divided_by_its_known_quote() {
        assert_eq!(alone("BTCUSDT", "BNB", true).unwrap(), "BTC/USDT");
        assert_eq!(alone("1INCHBTC", "BNB", true).unwrap(), "1INCH/BTC");
        assert_eq!(alone("FOO/BAR", "", true).unwrap(), "FOO/BAR");
    }

    #[test]
    fn regression_a_pair_that_is_refused_is_shown_without_its_control_characters() {
        let wrong = divided("\u{1}AEUR", "", false).err().unwrap();
        assert!(wrong.reason.contains("\"?/AEUR\""), "{}", wrong.reason);
        assert!(!wrong.reason.contains('\u{1}'), "{}", wrong.reason);
    }

    #[test]
    fn two_quotes_are_told_apart_by_the_fee_or_by_the_base() {
        assert_eq!(alone("XYZAEUR", "XYZA", true).unwrap(), "XYZA/EUR");
        assert_eq!(alone("XYZAEUR", "AEUR", false).unwrap(), "XYZ/AEUR");
        assert_eq!(alone("ADAEUR", "BNB", true).unwrap(), "ADA/EUR");
        assert_eq!(alone("BTCTUSD", "BNB", false).unwrap(), "BTC/TUSD");
        assert_eq!(alone("XYZAEUR", "BNB", true), Err("unknown_pair"));
        assert_eq!(alone("FOOBAR", "BNB", true), Err("unknown_pair"));
        assert_eq!(alone("USDT", "BNB", true), Err("unknown_pair"));
    }
}
