//! The cases: a method and a course of buying and selling. To add one: a line in `CASES`, and a
//! function in `courses` if the course is new.

use std::time::Duration;

use domain::settings::Method;

use crate::courses::{
    Course, Leg, all_open, crumbs_at_once, falling, in_turn, one_lot, one_sale, rising, sold_ahead,
    trading,
};
use crate::draw::Draw;
use crate::engine::Engine;
use crate::stopwatch::Stopwatch;

/// Legs that are prepared at a time, so that preparing is not measured.
const BATCH: u64 = 10_000;

/// What is measured.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    method: Method,
    course: Course,
}

/// What a run gives.
pub(crate) struct Ran {
    /// Per leg.
    pub(crate) nanoseconds: f64,
    /// Open at the end.
    pub(crate) lots: usize,
}

pub(crate) const CASES: [Case; 26] = [
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
    case("s104, a trade every day", Method::S104, in_turn),
    case("s104, trading", Method::S104, trading),
    case("s104, sold ahead", Method::S104, sold_ahead),
    case("s104, crumbs at once", Method::S104, crumbs_at_once),
    case("s104, one lot", Method::S104, one_lot),
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
        let (mut engine, mut draw, mut took) = (Engine::new(self.method), Draw(1), Duration::ZERO);
        let mut next = 0;
        while next < legs {
            let end = legs.min(next + BATCH);
            let batch: Vec<Leg> = (next..end)
                .map(|n| (self.course)(&mut draw, n, legs))
                .collect();
            let watch = Stopwatch::start();
            for (n, leg) in (next..).zip(batch) {
                engine.apply(n, leg);
            }
            took += watch.took();
            next = end;
        }
        Ran {
            nanoseconds: took.as_nanos() as f64 / legs as f64,
            lots: engine.open(),
        }
    }
}
