//! The tree looks as `functions/README.md` says.

use std::fs;
use std::path::Path;
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

#[test]
fn every_function_has_a_contract_and_a_handler_or_is_called_by_a_schedule() {
    for (name, room) in rooms() {
        if !room.folder.starts_with("functions/") || room.folder.starts_with("functions/shared/") {
            continue;
        }
        let folder = root().join(&room.folder);
        let contract = fs::read_to_string(folder.join("src/lib.rs")).expect("lib.rs");
        for heading in ["Trigger:", "Effect:", "Idempotency:", "Limits:"] {
            assert!(
                contract.contains(heading),
                "{name}'s lib.rs does not state its {heading}"
            );
        }
        let handled =
            folder.join("src/handler.rs").exists() || contract.contains("Trigger: a schedule");
        assert!(handled, "{name} has no handler.rs");
        assert_eq!(
            room.folder,
            format!("functions/{name}"),
            "folder and crate are named alike"
        );
    }
}

/// Rooms that may touch the machine's clock, randomness and tasks.
fn may_touch_the_machine(path: &str) -> bool {
    [
        "functions/shared/cassandra/",
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
