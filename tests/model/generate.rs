//! Random ledgers, made to collide: few instants, amounts, hashes and IDs, and rows that repeat or
//! answer earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{PAYMENTS, RECEIPTS};
use crate::ledger::{DAY, Entry, FIAT, HOUR, Ledger, Leg, Method, Rules, Switches};
use crate::number::Number;
use crate::random::Random;
use crate::{folds, said};

const CRYPTO: [&str; 4] = ["1INCH", "BTC", "ETH", "USDT"];
const ACCOUNTS: [&str; 3] = ["cold wallet", "Kraken", "a"];
const HASHES: [&str; 6] = ["0xaa", "0xbb", "0xcc", "0xdd", "0xee", "0xff"];

/// Zones with and without daylight saving, half hours, and one that once left out a day.
const ZONES: [&str; 7] = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
];

/// Moments near which something changes in a zone: Apia's missing day, daylight saving, new year,
/// the end of a British tax year, a leap day.
const MOMENTS: [&str; 7] = [
    "2011-12-29T22:00:00Z",
    "2021-03-28T00:59:59.999999Z",
    "2021-11-07T05:30:00Z",
    "2020-12-31T23:30:00Z",
    "2022-04-05T22:59:00Z",
    "2019-12-31T05:00:00Z",
    "2024-02-28T18:29:59Z",
];

/// A ledger of up to `rows` rows.
pub(crate) fn ledger(method: Method, rows: usize, random: &mut Random) -> Ledger {
    let rules = rules(method, random);
    let mut draft = Draft {
        moment: random
            .pick(&MOMENTS)
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_microsecond(),
        uploads: 1 + random.below(3),
        assets: 1 + random.below(CRYPTO.len()),
        entries: Vec::new(),
        random,
    };
    for _ in 0..rows {
        draft.add();
    }
    let Draft {
        entries, random, ..
    } = draft;
    let prices = prices(&entries, &rules, random);
    let said = said::drawn(&entries, random);
    Ledger {
        rules,
        entries,
        prices,
        said,
    }
}

fn rules(method: Method, random: &mut Random) -> Rules {
    let uk = random.percent(50);
    let own = random.percent(50);
    let mut switch = |profile: bool| if own { random.percent(50) } else { profile };
    let mut switches = Switches {
        airdrop_is_income: switch(!uk),
        fork_is_income: switch(!uk),
        gift_at_value: switch(uk),
        lost_for_nothing: switch(uk),
    };
    // Section 104 leaves no choice.
    switches.lost_for_nothing |= method == Method::S104;
    Rules {
        method,
        base: random.pick(&["USD", "USD", "GBP", "EUR"]).to_owned(),
        uk,
        switches,
        zone: random.pick(&ZONES),
        long_term_days: random.pick(&[365, 365, 1, 0, 30]),
        window_hours: random.pick(&[12, 12, 1, 0, 30]),
        max_loss_percent: random.pick(&[20, 20, 0, 100]),
        reason_hours: random.pick(&[24, 24, 1, 0, 48]),
        mismatch_percent: random.pick(&[10, 10, 0, 100]),
        outlier_percent: random.pick(&[50, 50, 0, 1_000]),
    }
}

/// A price of most assets on most days that a row falls on; some days have none.
fn prices(
    entries: &[Entry],
    rules: &Rules,
    random: &mut Random,
) -> BTreeMap<(String, i64), Number> {
    let missing = random.pick(&[0, 10, 60]);
    let days: BTreeSet<i64> = entries.iter().map(Entry::utc_day).collect();
    let mut prices = BTreeMap::new();
    for day in days {
        for asset in CRYPTO
            .into_iter()
            .chain(FIAT)
            .filter(|asset| *asset != rules.base)
        {
            if !random.percent(missing) {
                prices.insert((asset.to_owned(), day), amount(random));
            }
        }
    }
    prices
}

/// Mostly amounts of a like size, so that lots are cut; some are as long as amounts can be.
fn amount(random: &mut Random) -> Number {
    match random.below(20) {
        0 => Number::whole(1 + random.below(3) as u64),
        1 => digits(random, 20, 18),
        2 => digits(random, 2, 36),
        3 => digits(random, 0, 38),
        4 => digits(random, 38, 0),
        5 => Number::parse(&format!("0.{}1", "0".repeat(random.below(37)))),
        6..9 => digits(random, 1, 18),
        _ => digits(random, 1, 3),
    }
}

