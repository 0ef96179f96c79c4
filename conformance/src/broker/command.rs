//! A command of the user's beside a broker: started in a group of its own, ended with all that it has started.
//!
//! Who needs a broker by a profile has a supervisor for it; a command of the user's is waited for here, since what it reads
//! and prints is the user's.

use super::family::Family;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read};
use std::process::{self, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a command has to end by itself when it is asked to.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long the last output of one that is ended may take to be read.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// How much of its output is kept.
const KEPT: usize = 4 << 10;

/// The commands that run, for an end that runs no destructors.
static RUNNING: Mutex<Vec<Family>> = Mutex::new(Vec::new());

/// The end of what was printed, and who tells that nothing more comes.
type Kept = (Arc<Mutex<Vec<u8>>>, Receiver<()>);

/// Where the output of a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// To where this program's goes; and it reads what this program could.
    Through,
    /// Its last words are kept.
    Kept,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandEnd {
    pub(crate) status: ExitStatus,
    /// What it printed last, where that is kept.
    pub(crate) said: String,
}

/// A running command.
pub(crate) struct Command {
    family: Family,
    ended: watch::Receiver<Option<Result<ExitStatus, String>>>,
    output: Option<Kept>,
}

impl Command {
    /// Starts these words with these names in the environment; a name without a value is not to be there.
    pub(crate) fn start(words: &[OsString], names: &[(&str, Option<String>)], output: Output) -> io::Result<Self> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = process::Command::new(program);
        command.args(arguments);
        for (name, value) in names {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let reader = direct(&mut command, output)?;
        // Ctrl-C in a terminal is for this program, which ends the command.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn()?;
        // It keeps the writing end of the pipe until it is gone.
        drop(command);
        let family = Family::of(child, false);
        running().push(family.clone());
        let output = reader.map(keep).transpose()?;
        let (sender, ended) = watch::channel(None);
        let waited = family.clone();
        thread::Builder::new().name("command".to_owned()).spawn(move || {
            let end = waited.wait().map(|end| end.status).map_err(|error| error.to_string());
            running().retain(|other| !other.is(&waited));
            // Nobody may be waiting any more.
            let _ = sender.send(Some(end));
        })?;
        Ok(Self { family, ended, output })
    }

    /// Ends when it does; what it has left running is ended too.
    pub(crate) async fn wait(&mut self) -> Result<CommandEnd, String> {
        let ended = self.ended.wait_for(Option::is_some).await;
        let status = ended.ok().and_then(|ended| ended.clone()).unwrap_or_else(|| Err("nobody waits for it".into()))?;
        Ok(CommandEnd { status, said: self.said() })
    }

    fn said(&self) -> String {
        let Some((kept, done)) = &self.output else { return String::new() };
        let _ = done.recv_timeout(LAST_OUTPUT);
        String::from_utf8_lossy(&kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Asks it to end, and ends it if it doesn't.
    pub(crate) async fn end(&mut self) {
        self.family.ask_to_end();
        if timeout(LAST_WORDS, self.wait()).await.is_err() {
            self.family.end();
        }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            self.family.end();
        }
    }
}

/// Says where input and output go; what is to be read of them, if they are to be kept.
fn direct(command: &mut process::Command, output: Output) -> io::Result<Option<io::PipeReader>> {
    // Who isn't in the foreground of a terminal is stopped when it reads there.
    if output == Output::Kept || io::stdin().is_terminal() {
        command.stdin(Stdio::null());
    }
    if output == Output::Through {
        return Ok(None);
    }
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    Ok(Some(reader))
}

/// Keeps the end of what is read, and tells when that is all.
fn keep(mut reader: io::PipeReader) -> io::Result<Kept> {
    let kept = Arc::<Mutex<Vec<u8>>>::default();
    let (done, is_done) = channel();
    let keeping = Arc::clone(&kept);
    thread::Builder::new().name("output".to_owned()).spawn(move || {
        let mut buffer = [0; KEPT];
        while let Ok(count) = reader.read(&mut buffer)
            && count > 0
        {
            let mut kept = keeping.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..count]);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
        let _ = done.send(());
    })?;
    Ok((kept, is_done))
}

fn running() -> std::sync::MutexGuard<'static, Vec<Family>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all commands that run.
pub(super) fn end_all() {
    running().iter().for_each(Family::end);
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use super::*;
    #[cfg(unix)]
    use crate::run::clock;

    #[cfg(unix)]
    fn shell(script: &str) -> Vec<OsString> {
        ["sh", "-c", script].map(OsString::from).to_vec()
    }

    #[cfg(unix)]
    #[test]
    fn a_command_has_its_environment_and_tells_how_it_ended() {
        let names = [("MQTT_PORT", Some("1234".to_owned())), ("PATH_OF_NOBODY", None)];
        let ended = clock::real(async {
            let mut command =
                Command::start(&shell("echo first; echo port $MQTT_PORT >&2; exit 3"), &names, Output::Kept);
            command.as_mut().expect("it starts").wait().await
        });
        let ended = ended.expect("a runtime").expect("it ends");
        assert_eq!((ended.status.code(), ended.said.as_str()), (Some(3), "first\nport 1234\n"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_that_does_not_listen_is_ended_with_all_that_it_has_started() {
        let ended = clock::real(async {
            let script = "trap '' TERM; sh -c 'echo $$; exec sleep 600' & wait; wait";
            let mut command = Command::start(&shell(script), &[], Output::Kept).expect("it starts");
            while command.output.as_ref().is_none_or(|(kept, _)| kept.lock().expect("no panic").is_empty()) {
                tokio::task::yield_now().await;
            }
            command.family.end();
            command.wait().await
        });
        let ended = ended.expect("a runtime").expect("it ends");
        assert_eq!(ended.status.code(), None, "a signal");
        // Whoever it belongs to now may not have buried it yet.
        let state = std::fs::read_to_string(format!("/proc/{}/stat", ended.said.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "it still runs: {state}");
    }
}
