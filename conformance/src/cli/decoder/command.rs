//! The decoder's command, and how long and how much it may take.

use super::super::exit::Exit;
use super::super::failure::Failure;
use crate::testee::{Process, TesteeLimits};
use crate::text::{shell, single_line, visible};
use clap::Args;
use std::ffi::OsString;
use std::time::Duration;

/// Which decoder it is about.
#[derive(Debug, Clone, Args)]
pub(super) struct CommandArgs {
    /// The decoder's command and its arguments, behind `--`
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,

    /// Seconds that an answer may take; then the decoder hangs, is killed and started again
    #[arg(long, value_name = "SECONDS", default_value_t = TesteeLimits::DEFAULT.answer.as_secs(), value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) deadline: u64,

    /// Memory that the decoder may use, in MiB, where the system tells how much that is
    #[arg(long, value_name = "MIB", default_value_t = TesteeLimits::DEFAULT.memory >> 20, value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) memory: u64,
}

impl CommandArgs {
    pub(super) fn limits(&self) -> TesteeLimits {
        let (answer, memory) = (Duration::from_secs(self.deadline), self.memory.saturating_mul(1 << 20));
        TesteeLimits { answer, memory, ..TesteeLimits::DEFAULT }
    }

    /// The command, quoted for a shell.
    pub(super) fn words(&self) -> String {
        let words = self.command.iter().map(|word| shell::for_shell(&word.to_string_lossy()));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Starts it and waits for its greeting.
    pub(super) fn start(&self) -> Result<Process, Failure> {
        Process::start(&self.command, self.limits()).map_err(|why| {
            let message = format!("nothing judged: {}: {}", single_line(&self.words()), visible(&why));
            let advice =
                "behind `--` stands the command of a shim that speaks mqtt-testee/1 on its standard output, and nothing else";
            Failure::new(Exit::NothingJudged, format!("{message}\n  {advice}"))
        })
    }
}
