//! `mqtt-assay baseline`: looks after a baseline. `check` reads it by itself, `reason` says why many entries are accepted;
//! `review` goes through what a run changes in it.

mod check;
mod reason;
mod review;
mod walk;

use super::exit::Exit;
use super::failure::Failure;
use crate::baseline::{self, Baseline};
use clap::{Args, Subcommand};
use std::path::Path;

const EXAMPLES: &str = "\
A run with a baseline is green until the broker does something else than is listed:
  mqtt-assay run mosquitto --write-baseline known.toml           the first time; why:
  mqtt-assay baseline reason known.toml --of MQTT-3.1.2-8 WHY    all of one cause; then, each time:
  mqtt-assay run mosquitto --baseline known.toml --json a.json   exit 1 or 5 where it differs; then:
  mqtt-assay baseline review a.json --baseline known.toml        one difference after the other
  mqtt-assay run mosquitto --baseline known.toml --write-baseline known.toml     all of them

An entry of the file, in TOML, for each case and rule:
  [[expected]]
  case = \"5/publish/dup-at-qos0\"
  rule = \"MQTT-3.3.1-2\"
  verdict = \"fail\"           or inconclusive, or weak
  varies = true              the verdict may be better; \"seen\": it may be seen otherwise
  seen = \"...\"               without names, times and identifiers, which differ each time
  reason = \"\"                write here why it is accepted
  link = \"https://...\"       an issue, if there is one";

/// Look after a baseline: what a broker is known to do otherwise than the standard says
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    Check(check::CheckArgs),
    Reason(reason::ReasonArgs),
    Review(review::ReviewArgs),
}

/// Does what the command says.
pub(crate) fn baseline(args: &BaselineArgs) -> Result<Exit, Failure> {
    match &args.command {
        BaselineCommand::Check(args) => check::check(args),
        BaselineCommand::Reason(args) => reason::reason(args),
        BaselineCommand::Review(args) => review::review(args),
    }
}

fn read(path: &Path) -> Result<Baseline, Failure> {
    baseline::read(path).map_err(Failure::usage)
}
