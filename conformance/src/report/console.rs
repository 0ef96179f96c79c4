//! The console: on a terminal a progress bar with the running cases below it and failures at once above it, elsewhere
//! one line a case.

use super::{RunFacts, text};
use crate::run::{CaseResult, Disturbance, Event};
use crate::scenario::{Instance, Verdict};
use crate::text::single_line;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

/// How many of the running cases are shown below the bar.
const RUNNING_SHOWN: usize = 5;

/// How often the bar's clock moves on.
const TICK: Duration = Duration::from_millis(200);

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

/// Where and how the console writes.
pub(crate) struct Console {
    out: Box<dyn Write>,
    facts: RunFacts,
    verbosity: Verbosity,
    progress: Option<Progress>,
    /// The first error of writing; nothing is written after it.
    error: Option<io::Error>,
}

impl Console {
    /// A console that writes here; with a draw target it shows a bar there.
    pub(crate) fn new(
        out: Box<dyn Write>,
        facts: RunFacts,
        verbosity: Verbosity,
        bar: Option<ProgressDrawTarget>,
    ) -> Self {
        let progress = bar.map(|target| Progress::new(target, facts.cases));
        Self { out, facts, verbosity, progress, error: None }
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
                    progress.passed_over(*count);
                }
                self.say(&text::not_spoken(*version, *count, why));
            }
            Event::Hint(hint) => self.say(&format!("{}\n", single_line(hint))),
            Event::Revised(result) => self.result(result, "Revised, a straggler came:\n"),
        }
    }

    /// Takes the bar away and writes the summary.
    pub(crate) fn finish(&mut self, results: &[CaseResult]) {
        self.progress = None;
        self.say(&text::summary(results, &self.facts));
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
        let details = match &accepted {
            Some(accepted) => text::accepted(accepted),
            None => text::details(result, &self.facts),
        };
        let mut out = format!("{before}{}{details}", text::result_line(result));
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
}

impl Progress {
    fn new(target: ProgressDrawTarget, cases: usize) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let bar = bars.add(ProgressBar::new(cases as u64));
        // The templates are constants: if one were wrong, the default would do.
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} cases, {elapsed}{msg}") {
            bar.set_style(style);
        }
        let below = bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            below.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self { bars, bar, below, running: Vec::new(), failed: 0 }
    }

    fn started(&mut self, instance: &Instance) {
        self.running.push(instance.id());
        self.show();
    }

    fn passed_over(&mut self, count: usize) {
        self.bar.inc(count as u64);
    }

    fn postponed(&mut self, instance: &Instance) {
        let id = instance.id();
        self.running.retain(|running| *running != id);
        self.show();
    }

    fn finished(&mut self, result: &CaseResult, is_accepted: bool) {
        let id = result.instance.id();
        self.running.retain(|running| *running != id);
        if result.verdict == Verdict::Fail && !is_accepted {
            self.failed += 1;
            self.bar.set_message(format!(", {} failed", self.failed));
        }
        self.bar.inc(1);
        self.show();
    }

    fn show(&self) {
        let mut lines: Vec<String> = self.running.iter().take(RUNNING_SHOWN).map(|id| format!("  {id}")).collect();
        if let Some(more) = self.running.len().checked_sub(RUNNING_SHOWN).filter(|&more| more > 0) {
            lines.push(format!("  and {more} more"));
        }
        self.below.set_message(lines.join("\n"));
    }
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
    use crate::report::TargetName;
    use crate::scenario::{Case, CaseRules, Method, Stop};
    use mqtt_assay_codec::Version;
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

    fn printed(verbosity: Verbosity, verdict: Verdict) -> String {
        let paper = Paper::default();
        let target = TargetName {
            name: "x".to_owned(),
            address: String::new(),
            version: None,
            learnt_from: None,
            carrier: None,
            insecure: false,
        };
        let facts = RunFacts {
            target,
            target_words: "x".to_owned(),
            labels: std::collections::BTreeMap::new(),
            before: String::new(),
            versions: vec![Version::V5],
            seed: 3,
            cases: 1,
            asked: crate::report::Asked::default(),
            ..crate::report::samples::facts()
        };
        let mut console = Console::new(Box::new(paper.clone()), facts, verbosity, Some(ProgressDrawTarget::hidden()));
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
    fn a_verdict_that_a_straggler_turned_is_told_as_such() {
        let text = printed(Verbosity::Quiet, Verdict::Pass);
        assert!(text.starts_with("Revised, a straggler came:\n         fail "), "{text}");
    }
}
