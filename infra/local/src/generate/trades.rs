//! Fiat deposits and withdrawals, buys, sells and swaps.

use super::units::{Amount, CENT, Code, ONE, bought, of, part, worth};
use super::world::World;

/// Money comes from the bank.
pub(super) fn fiat_deposit(world: &mut World, account: &'static str, money: Code) {
    let mut draft = world.draft(account);
    draft.received = Some(of(world.chance.between(5, 200) * 100 * ONE, money));
    draft.description = "bank deposit";
    world.note(draft);
}

/// Money goes to the bank.
pub(super) fn fiat_withdrawal(world: &mut World) {
    let account = world.exchange();
    let held = world.held(account, Code::Usd);
    if held < 2_000 * ONE {
        return buy(world);
    }
    let mut draft = world.draft(account);
    draft.sent = Some(of(part(held, 500) / ONE * ONE, Code::Usd));
    draft.fee = Some(of(ONE, Code::Usd));
    draft.description = "to the bank";
    world.note(draft);
}

/// An asset for money; without enough money a deposit comes first.
pub(super) fn buy(world: &mut World) {
    let account = world.exchange();
    let money = money_of(world, account);
    let spent = world.chance.between(20, 1_500) * ONE + world.chance.below(100) * CENT;
    if world.held(account, money) < spent + part(spent, 10) {
        return fiat_deposit(world, account, money);
    }
    let code = world.market.any(&mut world.chance);
    let dollars = worth(spent, world.price(money));
    let mut draft = world.draft(account);
    draft.sent = Some(of(spent, money));
    draft.received = Some(of(bought(dollars, world.price(code)).max(1), code));
    draft.fee = trade_fee(world, account, of(spent, money));
    world.note(draft);
}

/// An asset becomes money again. One in 300 sells more than is there: histories have holes.
pub(super) fn sell(world: &mut World) {
    let Some((account, held)) = world.holding(true) else {
        return buy(world);
    };
    let sold = if world.chance.permille(3) {
        of(part(held.units, 1_050), held.code)
    } else {
        some_of(world, held, 1_200)
    };
    let money = money_of(world, account);
    let dollars = worth(sold.units, world.price(sold.code));
    let proceeds = of(bought(dollars, world.price(money)) / CENT * CENT, money);
    if proceeds.units == 0 {
        return buy(world);
    }
    let mut draft = world.draft(account);
    draft.sent = Some(sold);
    draft.received = Some(proceeds);
    draft.fee = trade_fee(world, account, proceeds);
    world.note(draft);
}

/// An asset for another. Two of five swaps carry their own value.
pub(super) fn swap(world: &mut World) {
    let Some((account, held)) = world.holding(false) else {
        return buy(world);
    };
    let Some(code) = world.market.another(held.code, &mut world.chance) else {
        return sell(world);
    };
    let sent = some_of(world, held, 500);
    let dollars = worth(sent.units, world.price(sent.code));
    let received = of(bought(part(dollars, 995), world.price(code)).max(1), code);
    let mut draft = world.draft(account);
    draft.sent = Some(sent);
    draft.received = Some(received);
    draft.fee = swap_fee(world, account, sent, received);
    if world.chance.permille(400) {
        draft.net_worth = Some(dollars.max(CENT));
    }
    world.note(draft);
}

/// What is worth 10 to `most` dollars, and at most nine tenths of what is held: in dollars and not
/// as a share, so that some lots grow old.
fn some_of(world: &mut World, held: Amount, most: u64) -> Amount {
    let dollars = world.chance.between(10, most) * ONE + world.chance.below(100) * CENT;
    let wanted = bought(dollars, world.price(held.code));
    of(wanted.min(part(held.units, 900)).max(1), held.code)
}

/// The same fill once more, with an own ID: exchanges write identical rows for real fills.
pub(super) fn identical_fill(world: &mut World) {
    let trade = world
        .drafts
        .last()
        .filter(|last| last.sent.is_some() && last.received.is_some() && last.label.is_empty());
    match trade.cloned() {
        Some(again) => world.note(again),
        None => buy(world),
    }
}

/// Euros on Kraken in three of ten cases, else dollars.
fn money_of(world: &mut World, account: &'static str) -> Code {
    match world.market.find("EUR") {
        Some(euro) if account == "Kraken" && world.chance.permille(300) => euro,
        _ => Code::Usd,
    }
}

/// Half a percent in the money of the trade; on Binance in BNB while there is some.
fn trade_fee(world: &mut World, account: &'static str, money: Amount) -> Option<Amount> {
    let fee = of((part(money.units, 5) / CENT).max(1) * CENT, money.code);
    if account != "Binance" || !world.chance.permille(400) {
        return Some(fee);
    }
    let dollars = worth(fee.units, world.price(fee.code));
    Some(third_asset(world, account, dollars).unwrap_or(fee))
}

/// In what was sent, in what came, in a third asset, or nothing.
fn swap_fee(
    world: &mut World,
    account: &'static str,
    sent: Amount,
    received: Amount,
) -> Option<Amount> {
    match world.chance.below(10) {
        0..=3 => Some(of((sent.units / 500).max(1), sent.code)),
        4..=6 => Some(of((received.units / 500).max(1), received.code)),
        7..=8 => third_asset(world, account, ONE * 3),
        _ => None,
    }
}

/// BNB on Binance, ETH elsewhere, when enough of it is there.
fn third_asset(world: &World, account: &'static str, dollars: u64) -> Option<Amount> {
    let code = world
        .market
        .find(if account == "Binance" { "BNB" } else { "ETH" })?;
    let units = bought(dollars, world.price(code)).max(1);
    (world.held(account, code) > units).then(|| of(units, code))
}
