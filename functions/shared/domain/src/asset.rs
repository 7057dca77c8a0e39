//! Assets: what an amount is an amount of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::ids::InvalidName;
use crate::limits::MAX_ASSET_BYTES;
use crate::text::data_is_text;

/// An asset's code, upper-cased: `BTC`, `USD`, `1INCH`. Cheap to clone: rows repeat a few codes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asset(Arc<str>);

data_is_text!(Asset);

impl Asset {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The US dollar: the base currency of a ledger that was told nothing.
    #[must_use]
    pub fn usd() -> Self {
        Self("USD".into())
    }

    /// The euro: the currency that the rates of the European Central Bank are of.
    #[must_use]
    pub fn eur() -> Self {
        Self("EUR".into())
    }

    /// Whether the code is a national currency of ISO 4217: fiat has no lots and never matches as a
    /// transfer. Stablecoins are crypto.
    #[must_use]
    pub fn is_fiat(&self) -> bool {
        let code: Option<[u8; 3]> = self.as_str().as_bytes().try_into().ok();
        code.is_some_and(|code| FIAT_NUMBERS.binary_search(&number(code)).is_ok())
    }
}

impl FromStr for Asset {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if is_plain(text) {
            return Ok(Self(text.into()));
        }
        let fits = !text.is_empty()
            && text.len() <= MAX_ASSET_BYTES
            && !text
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == '"' || c == ',');
        if fits {
            Ok(Self(text.to_uppercase().into()))
        } else {
            Err(InvalidName {
                what: "currency",
                rule: "must be 1 to 32 bytes without space, quote or comma",
            })
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a code needs no second look: nearly all are read back as they were written.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    !text.is_empty() && text.len() <= MAX_ASSET_BYTES && text.bytes().all(plain)
}

/// A code of three letters as a number, in the same order.
const fn number([first, second, third]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, first, second, third])
}

/// `FIAT` as numbers: every row asks several times.
const FIAT_NUMBERS: [u32; FIAT.len()] = {
    let mut numbers = [0; FIAT.len()];
    let mut n = 0;
    while n < FIAT.len() {
        if let [first, second, third] = FIAT[n].as_bytes() {
            numbers[n] = number([*first, *second, *third]);
        }
        n += 1;
    }
    numbers
};

/// Active ISO 4217 codes of national currencies, sorted (funds and metals left out: XAU is traded
/// as an asset with lots).
const FIAT: [&str; 155] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD",
    "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD",
    "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ",
    "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD",
    "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
    "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB",
    "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD",
    "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
    "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU",
    "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fiat_table_is_sorted_so_that_it_can_be_searched() {
        assert!(FIAT.is_sorted() && FIAT_NUMBERS.is_sorted());
        for code in FIAT {
            assert!(code.parse::<Asset>().is_ok_and(|asset| asset.is_fiat()));
        }
        assert!("usd".parse::<Asset>().is_ok_and(|asset| asset.is_fiat()));
        assert!("USDT".parse::<Asset>().is_ok_and(|asset| !asset.is_fiat()));
    }
}
