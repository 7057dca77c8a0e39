//! Where the stores keep their data, and the lock that keeps a second process out.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ports::PortError;

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In memory, gone with the process: for tests.
    InMemory,
    /// In this folder, made when absent, readable by its owner only.
    Folder(PathBuf),
    /// The same for data that is needed for one run only: nothing waits for the disk, so it survives
    /// the process but not the machine.
    Scratch(PathBuf),
}

impl Place {
    /// The folder, when there is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::InMemory => None,
            Self::Folder(folder) | Self::Scratch(folder) => Some(folder),
        }
    }
}

/// The stores could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("the data folder {} cannot be used: {source}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the data folder {} is in use by another process; stop that one or choose another folder", .0.display())]
    InUse(PathBuf),
    /// A store in it cannot be opened.
    #[error("a store cannot be opened: {0}")]
    Store(#[from] PortError),
}

/// Held as long as a store of the folder is open; the system lets go of it when the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Makes the folder and locks it; nothing to do in memory.
pub(crate) fn prepare(place: &Place) -> Result<Option<Arc<FolderLock>>, OpenError> {
    let Some(folder) = place.folder() else {
        return Ok(None);
    };
    let trouble = |source| OpenError::Folder {
        folder: folder.to_owned(),
        source,
    };
    make_private(folder, matches!(place, Place::Folder(_))).map_err(trouble)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(trouble)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Arc::new(FolderLock(file)))),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(trouble(source)),
    }
}

/// Makes a folder and those above it: transactions are nobody else's business on a shared machine.
/// When it is to be durable, so are the names of all that were made: syncing a file says nothing of
/// the folders it is in.
pub(crate) fn make_private(folder: &Path, durable: bool) -> io::Result<()> {
    let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made: Vec<&Path> = folder.ancestors().take_while(missing).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if durable {
        for folder in made {
            match folder.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent)?,
                _ => sync_folder(Path::new("."))?,
            }
        }
    }
    Ok(())
}

/// Makes the names in a folder durable. Other systems do not let a folder be opened as a file.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_folder_is_opened_once_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::Folder(root.path().join("new/data"));
        let first = prepare(&place).unwrap();
        assert!(matches!(prepare(&place), Err(OpenError::InUse(_))));
        drop(first);
        assert!(prepare(&place).unwrap().is_some());
    }

    #[test]
    fn a_file_in_the_folders_place_is_named_in_the_error() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("taken");
        std::fs::write(&path, "x").unwrap();
        let error = prepare(&Place::Folder(path)).unwrap_err().to_string();
        assert!(error.contains("taken"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn every_folder_that_is_made_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        make_private(&deep, true).unwrap();
        make_private(&deep, true).unwrap();
        for folder in [root.path().join("a"), root.path().join("a/b"), deep] {
            let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        }
    }
}
