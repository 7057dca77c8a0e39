//! What one row does, before any lot is looked at: the rules of values and fees as data.
//!
//! | | cost or proceeds |
//! |---|---|
//! | acquired at cost (buy) | V + fee |
//! | acquired at cost in a swap | V: the disposal bears the fee |
//! | acquired as income or at value | V |
//! | disposed of at proceeds | V - fee |
//! | fee in the asset sent | that much more is disposed of, proceeds unchanged |
//! | fee in the asset received | that much less is acquired, for the full cost |
//! | fee in any other asset with lots | disposed of at market value on its own; that is the row's fee |
//! | matched transfer | neutral; what was sent and not received is disposed of at market value |
//!
//! An amount of 0 is no leg. Money (fiat, and the base currency whatever it is) has no lots; income
//! received in money is income all the same. A fee in money on a neutral row moves a balance and
//! nothing else. The carrying of basis from asset to asset by a migration is not here: no format
//! makes such a row yet.
//!
//! A value without a price stays empty. Proceeds are then unknown and so is the gain; a lot must
//! cost something, so the unknown part of its cost counts as 0 until there is a price: the row that
//! acquired it says `unpriced`, and the totals count it.

use crate::asset::Asset;
use crate::kinds::{Acquires, Disposes};
use crate::money::{ArithmeticError, Decimal};
use crate::prices::PriceBook;
use crate::read_rows::Partner;
use crate::rows::{Kind, Leg, Row};
use crate::switches::Switches;
use crate::value::{self, FeeRole, Value, fee_of, fee_role, fee_sources, value_sources};

/// What a row does.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) value: Option<Value>,
    pub(super) fee_value: Option<Decimal>,
    pub(super) income: Option<Decimal>,
    pub(super) acquired: Option<Acquired>,
    /// The row's own disposal first, then its fee's.
    pub(super) disposed: Vec<Disposed>,
    /// Legs that neither acquire nor dispose, where the row does neither.
    pub(super) moved: Vec<Leg>,
    /// What has no price where one is really used.
    pub(super) unpriced: Vec<Unpriced>,
}

/// A value that is missing.
#[derive(Debug)]
pub(super) struct Unpriced {
    /// What is worth it.
    pub(super) asset: Asset,
    /// A price of any of these would have given it, the first first.
    pub(super) sources: Vec<Asset>,
}

/// An acquisition.
#[derive(Debug)]
pub(super) struct Acquired {
    pub(super) asset: Asset,
    pub(super) quantity: Decimal,
    pub(super) cost: Decimal,
    pub(super) income: Option<Decimal>,
    pub(super) unpriced: bool,
    /// False for money: it is income, but no lot.
    pub(super) lot: bool,
}

/// A disposal.
#[derive(Debug)]
pub(super) struct Disposed {
    pub(super) asset: Asset,
    pub(super) kind: Kind,
    pub(super) quantity: Decimal,
    pub(super) proceeds: Proceeds,
}

/// What a disposal goes for.
#[derive(Debug)]
pub(super) enum Proceeds {
    Known(Decimal),
    /// Exactly its cost: no gain.
    CostBasis,
    Unpriced,
}

