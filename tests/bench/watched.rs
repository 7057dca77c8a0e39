//! Watchers beside the jobs that are present. Each has a file that comes over a line such as users have,
//! and asks about its job once a second with the tag it holds, from the announcement to the first answer
//! that tells the end; then it brings another file, so that the rate of questions holds.
//!
//! What is answered anew is what changed: how many of a hundred that is says how long a job lives for
//! each change, so the length of the upload is part of the figure and stands beside it.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::api::{Api, File};
use crate::latencies::percentile;
use crate::verdict::Verdict;

/// Rows of a file: some 400 kB, a year of somebody who trades often.
const ROWS: usize = 5_000;
/// Files there are; who brings one has a ledger of its own for it, where it is new.
const FILES: u64 = 10;
/// Bytes a second at which the slowest file goes up: 128 kbit/s, a third of a line of 384 kbit/s, because
/// the page sends three files at once. The fastest has half as many again.
const SLOWEST: u64 = 16_000;
/// Of a hundred questions, those that must be answered 304.
const UNCHANGED_PERCENT: f64 = 80.0;
/// Time after which a job counts as one that never ends.
const PATIENCE: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

/// Who watches, and for how long.
pub(crate) struct Watching {
    /// Watchers: as many questions a second.
    pub(crate) watchers: u32,
    /// Seconds in which they begin files.
    pub(crate) seconds: u64,
}

/// What a watcher saw of a job.
#[derive(Default)]
struct Watched {
    /// Its last state; empty when its end was not seen.
    state: String,
    /// From its announcement to the answer that told its end, and how much of that it was sent for.
    life: Duration,
    sent_for: Duration,
    /// Each question: when it was due, and how long after that it was answered.
    polls: Vec<(Instant, Duration)>,
    /// Questions that were answered 304.
    unchanged: usize,
    /// Answers that nobody should get.
    odd: Vec<String>,
}

/// One watcher.
struct Watcher {
    api: Api,
    number: u64,
    bytes_per_second: u64,
    /// When its next question is due.
    due: Instant,
}

/// Lets them watch, and judges.
pub(crate) async fn watch(api: &Api, present: usize, asked: &Watching, verdict: &mut Verdict) {
    let files: Vec<File> = (0..FILES)
        .map(|seed| File::drawn(seed, ROWS, String::new()))
        .collect();
    let bytes: u64 = files.iter().map(|file| file.request.size).sum();
    let began = Instant::now();
    let until = began + Duration::from_secs(asked.seconds);
    let mut watching = JoinSet::new();
    for number in 0..asked.watchers {
        let (place, of) = (u64::from(number), u64::from(asked.watchers));
        let mut watcher = Watcher {
            api: api.clone(),
            number: place,
            bytes_per_second: SLOWEST + SLOWEST * place / of / 2,
            // One behind the other, evenly over the second.
            due: began + SECOND * number / asked.watchers,
        };
        let files = files.clone();
        watching.spawn(async move { watcher.files(&files, until).await });
    }
    let all = watching.join_all().await;
    println!(
        "{} watchers beside {present} jobs, each with files of {ROWS} rows, {} kB, at {} to {} kbit/s",
        asked.watchers,
        bytes / FILES / 1_000,
        SLOWEST * 8 / 1_000,
        SLOWEST * 12 / 1_000,
    );
    tell(&all, verdict);
}

impl Watcher {
    /// Brings one file after the other, until it is too late for another.
    async fn files(&mut self, files: &[File], until: Instant) -> Vec<Watched> {
        let mut watched = Vec::new();
        while self.due < until {
            let round = watched.len();
            let file = &files[(self.number as usize + round) % files.len()];
            let file = file.of_ledger(format!("watched-{}-{round}", self.number));
            let mut seen = Watched::default();
            if timeout(PATIENCE, self.bring(&file, &mut seen))
                .await
                .is_err()
            {
                seen.odd.push("no end of a job".to_owned());
            }
            watched.push(seen);
        }
        watched
    }

