//! The arguments of `mqtt-assay decoder certify`, and which vectors they mean.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::Color;
use super::outputs::OutputArgs;
use crate::run::filter::glob_matches;
use crate::testee::{TesteeLimits, Trial};
use crate::text::{did_you_mean, quoted, shell};
use clap::{ArgAction, Args};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What is certified, by what, and what is written about it.
#[derive(Debug, Clone, Args)]
pub(super) struct CertifyArgs {
    /// The decoder's command and its arguments, behind `--`
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,

    /// Only vectors with this id; `*` stands for any letters, `?` for one (repeatable)
    #[arg(short, long, value_name = "ID", help_heading = "Which vectors")]
    pub(super) filter: Vec<String>,

    /// Seconds that an answer may take; then the decoder hangs, is killed and started again
    #[arg(long, value_name = "SECONDS", default_value_t = TesteeLimits::DEFAULT.answer.as_secs(), value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) deadline: u64,

    /// Memory that the decoder may use, in MiB, where the system tells how much that is
    #[arg(long, value_name = "MIB", default_value_t = TesteeLimits::DEFAULT.memory >> 20, value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) memory: u64,

    /// Count a weak case as failed (exit 1)
    #[arg(long, help_heading = "How")]
    pub(super) strict: bool,

    /// Expect what this baseline lists, and nothing else: exit 5 where it no longer holds
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub(super) baseline: Option<PathBuf>,

    /// Write what fails as a baseline, with --strict also what is weak; together with --baseline: bring that one up to date,
    /// with the reasons of what still holds
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub(super) write_baseline: Option<PathBuf>,

    #[command(flatten)]
    pub(super) outputs: OutputArgs,

    /// Colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub(super) color: Color,

    /// Say only what it comes to
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,

    /// Tell each vector that fails; twice: all
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
}

impl CertifyArgs {
    pub(super) fn limits(&self) -> TesteeLimits {
        let (answer, memory) = (Duration::from_secs(self.deadline), self.memory.saturating_mul(1 << 20));
        TesteeLimits { answer, memory, ..TesteeLimits::DEFAULT }
    }

    /// The command, quoted for a shell.
    pub(super) fn words(&self) -> String {
        let words = self.command.iter().map(|word| shell::for_shell(&word.to_string_lossy()));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The vectors that are meant; each filter has to mean some.
    pub(super) fn trials(&self) -> Result<Vec<Trial>, Failure> {
        let all: Vec<Trial> = Trial::all().collect();
        for filter in &self.filter {
            if !all.iter().any(|trial| glob_matches(filter, trial.id)) {
                let meant = did_you_mean(filter, all.iter().map(|trial| trial.id));
                let message = format!("no vector has the id {}{meant}; ids stand in codec/vectors", quoted(filter));
                return Err(Failure::new(Exit::NothingSelected, message));
            }
        }
        let is_meant =
            |trial: &Trial| self.filter.is_empty() || self.filter.iter().any(|filter| glob_matches(filter, trial.id));
        Ok(all.into_iter().filter(is_meant).collect())
    }
}
