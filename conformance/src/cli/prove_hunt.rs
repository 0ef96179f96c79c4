//! `mqtt-assay prove --hunt` and `--hunt-ways`: the proof of the hunt.

use super::exit::Exit;
use super::failure::Failure;
use super::output::{print, print_aside};
use super::prove::write_table;
use crate::proof::{Budget, Bug, HuntRow, bugs, hunt_table, hunt_ways_table, prove_hunt, sample, share_found, sound};
use crate::text::counted;
use clap::Args;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// How long a try may take where nothing is said.
const TIME: u64 = 60;
/// Tries without the auditor and without feedback: so many seeds at most, and so many seconds.
const CONTROLS: (u64, u64) = (3, 20);

/// What the proof of the hunt takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct HuntingArgs {
    /// With --hunt or --hunt-ways: only bugs whose names contain this
    #[arg(long, value_name = "NAME")]
    bug: Option<String>,

    /// With --hunt or --hunt-ways: how many seeds each is hunted with; 5, and 1 for the ways
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,

    /// With --hunt or --hunt-ways: seconds that a try may take
    #[arg(long, value_name = "SECONDS", default_value_t = TIME, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    budget: u64,
}

/// Hunts what is to be found, and says how it went.
pub(super) fn prove_hunting(args: &HuntingArgs, ways: bool, write: Option<&Path>) -> Result<Exit, Failure> {
    let all = if ways { sample() } else { sound().into_iter().chain(bugs()).collect() };
    let chosen = chosen(&all, args.bug.as_deref())?;
    let rows = prove_hunt(&chosen, budget(args, ways), &|words| drop(print_aside(&format!("{words}\n"))));
    let (name, table) = if ways { ("hunt-ways.tsv", hunt_ways_table(&rows)) } else { ("hunt.tsv", hunt_table(&rows)) };
    match write {
        Some(folder) => write_table(folder, name, &table)?,
        None => print(&table)?,
    }
    print(&summary(&rows, ways))?;
    let is_proven = ways || rows.iter().all(|row| row.defects().is_empty());
    Ok(if is_proven { Exit::Success } else { Exit::Failed })
}

fn chosen(all: &[Bug], name: Option<&str>) -> Result<Vec<Bug>, Failure> {
    let Some(name) = name else { return Ok(all.to_vec()) };
    let chosen: Vec<Bug> = all.iter().copied().filter(|bug| bug.name().contains(name)).collect();
    if chosen.is_empty() {
        let names: Vec<String> = all.iter().map(|bug| bug.name()).collect();
        return Err(Failure::usage(format!("--bug {name}: none has that in its name: {}", names.join(" "))));
    }
    Ok(chosen)
}

fn budget(args: &HuntingArgs, ways: bool) -> Budget {
    let seeds = args.seeds.unwrap_or(if ways { 1 } else { 5 });
    Budget {
        seeds,
        time: Duration::from_secs(args.budget),
        control_seeds: if ways { 0 } else { seeds.min(CONTROLS.0) },
        control_time: Duration::from_secs(args.budget.min(CONTROLS.1)),
    }
}

fn summary(rows: &[HuntRow], ways: bool) -> String {
    let mut out = String::new();
    let defects: Vec<String> = rows.iter().flat_map(HuntRow::defects).collect();
    if !ways {
        for defect in &defects {
            let _ = writeln!(out, "DEFECT {defect}");
        }
    }
    let (sound, buggy): (Vec<HuntRow>, Vec<HuntRow>) = rows.iter().cloned().partition(|row| row.bug.is_sound());
    let tries = |rows: &[HuntRow]| rows.iter().map(|row| row.whole.len()).sum::<usize>();
    let what = if ways { "fault" } else { "bug" };
    let found = share_found(&buggy);
    let _ = write!(out, "{found} of {} {what}{} found", buggy.len(), if buggy.len() == 1 { "" } else { "s" });
    if !sound.is_empty() {
        let alarms = sound.iter().flat_map(HuntRow::defects).count();
        let _ =
            write!(out, ", {} in {} of sound brokers", counted(alarms, "false alarm"), counted(tries(&sound), "hunt"));
    }
    out.push('\n');
    out
}
