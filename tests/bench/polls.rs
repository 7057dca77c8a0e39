//! One large file that has the machine to itself, asked about each second: the other end of what polls
//! come to, because there is hardly a second in which it does not move.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::{Instant, sleep_until};

use crate::api::{Api, File};

/// Rows of the file.
const ROWS: usize = 50_000;

/// Uploads the file and follows it to its good end.
pub(crate) async fn alone(api: &Api) {
    let file = File::drawn(1, ROWS, "alone".to_owned());
    let announced = api.announce(&file, None).await;
    assert_eq!(announced.status, StatusCode::CREATED, "an announcement");
    let put = api.put(&file, &announced).await;
    assert!(put.status.is_success(), "{} to a PUT", put.status);
    let path = format!("/v1/jobs/{}", announced.job());
    let began = Instant::now();
    let (mut polls, mut unchanged, mut tag) = (0, 0, None);
    loop {
        sleep_until(began + Duration::from_secs(polls)).await;
        let answer = api.get_unless(&path, tag.as_deref()).await;
        polls += 1;
        if answer.status == StatusCode::NOT_MODIFIED {
            unchanged += 1;
            continue;
        }
        let json = answer.json();
        if json["is_terminal"] == true {
            break;
        }
        tag = answer.tag();
    }
    let what = format!("polls each second of {ROWS} rows alone");
    println!("{what:<46}{polls:>10}, {unchanged} of them 304");
}
