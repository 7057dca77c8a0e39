//! The servers themselves: they answer, on the loopback address alone, and are gone when they are
//! dropped.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use servers::{Cassandra, DynamoDb};
use tests::running::Running;

use crate::trial;

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial(
            "servers::each_listens_on_127_0_0_1_alone",
            running,
            |running| {
                for (name, address) in addresses(running) {
                    assert!(listens(&address), "{name} at {address}");
                    if let Some(outside) = outward_address() {
                        let port = address.rsplit(':').next().expect("a port");
                        let reached = listens(&format!("{outside}:{port}"));
                        assert!(!reached, "{name} listens on {outside} too");
                    }
                }
            },
        ),
        trial("servers::a_dropped_server_is_gone", running, |_| {
            let server = DynamoDb::start().expect("DynamoDB Local");
            let address = server.endpoint().trim_start_matches("http://").to_owned();
            assert!(listens(&address));
            drop(server);
            assert!(!listens(&address));
        }),
        trial(
            "servers::a_killed_cassandra_starts_again_in_its_place",
            running,
            |_| {
                let mut server = Cassandra::start().expect("Cassandra");
                let address = server.address().to_owned();
                server.kill();
                assert!(!listens(&address));
                server.start_again().expect("again");
                assert_eq!(server.address(), address);
                assert!(listens(&address));
                server.freeze().expect("frozen");
                server.thaw().expect("thawed");
                server.start_again().expect("while it runs");
                assert!(listens(&address));
            },
        ),
    ]
}

fn addresses(running: &Running) -> Vec<(&'static str, String)> {
    let of = |endpoint: &str| endpoint.trim_start_matches("http://").to_owned();
    vec![
        ("Cassandra", running.cassandra().address().to_owned()),
        ("DynamoDB Local", of(running.dynamodb().endpoint())),
        ("ElasticMQ", of(running.elasticmq().0.endpoint())),
        ("versitygw", of(running.versitygw().endpoint())),
        ("MiniStack", of(running.ministack().endpoint())),
    ]
}

fn listens(address: &str) -> bool {
    let address: SocketAddr = address.parse().expect("an address");
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok()
}

/// An address of this machine that others could reach, if it has one. Nothing is sent to find it.
fn outward_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Of the range kept for documentation: connecting a UDP socket only picks a route.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}
