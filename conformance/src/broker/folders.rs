//! The folders that this suite makes for the brokers that it starts: one each, among the temporary files. A folder goes
//! with its broker; one whose suite was killed is found by its mark, and removed at the next start.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How the names of these folders begin.
const PREFIX: &str = "mqtt-assay-";

/// The file that its suite holds locked: the system lets go of it, however the suite ends.
const OWNER: &str = "owner";

/// What stands in it.
const MARK: &[u8] = b"A folder of mqtt-assay. It may be removed when no process holds a lock on this file.\n";

/// A folder of this suite's. It is removed when this is dropped.
pub(crate) struct Folder {
    /// Closed before the folder is removed.
    _owner: Option<File>,
    root: TempDir,
}

impl Folder {
    /// A new one, with an empty folder within it that is the broker's own.
    pub(crate) fn create() -> io::Result<Self> {
        Self::create_in(&std::env::temp_dir())
    }

    fn create_in(place: &Path) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
        fs::create_dir(of_broker(root.path()))?;
        let owner = mark(root.path())?;
        Ok(Self { _owner: owner, root })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }
}

/// The folder within it that is the broker's own.
pub(super) fn of_broker(folder: &Path) -> PathBuf {
    folder.join("broker")
}

/// Marks a folder as ours. The mark gets its name when it is locked, so that nobody ever sees it without its owner.
fn mark(folder: &Path) -> io::Result<Option<File>> {
    let path = folder.join("owner.new");
    let mut file = File::create_new(&path)?;
    file.write_all(MARK)?;
    if file.try_lock().is_err() {
        // Where files can't be locked, nobody can tell that an owner is gone.
        return Ok(None);
    }
    fs::rename(path, folder.join(OWNER))?;
    Ok(Some(file))
}

/// The mark of a folder that is certainly ours.
fn owner_of(folder: &Path) -> Option<File> {
    let is_named_so = folder.file_name()?.to_str()?.starts_with(PREFIX);
    let mark = folder.join(OWNER);
    let is_plain = fs::symlink_metadata(folder).ok()?.is_dir() && fs::symlink_metadata(&mark).ok()?.is_file();
    let is_ours = is_named_so && is_plain && fs::read(&mark).ok()? == MARK;
    is_ours.then(|| File::open(mark).ok()).flatten()
}

/// Removes a folder whose suite is gone, if it is certainly one of ours.
pub(super) fn remove(folder: &Path) {
    if let Some(owner) = owner_of(folder) {
        drop(owner);
        // What can't be removed now is tried again at the next start.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Removes what suites that were killed have left.
pub(crate) fn remove_abandoned() {
    remove_abandoned_in(&std::env::temp_dir());
}

fn remove_abandoned_in(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_abandoned = owner_of(&path)
            .is_some_and(|owner| !matches!(owner.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))));
        if is_abandoned {
            remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_and_has_lost_its_owner_is_removed() {
        let place = TempDir::new().expect("a folder of our own");
        let in_use = Folder::create_in(place.path()).expect("a folder");
        let Folder { _owner: owner, root } = Folder::create_in(place.path()).expect("a folder");
        // As after a kill: the file is let go of, the folder stays.
        drop(owner);
        let abandoned = root.keep();
        fs::write(of_broker(&abandoned).join("data"), "of a broker").expect("it is ours");
        let foreign = place.path().join("mqtt-assay-of-somebody-else");
        fs::create_dir(&foreign).expect("a folder");
        fs::write(foreign.join(OWNER), "somebody else").expect("a file");
        let misnamed = place.path().join("other");
        fs::create_dir(&misnamed).expect("a folder");
        fs::write(misnamed.join(OWNER), MARK).expect("a file");

        remove_abandoned_in(place.path());

        assert!(!abandoned.exists());
        assert!(in_use.path().exists() && foreign.exists() && misnamed.exists());
        remove(&foreign);
        assert!(foreign.exists(), "whoever asks, it is not ours");
    }
}
