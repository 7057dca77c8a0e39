//! The tree looks as `functions/README.md` says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::graph::{rooms, root};

fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output()
        .expect("git runs");
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn the_top_level_holds_what_was_agreed_and_nothing_else() {
    const AGREED: [&str; 14] = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "rust-toolchain.toml",
        "template.yaml",
        "samconfig.toml",
        "functions",
        "infra",
        "events",
        "tests",
    ];
    for path in tracked() {
        let top = path.split('/').next().unwrap_or_default();
        assert!(top.starts_with('.') || AGREED.contains(&top), "{path}");
    }
}

/// The functions' names and folders.
fn functions() -> Vec<(String, PathBuf)> {
    let rooms = rooms().into_iter();
    let functions = rooms.filter(|(_, room)| {
        room.folder.starts_with("functions/") && !room.folder.starts_with("functions/shared/")
    });
    functions
        .map(|(name, room)| (name, root().join(room.folder)))
        .collect()
}

#[test]
fn every_function_has_a_contract_a_handler_a_config_and_a_main() {
    let functions = functions();
    assert_eq!(functions.len(), 12, "{functions:?}");
    for (name, folder) in functions {
        assert_eq!(
            folder,
            root().join("functions").join(&name),
            "folder and crate are named alike"
        );
        let contract = fs::read_to_string(folder.join("src/lib.rs")).expect("lib.rs");
        for heading in ["Trigger:", "Effect:", "Idempotency:", "Limits:"] {
            assert!(
                contract.contains(heading),
                "{name}'s lib.rs does not state its {heading}"
            );
        }
        for file in ["handler.rs", "config.rs", "main.rs"] {
            assert!(
                folder.join("src").join(file).exists(),
                "{name} has no {file}"
            );
        }
        let config = fs::read_to_string(folder.join("src/config.rs")).expect("config.rs");
        let reads = "pub fn read(env: &mut Env) -> Option<Self>";
        assert!(config.contains(reads), "{name}'s Config::read is missing");
        assert!(
            root().join("events").join(&name).is_dir(),
            "events/{name}/ is missing"
        );
    }
}

/// Whether a source file names a crate, not a module of that name somewhere else.
fn names_crate(source: &str, name: &str) -> bool {
    let path = format!("{name}::");
    source.match_indices(&path).any(|(place, _)| {
        let before = source[..place].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !"_:/`".contains(before))
    })
}

#[test]
fn of_a_function_only_main_names_an_adapter_or_the_runtime() {
    let cloud = [
        "aws",
        "cassandra",
        "keyspace",
        "lambda_runtime",
        "lambda_http",
    ];
    for (name, _) in functions() {
        let sources = format!("functions/{name}/src/");
        let main = format!("{sources}main.rs");
        for path in tracked() {
            if !path.starts_with(&sources) || path == main {
                continue;
            }
            let source = fs::read_to_string(root().join(&path)).unwrap_or_default();
            for adapter in cloud {
                assert!(!names_crate(&source, adapter), "{path} names {adapter}");
            }
            assert!(!source.contains("lambda::runtime"), "{path} runs itself");
        }
    }
    assert!(names_crate("use aws::S3Objects;", "aws"));
    assert!(!names_crate(
        "use lambda::settings::cassandra::X;",
        "cassandra"
    ));
}

/// Rooms that may touch the machine's clock, randomness and tasks; a bench is linked by nothing.
fn may_touch_the_machine(path: &str) -> bool {
    [
        "functions/shared/cassandra/",
        "functions/shared/domain/benches/",
        "functions/shared/embedded/",
        "functions/shared/machine/",
        "infra/cassandra/",
        "infra/local/",
        "infra/servers/",
        "tests/",
    ]
    .iter()
    .any(|room| path.starts_with(room))
}

#[test]
fn only_adapters_and_the_stack_lift_the_ban_on_clock_sleep_spawn_and_randomness() {
    for path in tracked()
        .iter()
        .filter(|path| path.ends_with(".rs") && !may_touch_the_machine(path))
    {
        let source = fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(
            !source.contains("disallowed_methods"),
            "{path} lifts the ban"
        );
    }
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    let marks = [
        concat!("#[", "ignore"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("TO", "DO"),
    ];
    for path in tracked().iter().filter(|path| path.ends_with(".rs")) {
        let source = fs::read_to_string(root().join(path)).unwrap_or_default();
        for mark in marks {
            assert!(!source.contains(mark), "{path} contains {mark}");
        }
    }
}

#[test]
fn the_code_map_names_every_room() {
    let map = fs::read_to_string(root().join("functions/README.md")).expect("functions/README.md");
    for room in rooms()
        .values()
        .filter(|room| room.folder.starts_with("functions/"))
    {
        let name = Path::new(&room.folder)
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            map.contains(&format!("`{name}`")),
            "functions/README.md does not name {name}"
        );
    }
}
