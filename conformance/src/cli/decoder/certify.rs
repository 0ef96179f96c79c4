//! A decoder is started, asked about all vectors that are meant, and told of.

use super::super::baselines::{Baselines, Named};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Guard;
use super::super::output::screen_of;
use super::super::{complain, trouble};
use super::args::CertifyArgs;
use super::ending::{Course, conclude};
use super::outputs::Outputs;
use crate::report::certified::{self, Counted, Facts};
use crate::report::console::Screen;
use crate::report::document::{CaseReport, Times};
use crate::report::events::Events;
use crate::report::summary::Page;
use crate::report::tested::Tested;
use crate::report::text::{details_of, result_line};
use crate::scenario::Verdict;
use crate::testee::{Greeting, Judged, Process, Testee, Trial, certify as certify_testee};
use crate::text::{counted, shell, single_line};
use anstream::AutoStream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::ops::ControlFlow;
use std::time::Instant;

/// Certifies, reports, and says how it ended.
pub(super) fn certify(args: &CertifyArgs) -> Result<Exit, Failure> {
    let trials = args.trials()?;
    let guard = Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the run", &error))?;
    let named = Named {
        baseline: args.baseline.as_deref(),
        write_baseline: args.write_baseline.as_deref(),
        strict: args.strict,
        mark_varying: false,
    };
    let both = [("--baseline", named.baseline), ("--write-baseline", named.write_baseline)];
    let mut outputs = Outputs::open(&args.outputs, both, &guard)?;
    let baselines = Baselines::open(&named, &guard)?;
    let (started, begun) = (crate::text::now(), Instant::now());
    let mut testee = Process::start(&args.command, args.limits()).map_err(|why| nothing_judged(args, &why))?;
    let greeting = testee.greeting().clone();
    let words = args.words();
    let expectations = baselines.expected();
    let facts = Facts {
        greeting: &greeting,
        words: &words,
        filter: &args.filter,
        strict: args.strict,
        selected: trials.len(),
        transcripts: args.outputs.transcripts,
        expectations: expectations.as_deref(),
    };
    let mut console = Console::new(args, trials.len());
    console.say(&header(args, &greeting, &trials));
    let events = outputs.begin(|out| Events::of_decoder(out, &facts, &trials, &started))?;
    let mut run =
        Run { facts: &facts, console, events, results: Vec::new(), counted: Counted::default(), verbose: args.verbose };
    let end = certify_testee(&mut testee, &trials, |judged| {
        run.take(&judged);
        if guard.ending().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(testee);
    let times = Times { started, took: begun.elapsed() };
    let course = Course { lost: end.err(), ending: guard.ending() };
    let Run { console, events, results, counted, .. } = run;
    Ok(conclude(args, &facts, &times, (results, counted), &course, (outputs, events, baselines), console))
}

fn nothing_judged(args: &CertifyArgs, why: &str) -> Failure {
    let message = format!("nothing judged: {}: {}", single_line(&args.words()), crate::text::visible(why));
    let advice =
        "behind `--` stands the command of a shim that speaks mqtt-testee/1 on its standard output, and nothing else";
    Failure::new(Exit::NothingJudged, format!("{message}\n  {advice}"))
}

fn header(args: &CertifyArgs, greeting: &Greeting, trials: &[Trial]) -> String {
    if args.quiet {
        return String::new();
    }
    let hides = match greeting.hides.len() {
        0 => String::new(),
        count => format!(", hides {}", counted(count, "field")),
    };
    let can: Vec<&str> = greeting.can.iter().map(String::as_str).collect();
    format!(
        "mqtt-assay {}: {} on {} {}; it can {}{hides}\n",
        env!("CARGO_PKG_VERSION"),
        counted(trials.len(), "vector"),
        single_line(&greeting.name),
        single_line(&greeting.version),
        single_line(&can.join(" "))
    )
}

/// What is gathered while the decoder is asked.
struct Run<'a> {
    facts: &'a Facts<'a>,
    console: Console,
    events: Option<(String, Events)>,
    results: Vec<CaseReport>,
    counted: Counted,
    verbose: u8,
}

impl Run<'_> {
    fn take(&mut self, judged: &Judged) {
        let case = certified::case(judged, self.facts);
        self.counted.add(judged);
        if let Some((_, events)) = &mut self.events {
            events.finished(&case);
        }
        let is_wrong = matches!(case.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive);
        if self.verbose > 1 || self.verbose == 1 && is_wrong && case.expected_by_baseline.is_none() {
            let repeat = format!("mqtt-assay decoder -f {} -v -- {}", shell::for_shell(&case.case), self.facts.words);
            self.console.say(&(result_line(&case) + &details_of(&case, &repeat, Tested::Decoder)));
        }
        self.console.step();
        self.results.push(case);
    }
}

/// Where the text goes, and on a terminal a bar below it.
pub(super) struct Console {
    out: Box<dyn Write>,
    bar: Option<ProgressBar>,
    screen: Option<Screen>,
    is_verbose: bool,
    error: Option<io::Error>,
}

impl Console {
    fn new(args: &CertifyArgs, vectors: usize) -> Self {
        let writes_baseline = args.write_baseline.as_ref().is_some_and(|path| path.as_os_str() == "-");
        let to_stdout = !args.outputs.take_stdout() && !writes_baseline;
        let (out, screen, target): (Box<dyn Write>, _, _) = if to_stdout {
            let out = AutoStream::new(io::stdout(), args.color.on_stdout());
            let target = io::stdout().is_terminal().then(ProgressDrawTarget::stdout);
            (Box::new(out), screen_of(&io::stdout()), target)
        } else {
            let out = AutoStream::new(io::stderr(), args.color.on_stderr());
            let target = io::stderr().is_terminal().then(ProgressDrawTarget::stderr);
            (Box::new(out), screen_of(&io::stderr()), target)
        };
        let bar = target.filter(|_| !args.quiet).map(|target| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} vectors, {elapsed}");
            let bar = ProgressBar::with_draw_target(Some(vectors as u64), target);
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { out, bar, screen, is_verbose: args.verbose > 0, error: None }
    }

    fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Writes a text; after the first error nothing more.
    pub(super) fn say(&mut self, text: &str) {
        if self.error.is_some() || text.is_empty() {
            return;
        }
        let out = &mut self.out;
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.error = match &self.bar {
            Some(bar) => bar.suspend(write).err(),
            None => write().err(),
        };
    }

    /// Takes the bar away, and says where the end is to stand.
    pub(super) fn finish(&mut self) -> Page {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let is_verbose = self.is_verbose;
        match self.screen {
            Some(Screen { width, height }) => {
                Page { width, height: Some(height.saturating_sub(1)).filter(|_| !is_verbose), is_verbose }
            }
            None => Page { is_verbose, ..Page::default() },
        }
    }

    /// What went wrong with writing; a reader that has gone is nothing wrong.
    pub(super) fn into_error(self) -> Option<io::Error> {
        self.error.filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }
}

/// Says what could not be written.
pub(super) fn complain_of(problems: &[Failure]) {
    problems.iter().for_each(complain);
}
