//! What comes in without a trade: staking, interest, salaries, airdrops, gifts.

use super::units::{CENT, Code, ONE, bought, of, part, worth};
use super::world::World;

/// Staking and rewards on something held: the bulk of many exports. Two of five have no value
/// of their own in the file.
pub(super) fn reward(world: &mut World) {
    let label = world
        .chance
        .one_of(&["staking", "staking", "reward", "Reward", "mining"]);
    let (account, units, code) = match world.holding(false) {
        Some((account, held)) => {
            let yielded = (part(held.units, world.chance.between(1, 4)) / 10).max(1);
            (account, yielded, held.code)
        }
        None => ("Kraken", ONE / 1_000, world.market.any(&mut world.chance)),
    };
    receive(world, account, units, code, label, 580);
}

/// Interest, salaries and the like, in assets and now and then in dollars.
pub(super) fn income(world: &mut World) {
    let label = world.chance.one_of(&[
        "interest",
        "lending interest",
        "income",
        "other_income",
        "salary",
    ]);
    let account = world.exchange();
    let dollars = world.chance.between(2, 400) * ONE;
    if world.chance.permille(250) {
        return receive(world, account, dollars, Code::Usd, label, 0);
    }
    let code = world.market.any(&mut world.chance);
    let units = bought(dollars, world.price(code)).max(1);
    receive(world, account, units, code, label, 400);
}

/// Airdrops and forks.
pub(super) fn airdrop(world: &mut World) {
    let label = if world.chance.permille(900) {
        "airdrop"
    } else {
        "fork"
    };
    let account = world.anywhere();
    let code = world.market.any(&mut world.chance);
    let units = bought(world.chance.between(1, 300) * ONE, world.price(code)).max(1);
    receive(world, account, units, code, label, 300);
}

/// Gifts received, cashback, referrals, refunds, loans.
pub(super) fn present(world: &mut World) {
    let label = world.chance.one_of(&[
        "gift received",
        "cashback",
        "referral",
        "fee refund",
        "loan",
    ]);
    let account = world.anywhere();
    let code = world.market.any(&mut world.chance);
    let units = bought(world.chance.between(1, 150) * ONE, world.price(code)).max(1);
    receive(world, account, units, code, label, 500);
}

/// A row with only a received leg; `valued` of 1,000 carry their own value.
fn receive(
    world: &mut World,
    account: &'static str,
    units: u64,
    code: Code,
    label: &'static str,
    valued: u64,
) {
    let mut draft = world.draft(account);
    draft.received = Some(of(units, code));
    draft.label = label;
    if world.chance.permille(valued) {
        draft.net_worth = Some(worth(units, world.price(code)).max(CENT));
    }
    world.note(draft);
}
