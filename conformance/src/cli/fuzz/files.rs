//! The files of a hunt: each finding as it comes, and what it all comes to. A file is whole or not there at all, whenever
//! the program is ended.

use super::args::FuzzArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::hunt::{Finding, Hunted};
use crate::report::hunted::{HuntFacts, json, page, record, stem, summary};
use crate::text::single_line;
use crate::whole_file::write_whole;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a finding; again where it has become smaller.
pub(super) fn keep(finding: &Finding, folder: &Path, facts: &HuntFacts) -> io::Result<()> {
    let stem = stem(finding);
    let path = |ending: &str| folder.join(format!("{stem}.{ending}"));
    // The report last: where it is, what it names is there too.
    if let Some((transcript, script)) = record(finding, facts) {
        write_whole(&path("txt"), &transcript)?;
        write_whole(&path("py"), &script)?;
    }
    write_whole(&path("md"), &page(finding, facts))
}

/// Keys that a baseline knows.
pub(super) fn known(path: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("baseline {}: {error}", single_line(&path.to_string_lossy()))))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// Writes the reports that were asked for.
pub(super) fn conclude(args: &FuzzArgs, hunted: &Hunted, facts: &HuntFacts, exit: Exit) -> Result<(), Failure> {
    let write = |path: &Path, text: &str| {
        let written =
            if path.as_os_str() == "-" { io::stdout().write_all(text.as_bytes()) } else { write_whole(path, text) };
        written.map_err(|error| Failure::report(&single_line(&path.to_string_lossy()), &error))
    };
    if let Some(path) = &args.markdown {
        write(path, &summary(hunted, facts))?;
    }
    if let Some(path) = &args.write_baseline {
        write(path, &baseline(hunted))?;
    }
    if let Some(path) = &args.json {
        write(path, &json(hunted, facts, exit.code()))?;
    }
    Ok(())
}

fn baseline(hunted: &Hunted) -> String {
    let mut text =
        "# Findings that are known, one key a line; write your reason behind a # on a line of its own.\n".to_owned();
    for finding in hunted.findings.iter().filter(|finding| finding.is_known || finding.is_confirmed()) {
        text.push_str(&finding.key.to_string());
        text.push('\n');
    }
    text
}