/// A row's legs that do something to lots or income, and the role of its fee.
struct Acting<'a> {
    row: &'a Row,
    received: Option<(&'a Leg, Acquires)>,
    sent: Option<(&'a Leg, Disposes)>,
    fee: FeeRole,
    /// The quantity the deposit received, when the row is a matched withdrawal of an asset with lots.
    arrived: Option<&'a Decimal>,
}

/// What `row` does, given the other end of the transfer it is, if it is one.
///
/// # Errors
/// When a result does not fit: then the row has no effect on lots at all.
pub(super) fn effects(
    row: &Row,
    partner: Option<&Partner>,
    switches: Switches,
    prices: &PriceBook,
) -> Result<Effects, ArithmeticError> {
    let partner = partner.filter(|_| matches!(row.kind, Kind::Deposit | Kind::Withdrawal));
    let acting = acting(row, partner, switches, prices.base());
    let mut effects = Effects::default();
    if partner.is_none() && value::uses_value(row) {
        effects.value = value::value(row, prices)?;
    }
    if matches!(acting.fee, FeeRole::Money | FeeRole::Apart) {
        effects.fee_value = value::fee_value(row, prices)?;
    }
    acquire(&acting, &mut effects, prices.base())?;
    dispose(&acting, &mut effects, prices.base())?;
    dispose_of_lost(&acting, &mut effects, prices)?;
    dispose_of_fee(&acting, &mut effects);
    if acting.received.is_none() && acting.sent.is_none() {
        effects.moved = moved(row, acting.fee);
    }
    Ok(effects)
}

/// Whether an asset has no lots.
pub(super) fn is_money(asset: &Asset, base: &Asset) -> bool {
    asset.is_fiat() || asset == base
}

fn acting<'a>(
    row: &'a Row,
    partner: Option<&'a Partner>,
    switches: Switches,
    base: &Asset,
) -> Acting<'a> {
    let money = |asset: &Asset| is_money(asset, base);
    let (mut acquires, mut disposes) = (row.kind.acquires(switches), row.kind.disposes(switches));
    if partner.is_some() {
        (acquires, disposes) = (Acquires::No, Disposes::No);
    }
    let received = some_of(row.received.as_ref()).filter(|leg| {
        acquires == Acquires::AsIncome || (acquires != Acquires::No && !money(&leg.asset))
    });
    let sent = some_of(row.sent.as_ref()).filter(|leg| !money(&leg.asset));
    let arrived = partner
        .filter(|_| sent.is_some())
        .map(|partner| &partner.amount);
    let sent_disposed = sent.filter(|_| disposes != Disposes::No);
    let gets_lot = received.is_some_and(|leg| !money(&leg.asset));
    let fee = fee_role(
        row,
        &money,
        gets_lot,
        sent_disposed.is_some() || arrived.is_some(),
    );
    Acting {
        row,
        received: received.map(|leg| (leg, acquires)),
        sent: sent_disposed.map(|leg| (leg, disposes)),
        fee,
        arrived,
    }
}

fn acquire(
    acting: &Acting<'_>,
    effects: &mut Effects,
    base: &Asset,
) -> Result<(), ArithmeticError> {
    let Some((leg, how)) = acting.received else {
        return Ok(());
    };
    let before = effects.unpriced.len();
    let mut cost = Decimal::ZERO;
    if how != Acquires::AtZero {
        cost = match &effects.value {
            Some(value) => value.amount.clone(),
            None => missing(effects, &leg.asset, value_sources(acting.row)),
        };
    }
    if how == Acquires::AtCost && acting.sent.is_none() {
        let fee = known_fee(acting, effects).unwrap_or_else(|| missing_fee(acting.row, effects));
        cost = cost.plus(&fee)?;
    }
    if how == Acquires::AsIncome {
        effects.income = effects.value.as_ref().map(|value| value.amount.clone());
    }
    let quantity = match (acting.fee, fee_of(acting.row)) {
        (FeeRole::FromReceived, Some(fee)) => leg.amount.minus(&fee.amount)?,
        _ => leg.amount.clone(),
    };
    effects.acquired = Some(Acquired {
        asset: leg.asset.clone(),
        quantity,
        cost,
        income: effects.income.clone(),
        unpriced: effects.unpriced.len() > before,
        lot: !is_money(&leg.asset, base),
    });
    Ok(())
}

fn dispose(
    acting: &Acting<'_>,
    effects: &mut Effects,
    base: &Asset,
) -> Result<(), ArithmeticError> {
    let Some((leg, how)) = acting.sent else {
        return Ok(());
    };
    let quantity = match (acting.fee, fee_of(acting.row)) {
        (FeeRole::WithSent, Some(fee)) => leg.amount.plus(&fee.amount)?,
        _ => leg.amount.clone(),
    };
    let proceeds = match how {
        Disposes::No => return Ok(()),
        Disposes::AtCostBasis => Proceeds::CostBasis,
        Disposes::AtZero => Proceeds::Known(Decimal::ZERO),
        Disposes::AtProceeds => proceeds(acting, effects, base)?,
    };
    effects.disposed.push(Disposed {
        asset: leg.asset.clone(),
        kind: acting.row.kind,
        quantity,
        proceeds,
    });
    Ok(())
}

