//! The cases: a method and a course of buying and selling. To add one: a line in `CASES`, and a
//! function if the course is new.

use std::time::Duration;

use domain::ids::JobId;
use domain::lots::Lots;
use domain::money::Decimal;
use domain::read_rows::RowName;
use domain::rows::RowRef;
use domain::settings::Method;
use domain::time;

use crate::draw::Draw;
use crate::stopwatch::Stopwatch;

/// Legs that are prepared at a time, so that preparing is not measured.
const BATCH: u64 = 10_000;
/// Units of the last decimal place of a quantity in one whole.
const WHOLE: u64 = 100_000_000;

/// What is measured.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    method: Method,
    course: Course,
}

/// Leg n of so many.
type Course = fn(&mut Draw, n: u64, of: u64) -> Leg;

/// What a run gives.
pub(crate) struct Ran {
    /// Per leg.
    pub(crate) nanoseconds: f64,
    /// Open at the end.
    pub(crate) lots: usize,
}

enum Leg {
    Acquire {
        quantity: Decimal,
        cost: Decimal,
        source: RowName,
    },
    Dispose(Decimal),
}

pub(crate) const CASES: [Case; 21] = [
    case("fifo, trading", Method::Fifo, trading),
    case("lifo, trading", Method::Lifo, trading),
    case("hifo, trading", Method::Hifo, trading),
    case("lofo, trading", Method::Lofo, trading),
    case("average, trading", Method::Average, trading),
    case("fifo, all lots open", Method::Fifo, all_open),
    case("lifo, all lots open", Method::Lifo, all_open),
    case("hifo, all lots open", Method::Hifo, all_open),
    case("lofo, all lots open", Method::Lofo, all_open),
    case("hifo, rising prices", Method::Hifo, rising),
    case("lofo, rising prices", Method::Lofo, rising),
    case("hifo, falling prices", Method::Hifo, falling),
    case("lofo, falling prices", Method::Lofo, falling),
    case("fifo, one lot", Method::Fifo, one_lot),
    case("lifo, one lot", Method::Lifo, one_lot),
    case("hifo, one lot", Method::Hifo, one_lot),
    case("average, one lot", Method::Average, one_lot),
    case("fifo, one sale", Method::Fifo, one_sale),
    case("lifo, one sale", Method::Lifo, one_sale),
    case("hifo, one sale", Method::Hifo, one_sale),
    case("lofo, one sale", Method::Lofo, one_sale),
];

const fn case(name: &'static str, method: Method, course: Course) -> Case {
    Case {
        name,
        method,
        course,
    }
}

impl Case {
    /// Runs the case over so many legs.
    pub(crate) fn run(&self, legs: u64) -> Ran {
        let (mut lots, mut draw, mut took) = (Lots::new(self.method), Draw(1), Duration::ZERO);
        let mut next = 0;
        while next < legs {
            let end = legs.min(next + BATCH);
            let batch: Vec<Leg> = (next..end)
                .map(|n| (self.course)(&mut draw, n, legs))
                .collect();
            let watch = Stopwatch::start();
            for (n, leg) in (next..).zip(batch) {
                apply(&mut lots, n, leg);
            }
            took += watch.took();
            next = end;
        }
        Ran {
            nanoseconds: took.as_nanos() as f64 / legs as f64,
            lots: lots.open().len(),
        }
    }
}

fn apply(lots: &mut Lots, n: u64, leg: Leg) {
    match leg {
        Leg::Acquire {
            quantity,
            cost,
            source,
        } => {
            let at = time::Instant(i64::try_from(n).expect("a time") * 1_000_000);
            lots.acquire(source, at, quantity, cost).expect("it fits");
        }
        Leg::Dispose(quantity) => {
            let take = lots.plan(&quantity).expect("it fits");
            lots.commit(take);
        }
    }
}

/// A little more is bought than sold, at any price.
fn trading(draw: &mut Draw, n: u64, _: u64) -> Leg {
    let units = 1 + draw.below(WHOLE);
    if draw.below(100) < 55 {
        return acquire(n, units, price(draw));
    }
    Leg::Dispose(quantity(units))
}

/// Every lot stays open: now and then a crumb is sold.
fn all_open(draw: &mut Draw, n: u64, _: u64) -> Leg {
    if n % 8 == 7 {
        return Leg::Dispose(quantity(1 + draw.below(100)));
    }
    acquire(n, WHOLE * 1_000 + draw.below(WHOLE), price(draw))
}

/// Every lot is dearer than those before it, and half of what is bought is sold again.
fn rising(draw: &mut Draw, n: u64, _: u64) -> Leg {
    if n % 2 == 1 {
        return Leg::Dispose(quantity(WHOLE / 2));
    }
    acquire(n, WHOLE, 1_000_000 + n * 10 + draw.below(9))
}

/// Every lot is cheaper than those before it, and half of what is bought is sold again.
fn falling(draw: &mut Draw, n: u64, of: u64) -> Leg {
    if n % 2 == 1 {
        return Leg::Dispose(quantity(WHOLE / 2));
    }
    acquire(n, WHOLE, 1_000_000 + (of - n) * 10 + draw.below(9))
}

/// One lot is eaten up in crumbs.
fn one_lot(draw: &mut Draw, n: u64, of: u64) -> Leg {
    if n == 0 {
        return acquire(n, WHOLE * of, price(draw));
    }
    Leg::Dispose(quantity(1 + draw.below(WHOLE)))
}

/// The last leg sells all that those before it bought.
fn one_sale(draw: &mut Draw, n: u64, of: u64) -> Leg {
    if n + 1 == of {
        return Leg::Dispose(quantity(WHOLE * 2 * of));
    }
    acquire(n, 1 + draw.below(WHOLE), price(draw))
}

/// Cents per whole unit, from a cent to 100,000.
fn price(draw: &mut Draw) -> u64 {
    1 + draw.below(10_000_000)
}

/// `units` bought for `price` cents a whole; the source has an ID like those of an exchange.
fn acquire(n: u64, units: u64, price: u64) -> Leg {
    let (quantity, cents) = (quantity(units), decimal(price, "0.01"));
    let row = RowRef {
        job: JobId::new(1, &[0; 10]),
        line: n,
    };
    Leg::Acquire {
        cost: quantity.times(&cents).expect("it fits"),
        quantity,
        source: RowName {
            row,
            id: Some(format!("L{n:05}-{n:06}-{n:06}").into()),
        },
    }
}

fn quantity(units: u64) -> Decimal {
    decimal(units, "0.00000001")
}

fn decimal(units: u64, unit: &str) -> Decimal {
    let unit: Decimal = unit.parse().expect("a decimal");
    Decimal::from(units).times(&unit).expect("it fits")
}
