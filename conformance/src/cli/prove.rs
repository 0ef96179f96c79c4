//! `mqtt-assay prove`: the proof of the suite itself.

use super::choices::{FilterArgs, Versions};
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::proof::{Defect, Proof, Row, Ways, prove as run_proof, prove_ways, rules, tables, ways_table};
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
  mqtt-assay prove --ways              every fault on every way that fits it
  mqtt-assay prove --ways drops-binary the ways of one fault
  mqtt-assay prove --hunt              whether the hunt finds what is planted for it
  mqtt-assay prove --hunt --bug empty-topic --seeds 1

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

    /// Prove every fault on every way that fits it instead, as `explain ways` names them
    #[arg(long)]
    ways: bool,

    /// Prove the hunt instead: each bug planted in the reference broker, and how long `mqtt-assay fuzz` takes to find it
    #[arg(long, conflicts_with_all = ["fault", "filter", "ways"])]
    hunt: bool,

    /// The same with a fixed sample of 100 faults that strike on one way only
    #[arg(long, conflicts_with_all = ["fault", "filter", "ways", "hunt"])]
    hunt_ways: bool,

    #[command(flatten)]
    hunting: super::prove_hunt::HuntingArgs,

    /// Write the tables (rules with the faults and cases that prove them, quirks, inconclusive cases) into this folder:
    /// of the whole proof only
    #[arg(long, value_name = "DIR", conflicts_with_all = ["fault", "filter"])]
    write: Option<PathBuf>,
}

/// Runs the proof and says what it showed.
pub(crate) fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    if args.hunt || args.hunt_ways {
        args.write.as_deref().map(try_to_write).transpose()?;
        return super::prove_hunt::prove_hunting(&args.hunting, args.hunt_ways, args.write.as_deref());
    }
    let selected: BTreeSet<String> = args.filter.select(Versions::All, None)?.iter().map(Instance::id).collect();
    // A proof takes its time: it is not made in vain.
    args.write.as_deref().map(try_to_write).transpose()?;
    if args.ways {
        return ways(args, &selected);
    }
    let proof = run_proof(args.fault, |instance| selected.contains(&instance.id()));
    match &args.write {
        Some(folder) => write(folder, &proof)?,
        None => print(&rules(&proof))?,
    }
    print(&summary(&proof))?;
    Ok(if proof.defects.is_empty() { Exit::Success } else { Exit::Failed })
}

/// Runs the proof of the ways and says what it showed.
fn ways(args: &ProveArgs, selected: &BTreeSet<String>) -> Result<Exit, Failure> {
    let is_asked = |on: FaultOn| {
        args.fault.is_none_or(|wanted| wanted.fault == on.fault && wanted.way.is_none_or(|way| on.way == Some(way)))
    };
    let ways = prove_ways(|instance| selected.contains(&instance.id()), is_asked);
    let table = ways_table(&ways);
    match &args.write {
        Some(folder) => write_table(folder, "ways.tsv", &table)?,
        None => print(&table)?,
    }
    print(&ways_summary(&ways))?;
    let is_proven = ways.defects.is_empty() && !ways.rows.iter().any(Row::is_hole);
    Ok(if is_proven { Exit::Success } else { Exit::Failed })
}

fn ways_summary(ways: &Ways) -> String {
    let mut out = String::new();
    for Defect { switch, case, problem } in &ways.defects {
        let _ = writeln!(out, "DEFECT {case} under {switch}: {}", crate::text::single_line(problem));
    }
    for (reason, count) in &ways.misfits {
        let _ = writeln!(out, "{count} pairs of fault and way don't fit: {}", reason.says());
    }
    let count = |is_so: &dyn Fn(&Row) -> bool| ways.rows.iter().filter(|row| is_so(row)).count();
    let pairs: BTreeSet<String> = ways.rows.iter().map(|row| row.on.name()).collect();
    let _ = writeln!(
        out,
        "{} of fault and way, {} with their versions, {} run: {} caught, {} only by the auditor; {} that no case comes to, {} that nobody catches, {} not with delays; {} of the suite",
        counted(pairs.len(), "pair"),
        ways.rows.len(),
        counted(ways.run, "case"),
        count(&|row| row.caught.is_some()),
        count(&|row| row.caught.as_ref().is_some_and(|catch| catch.rules.is_empty())),
        count(&|row| row.asked == 0),
        count(&|row| row.asked > 0 && row.caught.is_none()),
        count(&|row| row.caught.is_some() && row.delayed.is_none()),
        counted(ways.defects.len(), "defect")
    );
    out
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
    tables(proof).iter().try_for_each(|(name, table)| write_table(folder, name, table))
}

pub(super) fn write_table(folder: &Path, name: &str, table: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, table));
    written.map_err(|error| {
        let name = crate::text::single_line(&path.to_string_lossy());
        Failure::new(Exit::ReportNotWritten, format!("{name}: {error}"))
    })
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
