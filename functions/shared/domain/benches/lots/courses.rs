//! Courses of buying and selling.

use domain::ids::JobId;
use domain::money::Decimal;
use domain::read_rows::RowName;
use domain::rows::RowRef;

use crate::draw::Draw;

/// Units of the last decimal place of a quantity in one whole.
const WHOLE: u64 = 100_000_000;

/// Leg n of so many.
pub(crate) type Course = fn(&mut Draw, n: u64, of: u64) -> Leg;

pub(crate) enum Leg {
    Acquire {
        quantity: Decimal,
        cost: Decimal,
        source: RowName,
    },
    Dispose {
        quantity: Decimal,
        proceeds: Decimal,
        source: RowName,
    },
}

/// A little more is bought than sold, at any price.
pub(crate) fn trading(draw: &mut Draw, n: u64, _: u64) -> Leg {
    let units = 1 + draw.below(WHOLE);
    if draw.below(100) < 55 {
        return acquire(n, units, price(draw));
    }
    dispose(n, units)
}

/// Every lot stays open: now and then a crumb is sold.
pub(crate) fn all_open(draw: &mut Draw, n: u64, _: u64) -> Leg {
    if n % 8 == 7 {
        return dispose(n, 1 + draw.below(100));
    }
    acquire(n, WHOLE * 1_000 + draw.below(WHOLE), price(draw))
}

/// Every lot is dearer than those before it, and half of what is bought is sold again.
pub(crate) fn rising(draw: &mut Draw, n: u64, _: u64) -> Leg {
    if n % 2 == 1 {
        return dispose(n, WHOLE / 2);
    }
    acquire(n, WHOLE, 1_000_000 + n * 10 + draw.below(9))
}

/// Every lot is cheaper than those before it, and half of what is bought is sold again.
pub(crate) fn falling(draw: &mut Draw, n: u64, of: u64) -> Leg {
    if n % 2 == 1 {
        return dispose(n, WHOLE / 2);
    }
    acquire(n, WHOLE, 1_000_000 + (of - n) * 10 + draw.below(9))
}

/// One lot is eaten up in crumbs.
pub(crate) fn one_lot(draw: &mut Draw, n: u64, of: u64) -> Leg {
    if n == 0 {
        return acquire(n, WHOLE * of, price(draw));
    }
    dispose(n, 1 + draw.below(WHOLE))
}

/// The last leg sells all that those before it bought.
pub(crate) fn one_sale(draw: &mut Draw, n: u64, of: u64) -> Leg {
    if n + 1 == of {
        return dispose(n, WHOLE * 2 * of);
    }
    acquire(n, 1 + draw.below(WHOLE), price(draw))
}

/// A purchase and a sale in turn; the one is as often the larger as the other.
pub(crate) fn in_turn(draw: &mut Draw, n: u64, _: u64) -> Leg {
    let units = 1 + draw.below(WHOLE);
    match n % 2 {
        0 => acquire(n, units, price(draw)),
        _ => dispose(n, units),
    }
}

/// A large purchase, then small ones and larger sales in turn: with section 104 each sale asks
/// every purchase of its window, and they have nothing left.
pub(crate) fn sold_ahead(draw: &mut Draw, n: u64, of: u64) -> Leg {
    match n {
        0 => acquire(n, WHOLE * of, price(draw)),
        n if n % 2 == 0 => acquire(n, 1 + draw.below(WHOLE / 2), price(draw)),
        _ => dispose(n, WHOLE / 2 + draw.below(WHOLE / 2)),
    }
}

/// Crumbs are bought and sold in turn, but every 62nd leg sells more than was bought since the one
/// before it: with section 104 and two legs a day it takes from every purchase of its window.
pub(crate) fn crumbs_at_once(draw: &mut Draw, n: u64, _: u64) -> Leg {
    let units = WHOLE + draw.below(WHOLE);
    match (n % 2, n % 62) {
        (0, _) => acquire(n, units, price(draw)),
        (_, 61) => dispose(n, WHOLE * 100),
        _ => dispose(n, units / 8),
    }
}

/// Cents per whole unit, from a cent to 100,000.
fn price(draw: &mut Draw) -> u64 {
    1 + draw.below(10_000_000)
}

/// `units` bought for `price` cents a whole.
fn acquire(n: u64, units: u64, price: u64) -> Leg {
    let (quantity, cents) = (quantity(units), decimal(price, "0.01"));
    Leg::Acquire {
        cost: quantity.times(&cents).expect("it fits"),
        quantity,
        source: source(n),
    }
}

/// `units` sold for 12,345.67 a whole.
fn dispose(n: u64, units: u64) -> Leg {
    let quantity = quantity(units);
    let price = decimal(1_234_567, "0.01");
    Leg::Dispose {
        proceeds: quantity.times(&price).expect("it fits"),
        quantity,
        source: source(n),
    }
}

/// The row of leg n, with an ID like those of an exchange.
fn source(n: u64) -> RowName {
    let row = RowRef {
        job: JobId::new(1, &[0; 10]),
        line: n,
    };
    RowName {
        row,
        id: Some(format!("L{n:05}-{n:06}-{n:06}").into()),
    }
}

fn quantity(units: u64) -> Decimal {
    decimal(units, "0.00000001")
}

fn decimal(units: u64, unit: &str) -> Decimal {
    let unit: Decimal = unit.parse().expect("a decimal");
    Decimal::from(units).times(&unit).expect("it fits")
}
