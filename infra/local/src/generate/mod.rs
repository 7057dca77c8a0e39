//! Realistic files by seed: a person with three exchanges and two wallets over four years.
//!
//! Pure and exact: whole numbers and an own stream of chance, so a seed gives the same bytes on
//! every machine. Tests take the rows and cut them into uploads as they like; the command writes
//! them to a file.

mod chance;
mod draft;
mod income;
mod market;
mod moves;
mod spending;
mod trades;
mod units;
mod world;

use std::collections::BTreeSet;

pub(crate) use chance::Chance;
use domain::time::Day;
use draft::Draft;
pub use draft::HEADER;
use market::{FIRST_DAY, Market};
use units::Code;
use world::World;

/// The header of a price file.
pub const PRICE_HEADER: [&str; 4] = ["date", "asset", "currency", "price"];

/// What a generated ledger is like.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Rows, duplicates included.
    pub rows: usize,
    /// Assets beside the dollar, from 1 to 2,000; the fourth is the euro, those behind the 20th are
    /// a long tail.
    pub assets: usize,
    /// Whether rows have an ID.
    pub ids: bool,
    /// How many of 1,000 rows repeat an earlier row to the letter, at most 900. With an ID such a
    /// row is a duplicate; without one it is one more fill, as long as it stands in the same file.
    pub duplicates_permille: u32,
}

/// A generated ledger.
pub struct Ledger {
    records: Vec<csv::StringRecord>,
    market: Market,
    needs: BTreeSet<(u64, Code)>,
    lookups: u64,
}

impl Ledger {
    /// `rows` rows over `assets` assets, each with an ID, none repeated.
    #[must_use]
    pub fn new(seed: u64, rows: usize, assets: usize) -> Self {
        Self::with(Options {
            seed,
            rows,
            assets,
            ids: true,
            duplicates_permille: 0,
        })
    }

    /// A ledger of any kind.
    #[must_use]
    pub fn with(options: Options) -> Self {
        let repeats = options.rows * options.duplicates_permille.min(900) as usize / 1_000;
        let fresh = options.rows - repeats;
        let mut world = World::new(options.seed, fresh, options.assets);
        while world.drafts.len() < fresh {
            world.advance();
            happen(&mut world);
        }
        world.drafts.truncate(fresh);
        let World {
            mut drafts, market, ..
        } = world;
        drafts.sort_by_key(|draft| draft.at_us);
        let (needs, lookups) = count_needs(&drafts, &market);
        let mut records: Vec<csv::StringRecord> = drafts
            .iter()
            .enumerate()
            .map(|(index, draft)| {
                let id = if options.ids {
                    format!("g{:07}", index + 1)
                } else {
                    String::new()
                };
                draft.record(&id, &market)
            })
            .collect();
        let mut chance = Chance::new(options.seed, 1);
        displace(&mut records, &mut chance);
        if repeats > 0 {
            records = repeat(records, repeats, &mut chance);
        }
        Self {
            records,
            market,
            needs,
            lookups,
        }
    }

    /// The rows in the order of the file, in the columns of `HEADER`.
    #[must_use]
    pub fn rows(&self) -> &[csv::StringRecord] {
        &self.records
    }

    /// The whole file.
    #[must_use]
    pub fn csv(&self) -> Vec<u8> {
        file_of(&HEADER, &self.records)
    }

    /// Values that use a price in a ledger kept in dollars: one for a row, one for its fee.
    #[must_use]
    pub fn lookups(&self) -> u64 {
        self.lookups
    }

    /// The price file: one row for each (day, asset) whose price may be needed, by day.
    #[must_use]
    pub fn prices(&self) -> Vec<csv::StringRecord> {
        let price = |(day, code): &(u64, Code)| {
            let date = Day(FIRST_DAY.saturating_add(i32::try_from(*day).unwrap_or(0))).to_string();
            let price = units::text(self.market.price(*code, *day));
            csv::StringRecord::from(vec![
                date.as_str(),
                self.market.name(*code),
                "USD",
                price.as_str(),
            ])
        };
        self.needs.iter().map(price).collect()
    }

    /// The whole price file.
    #[must_use]
    pub fn prices_csv(&self) -> Vec<u8> {
        file_of(&PRICE_HEADER, &self.prices())
    }
}

/// A file with these rows.
#[must_use]
pub fn file_of(header: &[&str], records: &[csv::StringRecord]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut written = writer.write_record(header);
    for record in records {
        written = written.and_then(|()| writer.write_record(record));
    }
    // Memory takes every write, and all records have the header's width.
    debug_assert!(written.is_ok(), "a record does not fit its header");
    writer.into_inner().unwrap_or_default()
}

/// One thing happens: one row, or two for a transfer.
fn happen(world: &mut World) {
    type Event = fn(&mut World);
    const EVENTS: [(u64, Event); 16] = [
        (240, trades::buy),
        (165, trades::sell),
        (120, trades::swap),
        (200, income::reward),
        (80, moves::transfer),
        (45, income::income),
        (14, income::airdrop),
        (12, income::present),
        (38, spending::cost),
        (8, spending::gift),
        (1, spending::lost),
        (6, spending::gas),
        (20, moves::lock),
        (6, moves::one_ended),
        (4, moves::margin),
        (11, rare),
    ];
    let index = world
        .chance
        .weighted(EVENTS.iter().map(|(weight, _)| *weight));
    if let Some((_, event)) = EVENTS.get(index) {
        event(world);
    }
}

fn rare(world: &mut World) {
    match world.chance.below(10) {
        0..=6 => trades::fiat_withdrawal(world),
        _ => trades::identical_fill(world),
    }
}

fn count_needs(drafts: &[Draft], market: &Market) -> (BTreeSet<(u64, Code)>, u64) {
    let mut needs = BTreeSet::new();
    let mut lookups = 0;
    for draft in drafts {
        lookups += draft.lookups(market);
        needs.extend(
            draft
                .needs(market)
                .into_iter()
                .map(|code| (draft.day(), code)),
        );
    }
    (needs, lookups)
}

/// Moves one row in a hundred a few places: exports are mostly, not wholly, in order of time.
fn displace(records: &mut [csv::StringRecord], chance: &mut Chance) {
    for index in 0..records.len() {
        let other = index + usize::try_from(chance.between(1, 30)).unwrap_or(1);
        if chance.permille(10) && other < records.len() {
            records.swap(index, other);
        }
    }
}

/// Writes `count` rows once more, each a few places behind itself.
fn repeat(
    records: Vec<csv::StringRecord>,
    count: usize,
    chance: &mut Chance,
) -> Vec<csv::StringRecord> {
    let mut again: Vec<(usize, usize)> = (0..count)
        .map(|_| {
            let from = usize::try_from(chance.below(records.len() as u64)).unwrap_or(0);
            (from + usize::try_from(chance.below(20)).unwrap_or(0), from)
        })
        .collect();
    again.sort_unstable();
    let mut again = again.into_iter().peekable();
    let mut all = Vec::with_capacity(records.len() + count);
    for (index, record) in records.iter().enumerate() {
        all.push(record.clone());
        while let Some((_, from)) = again.next_if(|(behind, _)| *behind <= index) {
            all.extend(records.get(from).cloned());
        }
    }
    all.extend(again.filter_map(|(_, from)| records.get(from).cloned()));
    all
}

#[cfg(test)]
mod tests;
