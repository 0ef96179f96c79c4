//! The files of a hunt: each finding as it comes, and what it all comes to. A file is whole or not there at all, whenever
//! the program is ended; where one goes is tried before the hunt begins.

use super::args::FuzzArgs;
use crate::cli::failure::Failure;
use crate::cli::guard::Guard;
use crate::cli::reports::{ReportFile, page_in, require_different_files};
use crate::hunt::Finding;
use crate::report::html;
use crate::report::hunted::{Found, HuntFacts, HuntReport, page, record, script, summary};
use crate::text::single_line;
use crate::whole_file::write_whole;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where suspicions are that were not seen again, or not yet: nobody shall take them for findings.
const UNCONFIRMED: &str = "unconfirmed";

/// The reports that were asked for.
pub(super) struct Outputs {
    json: Option<ReportFile>,
    markdown: Option<ReportFile>,
    html: Option<ReportFile>,
    baseline: Option<ReportFile>,
}

impl Outputs {
    /// Tries all of them, and the folders, so that the hunt isn't made in vain.
    pub(super) fn open(args: &FuzzArgs, guard: &Guard) -> Result<Self, Failure> {
        let page: Option<PathBuf> = args.html.as_deref().map(page_in).transpose()?;
        let written = || {
            let reports = [
                ("--json", args.json.as_deref()),
                ("--markdown", args.markdown.as_deref()),
                ("--html", page.as_deref()),
            ];
            reports.into_iter().filter_map(|(option, path)| Some((option, path?)))
        };
        // A baseline may be brought up to date where it is.
        for (option, path) in [("--baseline", &args.baseline), ("--write-baseline", &args.write_baseline)] {
            let named: Vec<(&str, &Path)> = written().chain(path.as_deref().map(|path| (option, path))).collect();
            require_different_files(&named)?;
        }
        for (option, folder) in [("--findings", Some(&args.findings)), ("--corpus", args.corpus.as_ref())] {
            folder.map_or(Ok(()), |folder| require_folder(option, folder))?;
        }
        let open = |path: Option<&Path>| path.map(|path| ReportFile::open(path, guard)).transpose();
        Ok(Self {
            json: open(args.json.as_deref())?,
            markdown: open(args.markdown.as_deref())?,
            html: open(page.as_deref())?,
            baseline: open(args.write_baseline.as_deref())?,
        })
    }

    /// Writes them, each whatever came of the others; the first thing that went wrong.
    pub(super) fn write(self, report: &HuntReport) -> Result<(), Failure> {
        let text = |file: Option<ReportFile>, text: &dyn Fn() -> String| {
            file.map_or(Ok(()), |file| file.written(|out| out.write_all(text().as_bytes()).and_then(|()| out.flush())))
        };
        let results = [
            text(self.markdown, &|| summary(report)),
            text(self.baseline, &|| baseline(report)),
            self.html.map_or(Ok(()), |file| file.written(|out| html::hunt::write(out, report))),
            text(self.json, &|| report.json()),
        ];
        results.into_iter().collect()
    }
}

/// Whether files can be made in a folder, which is made where there is none.
fn require_folder(option: &str, folder: &Path) -> Result<(), Failure> {
    let tried = fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    tried.map(drop).map_err(|error| {
        let name = single_line(&folder.to_string_lossy());
        Failure::usage(format!("{option} {name}: {error}; name a folder that can be written to; nothing was sent"))
    })
}

/// Writes a finding; again where it has become smaller. What was not seen again stands apart.
pub(super) fn keep(finding: &Finding, folder: &Path, facts: &HuntFacts) -> io::Result<()> {
    let found = Found::of(finding, facts.seed);
    let apart = folder.join(UNCONFIRMED);
    if found.known {
        return Ok(());
    }
    if !found.is_confirmed() {
        return write(&found, &apart, facts);
    }
    write(&found, folder, facts)?;
    for ending in ["md", "txt", "py"] {
        match fs::remove_file(apart.join(format!("{}.{ending}", found.file))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // Others may be there still.
    let _ = fs::remove_dir(&apart);
    Ok(())
}

fn write(found: &Found, folder: &Path, facts: &HuntFacts) -> io::Result<()> {
    let path = |ending: &str| folder.join(format!("{}.{ending}", found.file));
    // The report last: where it is, what it names is there too.
    for (text, ending) in [(record(found), "txt"), (script(found, facts), "py")] {
        text.map_or(Ok(()), |text| write_whole(&path(ending), &text))?;
    }
    write_whole(&path("md"), &page(found, facts))
}

/// Keys that a baseline knows.
pub(super) fn known(path: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("baseline {}: {error}", single_line(&path.to_string_lossy()))))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

fn baseline(report: &HuntReport) -> String {
    let mut text =
        "# Findings that are known, one key a line; write your reason behind a # on a line of its own.\n".to_owned();
    for found in report.findings.iter().filter(|found| found.known || found.is_confirmed()) {
        text.push_str(&single_line(&found.key));
        text.push('\n');
    }
    text
}
