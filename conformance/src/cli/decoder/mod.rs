//! `mqtt-assay decoder`: certifies the packet decoder of somebody else, in any language, over its standard input and output.

mod args;
mod certify;
mod command;
mod ending;
mod fuzz;
mod outputs;
mod prove;

use super::exit::Exit;
use super::failure::Failure;
use crate::testee::planted::{BUGS, Planted};
use crate::testee::{Answer, End, Greeting, Ours, Question, Testee, serve};
use crate::text::{did_you_mean, quoted};
use args::CertifyArgs;
use clap::{Args, Subcommand};
use std::io;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay decoder -- python3 shim.py                     certify a decoder by all vectors
  mqtt-assay decoder -f '5/client/publish*' -v -- ./shim    by some of them, each fail told
  mqtt-assay decoder --json mine.json -- ./shim             then: mqtt-assay show mine.json
  mqtt-assay decoder --write-baseline known.toml -- ./shim  then, each time: --baseline known.toml
  mqtt-assay report --matrix mine.json theirs.json          decoders side by side
  mqtt-assay decoder -- mqtt-assay decoder serve            our own, as an example of a shim

CMD reads requests from its standard input and writes an answer to each on its standard output,
in lines of text: the protocol mqtt-testee/1, a page of the book (`testee.md`). `decoder` alone
certifies.

Exit codes: 0 all pass, 1 a fail, 2 usage, 3 it can't be started or does not greet, 4 nothing
selected, 5 baseline stale, 6 inconclusive; all of them: mqtt-assay explain exit-codes";

/// Certify a packet decoder in any language: a command that answers on standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct DecoderArgs {
    #[command(subcommand)]
    command: Option<DecoderCommand>,

    #[command(flatten)]
    certify: CertifyArgs,
}

/// What can be done with a decoder.
#[derive(Debug, Subcommand)]
enum DecoderCommand {
    /// Certify it by the vectors, as without this word
    Certify(Box<CertifyArgs>),
    /// Fuzz it: legal packets and packets with one mistake, each answer held against what is due
    Fuzz(Box<fuzz::FuzzArgs>),
    /// Answer as the decoder of this program does: what a strict shim says
    Serve(ServeArgs),
    /// Show that certifying and fuzzing find mistakes: our decoder, with one planted mistake after the other
    Prove(prove::ProveArgs),
}

/// Does what is asked.
pub(crate) fn decoder(args: &DecoderArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => certify::certify(&args.certify),
        Some(DecoderCommand::Certify(args)) => certify::certify(args),
        Some(DecoderCommand::Fuzz(args)) => fuzz::fuzz(args),
        Some(DecoderCommand::Serve(args)) => answer(args),
        Some(DecoderCommand::Prove(args)) => prove::prove(args),
    }
}

/// How the decoder of this program answers.
#[derive(Debug, Args)]
struct ServeArgs {
    /// Answer with this planted mistake
    #[arg(long, value_name = "NAME")]
    bug: Option<String>,
}

/// A tool that has gone needs no answers any more.
fn answer(args: &ServeArgs) -> Result<Exit, Failure> {
    let mut testee: Box<dyn Testee> = match &args.bug {
        None => Box::new(Ours::new()),
        Some(name) => Box::new(Earnest(Planted::new(name).ok_or_else(|| unknown(name))?)),
    };
    super::output::settle(serve(testee.as_mut(), io::stdin(), io::stdout()))?;
    Ok(Exit::Success)
}

fn unknown(name: &str) -> Failure {
    let meant = did_you_mean(name, BUGS.iter().map(|bug| bug.name));
    Failure::usage(format!("no planted mistake has the name {}{meant}", quoted(name)))
}

/// A decoder with a planted mistake that dies and hangs in earnest.
struct Earnest(Planted);

impl Testee for Earnest {
    fn greeting(&self) -> &Greeting {
        self.0.greeting()
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String> {
        let answers = self.0.ask(questions)?;
        for answer in &answers {
            match &answer.end {
                End::Died(death) => {
                    eprintln!("{}", death.stderr);
                    std::process::abort();
                }
                // Whoever waits for an answer kills it.
                End::Hung(_) => loop {
                    std::thread::park();
                },
                _ => {}
            }
        }
        Ok(answers)
    }
}
