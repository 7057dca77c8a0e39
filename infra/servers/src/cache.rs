//! Where fetched artefacts stay: outside of the tree, one folder per artefact and version.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::ServerError;

/// `MILLRACE_CACHE`, else `millrace` in the user's cache folder.
///
/// # Errors
/// Neither `MILLRACE_CACHE` nor `XDG_CACHE_HOME` nor `HOME` is set.
pub(crate) fn root() -> Result<PathBuf, ServerError> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = set("MILLRACE_CACHE").map(PathBuf::from);
    let folder = folder
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("millrace")))
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache/millrace")));
    folder.ok_or_else(|| {
        let unset = std::io::Error::other("MILLRACE_CACHE and HOME are not set; set one");
        ServerError::doing("find the cache folder")(unset)
    })
}

/// The folder of an artefact. What is there is whole and is taken as it is. Else `fetch` fills an
/// empty folder, which is put in place by one rename; one process does so at a time, because the
/// package clients share caches of their own, and the others find its work done.
///
/// # Errors
/// What `fetch` or the system says; nothing is left in place then.
pub(crate) fn folder(
    root: &Path,
    name: &str,
    fetch: impl FnOnce(&Path) -> Result<(), ServerError>,
) -> Result<PathBuf, ServerError> {
    let place = root.join("servers").join(name);
    if place.is_dir() {
        return Ok(place);
    }
    let servers = root.join("servers");
    let filling = || ServerError::doing(format!("fill {}", servers.display()));
    fs::create_dir_all(&servers).map_err(filling())?;
    let lock = File::create(servers.join("lock")).map_err(filling())?;
    lock.lock().map_err(filling())?;
    if place.is_dir() {
        return Ok(place);
    }
    let fresh = tempfile::tempdir_in(&servers).map_err(filling())?;
    fetch(fresh.path())?;
    fs::rename(fresh.keep(), &place).map_err(filling())?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test ends at the first surprise, and may start threads"
    )]
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn many_who_need_the_same_fetch_it_once_and_all_find_it_whole() {
        let root = tempfile::tempdir().unwrap();
        let fetched = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let place = folder(root.path(), "it-1", |to| {
                        fetched.fetch_add(1, Ordering::SeqCst);
                        fs::write(to.join("half"), "1").unwrap();
                        std::thread::sleep(std::time::Duration::from_millis(20));
                        fs::write(to.join("other half"), "2").unwrap();
                        Ok(())
                    });
                    assert!(place.unwrap().join("other half").exists());
                });
            }
        });
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_fetch_that_fails_leaves_nothing_and_is_tried_again() {
        let root = tempfile::tempdir().unwrap();
        let failed = folder(root.path(), "it-1", |to| {
            fs::write(to.join("half"), "1").unwrap();
            Err(ServerError::doing("go on")(std::io::Error::other("no")))
        });
        assert!(failed.is_err());
        let left = fs::read_dir(root.path().join("servers")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
        assert!(folder(root.path(), "it-1", |_| Ok(())).is_ok());
    }
}
