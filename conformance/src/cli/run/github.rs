//! What GitHub Actions is told of a run: annotations on the console, and the summary of the step.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::report_args::Github;
use crate::report::console::Console;
use crate::report::document::Document;
use crate::report::{github, markdown};
use crate::scenario::base36;
use crate::text::single_line;
use std::collections::hash_map::RandomState;
use std::fs::OpenOptions;
use std::hash::BuildHasher;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Names the file that the step's summary is appended to.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Letters of the word that makes the runner listen again; more make no number of 64 bits harder to guess.
const WORD: usize = 13;

/// Its runner, told to obey nothing that a broker says.
pub(super) struct Workflow {
    word: String,
}

impl Workflow {
    /// Begins, where it is wanted.
    pub(super) fn begin(wanted: Github, console: &mut Console) -> Option<Self> {
        let word = wanted.is_wanted().then(|| base36(RandomState::new().hash_one(()), WORD))?;
        console.say(&github::stop(&word));
        Some(Self { word })
    }

    /// Nothing more of the broker's is printed. Returns what went wrong with the summary.
    pub(super) fn end(self, document: &Document, console: &mut Console) -> Option<Failure> {
        console.say(&format!("{}{}", github::resume(&self.word), github::annotations(document)));
        let path = PathBuf::from(std::env::var_os(SUMMARY).filter(|path| !path.is_empty())?);
        let written = append(&path, &markdown::summary(document));
        let name = single_line(&path.to_string_lossy());
        written.err().map(|error| Failure::new(Exit::ReportNotWritten, format!("{SUMMARY}, {name}: {error}")))
    }
}

fn append(path: &PathBuf, summary: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    file.write_all(github::fitting(summary, there).as_bytes())
}
