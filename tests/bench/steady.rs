//! A steady rate of questions beside all the jobs that are present, in turns with the same rate of
//! questions that cost nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::StatusCode;

use crate::api::{Api, File};
use crate::latencies::{at_rate, percentile};
use crate::memory;
use crate::server::Server;
use crate::verdict::Verdict;

/// Questions a second.
const RATE: u32 = 200;
/// Seconds of each turn: turns alternate, so that a slow moment of the machine meets both.
const TURN_SECONDS: u64 = 1;
/// Jobs of which somebody holds the tag.
const TAGGED: usize = 500;
/// Uploads announced ahead of a turn, for those that it cancels.
const AHEAD: u64 = 50;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// An upload, of a file that is new.
    Announce,
    /// A job to be cancelled: its upload gives its slot back.
    Cancel,
    /// A job.
    Job,
    /// A job whose tag is held.
    Unchanged,
    /// A page of the jobs, the one behind the last.
    List,
}

/// Ten questions in their order.
const MIXTURE: [Asked; 10] = [
    Asked::Announce,
    Asked::Unchanged,
    Asked::Job,
    Asked::Cancel,
    Asked::Unchanged,
    Asked::List,
    Asked::Announce,
    Asked::Unchanged,
    Asked::Cancel,
    Asked::Job,
];

/// What askers know.
struct Known {
    api: Api,
    jobs: Vec<String>,
    tags: Vec<(String, String)>,
    announced: Mutex<VecDeque<String>>,
    cursor: Mutex<Option<String>>,
    files: AtomicU64,
    odd: Mutex<Vec<String>>,
}

/// How it is asked, and how quick an answer must be.
pub(crate) struct Asking {
    /// Seconds of questions to the functions, and as many to an empty route.
    pub(crate) seconds: u64,
    /// Milliseconds that 99 of 100 answers of a function may come later than those of an empty route.
    pub(crate) most_ms: u64,
}

/// Asks in turns, and judges.
pub(crate) async fn ask(
    api: &Api,
    server: &Server,
    jobs: &[String],
    asking: &Asking,
    verdict: &mut Verdict,
) {
    let most_ms = asking.most_ms;
    let known = Arc::new(Known::of(api, jobs).await);
    memory::forget_peak(&server.process());
    let mut empty = Vec::new();
    let mut times: BTreeMap<Asked, Vec<Duration>> = BTreeMap::new();
    for _ in 0..asking.seconds.div_ceil(TURN_SECONDS) {
        let turn = at_rate(RATE, TURN_SECONDS, |_| nothing(api.clone())).await;
        empty.extend(turn.into_iter().map(|((), time)| time));
        known.announce_ahead().await;
        let turn = at_rate(RATE, TURN_SECONDS, |number| {
            let known = Arc::clone(&known);
            async move { known.ask(number).await }
        });
        for (asked, time) in turn.await {
            times.entry(asked).or_default().push(time);
        }
        known.cancel_left().await;
    }
    println!(
        "{RATE} questions a second beside {} jobs, in milliseconds from when each was due",
        jobs.len()
    );
    println!("{:<34}{:>8}{:>10}{:>10}", "", "asked", "p50", "p99");
    let floor = tell("floor: GET /healthz", &mut empty);
    let mut functions = [("presign", Vec::new()), ("status", Vec::new())];
    for (asked, mut times) in times {
        tell(asked.name(), &mut times);
        functions[usize::from(asked != Asked::Announce)]
            .1
            .append(&mut times);
    }
    for (function, mut times) in functions {
        let p99 = tell(&format!("function {function}"), &mut times);
        let over = p99 - floor;
        println!("{:<42}{over:>20.1}", "  over the floor");
        let what =
            format!("p99 of {function} is {over:.1} ms over an empty route's; at most {most_ms}");
        verdict.judge(over <= most_ms as f64, what);
    }
    if let Some(peak) = memory::peak_mb(&server.process()) {
        println!("{:<46}{peak:>10} MB", "peak memory of the stack");
    }
    let odd = known.odd.lock().expect("not poisoned");
    let first = odd.first().map_or("", |odd| odd.as_str());
    verdict.judge(
        odd.is_empty(),
        format!("{} odd answers, first {first}", odd.len()),
    );
}

