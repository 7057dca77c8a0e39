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
    /// Those of them that only the feature `bootstrap` brings in.
    pub(crate) bootstrap_needs: BTreeSet<String>,
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
        bootstrap_needs: bootstrap_needs(package),
        tests_need: named(true),
    }
}

/// What `bootstrap = ["dep:…"]` names and no other feature does.
fn bootstrap_needs(package: &Value) -> BTreeSet<String> {
    let features = package["features"].as_object().expect("features");
    let brought_by = |of_bootstrap: bool| -> BTreeSet<String> {
        let wanted = features
            .iter()
            .filter(|(feature, _)| (*feature == "bootstrap") == of_bootstrap);
        let brought = wanted.flat_map(|(_, brings)| brings.as_array().expect("a list"));
        let names = brought.map(text);
        names
            .filter_map(|name| name.strip_prefix("dep:").map(str::to_owned))
            .collect()
    };
    let (bootstrap, others) = (brought_by(true), brought_by(false));
    bootstrap.difference(&others).cloned().collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
