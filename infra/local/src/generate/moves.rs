//! Transfers between accounts, and moves that change nothing: staking, pools, margin.

use super::draft::Draft;
use super::trades::buy;
use super::units::{CENT, Code, ONE, of, part};
use super::world::{EXCHANGES, WALLETS, World};

/// A withdrawal here and its deposit minutes later there. The fee stands with the withdrawal, or is
/// missing from what arrives. Hashes stand on both sides, on one, or on none.
pub(super) fn transfer(world: &mut World) {
    let Some((from, held)) = world.holding(false) else {
        return buy(world);
    };
    let to = other_account(world, from);
    let share = world.chance.between(100, 700);
    let sent = of(part(held.units, share).max(1_000), held.code);
    let network = (sent.units / 1_000).max(1);
    let mut withdrawal = world.draft(from);
    let mut arrived = sent;
    withdrawal.sent = Some(sent);
    match world.chance.below(10) {
        0..=5 => withdrawal.fee = Some(of(network, sent.code)),
        6..=8 => arrived.units -= network,
        _ => {}
    }
    let mut deposit = Draft::new(withdrawal.at_us + world.minutes(45), to);
    deposit.received = Some(arrived);
    sign(world, &mut withdrawal, &mut deposit);
    (withdrawal.paired, deposit.paired) = (true, true);
    withdrawal.description = "withdrawal";
    deposit.description = "deposit";
    for amount in [withdrawal.sent, withdrawal.fee].into_iter().flatten() {
        world.lose(from, amount);
    }
    world.send(deposit.at_us, to, arrived);
    world.drafts.push(withdrawal);
    world.drafts.push(deposit);
}

fn sign(world: &mut World, withdrawal: &mut Draft, deposit: &mut Draft) {
    let hash = world.chance.hash();
    match world.chance.below(10) {
        0..=5 => {
            withdrawal.hash.clone_from(&hash);
            deposit.hash = hash;
        }
        6 => withdrawal.hash = hash,
        7 => deposit.hash = hash,
        _ => {}
    }
}

fn other_account(world: &mut World, from: &'static str) -> &'static str {
    let wallet = world.chance.one_of(&WALLETS);
    let exchange = world.chance.one_of(&EXCHANGES);
    let (first, second) = if world.chance.permille(650) {
        (wallet, exchange)
    } else {
        (exchange, wallet)
    };
    if first == from { second } else { first }
}

/// One end of a transfer whose other end is in no file: half of them come, half of them go.
pub(super) fn one_ended(world: &mut World) {
    if world.chance.permille(500) {
        let account = world.exchange();
        let code = world.market.any(&mut world.chance);
        let mut draft = world.draft(account);
        let dollars = world.chance.between(20, 400) * ONE;
        draft.received = Some(of(
            super::units::bought(dollars, world.price(code)).max(1),
            code,
        ));
        draft.description = "from an old wallet";
        world.note(draft);
    } else {
        let Some((account, held)) = world.holding(false) else {
            return buy(world);
        };
        let mut draft = world.draft(account);
        draft.sent = Some(of(part(held.units, 50).max(1), held.code));
        draft.description = "to a friend's exchange";
        world.note(draft);
    }
}

/// Into staking or a pool, and out again: one row, nothing changes hands.
pub(super) fn lock(world: &mut World) {
    let Some((account, held)) = world.holding(false) else {
        return buy(world);
    };
    let amount = of(part(held.units, 100).max(1), held.code);
    let (label, leaves) = match world.chance.below(4) {
        0 => ("stake", true),
        1 => ("unstake", false),
        2 => ("Sent to Pool", true),
        _ => ("received-from-pool", false),
    };
    let mut draft = world.draft(account);
    draft.label = label;
    if leaves {
        draft.sent = Some(amount);
    } else {
        draft.received = Some(amount);
    }
    world.note(draft);
}

/// A margin position closes: a gain or a loss in dollars.
pub(super) fn margin(world: &mut World) {
    let account = world.exchange();
    let mut draft = world.draft(account);
    let amount = of(world.chance.between(1_000, 30_000) * CENT, Code::Usd);
    if world.held(account, Code::Usd) > amount.units && world.chance.permille(500) {
        draft.sent = Some(amount);
        draft.label = "margin loss";
    } else {
        draft.received = Some(amount);
        draft.label = "realized gain";
    }
    world.note(draft);
}
