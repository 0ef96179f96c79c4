//! The reports about a decoder: tried before it is asked, written behind it, and one that is written all along.

use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::reports::{ReportFile, page_in, require_different_files};
use crate::report::document::{Document, Transcripts};
use crate::report::events::Events;
use crate::report::next::Reports;
use crate::report::{html, json, junit, markdown};
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Which reports are written, and where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Write a JSON report, as `run --json` does; `-`: to standard output, and the text to standard error
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write a JUnit report, as CI servers read it; `-` as with --json
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write a summary in Markdown, short enough for a pull request; `-` as with --json
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Write an HTML report for people into this folder: DIR/index.html, one file that opens from a disk
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,

    /// Write each vector with what came of it as it happens, a JSON object a line; `-` as with --json
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,

    /// Transcripts in the reports: of vectors that fail or are weak (`deciding`, `failed`), or of all
    #[arg(long, value_enum, default_value_t)]
    pub(super) transcripts: Transcripts,
}

/// What writes a report.
type Writer = fn(&mut dyn Write, &Document) -> io::Result<()>;

impl OutputArgs {
    fn named(&self) -> [(&'static str, &Option<PathBuf>); 4] {
        [("--junit", &self.junit), ("--markdown", &self.markdown), ("--json", &self.json), ("--events", &self.events)]
    }

    /// Whether a report goes to standard output, so that the text can't.
    pub(super) fn take_stdout(&self) -> bool {
        self.named().iter().any(|(_, path)| path.as_ref().is_some_and(|path| path.as_os_str() == "-"))
    }

    /// Where the reports are that can be read again.
    pub(super) fn reports(&self) -> Reports {
        let told = |path: &PathBuf| path.to_string_lossy().into_owned();
        Reports {
            json: self.json.as_ref().filter(|path| path.as_os_str() != "-").map(told),
            html: self.html.as_ref().map(told),
        }
    }
}

/// The reports that were asked for.
pub(super) struct Outputs {
    files: Vec<(Writer, ReportFile)>,
    html: Option<ReportFile>,
    events: Option<ReportFile>,
}

impl Outputs {
    /// Tries all of them, so that nobody is asked in vain. A baseline may be brought up to date where it is.
    pub(super) fn open(
        args: &OutputArgs,
        baselines: [(&'static str, Option<&Path>); 2],
        guard: &Guard,
    ) -> Result<Self, Failure> {
        let page: Option<PathBuf> = args.html.as_deref().map(page_in).transpose()?;
        for baseline in baselines {
            let mut named: Vec<(&str, &Path)> =
                args.named().into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?))).collect();
            named.extend(page.as_deref().map(|path| ("--html", path)));
            named.extend(baseline.1.map(|path| (baseline.0, path)));
            require_different_files(&named)?;
        }
        // The exit code in the JSON report is the one that holds when the others have been written: it is the last.
        let kinds: [(&Option<PathBuf>, Writer); 3] = [
            (&args.junit, |out, made| junit::write(out, made)),
            (&args.markdown, |out, made| markdown::write(out, made)),
            (&args.json, |out, made| json::write(out, made)),
        ];
        let mut files = Vec::new();
        for (path, write) in kinds {
            if let Some(path) = path {
                files.push((write, ReportFile::open(path, guard)?));
            }
        }
        let events = args.events.as_deref().map(|path| ReportFile::open(path, guard)).transpose()?;
        let html = page.map(|path| ReportFile::open(&path, guard)).transpose()?;
        Ok(Self { files, html, events })
    }

    /// Begins the one that is written all along, and says how it is named.
    pub(super) fn begin(
        &mut self,
        events: impl FnOnce(Box<dyn Write>) -> Events,
    ) -> Result<Option<(String, Events)>, Failure> {
        let Some(file) = self.events.take() else { return Ok(None) };
        let name = file.name().to_owned();
        Ok(Some((name, events(file.begun()?))))
    }

    /// Writes the others, each whatever came of those before it.
    pub(super) fn write(self, document: &Document) -> Vec<Failure> {
        let mut problems: Vec<Failure> = Vec::new();
        if let Some(file) = self.html {
            problems.extend(file.written(|out| html::write(out, std::slice::from_ref(document))).err());
        }
        for (write, file) in self.files {
            problems.extend(file.written(|out| write(out, document)).err());
        }
        problems
    }
}
