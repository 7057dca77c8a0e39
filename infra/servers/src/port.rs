//! Free ports on 127.0.0.1.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use crate::ServerError;

/// Below the ports that systems give to outgoing connections, so that none of those takes a server's
/// port while the server is being started, or started again.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;
const TRIES: u16 = 200;

/// A port nobody listens on now. Two processes that ask at the same time get the same one once in
/// thousands of times; the server that comes second then ends, and says so.
///
/// # Errors
/// Many ports were tried and all are taken.
pub(crate) fn free() -> Result<u16, ServerError> {
    let mut taken = None;
    for _ in 0..TRIES {
        let drawn = RandomState::new().hash_one(TRIES) % u64::from(COUNT);
        let port = FIRST + u16::try_from(drawn).unwrap_or(0);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => taken = Some(error),
        }
    }
    let source = taken.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(ServerError::System {
        doing: "find a free port on 127.0.0.1".to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on_and_is_not_one_of_an_outgoing_connection() {
        let port = free().unwrap();
        assert!((FIRST..FIRST + COUNT).contains(&port));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
