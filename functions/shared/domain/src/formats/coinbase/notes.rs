//! What Coinbase says only in the notes of a record: `Converted 0.01 BTC to 0.1785 ETH`, `Bought 0.1
//! BTC for 5,000 USDC on BTC-USDC at 50,000 USDC/BTC`.

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::rows::Leg;

use super::super::amounts;
use super::super::error::Wrong;

/// What notes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note {
    /// One asset was turned into another.
    Converted {
        /// What was given.
        from: Leg,
        /// What was received.
        to: Leg,
    },
    /// An asset was bought or sold for this, fees included.
    Traded(Leg),
}

/// Reads notes; `None` when they say nothing of that kind.
pub(super) fn read(notes: &str) -> Option<Note> {
    let mut words = notes.split_whitespace();
    let verb = words.next()?;
    let first = leg(&mut words)?;
    let joint = words.next()?;
    let second = leg(&mut words)?;
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    if is(verb, "converted") && is(joint, "to") {
        return words.next().is_none().then_some(Note::Converted {
            from: first,
            to: second,
        });
    }
    ((is(verb, "bought") || is(verb, "sold")) && is(joint, "for")).then_some(Note::Traded(second))
}

/// An amount and its asset. A symbol may stand before the amount, even as a word of its own.
fn leg<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Leg> {
    let mut number = words.next()?;
    if !number.contains(|c: char| c.is_ascii_digit()) {
        number = words.next()?;
    }
    let amount = amounts::amount(number, DecimalMark::Point).ok()??;
    let asset = asset(words.next()?.trim_end_matches('.')).ok()?;
    Some(Leg { amount, asset })
}

/// An asset as Coinbase names it. `ETH2` was its name for staked ETH, which it has given up: one coin.
pub(super) fn asset(name: &str) -> Result<Asset, Wrong> {
    amounts::currency(if name.eq_ignore_ascii_case("ETH2") {
        "ETH"
    } else {
        name
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn shown(notes: &str) -> String {
        let leg = |leg: Leg| format!("{} {}", leg.amount, leg.asset);
        match read(notes) {
            None => "nothing".to_owned(),
            Some(Note::Traded(side)) => format!("for {}", leg(side)),
            Some(Note::Converted { from, to }) => format!("{} to {}", leg(from), leg(to)),
        }
    }

    #[test]
    fn a_conversion_names_both_sides() {
        assert_eq!(
            shown("Converted 0.01 BTC to 0.1785 ETH"),
            "0.01 BTC to 0.1785 ETH"
        );
        assert_eq!(
            shown("Converted 1,234.5 USDC to 12,345 SHIB"),
            "1234.5 USDC to 12345 SHIB"
        );
        assert_eq!(shown("Converted 5 1INCH to .5 ETH2 "), "5 1INCH to 0.5 ETH");
        assert_eq!(
            shown("Converted 0,0332 ETH to 0,5 XLM"),
            "0.0332 ETH to 0.5 XLM"
        );
    }

    #[test]
    fn a_trade_names_what_it_was_paid_with() {
        assert_eq!(
            shown("Bought 0.01 BTC for \u{20ac} 914.90 EUR"),
            "for 914.9 EUR"
        );
        assert_eq!(
            shown("Sold 0.01 BTC for \u{20ac}1,914.90 EUR"),
            "for 1914.9 EUR"
        );
        assert_eq!(
            shown("Bought 0.1 BTC for 5,000 USDC on BTC-USDC at 50,000 USDC/BTC"),
            "for 5000 USDC"
        );
        assert_eq!(
            shown("Bought 1 ADA for 50 EUR using Euro Wallet"),
            "for 50 EUR"
        );
    }

    #[test]
    fn other_notes_say_nothing() {
        for notes in [
            "",
            "Sold 1.5 SOL",
            "Converted to ETH",
            "Converted 0.01 BTC to ETH",
            "Converted x BTC to 1 ETH",
            "Converted 0.01 BTC to 0.1785 ETH and more",
            "Converted 0 BTC to 1 ETH",
            "Received 1 BTC from an external account",
        ] {
            assert_eq!(shown(notes), "nothing", "{notes}");
        }
    }
}
