//! The brokers that this process has started, each with its folder. They end with their handle, and all of them when
//! the suite has to end at once: then no destructor runs, and nobody else would end them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// What is alive. Brokers are started under its lock, so that none can begin behind the end of all.
static LIVING: Mutex<Living> = Mutex::new(Living { next: 0, is_over: false, by_number: BTreeMap::new() });

struct Living {
    next: u64,
    is_over: bool,
    by_number: BTreeMap<u64, Started>,
}

/// A broker's process and the folder it works in.
struct Started {
    child: Child,
    /// Removed when this is dropped, behind the end of the process.
    _folder: TempDir,
}

impl Started {
    fn end(&mut self) {
        end_group(&self.child);
        // Errors mean that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.end();
    }
}

/// A running broker; it is ended and its folder removed when this is dropped.
pub(super) struct Process {
    number: u64,
    folder: PathBuf,
}

impl Process {
    /// Starts a command, as the first of a process group where the system has them: a broker is often started by a
    /// shell or a script, and Ctrl-C in a terminal is for the suite alone.
    ///
    /// # Errors
    ///
    /// Those of starting a program, and [`io::ErrorKind::Interrupted`] once [`end_all`] was called.
    pub(super) fn start(command: &mut Command, folder: TempDir) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut living = living();
        if living.is_over {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let path = folder.path().to_owned();
        let started = Started { child: command.spawn()?, _folder: folder };
        let number = living.next;
        living.next += 1;
        living.by_number.insert(number, started);
        Ok(Self { number, folder: path })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it before its handle is dropped.
    pub(super) fn end(&self) {
        if let Some(started) = living().by_number.get_mut(&self.number) {
            started.end();
        }
    }

    /// How it ended, if it has.
    pub(super) fn has_ended(&self) -> Option<ExitStatus> {
        living().by_number.get_mut(&self.number)?.child.try_wait().ok()?
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let started = living().by_number.remove(&self.number);
        // Ending takes a moment; the lock is free by now.
        drop(started);
    }
}

/// Ends all brokers that are running and starts no more: for an end of the suite that runs no destructors.
pub(crate) fn end_all() {
    let mut living = living();
    living.is_over = true;
    living.by_number.clear();
}

fn living() -> MutexGuard<'static, Living> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends what the process has started in its turn. Before the process is waited for: its number is its own until then.
#[cfg(unix)]
fn end_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // An error means that nobody is left.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Other systems end the process alone.
#[cfg(not(unix))]
fn end_group(_: &Child) {}