/// Prints a line; answers the 99th percentile.
fn tell(what: &str, times: &mut [Duration]) -> f64 {
    let (p50, p99) = (percentile(times, 50), percentile(times, 99));
    println!("{what:<34}{:>8}{p50:>10.1}{p99:>10.1}", times.len());
    p99
}

async fn nothing(api: Api) {
    let answer = api.get("/healthz").await;
    assert_eq!(answer.status, StatusCode::OK, "the empty route");
}

impl Asked {
    fn name(self) -> &'static str {
        match self {
            Self::Announce => "POST /v1/uploads",
            Self::Cancel => "DELETE /v1/jobs/{id}",
            Self::Job => "GET /v1/jobs/{id}",
            Self::Unchanged => "GET /v1/jobs/{id}, tag held",
            Self::List => "GET /v1/jobs",
        }
    }
}

impl Known {
    async fn of(api: &Api, jobs: &[String]) -> Self {
        let mut tags = Vec::new();
        let apart = (jobs.len() / TAGGED).max(1);
        for job in jobs.iter().step_by(apart) {
            let path = format!("/v1/jobs/{job}");
            let tag = api.get(&path).await.tag().expect("a tag");
            tags.push((path, tag));
        }
        Self {
            api: api.clone(),
            jobs: jobs.to_vec(),
            tags,
            announced: Mutex::default(),
            cursor: Mutex::default(),
            files: AtomicU64::new(0),
            odd: Mutex::default(),
        }
    }

    async fn announce_ahead(&self) {
        for _ in 0..AHEAD {
            self.announce().await;
        }
    }

    async fn cancel_left(&self) {
        while let Some(job) = self.next_announced() {
            self.cancel(&job).await;
        }
    }

    fn next_announced(&self) -> Option<String> {
        self.announced.lock().expect("not poisoned").pop_front()
    }

    /// Asks what the mixture says.
    async fn ask(&self, number: u64) -> Asked {
        let spread = number.wrapping_mul(2_654_435_761) as usize;
        let asked = MIXTURE[number as usize % MIXTURE.len()];
        match asked {
            Asked::Announce => self.announce().await,
            Asked::Cancel => {
                let job = self.next_announced().expect("announced ahead");
                self.cancel(&job).await;
            }
            Asked::List => self.list().await,
            Asked::Job => {
                let job = &self.jobs[spread % self.jobs.len()];
                let answer = self.api.get(&format!("/v1/jobs/{job}")).await;
                self.expect(asked, answer.status, StatusCode::OK);
            }
            Asked::Unchanged => {
                let (path, tag) = &self.tags[spread % self.tags.len()];
                let answer = self.api.get_unless(path, Some(tag)).await;
                self.expect(asked, answer.status, StatusCode::NOT_MODIFIED);
            }
        }
        asked
    }

    async fn announce(&self) {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let file = File::of_digest(number, "announced".to_owned());
        let answer = self.api.announce(&file, None).await;
        self.expect(Asked::Announce, answer.status, StatusCode::CREATED);
        if answer.status == StatusCode::CREATED {
            let job = answer.job();
            self.announced.lock().expect("not poisoned").push_back(job);
        }
    }

    async fn cancel(&self, job: &str) {
        let answer = self.api.cancel(job).await;
        self.expect(Asked::Cancel, answer.status, StatusCode::OK);
    }

    async fn list(&self) {
        let cursor = self.cursor.lock().expect("not poisoned").clone();
        let path = match cursor {
            Some(cursor) => format!("/v1/jobs?cursor={cursor}"),
            None => "/v1/jobs".to_owned(),
        };
        let answer = self.api.get(&path).await;
        self.expect(Asked::List, answer.status, StatusCode::OK);
        let next = answer.json()["next_cursor"].as_str().map(str::to_owned);
        *self.cursor.lock().expect("not poisoned") = next;
    }

    fn expect(&self, asked: Asked, status: StatusCode, expected: StatusCode) {
        if status != expected {
            let what = format!("{status} to {}", asked.name());
            self.odd.lock().expect("not poisoned").push(what);
        }
    }
}
