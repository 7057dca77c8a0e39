//! What is traded and what it costs each day: a random walk in whole hundred-millionths of a dollar.

use super::chance::Chance;
use super::units::{Code, ONE};

/// Days rows aim to fill: 2020-01-01 to 2023-12-31.
pub(super) const SPAN_DAYS: u64 = 1_461;
/// Days with prices: a few rows can take up to almost twice the span they aim for.
pub(super) const DAYS: u64 = 2 * SPAN_DAYS;
/// First day of the generated span, counted from 1970-01-01: 2020-01-01.
pub(super) const FIRST_DAY: i32 = 18_262;
/// Assets beyond this would only repeat the tail, and their walks take memory.
pub(super) const MAX_ASSETS: usize = 2_000;

/// Code, price on the first day in hundred-millionths of a dollar, and how much it is used.
const KNOWN: [(&str, u64, u64); 20] = [
    ("BTC", 7_200 * ONE, 470),
    ("ETH", 130 * ONE, 280),
    ("BNB", 14 * ONE, 90),
    ("EUR", ONE + 12 * ONE / 100, 0),
    ("ADA", 33 * ONE / 1_000, 70),
    ("LINK", 18 * ONE / 10, 40),
    ("XRP", 19 * ONE / 100, 22),
    ("SOL", ONE * 3 / 4, 20),
    ("LTC", 41 * ONE, 18),
    ("DOGE", 2 * ONE / 1_000, 16),
    ("ATOM", 4 * ONE, 14),
    ("XLM", 45 * ONE / 1_000, 12),
    ("1INCH", 2 * ONE, 10),
    ("AAVE", 52 * ONE, 9),
    ("ALGO", 22 * ONE / 100, 8),
    ("MATIC", 14 * ONE / 1_000, 7),
    ("UNI", 3 * ONE, 6),
    ("XTZ", 13 * ONE / 10, 5),
    ("SHIB", ONE / 100_000, 5),
    ("FIL", 4 * ONE, 5),
];

/// One asset.
struct Coin {
    code: String,
    weight: u64,
    prices: Vec<u64>,
}

/// The assets and their prices.
pub(super) struct Market {
    coins: Vec<Coin>,
}

impl Market {
    /// A market of `assets` assets beside the dollar; at least one, at most `MAX_ASSETS`.
    pub(super) fn new(seed: u64, assets: usize) -> Self {
        let coins = (0..assets.clamp(1, MAX_ASSETS))
            .map(|index| coin(seed, index))
            .collect();
        Self { coins }
    }

    /// The asset's code.
    pub(super) fn name(&self, code: Code) -> &str {
        match code {
            Code::Usd => "USD",
            Code::Coin(index) => self
                .coins
                .get(index)
                .map_or("USD", |coin| coin.code.as_str()),
        }
    }

    /// Hundred-millionths of a dollar for one unit on day `day` of the span.
    pub(super) fn price(&self, code: Code, day: u64) -> u64 {
        match code {
            Code::Usd => ONE,
            Code::Coin(index) => {
                let prices = self
                    .coins
                    .get(index)
                    .map(|coin| coin.prices.as_slice())
                    .unwrap_or_default();
                let day = usize::try_from(day).unwrap_or(usize::MAX);
                prices.get(day).or(prices.last()).copied().unwrap_or(ONE)
            }
        }
    }

    /// An asset that is not money, popular ones more often.
    pub(super) fn any(&self, chance: &mut Chance) -> Code {
        Code::Coin(chance.weighted(self.coins.iter().map(|coin| coin.weight)))
    }

    /// An asset that is not money and not `other`; none when there is no second one.
    pub(super) fn another(&self, other: Code, chance: &mut Chance) -> Option<Code> {
        (0..8).map(|_| self.any(chance)).find(|code| *code != other)
    }

    /// The asset with this code, when the market has it.
    pub(super) fn find(&self, name: &str) -> Option<Code> {
        self.coins
            .iter()
            .position(|coin| coin.code == name)
            .map(Code::Coin)
    }
}

fn coin(seed: u64, index: usize) -> Coin {
    let mut chance = Chance::new(seed, 1_000 + index as u64);
    let (code, start, weight) = match KNOWN.get(index) {
        Some((code, start, weight)) => ((*code).to_owned(), *start, *weight),
        None => (
            format!("TKN{index}"),
            chance.between(ONE / 10_000, 3 * ONE),
            tail_weight(index),
        ),
    };
    let prices = if code == "EUR" {
        walk(&mut chance, start, 3)
    } else {
        walk(&mut chance, start, 40)
    };
    Coin {
        code,
        weight,
        prices,
    }
}

/// The tail thins out, and never to nothing.
fn tail_weight(index: usize) -> u64 {
    (80 / (index as u64).max(1)).max(1)
}

/// A walk of at most `step` thousandths a day, between a tenth and forty times its start.
fn walk(chance: &mut Chance, start: u64, step: u64) -> Vec<u64> {
    let (floor, ceiling) = ((start / 10).max(1), start.saturating_mul(40));
    let mut price = start;
    let mut prices = Vec::new();
    for _ in 0..DAYS {
        prices.push(price);
        let factor = 1_000_001 - step * 1_000 + chance.below(2 * step * 1_000 + 1_000);
        let next = u128::from(price) * u128::from(factor) / 1_000_000;
        price = u64::try_from(next).unwrap_or(ceiling).clamp(floor, ceiling);
    }
    prices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_stays_between_a_tenth_and_forty_times_its_start() {
        let market = Market::new(3, 20);
        for (index, (_, start, _)) in KNOWN.iter().enumerate() {
            for day in 0..DAYS {
                let price = market.price(Code::Coin(index), day);
                assert!(price >= (start / 10).max(1) && price <= start * 40);
            }
        }
    }

    #[test]
    fn one_more_asset_leaves_the_prices_of_the_others() {
        let (few, many) = (Market::new(3, 2), Market::new(3, 300));
        assert_eq!(
            few.price(Code::Coin(1), 700),
            many.price(Code::Coin(1), 700)
        );
        assert_eq!(many.name(Code::Coin(299)), "TKN299");
    }

    #[test]
    fn money_is_never_picked_as_an_asset_to_hold() {
        let market = Market::new(3, 7);
        let euro = market.find("EUR");
        let mut chance = Chance::new(1, 0);
        assert!((0..2_000).all(|_| Some(market.any(&mut chance)) != euro));
    }
}
