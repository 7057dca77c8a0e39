//! The adapter against sockets of this machine and names that answer as a test says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::webhook::{Reach, WebhookUrl};
use ports::{PortError, PortErrorKind, SignedEvent, Webhooks};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::HttpWebhooks;

/// Answers one list of addresses after the other.
#[derive(Default)]
struct Names(Mutex<VecDeque<Vec<&'static str>>>);

impl Names {
    fn answering(answers: impl IntoIterator<Item = Vec<&'static str>>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.into_iter().collect())))
    }
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            let found = answer.ok_or("the name is not known")?;
            let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 0);
            let found: Vec<SocketAddr> = found.into_iter().map(at).collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn webhooks(reach: Reach, names: Arc<Names>) -> HttpWebhooks {
    HttpWebhooks::with(reach, names, Duration::from_millis(500)).unwrap()
}

fn event() -> SignedEvent {
    SignedEvent {
        id: "job_1_1".to_owned(),
        timestamp: 1_700_000_000,
        signature: "v1,c2lnbmVk".to_owned(),
        body: r#"{"type":"job.completed"}"#.to_owned(),
    }
}

/// A receiver on a free port of this machine.
async fn receiver() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Whether no connection waits at a receiver.
fn nobody_came(listener: TcpListener) -> bool {
    let waiting = listener.into_std().unwrap().accept();
    waiting.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

fn url(text: &str) -> WebhookUrl {
    text.parse().unwrap()
}

async fn request_in(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let end = event().body;
    while !request.ends_with(end.as_bytes()) {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "the request broke off");
        request.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(request).unwrap()
}

/// Posts to `url` while `listener` takes one request and answers it.
async fn posted(
    webhooks: &HttpWebhooks,
    url: &WebhookUrl,
    listener: &TcpListener,
    answer: &str,
) -> (Result<u16, PortError>, String) {
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request_in(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        (stream, request)
    };
    let event = event();
    let (status, (_stream, request)) = tokio::join!(webhooks.post(url, &event), serve);
    (status, request)
}

async fn refused(webhooks: &HttpWebhooks, at: &str) -> PortError {
    webhooks.post(&url(at), &event()).await.unwrap_err()
}

#[tokio::test]
async fn an_event_arrives_with_the_standards_headers_and_the_status_comes_back() {
    let (listener, port) = receiver().await;
    let webhooks = HttpWebhooks::new(Reach::Loopback).unwrap();
    let at = url(&format!("http://127.0.0.1:{port}/hook?key=1"));
    for (answer, status) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", 204),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", 410),
        (
            "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 9\r\n\r\n",
            500,
        ),
    ] {
        let (answered, request) = posted(&webhooks, &at, &listener, answer).await;
        assert_eq!(answered.unwrap(), status);
        assert!(
            request.starts_with("POST /hook?key=1 HTTP/1.1\r\n"),
            "{request}"
        );
        for header in [
            "content-type: application/json",
            "webhook-id: job_1_1",
            "webhook-timestamp: 1700000000",
            "webhook-signature: v1,c2lnbmVk",
            "user-agent: millrace-webhook/",
        ] {
            let line = format!("\r\n{header}").to_lowercase();
            assert!(request.to_lowercase().contains(&line), "{request}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (listener, port) = receiver().await;
    let (trap, trap_port) = receiver().await;
    let webhooks = HttpWebhooks::new(Reach::Loopback).unwrap();
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{trap_port}/\r\ncontent-length: 0\r\n\r\n"
    );
    let at = url(&format!("http://127.0.0.1:{port}/"));
    let (answered, _) = posted(&webhooks, &at, &listener, &answer).await;
    assert_eq!(answered.unwrap(), 307);
    assert!(nobody_came(trap), "somebody followed");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_read() {
    let (listener, port) = receiver().await;
    let webhooks = HttpWebhooks::new(Reach::Loopback).unwrap();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n{}",
        "a".repeat(1 << 16)
    );
    let at = url(&format!("http://127.0.0.1:{port}/"));
    let (answered, _) = posted(&webhooks, &at, &listener, &answer).await;
    assert_eq!(answered.unwrap(), 200);
}

#[tokio::test]
async fn an_inner_address_is_refused_before_anything_is_connected() {
    let (listener, port) = receiver().await;
    let webhooks = webhooks(Reach::Public, Names::answering([]));
    for at in [
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/meta-data/iam/".to_owned(),
        "https://[::ffff:169.254.169.254]/".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
    ] {
        let error = refused(&webhooks, &at).await;
        assert_eq!(error.kind, PortErrorKind::Reject, "{at}: {error}");
    }
    assert!(nobody_came(listener), "somebody connected");
}

#[tokio::test]
async fn a_name_of_inner_addresses_only_is_refused() {
    let inner = [
        vec!["127.0.0.1"],
        vec!["10.0.0.1", "192.168.0.1"],
        vec!["169.254.169.254"],
        vec!["::1"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::a9fe:a9fe"],
        vec!["fd00:ec2::254", "fe80::1"],
        vec!["0.0.0.0"],
        vec!["224.0.0.1", "ff02::1"],
        vec![],
    ];
    let rounds = inner.len();
    let webhooks = webhooks(Reach::Public, Names::answering(inner));
    for _ in 0..rounds {
        let error = refused(&webhooks, "https://inner.example:9/hook?key=secret").await;
        assert_eq!(error.kind, PortErrorKind::Reject, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("no public address") && !text.contains("secret"),
            "{text}"
        );
    }
    let error = refused(&webhooks, "https://unknown.example/").await;
    assert_eq!(error.kind, PortErrorKind::Retry);
    assert!(error.to_string().contains("not known"), "{error}");
}

#[tokio::test]
async fn of_mixed_addresses_only_those_allowed_are_connected_to() {
    let (listener, port) = receiver().await;
    let names = Names::answering([vec!["10.255.255.1", "169.254.169.254", "127.0.0.1"]]);
    let webhooks = webhooks(Reach::Loopback, names);
    let at = url(&format!("http://a.localhost:{port}/"));
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let (answered, request) = posted(&webhooks, &at, &listener, answer).await;
    assert_eq!(answered.unwrap(), 200);
    assert!(
        request.contains(&format!("host: a.localhost:{port}")),
        "{request}"
    );
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_looked_at_each_time() {
    let (listener, port) = receiver().await;
    let names = Names::answering([vec!["127.0.0.1"], vec!["10.0.0.1"]]);
    let webhooks = webhooks(Reach::Loopback, names);
    let at = format!("http://a.localhost:{port}/");
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let (answered, _) = posted(&webhooks, &url(&at), &listener, answer).await;
    assert_eq!(answered.unwrap(), 200);
    assert_eq!(refused(&webhooks, &at).await.kind, PortErrorKind::Reject);
}

#[tokio::test]
async fn a_receiver_that_is_away_silent_or_breaks_off_is_worth_another_try() {
    let webhooks = webhooks(Reach::Loopback, Names::answering([]));
    let (listener, port) = receiver().await;
    let at = format!("http://127.0.0.1:{port}/?key=secret");
    let silent = refused(&webhooks, &at).await;
    assert!(silent.to_string().contains("in time"), "{silent}");
    let (stream, _) = listener.accept().await.unwrap();
    drop(stream);
    let hang_up = async { drop(listener.accept().await.unwrap()) };
    let (broken, ()) = tokio::join!(refused(&webhooks, &at), hang_up);
    drop(listener);
    let away = refused(&webhooks, &at).await;
    assert!(away.to_string().contains("no connection"), "{away}");
    for error in [silent, broken, away] {
        assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// The TLS record type of a handshake, and what its record holds: the name that is asked for.
const HANDSHAKE: u8 = 22;

#[tokio::test]
async fn https_begins_with_a_handshake_for_the_name_and_trusts_no_stranger() {
    let (listener, port) = receiver().await;
    let names = Names::answering([vec!["127.0.0.1"]]);
    let webhooks = webhooks(Reach::Loopback, names);
    let at = format!("https://a.localhost:{port}/?key=secret");
    let stranger = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let read = stream.read(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        hello[..read].to_vec()
    };
    let (error, hello) = tokio::join!(refused(&webhooks, &at), stranger);
    assert_eq!(hello[0], HANDSHAKE);
    let names = |text: &str| {
        hello
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(names("a.localhost") && !names("secret"));
    assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
