//! The console: on a terminal a progress bar with the running cases below it and failures at once above it, elsewhere
//! one line a case.

use super::document::{CaseReport, Transcripts};
use super::remaining::{Schedule, in_words};
use super::summary::Page;
use super::{RunFacts, text};
use crate::run::{CaseResult, Disturbance, Event};
use crate::scenario::{Instance, Verdict};
use crate::text::single_line;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use mqtt_assay_codec::Version;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many of the running cases are shown below the bar.
const RUNNING_SHOWN: usize = 5;

/// How often the bar's clock moves on.
const TICK: Duration = Duration::from_millis(200);

/// Lines that the shell's next question may take besides the one that every page leaves to it.
const PROMPT: usize = 1;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// `-q`: what isn't right, and the summary.
    Quiet,
    /// Every case.
    Normal,
    /// `-v`: with transcripts of cases that don't pass.
    Transcripts,
    /// `-vv`: with all transcripts.
    AllTranscripts,
}

/// A terminal's size, in letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Where and how the console writes.
pub(crate) struct Console {
    out: Box<dyn Write>,
    facts: RunFacts,
    verbosity: Verbosity,
    progress: Option<Progress>,
    /// The terminal that it writes to, where it is one.
    screen: Option<Screen>,
    /// The first error of writing; nothing is written after it.
    error: Option<io::Error>,
}

impl Console {
    /// A console that writes here; with a draw target it shows a bar there.
    pub(crate) fn new(
        out: Box<dyn Write>,
        facts: RunFacts,
        verbosity: Verbosity,
        screen: Option<Screen>,
        bar: Option<(ProgressDrawTarget, Schedule)>,
    ) -> Self {
        let progress = bar.map(|(target, schedule)| Progress::new(target, facts.cases, schedule));
        Self { out, facts, verbosity, progress, screen, error: None }
    }

    /// Takes note of an event.
    pub(crate) fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::Started(instance) => {
                if let Some(progress) = &mut self.progress {
                    progress.started(instance);
                }
            }
            Event::Finished(result) => {
                if let Some(progress) = &mut self.progress {
                    progress.finished(result, self.facts.accepted(result).is_some());
                }
                self.result(result, "");
            }
            Event::Postponed(instance) => {
                if let Some(progress) = &mut self.progress {
                    progress.postponed(instance);
                }
            }
            Event::BrokerLost(how) => self.say(&text::broker_lost(how)),
            Event::NotSpoken(version, count, why) => {
                if let Some(progress) = &mut self.progress {
                    progress.not_spoken(*version, *count);
                }
                self.say(&text::not_spoken(*version, *count, why));
            }
            Event::Hint(hint) => self.say(&format!("{}\n", single_line(hint))),
            Event::Revised(result) => self.result(result, "Revised, a straggler came:\n"),
        }
    }

    /// Takes the bar away, and says where the end of the run is to stand.
    pub(crate) fn finish(&mut self) -> Page {
        self.progress = None;
        let is_verbose = self.verbosity >= Verbosity::Transcripts;
        match self.screen {
            Some(Screen { width, height }) => {
                let height = Some(height.saturating_sub(PROMPT)).filter(|_| !is_verbose);
                Page { width, height, is_verbose }
            }
            None => Page { is_verbose, ..Page::default() },
        }
    }

    /// Writes a text as it is.
    pub(crate) fn say(&mut self, text: &str) {
        if self.error.is_some() || text.is_empty() {
            return;
        }
        let out = &mut self.out;
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let written = match &self.progress {
            Some(progress) => progress.bars.suspend(write),
            None => write(),
        };
        self.error = written.err();
    }

    /// What went wrong with writing; a reader that has gone is nothing wrong.
    pub(crate) fn into_error(self) -> Option<io::Error> {
        self.error.filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }

    fn result(&mut self, result: &CaseResult, before: &str) {
        let needs_an_eye = matches!(result.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive);
        // The loss of its broker was told.
        let needs_an_eye = needs_an_eye && result.disturbed != Some(Disturbance::BrokerLost);
        let accepted = self.facts.accepted(result);
        let needs_an_eye = needs_an_eye && accepted.is_none();
        // With a bar, what is as it should be only moves the bar.
        let is_shown = match self.verbosity {
            Verbosity::Quiet => needs_an_eye,
            Verbosity::Normal => needs_an_eye || self.progress.is_none(),
            Verbosity::Transcripts | Verbosity::AllTranscripts => true,
        };
        if !is_shown {
            return;
        }
        // What is weak is told in full where it is asked for.
        let transcripts = Transcripts::Failed;
        let mut out = before.to_owned() + &text::result_line(&CaseReport::of(result, &self.facts, transcripts));
        if let Some(accepted) = &accepted {
            out.push_str(&text::on_screen(&text::accepted(accepted), self.screen.map(|screen| screen.width)));
        } else if result.verdict != Verdict::Weak || self.verbosity >= Verbosity::Transcripts {
            out.push_str(&text::on_screen(&text::details(result, &self.facts), self.screen.map(|screen| screen.width)));
        }
        let with_transcript = match self.verbosity {
            Verbosity::Quiet | Verbosity::Normal => false,
            Verbosity::Transcripts => !matches!(result.verdict, Verdict::Pass | Verdict::Observed),
            Verbosity::AllTranscripts => true,
        };
        if with_transcript {
            out.push_str(&text::transcript(&result.transcript));
        }
        self.say(&out);
    }
}

