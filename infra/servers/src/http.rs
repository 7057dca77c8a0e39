//! The little HTTP that this crate speaks itself: does a server answer, and two calls that set a
//! bucket up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A request with its headers; `Host`, `Content-Length` and `Connection` are added.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a str,
}

impl<'a> Request<'a> {
    /// A plain GET.
    pub(crate) fn get(target: &'a str) -> Self {
        Self {
            method: "GET",
            target,
            headers: &[],
            body: "",
        }
    }

    /// Sends it to a port of this machine; answers the status code and the whole answer.
    ///
    /// # Errors
    /// Nobody answers there, or not in HTTP.
    pub(crate) fn send(&self, port: u16) -> std::io::Result<(u16, String)> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut connection = TcpStream::connect_timeout(&address, LIMIT)?;
        connection.set_read_timeout(Some(LIMIT))?;
        connection.set_write_timeout(Some(LIMIT))?;
        connection.write_all(self.text(port).as_bytes())?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|code| code.parse().ok());
        match status {
            Some(status) => Ok((status, answer)),
            None => Err(std::io::Error::other("the answer is not HTTP")),
        }
    }

    fn text(&self, port: u16) -> String {
        let Self {
            method,
            target,
            body,
            ..
        } = self;
        let more: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    }
}

/// Whether anything answers a GET at all.
pub(crate) fn answers(port: u16, target: &str) -> bool {
    Request::get(target).send(port).is_ok()
}
