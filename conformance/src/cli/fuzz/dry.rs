//! `mqtt-assay fuzz --dry-run`: what would be sent.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::hunt::{Ground, HuntOptions, rehearse};
use crate::link::What;
use mqtt_assay_reference::{Machine, Settings};
use std::fmt::Write as _;

/// Prints what clients write in the first cases.
pub(super) fn print(count: u64, options: &HuntOptions) -> Result<Exit, Failure> {
    let ground = Ground::Inside(Box::new(|| Machine::new(Settings::default())));
    let cases =
        rehearse(&ground, options, count).map_err(|error| Failure::new(Exit::NothingJudged, error.to_string()))?;
    let mut text = format!(
        "Nothing is sent. With seed {} a broker that offers everything, and answers as the reference broker does, would get:\n",
        options.seed
    );
    for (index, kind, record) in cases {
        let _ = writeln!(text, "case {index}, {kind}");
        for line in record.lines.iter().filter(|line| !matches!(line.what, What::Received(_) | What::Said(..))) {
            let _ = writeln!(text, "{}", record.print_line_cut(line));
        }
    }
    output::print(&text)?;
    Ok(Exit::Success)
}
