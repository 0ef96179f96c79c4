//! `mqtt-assay prove`: the proof of the suite itself.

use super::choices::{FilterArgs, Versions};
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::proof::{Defect, Proof, prove as run_proof, rules, tables};
use crate::scenario::Instance;
use crate::text::counted;
use clap::Args;
use mqtt_assay_reference::FaultOn;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Every case is run against the reference broker with each fault that a case claims to catch, on a
broker of its own, and with each freedom that the standard leaves (quirks). Ends with 1 where the
suite itself is wrong. A pair is not run where the broker, without the fault, never came to a place
that asks for it: it would do the same again.

An invariant is held against the packets of all cases, also where -f names it alone.

Examples:
  mqtt-assay prove                     every fault, every quirk, with and without delays
  mqtt-assay prove drops-binary        one fault
  mqtt-assay prove drops-binary@queued the same on one way only
  mqtt-assay prove -f 'chapter(retain)'
  mqtt-assay prove --write reports/proof

The faults: mqtt-assay explain faults.";

/// Prove the suite: broken brokers must be caught, permitted ones must not
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProveArgs {
    /// Only this fault, FAULT or FAULT@WAY
    #[arg(value_name = "FAULT", value_parser = super::choices::fault)]
    fault: Option<FaultOn>,

    #[command(flatten)]
    filter: FilterArgs,

    /// Write the tables (rules with the faults and cases that prove them, quirks, inconclusive cases) into this folder:
    /// of the whole proof only
    #[arg(long, value_name = "DIR", conflicts_with_all = ["fault", "filter"])]
    write: Option<PathBuf>,
}

/// Runs the proof and says what it showed.
pub(crate) fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    let selected: BTreeSet<String> = args.filter.select(Versions::All, None)?.iter().map(Instance::id).collect();
    // A proof takes its time: it is not made in vain.
    args.write.as_deref().map(try_to_write).transpose()?;
    let proof = run_proof(args.fault, |instance| selected.contains(&instance.id()));
    match &args.write {
        Some(folder) => write(folder, &proof)?,
        None => print(&rules(&proof))?,
    }
    print(&summary(&proof))?;
    Ok(if proof.defects.is_empty() { Exit::Success } else { Exit::Failed })
}

/// Makes sure that files can be written into the folder, which is made if it isn't there.
fn try_to_write(folder: &Path) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .and_then(|()| tables(&Proof::default()).iter().try_for_each(|(name, _)| try_existing(&folder.join(name))));
    written.map_err(|error| {
        let name = crate::text::single_line(&folder.to_string_lossy());
        Failure::usage(format!("--write {name}: {error}; nothing was proven"))
    })
}

/// A table that is there must be one that can be replaced.
fn try_existing(path: &Path) -> std::io::Result<()> {
    match std::fs::OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(folder: &Path, proof: &Proof) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        let name = crate::text::single_line(&path.to_string_lossy());
        Failure::new(Exit::ReportNotWritten, format!("{name}: {error}"))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, table) in tables(proof) {
        let path = folder.join(name);
        std::fs::write(&path, table).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

fn summary(proof: &Proof) -> String {
    let mut out = String::new();
    for (quirk, cases) in proof.quirks.iter().filter(|(_, cases)| !cases.is_empty()) {
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        let _ = writeln!(out, "quirk {quirk} takes the thing tested away from: {}", cases.join(" "));
    }
    if !proof.unclaimed.is_empty() {
        let _ = writeln!(out, "faults that no case claims: {}", proof.unclaimed.join(" "));
    }
    for Defect { switch, case, problem } in &proof.defects {
        let _ = writeln!(out, "DEFECT {case} under {switch}: {}", crate::text::single_line(problem));
    }
    let _ = writeln!(
        out,
        "{} of case and broker, {} of them run: {} caught, {} respected, {} of the suite",
        counted(proof.pairs, "pair"),
        proof.run,
        counted(proof.caught.len(), "fault"),
        counted(proof.quirks.len(), "quirk"),
        counted(proof.defects.len(), "defect")
    );
    out
}