/// V less the fee; unpriced when one of them is.
fn proceeds(
    acting: &Acting<'_>,
    effects: &mut Effects,
    base: &Asset,
) -> Result<Proceeds, ArithmeticError> {
    let fee = known_fee(acting, effects);
    if fee.is_none() {
        missing_fee(acting.row, effects);
    }
    let Some(value) = &effects.value else {
        let legs = acting.row.sent.iter().chain(&acting.row.received);
        if let Some(leg) = legs.into_iter().find(|leg| !is_money(&leg.asset, base)) {
            missing(effects, &leg.asset, value_sources(acting.row));
        }
        return Ok(Proceeds::Unpriced);
    };
    let Some(fee) = fee else {
        return Ok(Proceeds::Unpriced);
    };
    value.amount.minus(&fee).map(Proceeds::Known)
}

/// A matched withdrawal disposes of sent + fee - received at market value on its own day. Where more
/// arrived than left, which only a link made by the user can bring, nothing is lost.
fn dispose_of_lost(
    acting: &Acting<'_>,
    effects: &mut Effects,
    prices: &PriceBook,
) -> Result<(), ArithmeticError> {
    let (Some(arrived), Some(sent)) = (acting.arrived, &acting.row.sent) else {
        return Ok(());
    };
    let mut left = sent.amount.clone();
    if let (FeeRole::WithSent, Some(fee)) = (acting.fee, fee_of(acting.row)) {
        left = left.plus(&fee.amount)?;
    }
    if left <= *arrived {
        return Ok(());
    }
    let quantity = left.minus(arrived)?;
    let proceeds = match value::lost_value(acting.row, &quantity, prices)? {
        Some(value) => Proceeds::Known(value),
        None => {
            let mut sources = vec![sent.asset.clone()];
            sources.extend(acting.row.net_worth.iter().map(|leg| leg.asset.clone()));
            missing(effects, &sent.asset, sources);
            Proceeds::Unpriced
        }
    };
    effects.disposed.push(Disposed {
        asset: sent.asset.clone(),
        kind: Kind::TransferFee,
        quantity,
        proceeds,
    });
    Ok(())
}

/// A fee apart is a disposal of its own, of kind fee; on a row that is nothing but a fee it is the
/// row's disposal and of the row's kind.
fn dispose_of_fee(acting: &Acting<'_>, effects: &mut Effects) {
    let (FeeRole::Apart, Some(fee)) = (acting.fee, fee_of(acting.row)) else {
        return;
    };
    let proceeds = match effects.fee_value.clone() {
        Some(value) => Proceeds::Known(value),
        None => {
            missing(effects, &fee.asset, fee_sources(acting.row));
            Proceeds::Unpriced
        }
    };
    let only = acting.row.sent.is_none() && acting.row.received.is_none();
    let kind = if only { acting.row.kind } else { Kind::Fee };
    effects.disposed.push(Disposed {
        asset: fee.asset.clone(),
        kind,
        quantity: fee.amount.clone(),
        proceeds,
    });
}

/// The fee that adds to a cost or lessens proceeds: 0 where the fee is a quantity of the row's own
/// assets; absent when it has no price.
fn known_fee(acting: &Acting<'_>, effects: &Effects) -> Option<Decimal> {
    match acting.fee {
        FeeRole::Money | FeeRole::Apart => effects.fee_value.clone(),
        FeeRole::None | FeeRole::WithSent | FeeRole::FromReceived => Some(Decimal::ZERO),
    }
}

fn missing_fee(row: &Row, effects: &mut Effects) -> Decimal {
    match fee_of(row) {
        Some(fee) => missing(effects, &fee.asset, fee_sources(row)),
        None => Decimal::ZERO,
    }
}

/// Notes that the value of `asset` is missing, because no price of any of `sources` is there; the 0 is
/// for a lot's cost.
fn missing(effects: &mut Effects, asset: &Asset, sources: Vec<Asset>) -> Decimal {
    let known = |it: &Unpriced| it.asset == *asset;
    if !effects.unpriced.iter().any(known) {
        let asset = asset.clone();
        effects.unpriced.push(Unpriced { asset, sources });
    }
    Decimal::ZERO
}

fn moved(row: &Row, fee: FeeRole) -> Vec<Leg> {
    let legs = row
        .sent
        .iter()
        .chain(&row.received)
        .filter(|leg| !leg.amount.is_zero());
    let mut moved: Vec<Leg> = legs.cloned().collect();
    if moved.is_empty() && fee == FeeRole::Money {
        moved.extend(fee_of(row).cloned());
    }
    moved
}

fn some_of(leg: Option<&Leg>) -> Option<&Leg> {
    leg.filter(|leg| !leg.amount.is_zero())
}