/// A number with up to so many digits before and after its point, not 0.
pub(crate) fn digits(random: &mut Random, whole: usize, fraction: usize) -> Number {
    let mut text = String::from("0");
    for n in 0..whole + fraction {
        if n == whole {
            text.push('.');
        }
        text.push(char::from(b'0' + u8::try_from(random.below(10)).unwrap()));
    }
    let number = Number::parse(&text);
    if number.is_zero() {
        Number::whole(1)
    } else {
        number
    }
}

/// A ledger while it grows.
struct Draft<'a> {
    moment: i64,
    uploads: usize,
    assets: usize,
    entries: Vec<Entry>,
    random: &'a mut Random,
}

impl Draft<'_> {
    /// Adds a row, unless its label does not fit what came out.
    fn add(&mut self) {
        let drawn = self.random.below(100);
        let earlier = (!self.entries.is_empty()).then(|| self.random.below(self.entries.len()));
        let mut entry = match earlier.map(|n| self.entries[n].clone()) {
            Some(earlier) if drawn < 12 => self.repeated(earlier),
            _ if drawn < 26 => self.arrival(),
            _ => self.fresh(),
        };
        let upload = self.random.below(self.uploads);
        let before = self
            .entries
            .iter()
            .filter(|other| other.place.0 == upload)
            .count();
        entry.place = (upload, before as u64 + 2);
        // A file that states what a fee is worth must state the fee.
        if entry.without_zeros().fee.is_none() {
            entry.fee_worth = None;
        }
        if folds::takes(&entry) {
            self.entries.push(entry);
        }
    }

    /// The same row again, perhaps under another ID, perhaps with something changed.
    fn repeated(&mut self, mut entry: Entry) -> Entry {
        match self.random.below(8) {
            0 => entry.id = None,
            1 => entry.id = self.id(),
            2 => entry.at += DAY,
            3 => entry.sent = entry.sent.map(|(_, asset)| (amount(self.random), asset)),
            4 => entry.description = Some("=again".to_owned()),
            _ => {}
        }
        entry
    }

    /// A deposit of what an earlier row sent, or about that.
    fn arrival(&mut self) -> Entry {
        let withdrawals = self.entries.iter().filter(|row| row.received.is_none());
        let withdrawals: Vec<_> = withdrawals
            .filter(|row| row.sent.is_some())
            .cloned()
            .collect();
        if withdrawals.is_empty() {
            return self.fresh();
        }
        let withdrawal = self.random.pick(&withdrawals);
        let (sent, asset) = withdrawal.sent.unwrap();
        let factor = self.random.pick(&["1", "1", "0.99", "0.8", "0.79", "1.01"]);
        // Amounts have at most 38 digits.
        let arrived =
            Some(&sent * &Number::parse(factor)).filter(|all| all.to_string().len() <= 38);
        let gap = self.random.pick(&[
            0,
            0,
            1,
            60_000_000,
            HOUR,
            12 * HOUR,
            12 * HOUR + 1,
            -1,
            -HOUR,
        ]);
        let own = self.random.percent(12);
        let accounts = ACCOUNTS
            .into_iter()
            .filter(|account| own || *account != withdrawal.account);
        let accounts: Vec<&str> = accounts.collect();
        Entry {
            at: withdrawal.at + gap,
            account: self.random.pick(&accounts).to_owned(),
            id: self.id(),
            received: Some((arrived.unwrap_or(sent), asset)),
            fee: self.random.percent(10).then(|| self.leg()),
            hash: if self.random.percent(50) {
                withdrawal.hash.clone()
            } else {
                self.hash()
            },
            ..Entry::default()
        }
    }

    fn fresh(&mut self) -> Entry {
        let mut entry = Entry {
            at: self.time(),
            account: self.random.pick(&ACCOUNTS).to_owned(),
            id: self.id(),
            hash: self.hash(),
            ..Entry::default()
        };
        self.fill_legs(&mut entry);
        if self.random.percent(40) {
            entry.fee = Some(self.fee(&entry));
        }
        if self.random.percent(20) {
            entry.net_worth = Some(self.worth());
        }
        if self.random.percent(25) {
            entry.fee_worth = Some(self.worth());
        }
        entry
    }

    fn fill_legs(&mut self, entry: &mut Entry) {
        match self.random.below(20) {
            0..6 => (entry.sent, entry.received) = (Some(self.fiat()), Some(self.bought())),
            6..9 => (entry.sent, entry.received) = (Some(self.crypto()), Some(self.fiat())),
            9..11 => (entry.sent, entry.received) = (Some(self.crypto()), Some(self.crypto())),
            11..14 => entry.sent = Some(self.leg()),
            14 => entry.received = Some(self.leg()),
            15 | 16 => {
                entry.received = Some(self.leg());
                entry.label = self.random.pick(&RECEIPTS).0.to_owned();
            }
            17 | 18 => {
                entry.sent = Some(self.leg());
                entry.label = self.random.pick(&PAYMENTS).0.to_owned();
            }
            _ => match self.random.below(3) {
                0 => (entry.sent, entry.received) = (Some(self.fiat()), Some(self.fiat())),
                1 => entry.fee = Some(self.leg()),
                _ => {
                    entry.fee = Some(self.leg());
                    entry.label = self.random.pick(&PAYMENTS).0.to_owned();
                }
            },
        }
    }

    /// An earlier row's time, or one near the moment, up to years later.
    fn time(&mut self) -> i64 {
        if !self.entries.is_empty() && self.random.percent(35) {
            let n = self.random.below(self.entries.len());
            return self.entries[n].at;
        }
        let years = self.random.pick(&[0, 0, 0, 0, 364, 365, 366]) * DAY;
        let days = self.random.below(self.random.clone().pick(&[1, 3, 40])) as i64 * DAY;
        let within = match self.random.below(4) {
            0 => 0,
            1 => self.random.below(5) as i64 - 2,
            2 => self.random.below(48) as i64 * HOUR / 2,
            _ => self.random.below(86_400_000) as i64 * 1_000,
        };
        self.moment + years + days + within
    }

    fn amount(&mut self) -> Number {
        let again = self
            .random
            .percent(15)
            .then(|| self.random.below(self.entries.len().max(1)));
        let legs = again
            .and_then(|n| self.entries.get(n))
            .map(|row| (row.received.clone(), row.sent.clone()));
        match legs {
            Some((Some((amount, _)), _) | (None, Some((amount, _)))) => amount,
            _ if self.random.percent(2) => Number::default(),
            _ => amount(self.random),
        }
    }

    fn crypto(&mut self) -> Leg {
        (
            self.amount(),
            CRYPTO[self.random.below(self.assets)].to_owned(),
        )
    }

    /// Often more than a disposal takes.
    fn bought(&mut self) -> Leg {
        let (amount, asset) = self.crypto();
        match self.random.percent(60) {
            true => (digits(self.random, 2, 3), asset),
            false => (amount, asset),
        }
    }

    fn fiat(&mut self) -> Leg {
        (self.amount(), self.random.pick(&FIAT).to_owned())
    }

    fn leg(&mut self) -> Leg {
        if self.random.percent(85) {
            self.crypto()
        } else {
            self.fiat()
        }
    }

    /// In the asset sent, received, or any, often smaller than what moved.
    fn fee(&mut self, entry: &Entry) -> Leg {
        let own = [&entry.sent, &entry.received][self.random.below(2)].clone();
        match own {
            Some((amount, asset)) if self.random.percent(60) => {
                let cut = amount.share(&Number::whole(1), &Number::whole(100));
                let fee = if self.random.percent(80) { cut } else { amount };
                (fee, asset)
            }
            _ => self.leg(),
        }
    }

    fn worth(&mut self) -> Leg {
        let asset = if self.random.percent(80) {
            self.random.pick(&FIAT)
        } else {
            "BTC"
        };
        (self.amount(), asset.to_owned())
    }

    fn id(&mut self) -> Option<String> {
        let number = if self.random.percent(80) {
            self.entries.len()
        } else {
            self.random.below(4)
        };
        self.random.percent(60).then(|| format!("r{number}"))
    }

    fn hash(&mut self) -> Option<String> {
        self.random
            .percent(30)
            .then(|| self.random.pick(&HASHES).to_owned())
    }
}
