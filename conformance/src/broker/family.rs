//! A process with all that it has started in its turn: who of them is left, and the end of all.
//!
//! On Linux those are found that have left the group and the session too: where the supervisor is a process of its own,
//! orphans become its children. Other Unix systems know the group alone, and others the process alone.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A process, and who comes of it. It is the first of its group, where the system has groups.
#[derive(Clone)]
pub(crate) struct Family {
    child: Arc<Mutex<Child>>,
    /// Whether orphans come to this process.
    #[cfg(target_os = "linux")]
    adopts: bool,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

/// How the first of a family ended.
pub(crate) struct End {
    /// Exit status or signal.
    pub(crate) status: ExitStatus,
    /// The names of those that it left running.
    pub(crate) left: Vec<String>,
}

impl Family {
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "only Linux gives orphans to somebody"))]
    pub(crate) fn of(child: Child, adopts: bool) -> Self {
        Self {
            #[cfg(target_os = "linux")]
            adopts,
            #[cfg(unix)]
            group: i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw),
            child: Arc::new(Mutex::new(child)),
        }
    }

    /// Waits until its first process has ended; then ends all that it left.
    #[cfg(target_os = "linux")]
    pub(crate) fn wait(&self) -> io::Result<End> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        if let Some(first) = self.group {
            // It is not buried yet: until then its number and its group's are its own.
            while let Err(rustix::io::Errno::INTR) =
                waitid(WaitId::Pid(first), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
        }
        let left = self.living().into_iter().map(|member| member.name).collect();
        self.end();
        Ok(End { status: self.child().wait()?, left })
    }

    /// Waits until its first process has ended; then ends all that it left.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn wait(&self) -> io::Result<End> {
        let status = loop {
            let ended: Option<ExitStatus> = self.child().try_wait()?;
            match ended {
                Some(status) => break status,
                None => std::thread::park_timeout(LOOK),
            }
        };
        #[cfg(unix)]
        let is_left = self.group.is_some_and(|group| rustix::process::test_kill_process_group(group).is_ok());
        #[cfg(not(unix))]
        let is_left = false;
        self.end();
        Ok(End { status, left: is_left.then(|| "others of its group".to_owned()).into_iter().collect() })
    }

    /// Whether its first process runs at this moment.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_running(&self) -> bool {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let now = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        self.group.is_some_and(|first| matches!(waitid(WaitId::Pid(first), now), Ok(None)))
    }

    /// Whether its first process runs at this moment.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.child().try_wait(), Ok(None))
    }

    /// Ends all of them at once.
    #[cfg(target_os = "linux")]
    pub(crate) fn end(&self) {
        self.end_group();
        // Who is killed may have started somebody in between.
        for _ in 0..LOOKS {
            let living = self.living();
            if living.is_empty() {
                return;
            }
            for member in living {
                let _ = rustix::process::kill_process(member.process, rustix::process::Signal::KILL);
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Ends those that can be found.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn end(&self) {
        #[cfg(unix)]
        self.end_group();
        // An error means that it has ended by itself.
        let _ = self.child().kill();
    }

    /// Whether it is the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.child, &other.child)
    }

    /// Asks its group to end.
    pub(super) fn ask_to_end(&self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            // An error means that nobody is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        }
    }

    /// Sends its first process a signal, by its name.
    #[cfg(unix)]
    pub(super) fn signal(&self, name: &str) {
        use rustix::process::{Signal, kill_process};
        let signal = match name {
            "SIGINT" => Signal::INT,
            "SIGQUIT" => Signal::QUIT,
            "SIGHUP" => Signal::HUP,
            "SIGUSR1" => Signal::USR1,
            _ => Signal::TERM,
        };
        if let Some(first) = self.group {
            // An error means that it has ended.
            let _ = kill_process(first, signal);
        }
    }

    /// Without signals it can only be ended.
    #[cfg(not(unix))]
    pub(super) fn signal(&self, _: &str) {
        let _ = self.child().kill();
    }

    #[cfg(unix)]
    fn end_group(&self) {
        if let Some(group) = self.group {
            // An error means that nobody is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the family that have not ended, the first included.
    #[cfg(target_os = "linux")]
    fn living(&self) -> Vec<linux::Member> {
        self.group.map_or_else(Vec::new, |group| linux::living(group, self.adopts))
    }
}

/// How long to wait between two looks.
const LOOK: std::time::Duration = std::time::Duration::from_millis(2);

/// How many looks at the dying there are before they are left to the system.
#[cfg(target_os = "linux")]
const LOOKS: usize = 2_500;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::process::{Pid, getpid};
    use std::collections::BTreeSet;
    use std::fs;

    /// A process that runs.
    pub(super) struct Member {
        pub(super) process: Pid,
        pub(super) name: String,
    }

    /// What the system says of a process.
    struct Entry {
        process: i32,
        parent: i32,
        group: i32,
        has_ended: bool,
        name: String,
    }

    /// Who belongs to the group, who comes of somebody in it, and, where orphans come to this process, who is its child.
    pub(super) fn living(group: Pid, adopts: bool) -> Vec<Member> {
        let (group, own) = (group.as_raw_nonzero().get(), getpid().as_raw_nonzero().get());
        let entries: Vec<Entry> = processes().filter(|entry| entry.process != own).collect();
        let is_of_it = |entry: &Entry| entry.group == group || adopts && entry.parent == own;
        let mut members: BTreeSet<i32> =
            entries.iter().filter(|entry| is_of_it(entry)).map(|entry| entry.process).collect();
        loop {
            let before = members.len();
            let children = entries.iter().filter(|entry| members.contains(&entry.parent)).map(|entry| entry.process);
            let children: Vec<i32> = children.collect();
            members.extend(children);
            if members.len() == before {
                break;
            }
        }
        let living = entries.into_iter().filter(|entry| !entry.has_ended && members.contains(&entry.process));
        living.filter_map(|entry| Some(Member { process: Pid::from_raw(entry.process)?, name: entry.name })).collect()
    }

    fn processes() -> impl Iterator<Item = Entry> {
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|folder| {
            folder.file_name().to_str()?.parse::<i32>().ok()?;
            entry(&String::from_utf8_lossy(&fs::read(folder.path().join("stat")).ok()?))
        })
    }

    /// `12 (name) S 1 12 ...`: number, name, state, parent, group. A name may hold anything.
    fn entry(line: &str) -> Option<Entry> {
        let (process, rest) = line.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let mut words = rest.split(' ');
        let has_ended = matches!(words.next()?, "Z" | "X");
        let (parent, group) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Entry { process: process.parse().ok()?, parent, group, has_ended, name: name.to_owned() })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_may_hold_what_stands_around_it() {
            let read = entry("12 (a) (b) c) Z 3 4 5").expect("a process");
            assert_eq!((read.process, read.parent, read.group, read.has_ended), (12, 3, 4, true));
            assert_eq!(read.name, "a) (b) c");
        }
    }
}
