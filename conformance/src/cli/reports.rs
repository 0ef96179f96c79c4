//! The reports of a run: where they go, tried before the run, and written so that a file holds a whole report at any time.
//!
//! A regular file is replaced at once by one that was written beside it: whatever befalls the run or the disk, there is the
//! earlier report or the new one. A pipe or a device is written to as it is.

use super::exit::Exit;
use super::failure::Failure;
use super::guard::Guard;
use crate::text::single_line;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The path that stands for standard output.
const STDOUT: &str = "-";

/// How many links are followed; systems give up at about as many.
const LINKS: usize = 40;

/// Where a path names an open file of this process: its name may be followed, but not given to another file.
const OPEN_FILES: [&str; 2] = ["/dev/fd", "/proc"];

/// How often somebody who waits for a reader of a pipe looks whether the run is to end.
const LOOK: Duration = Duration::from_millis(50);

/// A report's place, tried before the run.
pub(crate) struct ReportFile {
    name: String,
    place: Place,
}

enum Place {
    Stdout,
    /// A pipe, a device, or a file that is open already.
    Stream(File),
    /// A regular file that can be replaced, or a place where there is none yet.
    Replaced(PathBuf),
    /// A regular file in a folder where no other can be made.
    Overwritten(PathBuf),
}

impl ReportFile {
    /// Tries the path, so that a run isn't made in vain. What is there stays as it is.
    pub(crate) fn open(path: &Path, guard: &Guard) -> Result<Self, Failure> {
        let name = if path.as_os_str() == STDOUT {
            "on standard output".to_owned()
        } else {
            single_line(&path.to_string_lossy())
        };
        let failed = |error: io::Error| Failure::usage(format!("report {name}: {error}; nothing was run"));
        let place = match fs::metadata(path) {
            _ if path.as_os_str() == STDOUT => Place::Stdout,
            Ok(there) if there.is_dir() => return Err(failed(ErrorKind::IsADirectory.into())),
            Ok(there) if !there.is_file() || leads_to_open_file(path) => Place::Stream(stream(path, &name, guard)?),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            found => replaceable(target_of(path), found.is_ok()).map_err(failed)?,
        };
        Ok(Self { name, place })
    }

    /// Writes the report.
    pub(crate) fn written(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let written = match self.place {
            Place::Stdout => write(&mut BufWriter::new(io::stdout())),
            Place::Stream(file) => begin_anew(&file).and_then(|()| write(&mut BufWriter::new(file))),
            Place::Replaced(target) => replace(&target, write),
            Place::Overwritten(target) => overwrite(&target, write),
        };
        written.map_err(|error| Failure::report(&self.name, &error))
    }

    /// As messages name it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Begins a report that is written piece by piece: what was there before is gone, and what is written stays.
    pub(crate) fn begun(self) -> Result<Box<dyn Write>, Failure> {
        let begun: io::Result<Box<dyn Write>> = match self.place {
            Place::Stdout => Ok(Box::new(io::stdout())),
            Place::Stream(file) => begin_anew(&file).map(|()| Box::new(file) as Box<dyn Write>),
            Place::Replaced(target) | Place::Overwritten(target) => {
                let file = OpenOptions::new().write(true).create(true).truncate(true).open(target);
                file.map(|file| Box::new(file) as Box<dyn Write>)
            }
        };
        begun.map_err(|error| Failure::usage(format!("report {}: {error}; nothing was run", self.name)))
    }
}

/// The page of an HTML report in this folder, which is made where there is none.
pub(crate) fn page_in(folder: &Path) -> Result<PathBuf, Failure> {
    let name = single_line(&folder.to_string_lossy());
    if folder.as_os_str() == STDOUT {
        return Err(Failure::usage("--html names a folder, and writes index.html there; nothing was written"));
    }
    let failed = |error: io::Error| match fs::metadata(folder) {
        Ok(there) if !there.is_dir() => {
            Failure::usage(format!("report {name}: there is a file of this name, and --html wants a folder"))
        }
        _ => Failure::usage(format!("report {name}: {error}; nothing was written")),
    };
    fs::create_dir_all(folder).map_err(failed)?;
    Ok(folder.join("index.html"))
}

/// Refuses paths that lead to one file, however each is written; `named` are options with their values.
pub(crate) fn require_different_files(named: &[(&str, &Path)]) -> Result<(), Failure> {
    for (index, (option, path)) in named.iter().enumerate() {
        let same = named[..index].iter().find(|(_, other)| is_same_file(other, path));
        if let Some((other, _)) = same {
            return Err(Failure::usage(format!("{other} and {option} name the same file; give each its own")));
        }
    }
    Ok(())
}

/// Whether two paths lead to one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let is_same_path = identity_by_path(one).is_some_and(|path| identity_by_path(other) == Some(path));
    let is_same_node = identity_by_node(one).is_some_and(|node| identity_by_node(other) == Some(node));
    one == other || is_same_path || is_same_node
}

/// The full path that this one leads to; there need not be a file.
fn identity_by_path(path: &Path) -> Option<PathBuf> {
    if path.as_os_str() == STDOUT {
        return None;
    }
    let target = target_of(path);
    let name = target.file_name()?;
    fs::canonicalize(&target).or_else(|_| fs::canonicalize(folder_of(&target)).map(|folder| folder.join(name))).ok()
}

