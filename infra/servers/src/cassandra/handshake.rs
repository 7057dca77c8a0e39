//! The first frames of CQL's native protocol (version 4): enough to know that a server takes a
//! user's password, which is later than taking connections.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);
const VERSION: u8 = 4;
const STARTUP: u8 = 0x01;
const AUTHENTICATE: u8 = 0x03;
const AUTH_RESPONSE: u8 = 0x0f;
const AUTH_SUCCESS: u8 = 0x10;
/// A header: version, flags, stream (2), opcode, length (4).
const HEADER_BYTES: usize = 9;
/// Longer answers to a handshake are no handshake.
const MAX_BODY: usize = 64 * 1024;

/// Whether the server at `port` lets this user in.
pub(super) fn lets_in(port: u16, user: &str, password: &str) -> bool {
    try_in(port, user, password).unwrap_or(false)
}

fn try_in(port: u16, user: &str, password: &str) -> std::io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut connection = TcpStream::connect_timeout(&address, LIMIT)?;
    connection.set_read_timeout(Some(LIMIT))?;
    let mut options = vec![0, 1];
    for text in ["CQL_VERSION", "3.0.0"] {
        options.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        options.extend(text.as_bytes());
    }
    if ask(&mut connection, STARTUP, &options)? != AUTHENTICATE {
        return Ok(false);
    }
    let token = format!("\0{user}\0{password}");
    let mut response = u32::try_from(token.len())
        .unwrap_or(0)
        .to_be_bytes()
        .to_vec();
    response.extend(token.as_bytes());
    Ok(ask(&mut connection, AUTH_RESPONSE, &response)? == AUTH_SUCCESS)
}

/// Sends a frame; answers the opcode of what comes back.
fn ask(connection: &mut TcpStream, opcode: u8, body: &[u8]) -> std::io::Result<u8> {
    let length = u32::try_from(body.len()).unwrap_or(0);
    let mut frame = vec![VERSION, 0, 0, 0, opcode];
    frame.extend(length.to_be_bytes());
    frame.extend(body);
    connection.write_all(&frame)?;
    let mut header = [0; HEADER_BYTES];
    connection.read_exact(&mut header)?;
    let [_, _, _, _, answered, a, b, c, d] = header;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if length > MAX_BODY {
        return Err(std::io::Error::other("this is not CQL"));
    }
    connection.read_exact(&mut vec![0; length])?;
    Ok(answered)
}
