//! The reports of a run that were asked for: tried before it, written behind it, and one that is written all along. Each is a
//! row of a table.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::reports::{ReportFile, page_in, require_different_files};
use super::args::RunArgs;
use super::ending::Told;
use super::report_args::ReportArgs;
use crate::report::document::{Document, Transcripts};
use crate::report::events::Events;
use crate::report::{End, RunFacts, badge, html, json, junit, markdown};
use crate::run::Event;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A kind of report: its option, its path, and what writes it.
struct Output {
    option: &'static str,
    path: fn(&ReportArgs) -> Option<&PathBuf>,
    write: fn(&mut dyn Write, &Document) -> io::Result<()>,
}

/// Every kind. The exit code in the JSON report is the one that holds when the others have been written: it is the last.
const OUTPUTS: &[Output] = &[
    Output { option: "--junit", path: |args| args.junit.as_ref(), write: |out, made| junit::write(out, made) },
    Output { option: "--markdown", path: |args| args.markdown.as_ref(), write: |out, made| markdown::write(out, made) },
    Output { option: "--badge", path: |args| args.badge.as_ref(), write: |out, made| badge::write(out, made) },
    Output { option: "--json", path: |args| args.json.as_ref(), write: |out, made| json::write(out, made) },
];

/// The one that is written as things happen.
const EVENTS: &str = "--events";

impl ReportArgs {
    /// Options with their paths, as far as they are given.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let written = OUTPUTS.iter().rev().filter_map(|output| Some((output.option, (output.path)(self)?.as_path())));
        written.chain(self.events.as_deref().map(|path| (EVENTS, path)))
    }

    /// Whether a report goes to standard output, so that the text can't.
    pub(super) fn take_stdout(&self) -> bool {
        self.named().any(|(_, path)| path.as_os_str() == "-")
    }
}

/// The reports that were asked for.
pub(super) struct Outputs {
    files: Vec<(&'static Output, ReportFile)>,
    /// The one that is a folder.
    html: Option<ReportFile>,
    events: Option<ReportFile>,
    live: Option<(String, Events)>,
}

impl Outputs {
    /// Tries all of them, so that a run isn't made in vain.
    pub(super) fn open(args: &RunArgs, guard: &Guard) -> Result<Self, Failure> {
        let password = ("--password-file", args.broker.credentials.password_file.as_deref());
        let page: Option<PathBuf> = args.reports.html.as_deref().map(page_in).transpose()?;
        let page_named = page.as_deref().map(|path| ("--html", path));
        let read = || args.broker.reach.files().into_iter().chain([password]);
        // A baseline may be brought up to date where it is.
        for (option, path) in [("--baseline", &args.baseline), ("--write-baseline", &args.write_baseline)] {
            let baseline = path.as_deref().map(|path| (option, path));
            let named: Vec<(&str, &Path)> = read()
                .filter_map(|(option, path)| Some((option, path?)))
                .chain(args.reports.named())
                .chain(page_named)
                .chain(baseline)
                .collect();
            require_different_files(&named)?;
        }
        let mut files = Vec::new();
        for output in OUTPUTS {
            if let Some(path) = (output.path)(&args.reports) {
                files.push((output, ReportFile::open(path, guard)?));
            }
        }
        let events = args.reports.events.as_deref().map(|path| ReportFile::open(path, guard)).transpose()?;
        let html = page.map(|path| ReportFile::open(&path, guard)).transpose()?;
        Ok(Self { files, html, events, live: None })
    }

    /// The run begins.
    pub(super) fn begin(&mut self, args: &RunArgs, facts: &RunFacts, started: &str) -> Result<(), Failure> {
        let Some(file) = self.events.take() else { return Ok(()) };
        let name = file.name().to_owned();
        let mut events = Events::new(file.begun()?, args.reports.transcripts, facts.clone());
        events.begin(facts, started);
        self.live = Some((name, events));
        Ok(())
    }

    /// Something has happened in it.
    pub(super) fn on_event(&mut self, event: &Event<'_>) {
        if let Some((_, events)) = &mut self.live {
            events.on_event(event);
        }
    }

    /// The run as data, with as much of the transcripts as a report of it wants.
    pub(super) fn document(&self, args: &RunArgs, told: &Told<'_>, end: &End) -> Document {
        let transcripts =
            if self.files.is_empty() && self.html.is_none() { Transcripts::Failed } else { args.reports.transcripts };
        Document::of(told.facts, told.times, told.results, end, transcripts)
    }

    /// Writes them, each whatever came of the others, and returns what went wrong. `end` is the end of the run where so much
    /// has gone wrong.
    pub(super) fn write(self, told: &Told<'_>, document: &mut Document, end: impl Fn(&[Exit]) -> End) -> Vec<Failure> {
        let Told { facts, results, .. } = *told;
        let mut problems: Vec<Failure> = Vec::new();
        let so_far = |problems: &[Failure]| end(&problems.iter().map(|problem| problem.exit).collect::<Vec<_>>());
        if let Some(file) = self.html {
            document.ends(&so_far(&problems));
            problems.extend(file.written(|out| html::write(out, std::slice::from_ref(document))).err());
        }
        for (output, file) in self.files {
            document.ends(&so_far(&problems));
            problems.extend(file.written(|out| (output.write)(out, document)).err());
        }
        if let Some((name, events)) = self.live {
            let written = events.end(facts, results, &so_far(&problems));
            problems.extend(written.err().map(|error| Failure::report(&name, &error)));
        }
        problems
    }
}
