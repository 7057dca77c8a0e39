//! Random ledgers through the folds and the model.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::ledger::{Ledger, Method};
use crate::random::Random;
use crate::{folds, generate, model, said};

/// Ledgers per method, unless `PROPTEST_CASES` says how many.
const CASES: u64 = 1_500;
/// A run without that number stops here, if it has seen enough by then.
const TIME_BOX: Duration = Duration::from_secs(12);
const ENOUGH: u64 = 200;

/// What the folds and the model disagree on, when the ledger is cut as the seed says.
fn disagreement(ledger: &Ledger, seed: u64) -> Option<String> {
    let said: Answer = folds::answer(ledger, &mut Random(seed));
    said.difference(&model::answer(ledger))
}

/// A ledger of which no row can be left out without losing the disagreement.
fn smallest(mut ledger: Ledger, seed: u64) -> Ledger {
    let mut step = ledger.entries.len();
    while step > 0 {
        let mut n = 0;
        while n < ledger.entries.len() {
            let mut without = ledger.clone();
            let end = (n + step).min(ledger.entries.len());
            without.entries.drain(n..end);
            if disagreement(&without, seed).is_some() {
                ledger = without;
            } else {
                n += step;
            }
        }
        step /= 2;
    }
    ledger
}

fn agrees(method: Method) {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .map(|cases| cases.parse::<u64>().unwrap());
    let (began, mut compared) = (Instant::now(), Counted::default());
    for seed in 1..=asked.unwrap_or(CASES) {
        if asked.is_none() && began.elapsed() > TIME_BOX && compared.ledgers >= ENOUGH {
            break;
        }
        let mut random = Random(seed);
        let rows = 5 + random.below(56);
        let ledger = generate::ledger(method, rows, &mut random);
        if disagreement(&ledger, seed).is_some() {
            let small = smallest(ledger, seed);
            let said = disagreement(&small, seed).unwrap();
            panic!("{method:?}, seed {seed}: {small:#?}\nthey disagree on {said}");
        }
        compared.add(&model::answer(&ledger), &ledger);
    }
    println!("{method:?}: {compared:?}");
    compared.assert_everything_happened(method);
}

/// What the ledgers compared held: a comparison of nothing agrees with everything.
#[derive(Debug, Default)]
struct Counted {
    ledgers: u64,
    rows: usize,
    disposals: usize,
    parts: usize,
    long_parts: usize,
    transfers: usize,
    duplicates: usize,
    incomes: usize,
    ignored: usize,
    linked: usize,
    labelled: usize,
    told: usize,
    issues: BTreeMap<String, usize>,
    reasons: BTreeMap<String, usize>,
    rules: BTreeMap<&'static str, usize>,
}

impl Counted {
    fn add(&mut self, answer: &Answer, ledger: &Ledger) {
        self.ledgers += 1;
        let said = said::by_row(&ledger.said);
        for row in &answer.rows {
            let said = said
                .get(&row.identity)
                .filter(|_| row.duplicate_of.is_none());
            let priced = row.value_source.as_deref().unwrap_or_default();
            self.ignored += usize::from(row.ignored);
            self.told += usize::from(priced.starts_with("price:override"));
            self.labelled += usize::from(said.is_some_and(|said| said.label.is_some()));
            let linked = said.is_some_and(|said| said.link.is_some());
            self.linked += usize::from(linked && row.partner.is_some());
        }
        self.rows += answer.rows.len();
        self.parts += answer.days.len();
        for part in &answer.days {
            *self.rules.entry(part.rule).or_default() += 1;
            if part.missing.is_some() {
                let code = "missing_cost_basis".to_owned();
                *self.issues.entry(code).or_default() += 1;
            }
        }
        for row in &answer.rows {
            let parts = || row.disposals.iter().flat_map(|disposal| &disposal.parts);
            self.disposals += row.disposals.len() + row.shares.len();
            self.parts += parts().count();
            self.long_parts += parts().filter(|part| part.long).count();
            self.transfers += usize::from(row.partner.is_some());
            self.duplicates += usize::from(row.duplicate_of.is_some());
            self.incomes += usize::from(row.income.is_some());
            for (code, ..) in &row.issues {
                *self.issues.entry(code.clone()).or_default() += 1;
            }
            if let Some(reason) = &row.unmatched {
                *self.reasons.entry(reason.clone()).or_default() += 1;
            }
        }
    }

    fn assert_everything_happened(&self, method: Method) {
        let counts = [
            self.disposals,
            self.parts,
            self.transfers,
            self.duplicates,
            self.incomes,
        ];
        assert!(
            counts.iter().all(|count| *count > self.rows / 100),
            "{self:?}"
        );
        let said = [self.ignored, self.linked, self.labelled, self.told];
        assert!(
            said.iter().all(|count| *count > self.rows / 400),
            "{self:?}"
        );
        let kinds = (self.issues.len(), self.reasons.len());
        assert_eq!(kinds, (9, 9), "{self:?}");
        let rules = if method == Method::S104 { 5 } else { 0 };
        assert_eq!(self.rules.len(), rules, "{self:?}");
    }
}

#[test]
fn fifo_agrees_with_the_model() {
    agrees(Method::Fifo);
}

#[test]
fn lifo_agrees_with_the_model() {
    agrees(Method::Lifo);
}

#[test]
fn hifo_agrees_with_the_model() {
    agrees(Method::Hifo);
}

#[test]
fn lofo_agrees_with_the_model() {
    agrees(Method::Lofo);
}

#[test]
fn average_cost_agrees_with_the_model() {
    agrees(Method::Average);
}

#[test]
fn section_104_agrees_with_the_model() {
    agrees(Method::S104);
}
