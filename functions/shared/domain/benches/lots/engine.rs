//! What takes the legs: the lots alone, or with section 104 the open days before their pool.

use domain::lots::Lots;
use domain::section_104::{Manner, OpenDays};
use domain::settings::Method;
use domain::time::{Day, Instant};

use crate::courses::Leg;

/// Legs of a tax day: two, so that five million legs are 6,845 years, which the calendar has.
const LEGS_A_DAY: u64 = 2;

pub(crate) enum Engine {
    Lots(Lots),
    Days { open: OpenDays, pool: Lots },
}

impl Engine {
    pub(crate) fn new(method: Method) -> Self {
        let lots = Lots::new(method);
        match method {
            Method::S104 => Self::Days {
                open: OpenDays::default(),
                pool: lots,
            },
            _ => Self::Lots(lots),
        }
    }

    pub(crate) fn apply(&mut self, n: u64, leg: Leg) {
        match self {
            Self::Lots(lots) => by_lots(lots, n, leg),
            Self::Days { open, pool } => {
                let day = Day(i32::try_from(n / LEGS_A_DAY).expect("a day"));
                let decided = open.advance(day, pool);
                let mut parts = decided.iter().flat_map(|day| &day.parts);
                assert!(parts.all(|part| !part.overflow), "it fits");
                by_days(open, day, leg);
            }
        }
    }

    /// The lots that are open.
    pub(crate) fn open(&self) -> usize {
        match self {
            Self::Lots(lots) | Self::Days { pool: lots, .. } => lots.open().len(),
        }
    }
}

fn by_lots(lots: &mut Lots, n: u64, leg: Leg) {
    match leg {
        Leg::Acquire {
            quantity,
            cost,
            source,
        } => {
            let at = Instant(i64::try_from(n).expect("a time") * 1_000_000);
            lots.acquire(source, at, quantity, cost).expect("it fits");
        }
        Leg::Dispose { quantity, .. } => {
            let take = lots.plan(&quantity).expect("it fits");
            lots.commit(take);
        }
    }
}

fn by_days(open: &mut OpenDays, day: Day, leg: Leg) {
    match leg {
        Leg::Acquire { quantity, cost, .. } => open.acquire(day, &quantity, &cost),
        Leg::Dispose {
            quantity,
            proceeds,
            source,
        } => open.dispose(day, Manner::Sold, &quantity, Some(&proceeds), &source),
    }
    .expect("it fits");
}
