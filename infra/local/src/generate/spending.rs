//! What goes out without a trade: costs, gifts, fees, losses.

use super::trades::buy;
use super::units::{CENT, of, part, worth};
use super::world::World;

/// Something is paid for; half of these rows carry their own value.
pub(super) fn cost(world: &mut World) {
    let label = world.chance.one_of(&[
        "cost",
        "cost",
        "Cost",
        "tax",
        "loan fee",
        "margin fee",
        "loan_repayment",
    ]);
    spend(world, label, "", 40, 500);
}

/// A gift or a donation.
pub(super) fn gift(world: &mut World) {
    let label = world.chance.one_of(&["gift", "gift", "donation"]);
    spend(world, label, "", 60, 600);
}

/// Something is lost. The text has a quote and a newline in it: real exports have both.
pub(super) fn lost(world: &mut World) {
    spend(world, "lost", "wallet \"old\"\nseed gone", 200, 0);
}

/// A row that is nothing but a fee: gas of a failed transaction.
pub(super) fn gas(world: &mut World) {
    let Some((account, held)) = world.holding(false) else {
        return buy(world);
    };
    let mut draft = world.draft(account);
    draft.fee = Some(of((held.units / 2_000).max(1), held.code));
    draft.description = "gas, failed";
    draft.hash = world.chance.hash();
    world.note(draft);
}

/// A row with only a sent leg of at most `most` thousandths of a holding; `valued` of 1,000 carry
/// their own value.
fn spend(
    world: &mut World,
    label: &'static str,
    description: &'static str,
    most: u64,
    valued: u64,
) {
    let Some((account, held)) = world.holding(false) else {
        return buy(world);
    };
    let share = world.chance.between(2, most);
    let sent = of(part(held.units, share).max(1), held.code);
    let mut draft = world.draft(account);
    draft.sent = Some(sent);
    draft.label = label;
    draft.description = description;
    if world.chance.permille(valued) {
        draft.net_worth = Some(worth(sent.units, world.price(sent.code)).max(CENT));
    }
    world.note(draft);
}