/// A bar, and below it the cases that are running.
struct Progress {
    bars: MultiProgress,
    bar: ProgressBar,
    below: ProgressBar,
    running: Vec<String>,
    failed: usize,
    inconclusive: usize,
    schedule: Schedule,
    /// When the run will have ended, as far as that is known.
    end: Arc<Mutex<Option<Instant>>>,
}

impl Progress {
    fn new(target: ProgressDrawTarget, cases: usize, schedule: Schedule) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let bar = bars.add(ProgressBar::new(cases as u64));
        let end: Arc<Mutex<Option<Instant>>> = Arc::default();
        // The templates are constants: if one were wrong, the default would do.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} cases, {elapsed}{left}{msg}") {
            let known = Arc::clone(&end);
            let left = move |_: &ProgressState, out: &mut dyn fmt::Write| {
                let until = known.lock().ok().and_then(|end| *end);
                let left = until.map(|end| end.saturating_duration_since(Instant::now()));
                // Nowhere to say that a line could not be drawn.
                let _ = out.write_str(&left.map(in_words).unwrap_or_default());
            };
            bar.set_style(style.with_key("left", left));
        }
        let below = bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            below.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self { bars, bar, below, running: Vec::new(), failed: 0, inconclusive: 0, schedule, end }
    }

    fn started(&mut self, instance: &Instance) {
        let id = instance.id();
        self.schedule.started(&id, Instant::now());
        self.running.push(id);
        self.show();
    }

    fn not_spoken(&mut self, version: Version, count: usize) {
        self.schedule.not_spoken(version);
        self.bar.inc(count as u64);
    }

    fn postponed(&mut self, instance: &Instance) {
        let id = instance.id();
        self.schedule.postponed(&id);
        self.running.retain(|running| *running != id);
        self.show();
    }

    fn finished(&mut self, result: &CaseResult, is_accepted: bool) {
        let id = result.instance.id();
        self.schedule.ended(&id);
        self.running.retain(|running| *running != id);
        if !is_accepted {
            self.count(result.verdict);
        }
        self.bar.inc(1);
        self.show();
    }

    fn count(&mut self, verdict: Verdict) {
        self.failed += usize::from(verdict == Verdict::Fail);
        self.inconclusive += usize::from(verdict == Verdict::Inconclusive);
        self.bar.set_message(tally(self.failed, self.inconclusive));
    }

    fn show(&self) {
        let mut lines: Vec<String> = self.running.iter().take(RUNNING_SHOWN).map(|id| format!("  {id}")).collect();
        if let Some(more) = self.running.len().checked_sub(RUNNING_SHOWN).filter(|&more| more > 0) {
            lines.push(format!("  and {more} more"));
        }
        self.below.set_message(lines.join("\n"));
        let now = Instant::now();
        let end = self.schedule.left(now).map(|left| now + left);
        if let Ok(mut known) = self.end.lock() {
            *known = end;
        }
    }
}

