//! Lambda's runtime interface, as a bootstrap sees it: it asks for the next event, answers it, or
//! says that it cannot start. One thread, one bootstrap.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// What a bootstrap did.
#[derive(Debug)]
pub enum Said {
    /// It asked for an event, and got the next one there was; without one it waits.
    Next,
    /// It answered an event with this.
    Response(String),
    /// It said that an event, or its start, failed with this.
    Error(String),
}

/// The interface, listening on 127.0.0.1.
pub struct LambdaApi {
    address: String,
    said: Receiver<(Instant, Said)>,
}

impl LambdaApi {
    /// Listens, and hands these events out one after the other.
    pub fn start(events: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (tell, said) = channel();
        // It ends with the test's process.
        std::thread::spawn(move || serve(&listener, events, &tell));
        Self { address, said }
    }

    /// Where it listens: the value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the bootstrap does next, and when; nothing when it does nothing for so long.
    pub fn wait(&self, longest: Duration) -> Option<(Instant, Said)> {
        self.said.recv_timeout(longest).ok()
    }
}

fn serve(listener: &TcpListener, events: Vec<String>, tell: &Sender<(Instant, Said)>) {
    let mut events = events.into_iter();
    // A bootstrap uses one connection at a time, and may open another.
    for connection in listener.incoming() {
        let Ok(connection) = connection else { return };
        while let Some((said, body)) = request(&connection) {
            let at = Instant::now();
            let answered = match said.as_str() {
                "next" => {
                    let _test_is_over = tell.send((at, Said::Next));
                    match events.next() {
                        Some(event) => hand_out(&connection, &event),
                        // The connection stays open, as Lambda's does while there is nothing to do.
                        None => loop {
                            std::thread::park();
                        },
                    }
                }
                "response" => {
                    let _test_is_over = tell.send((at, Said::Response(body)));
                    accept(&connection)
                }
                _ => {
                    let _test_is_over = tell.send((at, Said::Error(body)));
                    accept(&connection)
                }
            };
            if answered.is_err() {
                break;
            }
        }
    }
}

/// The last part of a request's path, and its body; nothing when the connection ended.
fn request(connection: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?;
    let last = path.rsplit('/').next()?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(bytes) = header.strip_prefix("content-length:") {
            length = bytes.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((last, String::from_utf8_lossy(&body).into_owned()))
}

fn hand_out(mut connection: &TcpStream, event: &str) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:f\r\n\
         \r\n{event}",
        event.len()
    );
    connection.write_all(answer.as_bytes())
}

fn accept(mut connection: &TcpStream) -> std::io::Result<()> {
    connection.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
}
