//! Data flows down the tree in one direction:
//! `domain <- ports <- lambda <- functions <- local <- tests`, the adapters `-> ports`.
//! A deployed function's `main.rs`, and nothing else of it, meets adapters: behind its feature
//! `bootstrap`.

use crate::graph::{Room, Rooms, rooms};

/// What a room may need of our own rooms.
fn may_need(from: &Room, to: &Room) -> bool {
    let below: &[&str] = match layer(from) {
        Layer::Domain => &[],
        Layer::Ports => &["domain"],
        Layer::Lambda => &["domain", "ports"],
        // Each of the machine's own, which any adapter may hand on.
        Layer::Adapter => &["domain", "ports", "machine"],
        Layer::Keyspace => &["lambda", "aws", "cassandra"],
        Layer::Function if from.bootstrap_needs.contains(name_of(to)) => CLOUD,
        Layer::Function => &["domain", "ports", "lambda"],
        Layer::Local => return !matches!(layer(to), Layer::Local | Layer::Tests),
        Layer::Servers => &[],
        Layer::Schema => &["aws", "cassandra"],
        Layer::Tests => return true,
    };
    to.folder
        .strip_prefix("functions/shared/")
        .is_some_and(|name| below.contains(&name))
}

/// What only a `main.rs` may meet.
const CLOUD: &[&str] = &["aws", "keyspace", "webhook"];

fn name_of(room: &Room) -> &str {
    room.folder.rsplit('/').next().unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Domain,
    Ports,
    Lambda,
    Adapter,
    Keyspace,
    Function,
    Local,
    Servers,
    Schema,
    Tests,
}

fn layer(room: &Room) -> Layer {
    match room.folder.as_str() {
        "functions/shared/domain" => Layer::Domain,
        "functions/shared/ports" => Layer::Ports,
        "functions/shared/lambda" => Layer::Lambda,
        "functions/shared/keyspace" => Layer::Keyspace,
        "infra/local" => Layer::Local,
        "infra/servers" => Layer::Servers,
        "infra/cassandra" => Layer::Schema,
        "tests" => Layer::Tests,
        shared if shared.starts_with("functions/shared/") => Layer::Adapter,
        function if function.starts_with("functions/") => Layer::Function,
        other => panic!("{other} is in no layer"),
    }
}

/// Crates through which a pure room could do I/O.
const IMPURE: [&str; 12] = [
    "async-trait",
    "axum",
    "embedded",
    "futures",
    "getrandom",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio",
    "tracing",
    "hyper",
    "std-io",
];

/// Every edge that goes the wrong way.
fn wrong_edges(rooms: &Rooms) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, room) in rooms {
        for need in &room.needs {
            let ours = rooms.get(need);
            if ours.is_some_and(|to| !may_need(room, to)) {
                wrong.push(format!("{name} -> {need}"));
            }
            if layer(room) == Layer::Domain && IMPURE.contains(&need.as_str()) {
                wrong.push(format!("{name} -> {need} (the domain does no I/O)"));
            }
        }
        let tests_reach = room
            .tests_need
            .iter()
            .filter_map(|need| Some((need, rooms.get(need)?)));
        for (need, to) in tests_reach {
            if layer(to) == Layer::Local && layer(room) != Layer::Tests {
                wrong.push(format!("tests of {name} -> {need}"));
            }
        }
    }
    wrong
}

#[test]
fn every_edge_goes_down() {
    let rooms = rooms();
    assert!(rooms.len() >= 17, "{:?}", rooms.keys());
    assert_eq!(wrong_edges(&rooms), Vec::<String>::new());
}

#[test]
fn a_planted_wrong_edge_is_found() {
    let planted = [
        ("domain", "ports"),
        ("domain", "tokio"),
        ("ports", "embedded"),
        ("split", "ingest"),
        ("metrics", "embedded"),
        ("embedded", "lambda"),
        ("status", "millrace"),
        ("servers", "ports"),
        ("millrace", "tests"),
        ("aws", "lambda"),
        ("cassandra", "aws"),
        ("split", "cassandra"),
        ("lambda", "aws"),
        ("keyspace", "split"),
    ];
    for (from, to) in planted {
        let mut rooms = rooms();
        rooms.get_mut(from).expect(from).needs.insert(to.to_owned());
        let wrong = wrong_edges(&rooms);
        assert!(
            wrong
                .iter()
                .any(|edge| edge.starts_with(&format!("{from} -> {to}"))),
            "{from} -> {to}"
        );
    }
}

#[test]
fn an_adapter_a_function_always_links_is_found() {
    for (function, adapter) in [("presign", "aws"), ("ingest", "keyspace")] {
        let mut rooms = rooms();
        let room = rooms.get_mut(function).expect(function);
        assert!(room.bootstrap_needs.remove(adapter), "{function}");
        let edge = format!("{function} -> {adapter}");
        assert_eq!(wrong_edges(&rooms), [edge]);
    }
}
