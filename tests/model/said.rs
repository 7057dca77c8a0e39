//! What a user says of single rows. A row is named as its user knows it (`Placed::identity`), so what is
//! said of a row that other rows repeat is said of the one that counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::generate;
use crate::kinds::{PAYMENTS, RECEIPTS, kind_of};
use crate::ledger::{Entry, FIAT, Leg, is_fiat};
use crate::order::{Placed, placed};
use crate::random::Random;

/// One thing that is said of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saying {
    Label(String),
    /// What a unit of the row's priced asset is worth.
    Price(Leg),
    Ignore,
    Link(String),
    Unlink(String),
}

/// All that is said of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) label: Option<String>,
    pub(crate) price: Option<Leg>,
    pub(crate) ignore: bool,
    pub(crate) link: Option<String>,
    pub(crate) unlink: BTreeSet<String>,
}

/// By row, what is said; of two rows that are linked or kept apart, both say it.
pub(crate) fn by_row(sayings: &[(String, Saying)]) -> BTreeMap<String, Said> {
    let mut all: BTreeMap<String, Said> = BTreeMap::new();
    for (row, saying) in sayings {
        let said = all.entry(row.clone()).or_default();
        match saying {
            Saying::Label(label) => said.label = Some(label.clone()),
            Saying::Price(price) => said.price = Some(price.clone()),
            Saying::Ignore => said.ignore = true,
            Saying::Link(other) => {
                said.link = Some(other.clone());
                all.entry(other.clone()).or_default().link = Some(row.clone());
            }
            Saying::Unlink(other) => {
                said.unlink.insert(other.clone());
                let other = all.entry(other.clone()).or_default();
                other.unlink.insert(row.clone());
            }
        }
    }
    all
}

/// The leg whose asset a price is of.
pub(crate) fn priced(row: &Entry) -> Option<&Leg> {
    let crypto = |leg: &&Leg| !is_fiat(&leg.1);
    let bare = row.sent.is_none() && row.received.is_none();
    let sent = row.sent.as_ref().filter(crypto);
    let received = row.received.as_ref().filter(crypto);
    sent.or(received)
        .or(row.fee.as_ref().filter(|_| bare).filter(crypto))
}

/// The kind of a row under a label, unless that does not fit its legs.
pub(crate) fn kind_under(label: Option<&String>, row: &Entry) -> Option<&'static str> {
    kind_of(&Entry {
        label: label?.clone(),
        ..row.clone()
    })
}

/// Sayings drawn at random, about few rows or many; some come to nothing.
pub(crate) fn drawn(entries: &[Entry], random: &mut Random) -> Vec<(String, Saying)> {
    let share = random.pick(&[0, 10, 40]);
    let rows = entries.iter().map(Entry::without_zeros);
    let rows = rows.filter_map(|row| kind_of(&row).map(|kind| (row, kind)));
    let mut draw = Draw {
        rows: placed(rows.collect()),
        taken: BTreeSet::new(),
        apart: BTreeSet::new(),
        random,
    };
    let mut sayings = Vec::new();
    for n in 0..draw.rows.len() {
        while draw.random.percent(share) {
            let row = draw.rows[n].identity();
            sayings.extend(draw.saying(n).map(|saying| (row, saying)));
        }
    }
    sayings
}

struct Draw<'a> {
    rows: Vec<Placed>,
    /// Ends of links.
    taken: BTreeSet<String>,
    /// Rows that are kept apart, the one that sorts first first.
    apart: BTreeSet<(String, String)>,
    random: &'a mut Random,
}

impl Draw<'_> {
    fn saying(&mut self, n: usize) -> Option<Saying> {
        match self.random.below(10) {
            0..3 => Some(Saying::Label(self.label(n))),
            3..5 => {
                let price = generate::digits(self.random, 3, 2);
                let currency = self.random.pick(&FIAT).to_owned();
                (!price.is_zero()).then_some(Saying::Price((price, currency)))
            }
            5 => Some(Saying::Ignore),
            6..8 => self.link(n),
            _ => self.unlink(n),
        }
    }

    /// Mostly one for the side the row is of.
    fn label(&mut self, n: usize) -> String {
        let receives = self.rows[n].row.received.is_some() != self.random.percent(10);
        match (self.random.below(4), receives) {
            (0, _) => String::new(),
            (_, true) => self.random.pick(&RECEIPTS).0.to_owned(),
            (_, false) => self.random.pick(&PAYMENTS).0.to_owned(),
        }
    }

    /// A row that could be the other end, or, rarely, any.
    fn other(&mut self, n: usize) -> Option<String> {
        let own = self.rows[n].identity();
        let any = self.random.percent(10);
        let asset = |placed: &Placed| priced(&placed.row).map(|leg| leg.1.clone());
        let fits = |other: &&Placed| {
            let opposite = (self.rows[n].row.sent.is_some()) != (other.row.sent.is_some());
            other.identity() != own && (any || (opposite && asset(other) == asset(&self.rows[n])))
        };
        let fitting: Vec<String> = self
            .rows
            .iter()
            .filter(fits)
            .map(Placed::identity)
            .collect();
        (!fitting.is_empty()).then(|| fitting[self.random.below(fitting.len())].clone())
    }

    fn link(&mut self, n: usize) -> Option<Saying> {
        let (own, other) = (self.rows[n].identity(), self.other(n)?);
        if self.taken.contains(&own) || self.taken.contains(&other) || !self.pair(&own, &other) {
            return None;
        }
        self.taken.extend([own, other.clone()]);
        Some(Saying::Link(other))
    }

    fn unlink(&mut self, n: usize) -> Option<Saying> {
        let (own, other) = (self.rows[n].identity(), self.other(n)?);
        self.pair(&own, &other).then_some(Saying::Unlink(other))
    }

    /// Whether nothing has been said yet of these two together.
    fn pair(&mut self, one: &str, other: &str) -> bool {
        let (first, second) = (one.min(other), one.max(other));
        self.apart.insert((first.to_owned(), second.to_owned()))
    }
}
