//! Amounts of the generator: whole hundred-millionths, so that no digit depends on a machine.

/// Hundred-millionths in one.
pub(super) const ONE: u64 = 100_000_000;
/// Hundred-millionths in a cent.
pub(super) const CENT: u64 = ONE / 100;

/// The dollar, or an asset of the market by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Usd,
    Coin(usize),
}

/// An amount of an asset, in hundred-millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) units: u64,
    pub(super) code: Code,
}

/// An amount of an asset.
pub(super) fn of(units: u64, code: Code) -> Amount {
    Amount { units, code }
}

/// `units` at `price` each, in hundred-millionths, cut to whole cents.
pub(super) fn worth(units: u64, price: u64) -> u64 {
    let exact = u128::from(units) * u128::from(price) / u128::from(ONE);
    u64::try_from(exact).unwrap_or(u64::MAX) / CENT * CENT
}

/// How much `value` buys at `price` each, in hundred-millionths.
pub(super) fn bought(value: u64, price: u64) -> u64 {
    let exact = u128::from(value) * u128::from(ONE) / u128::from(price.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// The part `permille` of 1,000.
pub(super) fn part(units: u64, permille: u64) -> u64 {
    u64::try_from(u128::from(units) * u128::from(permille) / 1_000).unwrap_or(u64::MAX)
}

/// Plain digits, no trailing zero behind the point.
pub(super) fn text(units: u64) -> String {
    let (whole, fraction) = (units / ONE, units % ONE);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:08}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_in_plain_digits() {
        assert_eq!(
            [text(0), text(ONE), text(150_000_000), text(1)],
            ["0", "1", "1.5", "0.00000001"]
        );
    }

    #[test]
    fn worth_is_in_whole_cents() {
        assert_eq!(text(worth(ONE / 3, 100 * ONE)), "33.33");
        assert_eq!(text(bought(100 * ONE, 30 * ONE)), "3.33333333");
    }
}