    /// Brings a file, and watches its job from when it has one.
    async fn bring(&mut self, file: &File, seen: &mut Watched) {
        sleep_until(self.due).await;
        let announced_at = Instant::now();
        let answer = self.api.announce(file, None).await;
        if answer.status != StatusCode::CREATED {
            seen.odd
                .push(format!("{} to an announcement", answer.status));
            self.due += SECOND;
            return;
        }
        let path = format!("/v1/jobs/{}", answer.job());
        let (api, pace) = (self.api.clone(), self.bytes_per_second);
        let sending = async {
            let put = api.put_slowly(file, &answer, pace).await;
            (put.status, announced_at.elapsed())
        };
        let ((), (status, sent_for)) = tokio::join!(self.follow(&path, seen), sending);
        if !status.is_success() {
            seen.odd.push(format!("{status} to a PUT"));
        }
        seen.sent_for = sent_for;
        seen.life = announced_at.elapsed();
    }

    /// Asks about a job until it has ended.
    async fn follow(&mut self, path: &str, seen: &mut Watched) {
        let mut tag: Option<String> = None;
        loop {
            sleep_until(self.due).await;
            let answer = self.api.get_unless(path, tag.as_deref()).await;
            seen.polls.push((self.due, self.due.elapsed()));
            self.due += SECOND;
            match answer.status {
                StatusCode::NOT_MODIFIED if tag.is_some() => seen.unchanged += 1,
                StatusCode::OK => {
                    tag = answer.tag();
                    let json = answer.json();
                    if json["is_terminal"] == true {
                        seen.state = json["state"].as_str().unwrap_or_default().to_owned();
                        return;
                    }
                }
                status => seen.odd.push(format!("{status} to a poll")),
            }
        }
    }
}

fn tell(all: &[Vec<Watched>], verdict: &mut Verdict) {
    let jobs: Vec<&Watched> = all.iter().flatten().collect();
    let mean = |what: fn(&Watched) -> f64| {
        jobs.iter().map(|job| what(job)).sum::<f64>() / jobs.len().max(1) as f64
    };
    let completed = |job: &&&Watched| job.state.starts_with("completed");
    let completed = jobs.iter().filter(completed).count();
    let polls: usize = jobs.iter().map(|job| job.polls.len()).sum();
    let unchanged: usize = jobs.iter().map(|job| job.unchanged).sum();
    let share = unchanged as f64 * 100.0 / polls.max(1) as f64;
    let took = jobs.iter().flat_map(|job| &job.polls).map(|poll| poll.1);
    let mut took: Vec<Duration> = took.collect();
    let line = |what: &str, value: f64| println!("{what:<46}{value:>10.1}");
    println!("{:<46}{:>10}, {completed} completed", "jobs", jobs.len());
    let changes = mean(|job| (job.polls.len() - job.unchanged) as f64);
    line("  changes that were seen of a job", changes);
    line(
        "  seconds from announcement to end",
        mean(|job| job.life.as_secs_f64()),
    );
    line(
        "  of these until its file was there",
        mean(|job| job.sent_for.as_secs_f64()),
    );
    println!("{:<46}{polls:>10}: {share:.1} % 304", "polls");
    line("  a second, while everybody asked", rate(all));
    line(
        "  milliseconds from when one was due, p50",
        percentile(&mut took, 50),
    );
    line("  p99", percentile(&mut took, 99));
    let what = format!("{share:.1} % of watchers' polls were 304; more than {UNCHANGED_PERCENT}");
    verdict.judge(share > UNCHANGED_PERCENT, what);
    let what = format!("{completed} of {} watched jobs completed", jobs.len());
    verdict.judge(completed == jobs.len(), what);
    let odd: Vec<&String> = jobs.iter().flat_map(|job| &job.odd).collect();
    let first = odd.first().map_or("", |odd| odd.as_str());
    let what = format!("{} odd answers to watchers, first {first}", odd.len());
    verdict.judge(odd.is_empty(), what);
}

/// Polls a second from the first to when a watcher had asked its last.
fn rate(all: &[Vec<Watched>]) -> f64 {
    let dues = || {
        all.iter()
            .flatten()
            .flat_map(|job| &job.polls)
            .map(|poll| poll.0)
    };
    let last = |jobs: &Vec<Watched>| Some(jobs.last()?.polls.last()?.0);
    let (Some(from), Some(to)) = (dues().min(), all.iter().filter_map(last).min()) else {
        return 0.0;
    };
    let count = dues().filter(|due| *due < to).count();
    count as f64 / (to - from).as_secs_f64()
}
