//! `mqtt-assay fuzz`: hunts a live broker.

mod args;
mod ground;

pub(crate) use args::FuzzArgs;

use super::broker::Broker;
use super::exit::Exit;
use super::failure::Failure;
use super::guard::Guard;
use super::trouble;
use crate::hunt::{Calibration, Rate, calibrate};
use crate::run::clock;
use std::io::Write as _;
use std::time::Duration;

/// How long a calibration takes where nothing is said.
const CALIBRATION: Duration = Duration::from_secs(16);

pub(crate) fn fuzz(args: &FuzzArgs) -> Result<Exit, Failure> {
    let seed = args.seed.unwrap_or(1);
    let Broker { target, .. } = args.broker.resolve(seed, 1, None)?;
    ground::require_leave(args, &target)?;
    let _guard = Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the hunt", &error))?;
    let measured = clock::real(async {
        let ground = ground::find(&target).await?;
        let failed = |error: std::io::Error| Failure::new(Exit::NothingJudged, format!("{}: {error}", ground.address));
        calibrate(ground.address, CALIBRATION, seed).map_err(failed)
    });
    let measured = measured.map_err(|error| trouble::no_means("no runtime", &error))??;
    drop(target);
    say(&measured_in_words(&measured));
    Ok(Exit::Success)
}

fn measured_in_words(measured: &Calibration) -> String {
    let row = |name: &str, rate: &Rate| {
        format!("  {name:<14} {:>9.0} cases/s {:>7.1} us of this tool a case\n", rate.a_second(), rate.cpu_a_case())
    };
    let share = |hunt: &Rate, probe: &Rate| hunt.a_second() * 100.0 / probe.a_second().max(1e-9);
    format!(
        "PINGRESP: the slowest of a hundred takes {:?}; a connection is waited for {:?}\n{}{}  {:<14} {:>8.0} %\n{}{}  {:<14} {:>8.0} %\n",
        measured.pace.p99,
        measured.pace.wait,
        row("fresh, probe", &measured.probe_fresh),
        row("fresh, judged", &measured.hunt_fresh),
        "judged/probe",
        share(&measured.hunt_fresh, &measured.probe_fresh),
        row("kept, probe", &measured.probe_kept),
        row("kept, judged", &measured.hunt_kept),
        "judged/probe",
        share(&measured.hunt_kept, &measured.probe_kept),
    )
}

fn say(text: &str) {
    // Nobody may be reading any more; the exit code says it all.
    let _ = write!(anstream::stdout(), "{text}");
}
