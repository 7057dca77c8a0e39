//! A file of the user's that appears whole or not at all: written beside its place, made durable,
//! renamed. A process that is killed in between leaves the file that was there before, and a part
//! under a hidden name, which the next run removes.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

const PREFIX: &str = ".millrace-";
const SUFFIX: &str = ".part";

/// A file in the making; nothing is left of it when it is dropped before `finish`.
pub(crate) struct WholeFile {
    part: NamedTempFile,
    to: PathBuf,
}

impl WholeFile {
    /// Begins a file that will stand at `to`, in place of what stands there.
    pub(crate) fn begin(to: &Path) -> io::Result<Self> {
        // Temporary files are for their owner only; a result is as readable as the user's umask lets
        // any new file be.
        #[cfg(unix)]
        let made = |builder: &mut tempfile::Builder<'_, '_>| {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        };
        #[cfg(not(unix))]
        let made = |_: &mut tempfile::Builder<'_, '_>| {};
        Self::made(to, made)
    }

    /// The same, for a file that only its owner may read.
    pub(crate) fn begin_private(to: &Path) -> io::Result<Self> {
        Self::made(to, |_| {})
    }

    fn made(to: &Path, and: impl Fn(&mut tempfile::Builder<'_, '_>)) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        and(&mut builder);
        let part = builder.tempfile_in(folder_of(to))?;
        // Tells `remove_abandoned` that somebody is at it; a file system without locks does without.
        let _unlocked = part.as_file().try_lock();
        Ok(Self {
            part,
            to: to.to_owned(),
        })
    }

    /// Puts the file in its place. `Ok` proves that its bytes are on the disk.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.part.as_file().sync_all()?;
        self.part.persist(&self.to).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.part.flush()
    }
}

/// Removes the parts in a folder whose writers are gone: their locks went with them.
pub(crate) fn remove_abandoned(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_part = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_part && File::open(entry.path()).is_ok_and(|part| part.try_lock().is_ok()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_there_stays_until_the_new_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a.csv");
        std::fs::write(&to, "old").unwrap();
        let mut file = WholeFile::begin(&to).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
        file.finish().unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = WholeFile::begin(&folder.path().join("a.csv")).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn the_parts_of_the_dead_are_removed_and_those_of_the_living_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".millrace-dead.part", ".millrace-note", "mine.part"] {
            std::fs::write(folder.path().join(name), "half").unwrap();
        }
        let living = WholeFile::begin(&folder.path().join("a.csv")).unwrap();
        remove_abandoned(folder.path()).unwrap();
        living.finish().unwrap();
        assert_eq!(
            names(folder.path()),
            [".millrace-note", "a.csv", "mine.part"]
        );
    }
}
