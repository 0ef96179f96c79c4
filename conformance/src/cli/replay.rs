//! `mqtt-assay replay`: sends a transcript's client side again, and shows where what comes differs.

use super::broker::{Broker, BrokerArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::guard::{Guard, SILENCE};
use super::trouble;
use crate::broker::{Target, Variant};
use crate::link::Transcript;
use crate::replay::{Difference, Renaming, name_of_run, replay};
use crate::run::clock;
use crate::scenario::base36;
use crate::text::{counted, cut, single_line};
use clap::Args;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::path::PathBuf;

/// Differences of one time that are shown, and letters of each.
const SHOWN: usize = 10;
const LETTERS: usize = 400;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay replay mqtt-assay-findings/5-MQTT-4.5.0-1-1-2.txt mosquitto --times 20
  mqtt-assay replay finding.txt embedded --fault loses-dup

Each packet is sent after what came before it in the record, and gaps of more than 0.1 s are kept. Compared is what comes on
each connection: packet identifiers that the broker chooses and client identifiers that it assigns may differ, and so may the
order of its packets, but of its messages. The embedded broker and those that are started are new each time; elsewhere the
name of the recorded run in topics and client identifiers is replaced. Exit code 0: the same each time, 1: it differs.";

/// Send a transcript again, and show where it differs
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReplayArgs {
    /// A transcript in its text form, as `run --explore` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    broker: BrokerArgs,

    /// How often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    times: u32,

    /// Decides what the standard leaves to chance, on the embedded broker
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How the times ended.
#[derive(Default)]
struct Tally {
    same: u32,
    differs: u32,
    /// Why there is no going on.
    failed: Option<String>,
    is_interrupted: bool,
}

pub(crate) fn replay_file(args: &ReplayArgs) -> Result<Exit, Failure> {
    let shown = single_line(&args.file.to_string_lossy());
    let text = fs::read_to_string(&args.file).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
    let transcript: Transcript = text.parse().map_err(|error| Failure::usage(format!("{shown}, {error}")))?;
    let Broker { target, .. } = args.broker.resolve(args.seed, 1, None)?;
    let guard = Guard::start(None, target.is_embedded().then_some(SILENCE))
        .map_err(|error| trouble::no_means("nobody can watch over the replay", &error))?;
    println(&format!("{} of {shown}, to {}\n", counted(transcript.lines.len(), "line"), target.name()));
    let work = all_times(args, &target, &transcript, &guard);
    let tally = if target.is_embedded() {
        clock::simulated(work)
    } else {
        clock::real(work).map_err(|error| trouble::no_means("no runtime", &error))?
    };
    drop(target);
    conclude(&tally)
}

fn conclude(tally: &Tally) -> Result<Exit, Failure> {
    let all = tally.same + tally.differs;
    let exit = match tally {
        Tally { failed: Some(why), .. } => return Err(Failure::new(Exit::NothingJudged, why.clone())),
        Tally { is_interrupted: true, .. } => Exit::Interrupted,
        Tally { differs: 0, .. } => Exit::Success,
        Tally { .. } => Exit::Failed,
    };
    println(&format!("\nResult: as recorded {} of {all} times (exit code {})\n", tally.same, exit.code()));
    Ok(exit)
}

async fn all_times(args: &ReplayArgs, target: &Target, transcript: &Transcript, guard: &Guard) -> Tally {
    let mut tally = Tally::default();
    for time in 1..=args.times {
        guard.note(&format!("time {time}"), true);
        let once = tokio::select! {
            biased;
            () = guard.asked_to_end() => {
                tally.is_interrupted = true;
                return tally;
            }
            once = once(target, transcript) => once,
        };
        guard.note(&format!("time {time}"), false);
        match once {
            Ok(differences) => tell(time, &differences, &mut tally),
            Err(why) => {
                tally.failed = Some(why);
                return tally;
            }
        }
    }
    tally
}

async fn once(target: &Target, transcript: &Transcript) -> Result<Vec<Difference>, String> {
    let started = target.prepare(Variant::PLAIN).await.map_err(|unready| format!("{unready:?}"))?;
    let ready = started.ready(transcript.mqtt).map_err(|unready| format!("{unready:?}"))?;
    let renaming = name_of_run(transcript).filter(|_| target.outlives_run()).map(|from| {
        let to = base36(RandomState::new().hash_one(()), from.len()).into_bytes();
        Renaming { from, to }
    });
    replay(transcript, &ready.endpoint, renaming.as_ref(), 1).await
}

fn tell(time: u32, differences: &[Difference], tally: &mut Tally) {
    if differences.is_empty() {
        tally.same += 1;
        return println(&format!("{time:>5}: as recorded\n"));
    }
    tally.differs += 1;
    println(&format!("{time:>5}: differs\n"));
    for Difference { line, role, what } in differences.iter().take(SHOWN) {
        let place = if *line == 0 { "nowhere in it".to_owned() } else { format!("line {line}") };
        println(&format!("       {place}, {}: {}\n", single_line(role), cut(&single_line(what), LETTERS)));
    }
    if differences.len() > SHOWN {
        println(&format!("       and {} more\n", differences.len() - SHOWN));
    }
}

fn println(text: &str) {
    use std::io::Write as _;
    // Nobody may be reading any more; the exit code says it all.
    let _ = write!(anstream::stdout(), "{text}");
}
