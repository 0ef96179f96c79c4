//! `mqtt-assay baseline reason`: one reason for all entries of one cause. A first baseline lists hundreds of entries and has
//! few causes; whoever would have to write each by hand writes none.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::output::print;
use super::super::reports::ReportFile;
use super::super::trouble;
use super::read;
use crate::baseline::{self, Baseline, Key};
use crate::report::baseline::entries;
use crate::run::filter::glob_matches;
use crate::text::{did_you_mean, quoted, single_line};
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  mqtt-assay baseline reason known.toml --of MQTT-3.1.2-8 'no will at a takeover: issue 12'
  mqtt-assay baseline reason known.toml --of '3.1.1/malformed*/*' --of '*/strings/*' 'lenient'

Entries that have a reason keep it. `baseline check` names those that have none yet.";

/// Say for many entries at once why they are accepted
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReasonArgs {
    /// The baseline, which is written anew
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Why they are accepted
    #[arg(value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,

    /// The entries of these cases: ids, globs, or ids of rules (repeatable)
    #[arg(long, value_name = "ID", required = true)]
    of: Vec<String>,

    /// Where more is said: an issue
    #[arg(long, value_name = "ADDRESS")]
    link: Option<String>,
}

pub(super) fn reason(args: &ReasonArgs) -> Result<Exit, Failure> {
    let mut baseline = read(&args.file)?;
    are_there(&args.of, &baseline)?;
    let mut given = 0;
    for (_, entry) in baseline
        .entries
        .iter_mut()
        .filter(|(key, entry)| entry.reason.trim().is_empty() && args.of.iter().any(|id| is_meant(id, key)))
    {
        entry.reason.clone_from(&args.reason);
        entry.link = args.link.clone().or_else(|| entry.link.take());
        given += 1;
    }
    if given > 0 {
        write(&args.file, &baseline)?;
    }
    let without = baseline.without_reason();
    print(&format!("{} given this reason; {without} without one\n", entries(given)))?;
    Ok(Exit::Success)
}

fn is_meant(id: &str, key: &Key) -> bool {
    glob_matches(id, &key.case) || id == key.rule
}

/// What means no entry at all is misspelt, or about another file.
fn are_there(ids: &[String], baseline: &Baseline) -> Result<(), Failure> {
    let Some(idle) = ids.iter().find(|id| !baseline.entries.keys().any(|key| is_meant(id, key))) else { return Ok(()) };
    let known = baseline.entries.keys().flat_map(|key| [key.case.as_str(), key.rule.as_str()]);
    let near = did_you_mean(idle, known);
    Err(Failure::usage(format!("--of {}: no entry is meant{near}; nothing was written", single_line(&quoted(idle)))))
}

fn write(file: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let guard =
        Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the writing", &error))?;
    ReportFile::open(file, &guard)?.written(|out| baseline::write(out, baseline))
}
