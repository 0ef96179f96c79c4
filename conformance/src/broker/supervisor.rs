//! Who stands between the suite and a broker that it has started: a process of this program's own, which holds a pipe to
//! the suite. When the suite is gone, however it went, the pipe closes; then the supervisor ends the broker with all that
//! it has started, removes its folder, and ends.
//!
//! It tells what happens in lines on its standard output, answers each byte from the suite while the broker runs, and keeps
//! what the broker prints. Where the suite is a library
//! of another program, a thread of that program does the same, and ends with it.

use super::family::Family;
use super::stopping::{Stop, Stopping};
use super::{folders, log};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// The word on the command line that makes a process of this program a supervisor. It is for the program itself.
const WORD: &str = "supervise-broker";

/// How long the last output of processes that are ended may take to be read.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// The program that can supervise, once it has said so.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// What is to be started, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The folder that is made for it, where its output goes.
    pub(super) folder: PathBuf,
    /// Where it works.
    pub(super) directory: PathBuf,
    /// Program and arguments.
    pub(super) words: Vec<OsString>,
    /// Variables of its environment; a supervisor that is a process has them in its own.
    pub(super) environment: BTreeMap<String, String>,
    /// How it is stopped in order, where it is.
    pub(super) stop: Option<Stop>,
}

/// Does the work of a supervisor if this process was started as one; else notes that this program can be.
pub(crate) fn supervise(arguments: &[OsString]) -> Option<ExitCode> {
    if let [_, word, folder, directory, stop, words @ ..] = arguments
        && word == WORD
    {
        let (stop, words) = Stop::taken_from(stop, words);
        let (folder, directory) = (folder.into(), directory.into());
        let order = Order { folder, directory, words, stop, environment: BTreeMap::new() };
        #[cfg(target_os = "linux")]
        let adopts = rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok();
        #[cfg(not(target_os = "linux"))]
        let adopts = false;
        order.carry_out(adopts, io::stdin(), io::stdout());
        return Some(ExitCode::SUCCESS);
    }
    if let Some(program) = this_program() {
        // It can be noted once; later it is the same.
        let _ = PROGRAM.set(program);
    }
    None
}

/// Where this program is, also when it was replaced since it was started.
fn this_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok().filter(|path| path.exists());
    program.or_else(|| Some(PathBuf::from("/proc/self/exe")).filter(|path| path.exists()))
}

impl Order {
    /// The command that makes a supervisor with this order; `None` in another program.
    pub(super) fn command(&self) -> Option<Command> {
        let mut command = Command::new(PROGRAM.get()?);
        command.arg(WORD).arg(&self.folder).arg(&self.directory);
        command.args(Stop::in_arguments(self.stop.as_ref())).args(&self.words).envs(&self.environment);
        Some(command)
    }

    /// Starts it, and stays with it to its end. It ends when `hold` does, too.
    pub(super) fn carry_out(self, adopts: bool, hold: impl Read + Send + 'static, told: impl Write + Send + 'static) {
        let told = Arc::new(Mutex::new(told));
        let tell = |word: &str| tell(&told, word);
        let (family, number, output) = match self.start(adopts) {
            Ok(started) => started,
            Err(error) => return tell(&refusal(&error)),
        };
        let stopping = Stopping { stop: self.stop.clone(), directory: self.directory.clone() };
        let is_let_go = match end_with(hold, &family, stopping, &told) {
            Ok(is_let_go) => is_let_go,
            Err(error) => {
                family.end();
                return tell(&refusal(&error));
            }
        };
        tell(&format!("started {number}"));
        let ended = family.wait();
        // Who can still write has left the family; nobody waits for those.
        let _ = output.recv_timeout(LAST_OUTPUT);
        match ended {
            Ok(end) => {
                if !end.left.is_empty() {
                    tell(&format!("left {}", crate::text::single_line(&end.left.join(", "))));
                }
                tell(&format!("ended {}", end.status));
            }
            Err(error) => tell(&format!("ended {}", crate::text::single_line(&error.to_string()))),
        }
        if is_let_go.load(Ordering::Acquire) {
            folders::remove(&self.folder);
        }
    }

    /// The family, the number of its first process, and who tells when its output is read to the end.
    fn start(&self, adopts: bool) -> io::Result<(Family, u32, Receiver<()>)> {
        let (program, arguments) = self.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(arguments).envs(&self.environment).current_dir(&self.directory).stdin(Stdio::null());
        command.stdout(writer.try_clone()?).stderr(writer);
        // A broker is often started by a shell or a script, and Ctrl-C in a terminal is for the suite alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn()?;
        // The command keeps its end of the pipe until it is gone.
        drop(command);
        let number = child.id();
        let family = Family::of(child, adopts);
        match keep_output(reader, &self.folder) {
            Ok(output) => Ok((family, number, output)),
            Err(error) => {
                family.end();
                Err(error)
            }
        }
    }
}

fn keep_output(reader: io::PipeReader, folder: &Path) -> io::Result<Receiver<()>> {
    let (done, output) = channel();
    let folder = folder.to_owned();
    thread::Builder::new().name("output".to_owned()).spawn(move || {
        log::keep(reader, &folder);
        // Nobody may be waiting for it.
        let _ = done.send(());
    })?;
    Ok(output)
}

fn tell(told: &Mutex<impl Write>, word: &str) {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    // If nobody listens any more, the end of the other pipe says the same.
    let _ = told.write_all(format!("{word}\n").as_bytes()).and_then(|()| told.flush());
}

/// Ends the family once nothing can come from the suite any more, in order where the order says how; what is returned is
/// true from then on. Until then each byte is answered if the broker runs.
fn end_with(
    mut hold: impl Read + Send + 'static,
    family: &Family,
    stopping: Stopping,
    told: &Arc<Mutex<impl Write + Send + 'static>>,
) -> io::Result<Arc<AtomicBool>> {
    let is_let_go = Arc::<AtomicBool>::default();
    let (family, is_over, told) = (family.clone(), Arc::clone(&is_let_go), Arc::clone(told));
    thread::Builder::new().name("hold".to_owned()).spawn(move || {
        // Its end and an error mean the same.
        while hold.read_exact(&mut [0]).is_ok() {
            if family.is_running() {
                tell(&told, "runs");
            }
        }
        is_over.store(true, Ordering::Release);
        stopping.stop(&family);
        family.end();
    })?;
    Ok(is_let_go)
}

/// Why nothing was started: the system's number, or words where there is none.
fn refusal(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("refused {number}"),
        None => format!("refused {}", crate::text::single_line(&error.to_string())),
    }
}
