//! The brokers that this process has started, each with its supervisor and its folder. They end with their handle, and
//! all of them when the suite has to end at once: then no destructor runs.

use super::folders::{self, Folder};
use super::log;
use super::supervisor::Order;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::watch;

/// What is alive. Brokers are started under its lock, so that none can begin behind the end of all.
static LIVING: Mutex<Living> = Mutex::new(Living { next: 0, is_over: false, by_number: BTreeMap::new() });

struct Living {
    next: u64,
    is_over: bool,
    by_number: BTreeMap<u64, Started>,
}

/// What the supervisor of a process has told.
#[derive(Debug, Clone, Default)]
struct Told {
    /// The number of the process, or why there is none.
    started: Option<Result<u32, String>>,
    ended: Option<End>,
    /// How many times it was said that it runs.
    runs: u64,
    /// Nothing more can come.
    is_all: bool,
}

/// How a process ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Exit status or signal, in words.
    pub(super) status: String,
    /// The names of those that it left running, until they were ended; empty where it left none.
    pub(super) left: String,
}

impl End {
    /// True for a command that ends well and leaves the work to processes in the background.
    pub(super) fn is_in_background(&self) -> bool {
        !self.left.is_empty() && self.status.ends_with(": 0")
    }
}

/// A process under supervision, and the folder that is made for it.
struct Started {
    /// Closed, it has the supervisor end everything.
    hold: Option<Box<dyn Write + Send>>,
    supervisor: Supervisor,
    listener: Option<JoinHandle<()>>,
    told: watch::Receiver<Told>,
    /// Removed when this is dropped, behind the end of the process.
    _folder: Folder,
}

enum Supervisor {
    Process(Child),
    /// In a program that is not this one.
    Thread(Option<JoinHandle<()>>),
}

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.hold.take());
        match &mut self.supervisor {
            // An error means that it has been waited for.
            Supervisor::Process(child) => drop(child.wait()),
            Supervisor::Thread(thread) => thread.take().into_iter().for_each(|thread| drop(thread.join())),
        }
        self.listener.take().into_iter().for_each(|listener| drop(listener.join()));
        self.end_unsupervised();
    }
}

