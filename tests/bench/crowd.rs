//! Thousands of clients that come at once, each with a small file: most are told that there is no room
//! yet, come back when they were told to, and every one gets its file through.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::api::{Answer, Api, File};
use crate::memory;
use crate::server::Server;
use crate::verdict::Verdict;

/// Rows of a client's file.
const ROWS: usize = 5;
/// Ledgers they go to: a turn takes 50 jobs at most.
const LEDGERS: usize = 200;
/// Of a thousand clients, those that must complete.
const PER_MILLE: usize = 999;
/// Megabytes that the stack may have at its peak, whoever comes.
const MOST_MB: u64 = 512;
/// One client of so many asks about its job each second, whatever the server says.
const IMPATIENT: usize = 50;
/// Times that a job changes under who asks each second, on average: then more than 80 of 100 polls of
/// a job that takes fifty seconds are answered 304, however fast the machine is.
const MOST_CHANGES: f64 = 10.0;
/// Polls of such a job.
const LONG: u32 = 50;
/// Of a hundred of them, those that must be answered 304.
const UNCHANGED_PERCENT: f64 = 80.0;
/// Seconds after which a client that is not through counts as one that never will be, and as many more
/// for each thousand clients.
const PATIENCE_SECONDS: u64 = 180;

/// What a client came to.
#[derive(Default)]
struct Visit {
    /// Its job, once it has one.
    job: Option<String>,
    /// Its job's last state.
    state: String,
    /// Answers 429 that said when to come back, and did so in the API's form.
    refused: u32,
    /// Other answers that it could not go on with.
    odd: Vec<String>,
    /// Answers that said to ask again because others asked at the same moment.
    busy: u32,
    /// Whether it asks each second instead of as often as it is told to.
    impatient: bool,
    /// Questions about the job, and those of them that were answered 304.
    polls: u32,
    unchanged: u32,
}

/// Lets the crowd come; answers the jobs it leaves.
pub(crate) async fn come(
    api: &Api,
    server: &Server,
    clients: usize,
    verdict: &mut Verdict,
) -> Vec<String> {
    memory::forget_peak(&server.process());
    let began = Instant::now();
    let patience = Duration::from_secs(PATIENCE_SECONDS * (1 + clients as u64 / 1_000));
    let mut coming = JoinSet::new();
    for number in 0..clients {
        let api = api.clone();
        coming.spawn(async move { timeout(patience, visit(&api, number)).await.ok() });
    }
    let mut visits = Vec::with_capacity(clients);
    while let Some(ended) = coming.join_next().await {
        // One that panicked or ran out of patience has not completed.
        visits.push(ended.ok().flatten().unwrap_or_default());
    }
    let seconds = began.elapsed().as_secs_f64();
    let listed = listed(api).await;
    tell(&visits, seconds, &listed, verdict);
    match memory::peak_mb(&server.process()) {
        Some(peak) => {
            println!("{:<46}{peak:>10} MB", "peak memory of the stack");
            verdict.judge(
                peak <= MOST_MB,
                format!("{peak} MB at the peak; at most {MOST_MB}"),
            );
        }
        None => println!("peak memory is not known on this system"),
    }
    visits.into_iter().filter_map(|visit| visit.job).collect()
}

fn tell(visits: &[Visit], seconds: f64, listed: &BTreeSet<String>, verdict: &mut Verdict) {
    let sum = |what: fn(&Visit) -> u32| visits.iter().map(|visit| u64::from(what(visit))).sum();
    let (refused, busy): (u64, u64) = (sum(|visit| visit.refused), sum(|visit| visit.busy));
    let completed = visits
        .iter()
        .filter(|visit| visit.state.starts_with("completed"));
    let completed = completed.count();
    let met = visits.iter().filter(|visit| visit.refused > 0).count();
    let most = visits.iter().map(|visit| visit.refused).max().unwrap_or(0);
    let lost = |visit: &&Visit| {
        visit.job.as_ref().is_none_or(|job| !listed.contains(job)) || visit.state.is_empty()
    };
    let lost = visits.iter().filter(lost).count();
    let clients = visits.len();
    println!("{clients} clients at once, a file of {ROWS} rows each, {LEDGERS} ledgers");
    let line = |what: &str, value: String| println!("{what:<46}{value:>10}");
    line("completed", completed.to_string());
    line("failed", (clients - completed).to_string());
    line("lost", lost.to_string());
    line(
        "seconds until the last was through",
        format!("{seconds:.1}"),
    );
    line("answers 429", refused.to_string());
    line("  clients that met one", met.to_string());
    line("  the most that one client met", most.to_string());
    line("answers that said to ask again at once", busy.to_string());
    tell_polls(visits, verdict);
    let kept = completed * 1_000 >= clients * PER_MILLE;
    verdict.judge(kept, format!("{completed} of {clients} clients completed"));
    verdict.judge(lost == 0, format!("{lost} clients or their jobs were lost"));
    let odd: Vec<&String> = visits.iter().flat_map(|visit| &visit.odd).collect();
    let first = odd.first().map_or("", |odd| odd.as_str());
    verdict.judge(
        odd.is_empty(),
        format!("{} odd answers, first {first}", odd.len()),
    );
}

