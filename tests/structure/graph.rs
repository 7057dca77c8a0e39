//! The workspace's own crates and their edges, as `cargo metadata` tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Room {
    /// Its folder, from the root.
    pub(crate) folder: String,
    /// Every crate it depends on outside of tests, ours or not.
    pub(crate) needs: BTreeSet<String>,
    /// Our own crates that its tests depend on.
    pub(crate) tests_need: BTreeSet<String>,
}

/// The rooms by name.
pub(crate) type Rooms = BTreeMap<String, Room>;

/// The root of the tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ has a parent")
        .to_owned()
}

/// Reads the rooms.
pub(crate) fn rooms() -> Rooms {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--locked",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages").clone();
    packages
        .iter()
        .map(|package| (text(&package["name"]), room(package)))
        .collect()
}

fn room(package: &Value) -> Room {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest.parent().expect("a manifest has a folder");
    let folder = folder
        .strip_prefix(root())
        .expect("a member is in the tree");
    let edges = package["dependencies"].as_array().expect("dependencies");
    let named = |dev: bool| {
        let of_kind = edges
            .iter()
            .filter(move |edge| (edge["kind"] == "dev") == dev);
        of_kind.map(|edge| text(&edge["name"])).collect()
    };
    Room {
        folder: folder.display().to_string(),
        needs: named(false),
        tests_need: named(true),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
