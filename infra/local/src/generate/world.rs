//! The person whose exports are generated: what they hold where, and the clock they live by.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::draft::{Draft, day_of};
use super::market::{FIRST_DAY, Market, SPAN_DAYS};
use super::units::{Amount, Code};
use domain::time::{DAY_US, Day};

/// Where dollars and euros are traded.
pub(super) const EXCHANGES: [&str; 3] = ["Coinbase", "Kraken", "Binance"];
/// Where assets are kept.
pub(super) const WALLETS: [&str; 2] = ["Ledger", "MetaMask"];
/// Microseconds in a second.
pub(super) const SECOND_US: i64 = 1_000_000;
/// Of so many rows (second) so many events (first) are made: transfers are two rows.
const EVENTS: (u64, u64) = (100, 107);
const MINUTE_US: i64 = 60 * SECOND_US;

/// Everything an event may look at and change.
pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) market: Market,
    pub(super) drafts: Vec<Draft>,
    now_us: i64,
    /// Mean time between two rows.
    step_us: u64,
    /// Under zero where more was sold than was there.
    held: BTreeMap<(&'static str, Code), i128>,
    /// On its way to an account: when it arrives, where, what.
    under_way: Vec<(i64, &'static str, Amount)>,
}

impl World {
    /// A person who holds nothing on the first day of the span, and leaves `rows` rows behind in it.
    pub(super) fn new(seed: u64, rows: usize, assets: usize) -> Self {
        Self {
            chance: Chance::new(seed, 0),
            market: Market::new(seed, assets),
            drafts: Vec::with_capacity(rows),
            now_us: Day(FIRST_DAY).start().0 + 9 * 60 * MINUTE_US,
            step_us: SPAN_DAYS * DAY_US.unsigned_abs() / (rows as u64).max(1) * EVENTS.1 / EVENTS.0,
            held: BTreeMap::new(),
            under_way: Vec::new(),
        }
    }

    /// Lets time pass until the next event. Some events share an instant, as fills of one order do.
    pub(super) fn advance(&mut self) {
        if !self.chance.permille(15) {
            let gap = self
                .chance
                .between(self.step_us / 10, self.step_us * 19 / 10);
            let whole = i64::try_from(gap).unwrap_or(0) / SECOND_US * SECOND_US;
            self.now_us += whole.max(SECOND_US);
        }
        let now = self.now_us;
        let (arrived, rest) = self.under_way.drain(..).partition(|(at, ..)| *at <= now);
        self.under_way = rest;
        let arrived: Vec<(i64, &'static str, Amount)> = arrived;
        for (_, account, amount) in arrived {
            self.gain(account, amount);
        }
    }

    /// An empty row of this instant; one in two hundred has a fraction of a second.
    pub(super) fn draft(&mut self, account: &'static str) -> Draft {
        let fraction = if self.chance.permille(5) {
            self.chance.below(1_000_000)
        } else {
            0
        };
        Draft::new(self.now_us + i64::try_from(fraction).unwrap_or(0), account)
    }

    /// Hundred-millionths of a dollar for one unit today.
    pub(super) fn price(&self, code: Code) -> u64 {
        self.market.price(code, day_of(self.now_us))
    }

    /// What an account holds of an asset; nothing where more was sold than was there.
    pub(super) fn held(&self, account: &'static str, code: Code) -> u64 {
        let held = self.held.get(&(account, code)).copied().unwrap_or(0);
        u64::try_from(held.max(0)).unwrap_or(u64::MAX)
    }

    /// An asset comes into an account.
    pub(super) fn gain(&mut self, account: &'static str, amount: Amount) {
        *self.held.entry((account, amount.code)).or_insert(0) += i128::from(amount.units);
    }

    /// An asset leaves an account.
    pub(super) fn lose(&mut self, account: &'static str, amount: Amount) {
        *self.held.entry((account, amount.code)).or_insert(0) -= i128::from(amount.units);
    }

    /// An asset will arrive in an account.
    pub(super) fn send(&mut self, at_us: i64, account: &'static str, amount: Amount) {
        self.under_way.push((at_us, account, amount));
    }

    /// Notes a row and moves what its legs move.
    pub(super) fn note(&mut self, draft: Draft) {
        for amount in [draft.sent, draft.fee].into_iter().flatten() {
            self.lose(draft.account, amount);
        }
        if let Some(amount) = draft.received {
            self.gain(draft.account, amount);
        }
        self.drafts.push(draft);
    }

    /// An exchange.
    pub(super) fn exchange(&mut self) -> &'static str {
        self.chance.one_of(&EXCHANGES)
    }

    /// An exchange or a wallet.
    pub(super) fn anywhere(&mut self) -> &'static str {
        if self.chance.permille(600) {
            self.exchange()
        } else {
            self.chance.one_of(&WALLETS)
        }
    }

    /// Something that is held and worth at least five dollars: where, what, how much. Popular
    /// assets first come first served; none when a few looks find nothing.
    pub(super) fn holding(&mut self, only_exchanges: bool) -> Option<(&'static str, Amount)> {
        for _ in 0..6 {
            let account = if only_exchanges {
                self.exchange()
            } else {
                self.anywhere()
            };
            let code = self.market.any(&mut self.chance);
            let units = self.held(account, code);
            if super::units::worth(units, self.price(code)) >= 5 * super::units::ONE {
                return Some((account, Amount { units, code }));
            }
        }
        None
    }

    /// A few minutes, at least two.
    pub(super) fn minutes(&mut self, most: u64) -> i64 {
        i64::try_from(self.chance.between(2, most)).unwrap_or(2) * MINUTE_US
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::{ONE, of};
    use super::*;

    #[test]
    fn what_is_under_way_is_held_only_once_it_arrived() {
        let mut world = World::new(1, 10, 2);
        let coin = of(ONE, Code::Coin(0));
        world.send(world.now_us + 1, "Ledger", coin);
        assert_eq!(world.held("Ledger", coin.code), 0);
        for _ in 0..3 {
            world.advance();
        }
        assert_eq!(world.held("Ledger", coin.code), ONE);
    }

    #[test]
    fn time_never_goes_back() {
        let mut world = World::new(1, 1_000, 2);
        let mut before = world.now_us;
        for _ in 0..1_000 {
            world.advance();
            assert!(world.now_us >= before);
            before = world.now_us;
        }
    }
}
