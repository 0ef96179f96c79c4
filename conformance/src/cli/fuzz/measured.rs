//! `mqtt-assay fuzz --calibrate`: what judging costs.

use super::args::FuzzArgs;
use super::{ground, say};
use crate::broker::Target;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::hunt::{Calibration, Rate, calibrate};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// How long it takes where nothing is said.
const TIME: Duration = Duration::from_secs(16);

/// Measures, and says what came of it.
pub(super) fn measure(args: &FuzzArgs, target: &Target, seed: u64, runtime: &Runtime) -> Result<Exit, Failure> {
    if target.is_embedded() {
        return Err(Failure::usage("--calibrate measures sockets: name a broker that has some"));
    }
    let place = LocalSet::new().block_on(runtime, ground::find(target, args.mqtt))?;
    let time = args.given_time().unwrap_or(TIME);
    let measured = calibrate(place.address, &place.versions, place.login, time, seed);
    let measured =
        measured.map_err(|error| Failure::new(Exit::NothingJudged, format!("{}: {error}", place.address)))?;
    say(&in_words(&measured));
    Ok(Exit::Success)
}

fn in_words(measured: &Calibration) -> String {
    let Calibration { pace, probe_fresh, hunt_fresh, probe_kept, hunt_kept } = measured;
    format!(
        "PINGRESP: the slowest of a hundred takes {:?}; a connection is waited for {:?}\n{}{}{}{}{}{}",
        pace.p99,
        pace.wait,
        row("fresh, probe", probe_fresh),
        row("fresh, judged", hunt_fresh),
        share(hunt_fresh, probe_fresh),
        row("kept, probe", probe_kept),
        row("kept, judged", hunt_kept),
        share(hunt_kept, probe_kept),
    )
}

fn row(name: &str, rate: &Rate) -> String {
    format!("  {name:<14} {:>9.0} cases/s {:>7.1} us of this tool a case\n", rate.a_second(), rate.cpu_a_case())
}

fn share(hunt: &Rate, probe: &Rate) -> String {
    let share = hunt.a_second() * 100.0 / probe.a_second().max(1e-9);
    format!("  {:<14} {share:>8.0} %\n", "judged/probe")
}
