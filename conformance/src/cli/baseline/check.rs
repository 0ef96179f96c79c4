//! `mqtt-assay baseline check`: whether a baseline can be used, and says why each entry is accepted. No broker is needed.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::read;
use crate::baseline::{Unknown, unknown};
use crate::report::baseline::{entries, faults};
use crate::text::single_line;
use clap::Args;
use std::path::PathBuf;

/// Check a baseline: every id is known, nothing is listed twice, every entry says why it is accepted
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The baseline
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let baseline = read(&args.file)?;
    let faults = faults(&baseline, |key| unknown(key).map(|Unknown(what)| what));
    let file = single_line(&args.file.to_string_lossy());
    if faults.is_empty() {
        print(&format!("{file}: {}, all ids known, a reason for each\n", entries(baseline.entries.len())))?;
        return Ok(Exit::Success);
    }
    let lines: Vec<String> = faults.iter().map(|fault| format!("{file}, {}", single_line(fault))).collect();
    print(&(lines.join("\n") + "\n"))?;
    Ok(Exit::BaselineStale)
}