/// What hard links, pipes and redirected output have in common with the file; nothing for devices, of which there is one
/// that swallows all.
#[cfg(unix)]
fn identity_by_node(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let there = fs::metadata(if path.as_os_str() == STDOUT { Path::new("/dev/stdout") } else { path }).ok()?;
    (!there.file_type().is_char_device()).then(|| (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn identity_by_node(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Where a path leads through links, to a file or to a place where there is none yet.
fn target_of(path: &Path) -> PathBuf {
    hops(path).last().unwrap_or_else(|| path.to_owned())
}

/// The path, and each that a link at its end leads to.
fn hops(path: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |path: &PathBuf| fs::read_link(path).ok().map(|link| folder_of(path).join(link));
    std::iter::successors(Some(path.to_owned()), next).take(LINKS)
}

fn leads_to_open_file(path: &Path) -> bool {
    hops(path).any(|hop| OPEN_FILES.iter().any(|open| hop.starts_with(open)))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Opens a pipe or a device. A pipe is opened when it has a reader: that may be never, and the run may be asked to end
/// before.
fn stream(path: &Path, name: &str, guard: &Guard) -> Result<File, Failure> {
    let (tell, opened) = channel();
    let owned = path.to_owned();
    std::thread::spawn(move || drop(tell.send(OpenOptions::new().write(true).open(owned))));
    loop {
        match opened.recv_timeout(LOOK) {
            Ok(file) => {
                return file.map_err(|error| Failure::usage(format!("report {name}: {error}; nothing was run")));
            }
            Err(RecvTimeoutError::Timeout) if guard.ending().is_none() => {}
            Err(_) => {
                let message = format!("report {name}: nobody has opened this pipe to read it; nothing was run");
                return Err(Failure::new(Exit::Interrupted, message));
            }
        }
    }
}

/// Empties a file that is open already; pipes and devices have no length.
fn begin_anew(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

/// A place for a regular file, tried by making another beside it.
fn replaceable(target: PathBuf, is_there: bool) -> io::Result<Place> {
    if is_there {
        // A file that may not be written to isn't replaced either, though its folder would allow it.
        OpenOptions::new().write(true).open(&target)?;
    }
    match Beside::new(&target) {
        Ok(_) => Ok(Place::Replaced(target)),
        Err(_) if is_there => Ok(Place::Overwritten(target)),
        Err(error) => Err(error),
    }
}

/// A file beside another; it is removed unless it has taken the other's place.
struct Beside {
    path: PathBuf,
    file: File,
}

impl Beside {
    fn new(target: &Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder_of(target).join(format!(".mqtt-assay-{}-{count}.part", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                // One is left of a process that was killed, and that had our number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                opened => return opened.map(|file| Self { path, file }),
            }
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // There is none where it was given its name; and one that can't be removed breaks nothing.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a file beside the target and gives it the target's name.
fn replace(target: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let beside = Beside::new(target)?;
    write(&mut BufWriter::new(&beside.file))?;
    if let Ok(there) = fs::metadata(target) {
        take_over(&beside.file, &there);
    }
    // A file that is mounted alone can't be replaced, but written to.
    fs::rename(&beside.path, target).or_else(|error| match File::open(&beside.path) {
        Ok(mut whole) if target.exists() => copy_into(target, &mut whole),
        _ => Err(error),
    })
}

/// Gives a file the permissions and the owner of the one that it replaces, as far as that is allowed.
fn take_over(file: &File, replaced: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = std::os::unix::fs::fchown(file, Some(replaced.uid()), Some(replaced.gid()));
    }
    let _ = file.set_permissions(replaced.permissions());
}

/// Writes to another folder first, and what is whole then into the target.
fn overwrite(target: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut whole = tempfile::tempfile()?;
    write(&mut BufWriter::new(&whole))?;
    whole.rewind()?;
    copy_into(target, &mut whole)
}

fn copy_into(target: &Path, whole: &mut File) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(target)?;
    io::copy(whole, &mut file)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// What is in a file after a report was written to it, in whole and in half.
    fn written(by: impl Fn(&Path, &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>) -> [String; 2] {
        let folder = TempDir::new().expect("a folder of our own");
        let target = folder.path().join("report");
        fs::write(&target, "an earlier one, which is longer").expect("can be written");
        let half = by(&target, &mut |out| out.write_all(b"ha").and(Err(ErrorKind::StorageFull.into())));
        assert!(half.is_err(), "it says so");
        let after_half = fs::read_to_string(&target).expect("it is there");
        by(&target, &mut |out| out.write_all(b"new")).expect("there is room");
        let after_whole = fs::read_to_string(&target).expect("it is there");
        assert_eq!(fs::read_dir(folder.path()).expect("can be listed").count(), 1, "nothing is left beside it");
        [after_half, after_whole]
    }

    #[test]
    fn a_report_is_there_in_whole_or_the_earlier_one_is() {
        let expected = ["an earlier one, which is longer", "new"];
        assert_eq!(written(|target, write| replace(target, write)), expected);
        assert_eq!(written(|target, write| overwrite(target, write)), expected, "where no other file can be made");
    }

    #[test]
    fn a_loop_of_links_ends() {
        #[cfg(unix)]
        {
            let folder = TempDir::new().expect("a folder of our own");
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("link", &link).expect("can be made");
            assert!(hops(&link).count() <= LINKS);
        }
    }
}
