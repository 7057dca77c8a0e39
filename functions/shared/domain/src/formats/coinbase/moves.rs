//! What a record moves, by the meaning of its type.

use crate::money::Decimal;
use crate::quote::quote;
use crate::rows::Leg;

use super::super::error::{RowError, Wrong};
use super::super::record::Record;
use super::money::too_large;
use super::notes::{self, Note};
use super::types::Means;
use super::{ASSET, FEES, NOTES, QUANTITY, Reader, TYPE};

/// What moves in a record.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) label: &'static str,
    pub(super) sent: Option<Leg>,
    pub(super) received: Option<Leg>,
    pub(super) fee: Option<Leg>,
    pub(super) worth: Option<Leg>,
}

impl Reader {
    /// What a record of that meaning moves; `None` when nothing, because it is a move within Coinbase
    /// or the second record of a conversion.
    pub(super) fn moves(
        &self,
        record: &Record<'_>,
        means: Means,
    ) -> Result<Option<Moves>, RowError> {
        if means == Means::Internal {
            return Ok(None);
        }
        let (leg, negative) = quantity(record)?;
        match means {
            Means::In(_) | Means::Buy | Means::CashIn if negative => Err(against_its_type(record)),
            Means::Buy => self.bought(record, leg).map(Some),
            Means::Sell => self.sold(record, leg).map(Some),
            Means::Convert => self.converted(record, leg, negative),
            Means::In(label) => Ok(Some(Moves {
                label,
                received: Some(leg),
                worth: self.subtotal(record)?,
                ..Moves::default()
            })),
            Means::Out(label) => Ok(Some(Moves {
                label,
                sent: Some(leg),
                fee: self.fee(record)?,
                worth: self.subtotal(record)?,
                ..Moves::default()
            })),
            Means::Staked => Ok(Some(staked(leg, negative))),
            Means::CashIn | Means::CashOut => self.cash(record, leg, means).map(Some),
            Means::Internal => Ok(None),
        }
    }

    /// A buy: what was paid is Subtotal, and Fees on top.
    fn bought(&self, record: &Record<'_>, received: Leg) -> Result<Moves, RowError> {
        let (sent, fee, worth) = self.money(record, true)?;
        Ok(Moves {
            sent: Some(sent),
            received: Some(received),
            fee,
            worth,
            ..Moves::default()
        })
    }

    /// A sale: what was got is Subtotal, of which Fees were kept.
    fn sold(&self, record: &Record<'_>, sent: Leg) -> Result<Moves, RowError> {
        let (received, fee, worth) = self.money(record, false)?;
        Ok(Moves {
            sent: Some(sent),
            received: Some(received),
            fee,
            worth,
            ..Moves::default()
        })
    }

    /// A conversion: Notes alone say what was received.
    fn converted(
        &self,
        record: &Record<'_>,
        leg: Leg,
        negative: bool,
    ) -> Result<Option<Moves>, RowError> {
        let Some(Note::Converted { from, to }) = notes::read(record.text(NOTES)) else {
            let reason = format!(
                "{} does not say what was received; it must read such as \"Converted 0.01 BTC to 0.1785 ETH\"",
                quote(record.text(NOTES))
            );
            return Err(record.error(NOTES, Wrong::new("unreadable_notes", reason)));
        };
        if from.asset == to.asset {
            return nothing_converted(record, &from, &to);
        }
        if leg.asset == to.asset && leg.asset != from.asset && !negative {
            return Ok(None);
        }
        if leg.asset != from.asset {
            let reason = format!(
                "{} speaks of other assets than the record",
                quote(record.text(NOTES))
            );
            return Err(record.error(NOTES, Wrong::new("unreadable_notes", reason)));
        }
        Ok(Some(Moves {
            sent: Some(leg),
            received: Some(to),
            worth: self.subtotal(record)?,
            ..Moves::default()
        }))
    }

    /// Money paid in or out. The quantity is what the balance changed by, after the fee.
    fn cash(&self, record: &Record<'_>, leg: Leg, means: Means) -> Result<Moves, RowError> {
        let currency = self.price_currency(record)?;
        if leg.asset != currency {
            let worth = self.subtotal(record)?;
            let leg = Some(leg);
            return Ok(match means {
                Means::CashIn => Moves {
                    received: leg,
                    worth,
                    ..Moves::default()
                },
                _ => Moves {
                    sent: leg,
                    worth,
                    ..Moves::default()
                },
            });
        }
        let fee = if self.total_only {
            None
        } else {
            record.size(FEES)?
        };
        let paid = fee.unwrap_or(Decimal::ZERO);
        let amount = match means {
            Means::CashIn => leg.amount.plus(&paid),
            _ => leg.amount.minus(&paid),
        };
        let amount = amount.map_err(|error| too_large(record, QUANTITY, &error))?;
        if amount.is_negative() || amount.is_zero() {
            let wrong = Wrong::new(
                "inconsistent_total",
                "is not more than the fee of the record",
            );
            return Err(record.error(QUANTITY, wrong));
        }
        let moved = Some(Leg {
            amount,
            asset: leg.asset,
        });
        let fee = (!paid.is_zero()).then_some(Leg {
            amount: paid,
            asset: currency,
        });
        Ok(match means {
            Means::CashIn => Moves {
                received: moved,
                fee,
                ..Moves::default()
            },
            _ => Moves {
                sent: moved,
                fee,
                ..Moves::default()
            },
        })
    }
}

/// The quantity of a record with its asset, and whether it is written with a minus.
fn quantity(record: &Record<'_>) -> Result<(Leg, bool), RowError> {
    let Some(amount) = record.signed(QUANTITY)? else {
        let wrong = Wrong::new("no_amount", "is empty or zero, so nothing moves");
        return Err(record.error(QUANTITY, wrong));
    };
    let asset = notes::asset(record.text(ASSET)).map_err(|wrong| record.error(ASSET, wrong))?;
    let leg = Leg {
        amount: amount.abs(),
        asset,
    };
    Ok((leg, amount.is_negative()))
}

/// Into or out of staking within Coinbase, by its sign: the two records cancel each other.
fn staked(leg: Leg, negative: bool) -> Moves {
    if negative {
        Moves {
            label: "stake",
            sent: Some(leg),
            ..Moves::default()
        }
    } else {
        Moves {
            label: "unstake",
            received: Some(leg),
            ..Moves::default()
        }
    }
}

/// ETH became ETH2 one to one and both are one coin: nothing moves.
fn nothing_converted(record: &Record<'_>, from: &Leg, to: &Leg) -> Result<Option<Moves>, RowError> {
    if from.amount == to.amount {
        return Ok(None);
    }
    let reason = format!(
        "{} turns {} into another amount of itself; enter by hand what really moved",
        quote(record.text(NOTES)),
        from.asset
    );
    Err(record.error(NOTES, Wrong::new("same_asset", reason)))
}

fn against_its_type(record: &Record<'_>) -> RowError {
    let reason = format!(
        "{} is negative, and a record of type {} only receives",
        quote(record.text(QUANTITY)),
        quote(record.text(TYPE))
    );
    record.error(QUANTITY, Wrong::new("negative_amount", reason))
}
