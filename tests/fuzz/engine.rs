//! The mutation of seeds against the clock. It needs neither nightly nor instrumented code, as
//! libFuzzer and its bindings do: what leads it is the target itself, which answers what an input came
//! to, and an input that came to something new is kept and mutated further.

use std::collections::HashSet;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Bytes of an input at most: longer ones are slower and find the same.
const MAX_BYTES: usize = 4_096;
/// Inputs that are kept.
const MAX_KEPT: usize = 4_096;
/// Nothing of a few kilobytes may take longer, three times in a row: a machine may be busy.
const SLOW: Duration = Duration::from_secs(5);
/// Pieces that matter to whatever reads text here.
const TOKENS: [&[u8]; 30] = [
    b",",
    b";",
    b"\t",
    b"\"",
    b"\"\"",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\0",
    b"\xe9",
    b"0",
    b"-",
    b"+",
    b"=",
    b"@",
    b".",
    b"$",
    b"1e999999",
    b"e-38",
    b"NaN",
    b"39",
    b"1,234.56",
    b"99999999999999999999999999999999999999",
    b"2024-02-30",
    b"1INCH",
    b" UTC",
    b"\xe2\x88\x92",
    b" ",
];

/// What an input came to, as a number: equal for equal words.
pub(crate) fn outcome(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Mutates seeds for the time of a target. `check` fails by panicking; the input is then cut down to
/// what still fails and printed as a literal.
#[expect(
    clippy::disallowed_methods,
    reason = "the time of a target is what is asked for"
)]
pub(crate) fn fuzz(target: &str, seeds: Vec<Vec<u8>>, check: impl Fn(&[u8]) -> u64) {
    let seed = seed();
    let (mut rng, end) = (
        Chance(ChaCha8Rng::seed_from_u64(seed)),
        Instant::now() + time(),
    );
    let (mut kept, mut seen, mut runs) = (Vec::new(), HashSet::new(), 0_u64);
    let mut waiting = seeds;
    assert!(!waiting.is_empty(), "{target} has seeds");
    loop {
        let input = match waiting.pop() {
            Some(input) => input,
            None if Instant::now() >= end => break,
            None => rng.mutated(&kept),
        };
        let start = Instant::now();
        let Ok(came_to) = catch_unwind(AssertUnwindSafe(|| check(&input))) else {
            failed(target, seed, input, &check)
        };
        let slow = start.elapsed() > SLOW && (0..2).all(|_| takes(&check, &input) > SLOW);
        assert!(!slow, "{target}: slow for b\"{}\"", input.escape_ascii());
        runs += 1;
        if (seen.insert(came_to) && kept.len() < MAX_KEPT) || kept.is_empty() {
            kept.push(input);
        }
    }
    println!(
        "{target}: {runs} inputs, {} outcomes, MILLRACE_SEED={seed}",
        seen.len()
    );
    assert!(seen.len() > 1, "{target} tells no input from another");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of an input is what is asked for"
)]
fn takes(check: &impl Fn(&[u8]) -> u64, input: &[u8]) -> Duration {
    let start = Instant::now();
    check(input);
    start.elapsed()
}

/// Cuts the input down, says how to repeat it, and fails as the check does.
fn failed(target: &str, seed: u64, mut input: Vec<u8>, check: &impl Fn(&[u8]) -> u64) -> ! {
    let fails = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| check(input))).is_err();
    let mut cut = input.len() / 2;
    while cut > 0 {
        let mut at = 0;
        while at < input.len() {
            let mut shorter = input.clone();
            shorter.drain(at..(at + cut).min(input.len()));
            if fails(&shorter) {
                input = shorter;
            } else {
                at += cut;
            }
        }
        cut /= 2;
    }
    eprintln!(
        "\n{target} fails; MILLRACE_SEED={seed}; as a regression test:\n    check(b\"{}\");\n",
        input.escape_ascii()
    );
    match catch_unwind(AssertUnwindSafe(|| check(&input))) {
        Err(cause) => resume_unwind(cause),
        Ok(_) => panic!("{target} failed once and not again"),
    }
}

fn time() -> Duration {
    let asked = std::env::var("MILLRACE_FUZZ_SECONDS").map(|seconds| seconds.parse());
    let seconds = asked.unwrap_or(Ok(5));
    Duration::from_secs(seconds.expect("MILLRACE_FUZZ_SECONDS is a number"))
}

fn seed() -> u64 {
    match std::env::var("MILLRACE_SEED") {
        Ok(seed) => seed.parse().expect("MILLRACE_SEED is a number"),
        Err(_) => RandomState::new().hash_one("seed"),
    }
}

struct Chance(ChaCha8Rng);

impl Chance {
    /// A number under `end`, which is above 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end as u64).unwrap()
    }

    /// One of the kept inputs, changed in one to eight places.
    fn mutated(&mut self, kept: &[Vec<u8>]) -> Vec<u8> {
        let mut input = kept[self.below(kept.len())].clone();
        for _ in 0..=self.below(8) {
            self.mutate(&mut input, kept);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>, kept: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let part = at..at + self.below((input.len() - at).min(64) + 1);
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.0.next_u32().to_le_bytes()[0],
            2 => drop(input.drain(part)),
            3 => {
                let copy = input[part].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            4 => {
                let other = &kept[self.below(kept.len())];
                let from = self.below(other.len() + 1);
                let to = from + self.below((other.len() - from).min(256) + 1);
                input.splice(part, other[from..to].to_vec());
            }
            5 => input.truncate(at),
            6 => drop(input.splice(part, TOKENS[self.below(TOKENS.len())].to_vec())),
            _ => drop(input.splice(at..at, TOKENS[self.below(TOKENS.len())].to_vec())),
        }
    }
}

#[test]
fn an_input_that_fails_is_found_and_cut_down_to_what_fails() {
    let seeds = vec![b"some rows,of,text\n".to_vec()];
    let found = catch_unwind(AssertUnwindSafe(|| {
        fuzz("a target that fails", seeds, |input| {
            let commas = input.iter().filter(|byte| **byte == b',').count();
            assert!(commas < 4, "{} bytes fail", input.len());
            outcome(commas)
        });
    }));
    let cause = found.expect_err("four commas are found in seconds");
    assert_eq!(cause.downcast_ref::<String>().unwrap(), "4 bytes fail");
}