impl Started {
    /// Ends what a supervisor has left that was killed itself.
    #[cfg(unix)]
    fn end_unsupervised(&self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let told = self.told.borrow();
        if let (Some(Ok(number)), None) = (&told.started, &told.ended)
            && let Some(group) = i32::try_from(*number).ok().and_then(Pid::from_raw)
        {
            // An error means that nobody is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn end_unsupervised(&self) {}
}

/// A running process; it is ended and its folder removed when this is dropped.
pub(super) struct Process {
    number: u64,
    folder: PathBuf,
    told: watch::Receiver<Told>,
}

impl Process {
    /// Starts a command in a folder; its output goes to the folder that is made for it.
    ///
    /// # Errors
    ///
    /// Those of starting a program, and [`io::ErrorKind::Interrupted`] once [`end_all`] was called.
    pub(super) async fn start(order: Order, folder: Folder) -> io::Result<Self> {
        let order = Order { folder: folder.path().to_owned(), ..order };
        let mut process = Self::launch(order, folder)?;
        // Dropped while it waits, it ends what has begun.
        let started = match process.told.wait_for(|told| told.started.is_some() || told.is_all).await {
            Ok(told) => told.started.clone(),
            Err(_) => None,
        };
        match started {
            Some(Ok(_)) => Ok(process),
            Some(Err(why)) => Err(why.parse().map_or_else(|_| io::Error::other(why), io::Error::from_raw_os_error)),
            None => Err(io::Error::other("what was to supervise it has ended")),
        }
    }

    fn launch(order: Order, folder: Folder) -> io::Result<Self> {
        let path = order.folder.clone();
        let mut living = living();
        if living.is_over {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let started = match order.command() {
            Some(command) => by_a_process(command, folder)?,
            None => by_a_thread(order, folder)?,
        };
        let number = living.next;
        living.next += 1;
        let told = started.told.clone();
        living.by_number.insert(number, started);
        Ok(Self { number, folder: path, told })
    }

    /// Ends it before its handle is dropped.
    pub(super) fn end(&self) {
        let started = living().by_number.remove(&self.number);
        // As at the drop: the lock is free by now.
        drop(started);
    }

    /// The same, while others go on: it returns when the process is gone.
    pub(super) async fn end_meanwhile(&self) {
        let started = living().by_number.remove(&self.number);
        // It can't panic; and what could not be waited for has been told to end.
        let _ = tokio::task::spawn_blocking(move || drop(started)).await;
    }

    /// How it ended, if it has.
    pub(super) fn has_ended(&self) -> Option<End> {
        let told = self.told.borrow();
        let unknown = || End { status: "its supervisor was ended".to_owned(), left: String::new() };
        told.ended.clone().or_else(|| told.is_all.then(unknown))
    }

    /// Its number in the system, once it was started.
    pub(super) fn pid(&self) -> Option<u32> {
        self.told.borrow().started.as_ref()?.as_ref().ok().copied()
    }

    /// Whether it runs, asked after this was called; else [`has_ended`](Self::has_ended) says how it ended.
    pub(super) async fn is_running(&self) -> bool {
        let mut told = self.told.clone();
        let before = told.borrow().runs;
        if let Some(hold) = living().by_number.get_mut(&self.number).and_then(|started| started.hold.as_mut()) {
            // Where nobody reads it, nothing more is told either.
            let _ = hold.write_all(b"?").and_then(|()| hold.flush());
        }
        let answer = told.wait_for(|told| told.runs > before || told.ended.is_some() || told.is_all).await;
        answer.is_ok_and(|told| told.ended.is_none() && !told.is_all)
    }

    /// Ends when it does.
    pub(super) async fn wait(&mut self) {
        // An error means that nothing more can be told.
        let _ = self.told.wait_for(|told| told.ended.is_some() || told.is_all).await;
    }

    /// The last lines that it printed, on one line, escaped.
    pub(super) fn last_lines(&self) -> String {
        log::last_lines(&self.folder)
    }

    /// What it printed first.
    pub(super) fn beginning(&self) -> String {
        log::beginning(&self.folder)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let started = living().by_number.remove(&self.number);
        // Ending takes a moment; the lock is free by now.
        drop(started);
    }
}

/// A process of this program's own supervises: it lives when this one is killed.
fn by_a_process(mut command: std::process::Command, folder: Folder) -> io::Result<Started> {
    // Ctrl-C in a terminal is for the suite alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let hold = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let told = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (listener, told) = listen(told)?;
    Ok(Started {
        hold: Some(Box::new(hold)),
        supervisor: Supervisor::Process(child),
        listener: Some(listener),
        told,
        _folder: folder,
    })
}

fn by_a_thread(order: Order, folder: Folder) -> io::Result<Started> {
    let (held, hold) = io::pipe()?;
    let (told, tell) = io::pipe()?;
    let thread = thread::Builder::new().name("supervisor".to_owned());
    let thread = thread.spawn(move || order.carry_out(false, held, tell))?;
    let (listener, told) = listen(told)?;
    Ok(Started {
        hold: Some(Box::new(hold)),
        supervisor: Supervisor::Thread(Some(thread)),
        listener: Some(listener),
        told,
        _folder: folder,
    })
}

/// Notes what a supervisor tells, to its end.
fn listen(from: impl Read + Send + 'static) -> io::Result<(JoinHandle<()>, watch::Receiver<Told>)> {
    let (sender, told) = watch::channel(Told::default());
    let listener = thread::Builder::new().name("listener".to_owned()).spawn(move || {
        let mut left = String::new();
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            sender.send_modify(|told| match word {
                "started" => told.started = rest.parse().ok().map(Ok),
                "refused" => told.started = Some(Err(rest.to_owned())),
                "runs" => told.runs += 1,
                "left" => rest.clone_into(&mut left),
                "ended" => told.ended = Some(End { status: rest.to_owned(), left: std::mem::take(&mut left) }),
                _ => {}
            });
        }
        sender.send_modify(|told| told.is_all = true);
    })?;
    Ok((listener, told))
}

/// Ends all brokers that are running and starts no more: for an end of the suite that runs no destructors.
pub(crate) fn end_all() {
    let mut living = living();
    living.is_over = true;
    // All are told before the first is waited for.
    living.by_number.values_mut().for_each(|started| drop(started.hold.take()));
    living.by_number.clear();
}

fn living() -> MutexGuard<'static, Living> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of a broker that has not been started yet, and the one within it that is its own.
pub(super) fn folder() -> io::Result<(Folder, PathBuf)> {
    let folder = Folder::create()?;
    let own = folders::of_broker(folder.path());
    Ok((folder, own))
}

/// A program as it is found from here, also where it is to be started in another folder.
pub(super) fn found_from_here(program: &str) -> OsString {
    let path = Path::new(program);
    let is_by_path = path.is_relative() && path.components().count() > 1;
    std::path::absolute(path).ok().filter(|path| is_by_path && path.exists()).map_or_else(|| program.into(), Into::into)
}
