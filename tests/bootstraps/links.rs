//! What a bootstrap links, as cargo resolves it.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use crate::trial;

/// Functions that answer while somebody waits, and need neither tables nor files.
const LIGHT: [&str; 2] = ["presign", "status"];
/// What they do without.
const HEAVY: [&str; 4] = ["scylla", "cassandra", "csv", "csv-core"];

/// Every crate that is linked into a function's bootstrap.
fn linked(function: &str) -> Vec<String> {
    let arguments = [
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--features",
        "bootstrap",
        "--package",
        function,
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .expect("cargo runs");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    let tree = String::from_utf8(output.stdout).expect("names are UTF-8");
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

pub(crate) fn trials() -> Vec<Trial> {
    let light = LIGHT.into_iter().map(|function| {
        trial(
            format!("{function}::links_neither_driver_nor_csv"),
            move || {
                let linked = linked(function);
                assert!(
                    linked.iter().any(|name| name == "aws-sdk-dynamodb"),
                    "{linked:?}"
                );
                for heavy in HEAVY {
                    assert!(
                        !linked.iter().any(|name| name == heavy),
                        "{function} links {heavy}"
                    );
                }
            },
        )
    });
    let bites = trial(
        "ingest::links_both_which_shows_that_it_would_be_seen".to_owned(),
        || {
            let linked = linked("ingest");
            for heavy in ["scylla", "csv"] {
                assert!(
                    linked.iter().any(|name| name == heavy),
                    "{heavy}: {linked:?}"
                );
            }
        },
    );
    light.chain([bites]).collect()
}
