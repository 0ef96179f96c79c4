//! How a broker is stopped in order: by a signal or by a command, as its profile says, with some time to do what it has to.
//! A client of a container has to be stopped so: killed, it leaves its container running.

use super::family::Family;
use mqtt_assay_standard::bounds;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a broker is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// How a broker is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// By a signal, by its name.
    Signal(String),
    /// By a command: program and arguments.
    Command(Vec<OsString>),
}

impl Stop {
    /// As arguments of a supervisor: how many words of a command follow, or a signal, or a dash.
    pub(super) fn in_arguments(stop: Option<&Self>) -> Vec<OsString> {
        match stop {
            None => vec!["-".into()],
            Some(Self::Signal(name)) => vec![name.into()],
            Some(Self::Command(words)) => [&[words.len().to_string().into()], words.as_slice()].concat(),
        }
    }

    /// What those arguments mean, and the words behind them.
    pub(super) fn taken_from(first: &OsString, rest: &[OsString]) -> (Option<Self>, Vec<OsString>) {
        let first = first.to_string_lossy();
        match first.parse::<usize>() {
            Ok(count) => {
                let (words, rest) = rest.split_at(count.min(rest.len()));
                (Some(Self::Command(words.to_vec())), rest.to_vec())
            }
            Err(_) if first == "-" => (None, rest.to_vec()),
            Err(_) => (Some(Self::Signal(first.into_owned())), rest.to_vec()),
        }
    }
}

/// A way to stop one broker.
pub(super) struct Stopping {
    pub(super) stop: Option<Stop>,
    /// Where its command works.
    pub(super) directory: PathBuf,
}

impl Stopping {
    /// Has the broker stop, and waits until it has, or until it has had its time. Without a way it does nothing.
    pub(super) fn stop(&self, family: &Family) {
        let Some(stop) = &self.stop else { return };
        let deadline = Instant::now() + bounds::STOP;
        if !family.is_running() {
            return;
        }
        match stop {
            Stop::Signal(name) => family.signal(name),
            Stop::Command(words) => self.call(words, deadline),
        }
        while family.is_running() && Instant::now() < deadline {
            thread::park_timeout(LOOK);
        }
    }

    /// Calls the command; one that hangs is ended with the time that there is.
    fn call(&self, words: &[OsString], deadline: Instant) {
        let Some((program, arguments)) = words.split_first() else { return };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // What can't be called stops nothing: the broker is killed when its time is over.
        let Ok(mut child) = command.spawn() else { return };
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                // An error means that it has ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            thread::park_timeout(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_to_stop_goes_through_the_arguments_of_a_supervisor_unchanged() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let command = words(&["mybroker", "-c", "3"]);
        for stop in [None, Some(Stop::Signal("SIGINT".to_owned())), Some(Stop::Command(words(&["ctl", "--now", "-"])))]
        {
            let arguments = [Stop::in_arguments(stop.as_ref()), command.clone()].concat();
            let (first, rest) = arguments.split_first().expect("there are arguments");
            assert_eq!(Stop::taken_from(first, rest), (stop, command.clone()));
        }
    }
}