/// What is not as it should be, as far as there is any.
fn tally(failed: usize, inconclusive: usize) -> String {
    let parts = [(failed, "failed"), (inconclusive, "inconclusive")].into_iter().filter(|(count, _)| *count > 0);
    parts.fold(String::new(), |out, (count, word)| format!("{out}, {count} {word}"))
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.below.finish_and_clear();
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Transcript;
    use crate::scenario::{Case, CaseRules, Method, Stop};
    use std::cell::RefCell;
    use std::rc::Rc;

    static CASE: Case =
        Case::new("an_example", "", "An example", Method::Steps(|_| Box::pin(async { Err(Stop::Failed) })));
    static RULES: CaseRules = CaseRules { breaks: &[], proves: &[] };

    #[derive(Clone, Default)]
    struct Paper(Rc<RefCell<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn console_on(paper: Paper, facts: RunFacts, verbosity: Verbosity, screen: Option<Screen>) -> Console {
        let schedule = Schedule::of(&[], 1, true, Instant::now());
        Console::new(Box::new(paper), facts, verbosity, screen, Some((ProgressDrawTarget::hidden(), schedule)))
    }

    fn printed(verbosity: Verbosity, verdict: Verdict) -> String {
        let paper = Paper::default();
        let facts = crate::report::samples::facts();
        let mut console = console_on(paper.clone(), facts, verbosity, None);
        let instance = Instance { chapter: "publish", case: &CASE, version: Version::V5, rules: &RULES };
        let mut result = CaseResult::new(instance, &[], None, Transcript::new(instance.id(), Version::V5));
        result.verdict = verdict;
        console.on_event(&Event::Started(&instance));
        console.on_event(&Event::Finished(&result));
        result.verdict = Verdict::Fail;
        console.on_event(&Event::Revised(&result));
        assert!(console.into_error().is_none());
        let bytes = paper.0.borrow().clone();
        anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string()
    }

    #[test]
    fn with_a_bar_only_what_needs_an_eye_is_printed() {
        let passed = "         pass    0.000s 5/publish/an-example\n";
        assert!(!printed(Verbosity::Normal, Verdict::Pass).contains(passed));
        assert!(printed(Verbosity::Transcripts, Verdict::Pass).starts_with(passed));
        assert!(printed(Verbosity::Quiet, Verdict::Weak).starts_with("         weak"));
    }

    #[test]
    fn the_end_is_to_stand_on_the_screen_unless_all_is_asked_for() {
        let page = |verbosity, screen| {
            console_on(Paper::default(), crate::report::samples::facts(), verbosity, screen).finish()
        };
        let screen = Screen { width: 100, height: 30 };
        let here = Page { width: 100, height: Some(29), is_verbose: false };
        assert_eq!(page(Verbosity::Quiet, Some(screen)), here);
        assert_eq!(page(Verbosity::Normal, Some(screen)), here);
        assert_eq!(page(Verbosity::Normal, None), Page::default());
        let verbose = Page { width: 100, height: None, is_verbose: true };
        assert_eq!(page(Verbosity::Transcripts, Some(screen)), verbose);
    }

    #[test]
    fn the_bar_counts_what_failed_and_what_was_not_judged() {
        assert_eq!(tally(0, 0), "");
        assert_eq!(tally(2, 0), ", 2 failed");
        assert_eq!(tally(2, 1), ", 2 failed, 1 inconclusive");
    }

    #[test]
    fn a_verdict_that_a_straggler_turned_is_told_as_such() {
        let text = printed(Verbosity::Quiet, Verdict::Pass);
        assert!(text.starts_with("Revised, a straggler came:\n         fail "), "{text}");
    }
}
