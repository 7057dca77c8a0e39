//! Bodies too large for a row: numbered files of the folder `bodies`, or memory.
//!
//! A body is written to `<number>.part`, made durable, renamed to `<number>`, and only then named by
//! a row. Whatever no row names when the store opens is a put that never finished.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use ports::PortError;

use super::Durability;
use super::errors::file;
use crate::place::sync_folder;

/// All large bodies of a store.
pub(super) struct Bodies {
    next: AtomicU64,
    home: Home,
}

enum Home {
    Memory(Mutex<HashMap<u64, Bytes>>),
    Folder(PathBuf, Durability),
}

/// A body being written; gone when dropped before it was kept.
pub(super) struct Draft {
    number: u64,
    sink: Sink,
}

enum Sink {
    Memory(Vec<u8>),
    File(PartFile),
}

struct PartFile {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.kept {
            // What stays behind now is removed when the store opens next.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Draft {
    pub(super) fn append(&mut self, piece: &[u8]) -> Result<(), PortError> {
        match &mut self.sink {
            Sink::Memory(body) => body.extend_from_slice(piece),
            Sink::File(part) => part.file.write_all(piece).map_err(file("objects.write"))?,
        }
        Ok(())
    }
}

impl Bodies {
    pub(super) fn in_memory() -> Self {
        Self {
            next: AtomicU64::new(1),
            home: Home::Memory(Mutex::default()),
        }
    }

    /// Opens the folder of bodies and removes those that no row names.
    pub(super) fn open(
        folder: &Path,
        durability: Durability,
        named: &BTreeSet<u64>,
    ) -> Result<Self, PortError> {
        let error = file("objects.open");
        let home = folder.join("bodies");
        fs::create_dir_all(&home).map_err(&error)?;
        for entry in fs::read_dir(&home).map_err(&error)? {
            let entry = entry.map_err(&error)?;
            let number = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if !number.is_some_and(|number: u64| named.contains(&number)) {
                fs::remove_file(entry.path()).map_err(&error)?;
            }
        }
        if durability == Durability::Synced {
            sync_folder(folder).map_err(&error)?;
        }
        let next = named.last().map_or(1, |last| last.saturating_add(1));
        Ok(Self {
            next: AtomicU64::new(next),
            home: Home::Folder(home, durability),
        })
    }

    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.home, Home::Memory(_))
    }

    pub(super) fn begin(&self) -> Result<Draft, PortError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let sink = match &self.home {
            Home::Memory(_) => Sink::Memory(Vec::new()),
            Home::Folder(folder, _) => {
                let path = folder.join(format!("{number}.part"));
                let file = File::create_new(&path).map_err(file("objects.create"))?;
                Sink::File(PartFile {
                    file,
                    path,
                    kept: false,
                })
            }
        };
        Ok(Draft { number, sink })
    }

    /// Makes a draft durable; answers its number.
    pub(super) fn keep(&self, draft: Draft) -> Result<u64, PortError> {
        let error = file("objects.finish");
        let number = draft.number;
        match (&self.home, draft.sink) {
            (Home::Memory(bodies), Sink::Memory(body)) => {
                lock(bodies).insert(number, Bytes::from(body));
            }
            (Home::Folder(folder, durability), Sink::File(mut part)) => {
                let synced = *durability == Durability::Synced;
                if synced {
                    part.file.sync_all().map_err(&error)?;
                }
                fs::rename(&part.path, folder.join(number.to_string())).map_err(&error)?;
                part.kept = true;
                if synced {
                    sync_folder(folder).map_err(&error)?;
                }
            }
            _ => {
                let reason = "the body was begun in another store";
                return Err(PortError::bug("objects.finish", reason));
            }
        }
        Ok(number)
    }

    /// Removes a kept body that no row will name. A failure leaves it for the next opening.
    pub(super) fn discard(&self, number: u64) {
        match &self.home {
            Home::Memory(bodies) => {
                lock(bodies).remove(&number);
            }
            Home::Folder(folder, _) => {
                let _ = fs::remove_file(folder.join(number.to_string()));
            }
        }
    }

    pub(super) fn read(&self, number: u64, range: Range<u64>) -> Result<Bytes, PortError> {
        const OP: &str = "objects.get";
        match &self.home {
            Home::Memory(bodies) => {
                let body = lock(bodies).get(&number).cloned().unwrap_or_default();
                let range = usize::try_from(range.start)
                    .and_then(|start| Ok(start..usize::try_from(range.end)?))
                    .map_err(|e| PortError::bug(OP, e))?;
                if range.end > body.len() {
                    return Err(PortError::invalid(
                        OP,
                        "the body is shorter than its row says",
                    ));
                }
                Ok(body.slice(range))
            }
            Home::Folder(folder, _) => {
                read_file(&folder.join(number.to_string()), range).map_err(|error| {
                    match error.kind() {
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::UnexpectedEof => {
                            PortError::invalid(OP, error)
                        }
                        _ => PortError::retry(OP, error),
                    }
                })
            }
        }
    }
}

fn read_file(path: &Path, range: Range<u64>) -> std::io::Result<Bytes> {
    let length =
        usize::try_from(range.end.saturating_sub(range.start)).map_err(std::io::Error::other)?;
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut body = vec![0; length];
    file.read_exact(&mut body)?;
    Ok(Bytes::from(body))
}

fn lock(bodies: &Mutex<HashMap<u64, Bytes>>) -> MutexGuard<'_, HashMap<u64, Bytes>> {
    bodies.lock().unwrap_or_else(PoisonError::into_inner)
}
