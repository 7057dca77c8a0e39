//! Clippy refuses clock, sleep, spawn and randomness where things are decided.

use std::fs;
use std::process::Command;

use crate::graph::root;

/// What must be refused, each a whole body of a function.
const PLANTED: [&str; 10] = [
    "let _ = std::time::SystemTime::now();",
    "let _ = std::time::Instant::now();",
    "std::thread::sleep(std::time::Duration::from_secs(1));",
    "let _ = std::thread::spawn(|| ());",
    "let _ = jiff::Timestamp::now();",
    "let _ = jiff::tz::TimeZone::system();",
    "let _ = tokio::spawn(async {});",
    "let _ = tokio::time::sleep(std::time::Duration::from_secs(1));",
    "let _ = tokio::task::spawn_blocking(|| ());",
    "let _ = tokio::task::JoinSet::new().spawn(async {});",
];

#[test]
fn each_planted_call_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = r#"[package]
name = "planted"
version = "0.0.0"
edition = "2024"
[dependencies]
jiff = { version = "0.2", default-features = false, features = ["std"] }
tokio = { version = "1", default-features = false, features = ["rt", "time"] }
[workspace]
"#;
    let functions: Vec<String> = (0..)
        .zip(PLANTED)
        .map(|(n, body)| format!("pub fn planted_{n}() {{ {body} }}\n"))
        .collect();
    fs::create_dir(folder.path().join("src")).expect("src");
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("manifest");
    fs::write(folder.path().join("src/lib.rs"), functions.concat()).expect("source");
    fs::copy(
        root().join(".clippy.toml"),
        folder.path().join(".clippy.toml"),
    )
    .expect("the ban");
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("the lock");
    let output = Command::new(env!("CARGO"))
        .args([
            "clippy",
            "--offline",
            "--quiet",
            "--",
            "-D",
            "clippy::disallowed_methods",
        ])
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .current_dir(folder.path())
        .output()
        .expect("clippy runs");
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "clippy refused nothing");
    for (line, call) in (1..).zip(PLANTED) {
        let place = format!("src/lib.rs:{line}:");
        let named = refused
            .split("disallowed method")
            .skip(1)
            .any(|error| error.contains(&place));
        assert!(named, "{call} was not refused:\n{refused}");
    }
}