/// How polls were answered: those of clients that ask when they are told to, and those each second,
/// which are judged.
fn tell_polls(visits: &[Visit], verdict: &mut Verdict) {
    let (impatient, patient): (Vec<&Visit>, Vec<&Visit>) =
        visits.iter().partition(|visit| visit.impatient);
    tell_share("polls after Retry-After", &patient);
    tell_share("polls each second", &impatient);
    let changes = impatient.iter().map(|visit| visit.polls - visit.unchanged);
    let changes = f64::from(changes.sum::<u32>()) / impatient.len().max(1) as f64;
    println!("{:<46}{changes:>10.1}", "  changes of a job");
    let what = format!("a job changes {changes:.1} times; at most {MOST_CHANGES}");
    verdict.judge(changes <= MOST_CHANGES, what);
    let long = impatient.iter().filter(|visit| visit.polls >= LONG);
    let long: Vec<&Visit> = long.copied().collect();
    if !long.is_empty() {
        let share = tell_share("  of jobs that took 50 seconds", &long);
        let what = format!("{share:.1} % of their polls were 304; more than {UNCHANGED_PERCENT}");
        verdict.judge(share > UNCHANGED_PERCENT, what);
    }
}

/// Prints how many of these clients' polls were answered 304; answers the percentage.
fn tell_share(what: &str, visits: &[&Visit]) -> f64 {
    let polls: u32 = visits.iter().map(|visit| visit.polls).sum();
    let unchanged: u32 = visits.iter().map(|visit| visit.unchanged).sum();
    let share = f64::from(unchanged) * 100.0 / f64::from(polls.max(1));
    let clients = visits.len();
    println!("{what:<46}{polls:>10}, by {clients} clients: {share:.1} % 304");
    share
}

/// A client's whole visit.
async fn visit(api: &Api, number: usize) -> Visit {
    let mut visit = Visit {
        impatient: number.is_multiple_of(IMPATIENT),
        ..Visit::default()
    };
    let ledger = format!("crowd-{}", number % LEDGERS);
    let file = File::drawn(number as u64, ROWS, ledger);
    let answer = announce(api, &file, number, &mut visit).await;
    let job = answer.job();
    visit.job = Some(job.clone());
    let put = api.put(&file, &answer).await;
    if !put.status.is_success() {
        visit.odd.push(format!("{} to a PUT", put.status));
        return visit;
    }
    follow(api, &job, &mut visit).await;
    visit
}

/// Announces until there is room, as late as each answer says.
async fn announce(api: &Api, file: &File, number: usize, visit: &mut Visit) -> Answer {
    let key = format!("crowd-{number}");
    loop {
        let answer = api.announce(file, Some(&key)).await;
        match answer.status {
            StatusCode::CREATED => return answer,
            StatusCode::TOO_MANY_REQUESTS => visit.refused += 1,
            StatusCode::SERVICE_UNAVAILABLE => visit.busy += 1,
            status => visit.odd.push(format!("{status} to an announcement")),
        }
        let json = answer.json();
        let limited = answer.status != StatusCode::TOO_MANY_REQUESTS
            || json["limit"]["name"] == "uploads_in_flight";
        let Some(seconds) = answer.retry_after().filter(|_| limited) else {
            visit.odd.push(format!("a dishonest {}", answer.status));
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        sleep(Duration::from_secs(seconds)).await;
    }
}

/// Asks for the job as often as it is worth it, to its end.
async fn follow(api: &Api, job: &str, visit: &mut Visit) {
    let path = format!("/v1/jobs/{job}");
    let mut tag = None;
    let began = Instant::now();
    loop {
        let answer = api.get_unless(&path, tag.as_deref()).await;
        visit.polls += 1;
        match answer.status {
            StatusCode::NOT_MODIFIED => visit.unchanged += 1,
            StatusCode::OK => {
                let json = answer.json();
                visit.state = json["state"].as_str().unwrap_or_default().to_owned();
                if json["is_terminal"] == true {
                    return;
                }
                tag = answer.tag();
            }
            status => visit.odd.push(format!("{status} to a poll")),
        }
        if visit.impatient {
            sleep_until(began + Duration::from_secs(visit.polls.into())).await;
        } else {
            sleep(Duration::from_secs(answer.retry_after().unwrap_or(2))).await;
        }
    }
}

/// Every job of the list, page by page.
async fn listed(api: &Api) -> BTreeSet<String> {
    let mut jobs = BTreeSet::new();
    let mut path = "/v1/jobs?limit=50".to_owned();
    loop {
        let page = api.get(&path).await.json();
        for item in page["items"].as_array().expect("items") {
            jobs.insert(item["job_id"].as_str().expect("a job").to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return jobs;
        };
        path = format!("/v1/jobs?limit=50&cursor={cursor}");
    }
}
