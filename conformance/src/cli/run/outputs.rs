//! The reports of a run that were asked for: tried before it, written behind it.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::reports::{ReportFile, page_in, require_different_files};
use super::args::RunArgs;
use super::ending::Told;
use crate::report::document::Document;
use crate::report::{End, html, json, junit};
use std::path::{Path, PathBuf};

/// The reports that were asked for.
pub(super) struct Outputs {
    json: Option<ReportFile>,
    junit: Option<ReportFile>,
    html: Option<ReportFile>,
}

impl Outputs {
    /// Tries all of them, so that a run isn't made in vain.
    pub(super) fn open(args: &RunArgs, guard: &Guard) -> Result<Self, Failure> {
        let page: Option<PathBuf> = args.html.as_deref().map(page_in).transpose()?;
        let options =
            [("--json", args.json.as_deref()), ("--junit", args.junit.as_deref()), ("--html", page.as_deref())];
        let read = [("--password-file", args.broker.credentials.password_file.as_deref())];
        let all = read.into_iter().chain(options);
        let named: Vec<(&str, &Path)> = all.filter_map(|(option, path)| Some((option, path?))).collect();
        require_different_files(&named)?;
        let [json, junit, html] = options.map(|(_, path)| path.map(|path| ReportFile::open(path, guard)).transpose());
        Ok(Self { json: json?, junit: junit?, html: html? })
    }

    /// Writes them, each whatever came of the others, and returns what went wrong. The exit code in the JSON report is the
    /// one that holds when the others have been written.
    pub(super) fn write(self, args: &RunArgs, told: &Told<'_>, end: impl Fn(&[Exit]) -> End) -> Vec<Failure> {
        let options = junit::Options { is_strict: args.strict, transcripts: args.transcripts };
        let Told { facts, times, results, .. } = *told;
        let mut problems = Vec::new();
        if let Some(report) = self.junit {
            problems.extend(report.written(|out| junit::write(out, facts, times, results, &end(&[]), options)).err());
        }
        let document = |problems: &[Failure]| {
            let failed: Vec<Exit> = problems.iter().map(|problem| problem.exit).collect();
            Document::of(facts, times, results, &end(&failed), args.transcripts)
        };
        if let Some(report) = self.html {
            let document = document(&problems);
            problems.extend(report.written(|out| html::write(out, &[document])).err());
        }
        if let Some(report) = self.json {
            let document = document(&problems);
            problems.extend(report.written(|out| json::write(out, &document)).err());
        }
        problems
    }
}
