//! What `sam build` compiles, kept outside of the tree so that a second build is quick.
//!
//! All source trees of a machine share it, because nine tenths of it are the same crates from the
//! registry. Cargo tells our own crates apart by their path below the workspace's root and by their
//! files' times alone: it would take another tree's build of an older file for this tree's. So one
//! tree builds at a time, and when another had the folder before, our own crates are built again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{ServerError, cache};

/// Cargo's names for a build of a package end in so many hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// A source tree's hold on what is compiled; other trees wait until it is dropped.
pub struct Compiled {
    target: PathBuf,
    _lock: File,
}

impl Compiled {
    /// Waits for other trees' builds, and makes sure that none of them is taken for this tree's.
    ///
    /// # Errors
    /// The cache cannot be used, or `cargo metadata` does not understand the tree.
    pub fn of(root: &Path) -> Result<Self, ServerError> {
        Self::within(&cache::root()?.join("bootstraps"), root)
    }

    fn within(target: &Path, root: &Path) -> Result<Self, ServerError> {
        let using = || ServerError::doing(format!("use {}", target.display()));
        fs::create_dir_all(target).map_err(using())?;
        let lock = File::create(target.join("lock")).map_err(using())?;
        lock.lock().map_err(using())?;
        let root = root.canonicalize().map_err(using())?;
        let mark = target.join("tree");
        let held_before = fs::read_to_string(&mark).unwrap_or_default();
        if Path::new(&held_before) != root {
            forget(target, &members(&root)?).map_err(using())?;
            fs::write(&mark, root.display().to_string()).map_err(using())?;
        }
        Ok(Self {
            target: target.to_owned(),
            _lock: lock,
        })
    }

    /// Makes a `sam build` compile into it, quickly: thin LTO, and the first level of optimisation,
    /// at which twelve times all of the SDKs is minutes. A deployment sets what README names instead.
    ///
    /// Cargo tells a program that it runs of its package, and some build scripts watch those variables:
    /// they are taken away, else each command that builds would compile the others' work again.
    pub fn quickly(&self, build: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_of_a_package) {
                build.env_remove(name);
            }
        }
        build
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_RELEASE_LTO", "thin")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    }
}

/// Whether Cargo sets the variable for the one package whose program it runs.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
fn is_of_a_package(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// The names of the tree's own packages.
fn members(root: &Path) -> Result<Vec<String>, ServerError> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(ServerError::running("cargo", "reading the source tree"))?;
    let read = |metadata: Value| {
        let packages = metadata.get("packages")?.as_array()?;
        let name = |package: &Value| Some(package.get("name")?.as_str()?.to_owned());
        packages.iter().map(name).collect::<Option<Vec<_>>>()
    };
    let metadata = serde_json::from_slice(&output.stdout).ok();
    metadata.and_then(read).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ServerError::doing("read the source tree by cargo metadata")(std::io::Error::other(said))
    })
}

/// Takes away what cargo knows of builds of these packages, for every processor.
fn forget(target: &Path, packages: &[String]) -> std::io::Result<()> {
    for processor in folders(target)? {
        for profile in folders(&processor)? {
            for known in folders(&profile.join(".fingerprint")).unwrap_or_default() {
                if packages.iter().any(|package| is_of(&known, package)) {
                    fs::remove_dir_all(&known)?;
                }
            }
        }
    }
    Ok(())
}

/// Whether a fingerprint's folder is of a package: its name, a dash, a hash.
fn is_of(folder: &Path, package: &str) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix(package)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|hash| {
            hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

fn folders(of: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(of)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    /// A source tree of one package, `aws`.
    fn tree(at: &Path) {
        let manifest = "[package]\nname = \"aws\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        fs::create_dir_all(at.join("src")).unwrap();
        fs::write(at.join("Cargo.toml"), manifest).unwrap();
        fs::write(at.join("src/lib.rs"), "").unwrap();
    }

    #[test]
    fn another_tree_builds_its_own_crates_again_and_the_same_tree_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        tree(&one);
        tree(&two);
        let target = folder.path().join("target");
        let known = target.join("x86_64-unknown-linux-gnu/release/.fingerprint");
        let (ours, theirs) = (
            known.join("aws-0123456789abcdef"),
            known.join("aws-config-0123456789abcdef"),
        );
        drop(Compiled::within(&target, &one).unwrap());
        fs::create_dir_all(&ours).unwrap();
        fs::create_dir_all(&theirs).unwrap();
        drop(Compiled::within(&target, &one).unwrap());
        assert!(ours.exists());
        drop(Compiled::within(&target, &two).unwrap());
        assert!(!ours.exists() && theirs.exists());
    }

    #[test]
    fn a_build_does_not_hear_of_the_package_that_asks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        tree(&one);
        let mut build = Command::new("sam");
        let compiled = Compiled::within(&folder.path().join("target"), &one).unwrap();
        compiled.quickly(&mut build);
        let set: Vec<_> = build.get_envs().collect();
        let (manifest, version) = ("CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION");
        assert!(set.contains(&(manifest.as_ref(), None)), "{set:?}");
        assert!(set.contains(&(version.as_ref(), None)), "{set:?}");
        let lto = ("CARGO_PROFILE_RELEASE_LTO".as_ref(), Some("thin".as_ref()));
        assert!(set.contains(&lto), "{set:?}");
    }

    #[test]
    fn a_folder_without_a_manifest_is_no_tree() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Compiled::within(&folder.path().join("target"), folder.path());
        let text = refused.err().unwrap().to_string();
        assert!(text.contains("Cargo.toml"), "{text}");
    }
}
