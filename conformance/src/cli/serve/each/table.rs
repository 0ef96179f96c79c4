//! The table of `--each` on the terminal: one line a run.

use super::All;
use super::run::{Outcome, Run};
use crate::cli::serve::args::ServeArgs;
use crate::cli::serve::breach::counts;
use crate::text::{cut, single_line};
use std::fmt::Write as _;

/// The name of the run beside the sound broker.
pub(super) const CONTROL: &str = "(a sound broker)";

/// How much of the command's last line is shown.
const SHOWN: usize = 160;

/// One run, with what it breaks that the control does not; of the control itself all.
pub(super) fn row(name: &str, width: usize, run: &Run, control: &Run, args: &ServeArgs) -> String {
    let mut line = format!("{name:width$}  {:<6}", run.outcome.word());
    if run.outcome == Outcome::Hangs {
        let _ = write!(line, "  still ran after {} s", args.each_timeout);
    }
    if run.outcome == Outcome::Fails {
        let _ = write!(line, "  {}", run.status.as_deref().unwrap_or_default());
    }
    if run.outcome != Outcome::Passes
        && let Some(said) = last_line(&run.said)
    {
        let _ = write!(line, ": {said}");
    }
    let broken = if std::ptr::eq(run, control) { run.broken.clone() } else { run.breaks_beyond(control) };
    for (version, rule) in broken.keys() {
        let mark = if counts(*version, rule, args.strict) { "" } else { " (counts with --strict)" };
        let _ = write!(line, "  breaks {rule} of MQTT {version}{mark}");
    }
    let mut row = format!("{}\n", single_line(line.trim_end()));
    if args.verbose && run.outcome != Outcome::Passes {
        for said in run.said.lines() {
            let _ = writeln!(row, "    {}", single_line(said));
        }
    }
    row
}

/// The last line that the command printed, if it printed any.
pub(super) fn last_line(said: &str) -> Option<String> {
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(cut(&single_line(last), SHOWN).into_owned())
}

/// How many there are of each kind, and what it comes to.
pub(super) fn summary(all: &All, args: &ServeArgs) -> String {
    let count = |outcome| all.runs.iter().filter(|(_, run)| run.outcome == outcome).count();
    let beyond = |run: &Run| !run.breaks_beyond(&all.control).is_empty();
    let breaks = all.runs.iter().filter(|(_, run)| beyond(run)).count();
    let left_out = all.selected - all.runs.len();
    let not_run = if left_out > 0 { format!(", {left_out} not run") } else { String::new() };
    let command = args.shown_command().first().cloned().unwrap_or_default();
    format!(
        "\n{command}: {} of {} pass, {} fail, {} hang{not_run}; {breaks} break a rule that is kept beside a sound broker\nexit {}: {}\n",
        count(Outcome::Passes),
        all.selected,
        count(Outcome::Fails),
        count(Outcome::Hangs),
        all.exit.code(),
        all.why,
    )
}
