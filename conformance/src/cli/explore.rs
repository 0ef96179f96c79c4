//! `mqtt-assay run --explore N`: generated sequences, in the place of the cases or behind them.

use super::choices::FilterArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::guard::Guard;
use super::trouble;
use crate::broker::Target;
use crate::explore::{ExploreEvent, ExploreOptions, Explored, Finding, TRIES, explore};
use crate::report::RunFacts;
use crate::report::console::Console;
use crate::report::explored::{ExploreReport, finding as in_words, report};
use crate::run::{NothingJudged, RunOptions, clock};
use crate::scenario::{LeftBehind, Verdict};
use crate::text::{counted, single_line};
use clap::Args;
use mqtt_assay_codec::Version;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

/// The arguments about generated sequences.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExploreArgs {
    /// Play so many generated sequences by --seed: in the place of the cases, or with -f behind them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Generated sequences")]
    explore: Option<u64>,

    /// Where the record of each finding is written, for `mqtt-assay replay`
    #[arg(long, value_name = "DIR", default_value = "mqtt-assay-findings", help_heading = "Generated sequences")]
    findings: PathBuf,
}

/// What came of the sequences of a run.
#[derive(Default)]
pub(crate) struct Sequences {
    explored: Explored,
    files: Vec<Option<String>>,
    problems: Vec<Failure>,
    wanted: u64,
    seed: u64,
}

impl ExploreArgs {
    /// True where no case is to be run: they have to be asked for by a filter.
    pub(crate) fn is_alone(&self, filter: &FilterArgs) -> bool {
        self.explore.is_some() && filter.filter.is_empty()
    }

    /// How many sequences are wanted, if any are.
    pub(crate) fn count(&self) -> Option<u64> {
        self.explore
    }

    /// Plays them.
    pub(crate) fn play(
        &self,
        target: &Target,
        versions: Vec<Version>,
        run: RunOptions,
        guard: &Guard,
        facts: &RunFacts,
        console: &mut Console,
    ) -> Result<Result<Option<Sequences>, NothingJudged>, Failure> {
        let Some(count) = self.explore.filter(|_| guard.ending().is_none()) else { return Ok(Ok(None)) };
        let seed = run.seed;
        let options = ExploreOptions { count, seed, versions, run, tries: TRIES };
        let written = RefCell::new(Sequences { wanted: count, seed, ..Sequences::default() });
        let on_event = |event: ExploreEvent<'_>| match event {
            ExploreEvent::Begun(index) => guard.note(&format!("explore/{seed}/{index}"), true),
            ExploreEvent::Ended(index) => guard.note(&format!("explore/{seed}/{index}"), false),
            ExploreEvent::Found(finding) => {
                let file = written.borrow_mut().save(finding, &self.findings);
                console.say(&in_words(finding, file.as_deref(), facts));
            }
        };
        let work = explore(target, &options, guard.asked_to_end(), on_event);
        let explored = if target.is_embedded() {
            clock::simulated(work)
        } else {
            clock::real(work).map_err(|error| trouble::no_means("no runtime", &error))?
        };
        Ok(explored.map(|explored| Some(Sequences { explored, ..written.into_inner() })))
    }
}

impl Sequences {
    /// Writes a finding's record; the path, where that went well.
    fn save(&mut self, finding: &Finding, folder: &Path) -> Option<PathBuf> {
        let Finding { found, seed, index, sequence, transcript, .. } = finding;
        let path = folder.join(format!("{}-{}-{seed}-{index}.txt", found.version, found.rule.id()));
        let mut text = format!("# {}: {}, line {}\n", found.rule.id(), single_line(&found.seen), found.line);
        for step in sequence.to_string().lines() {
            text = text + "# " + step + "\n";
        }
        text.push_str(&transcript.to_string());
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        if let Err(error) = &written {
            let problem = format!("{}: {error}; --findings names another folder", path.display());
            self.problems.push(Failure::new(Exit::ReportNotWritten, problem));
        }
        let path = written.is_ok().then_some(path);
        self.files.push(path.as_ref().map(|path| path.display().to_string()));
        path
    }

    /// For the JSON report.
    pub(crate) fn report(&self) -> ExploreReport {
        report(&self.explored, self.seed, &self.files)
    }

    /// What may be left on the broker.
    pub(crate) fn left_behind(&self) -> &[LeftBehind] {
        &self.explored.left_behind
    }

    /// What went wrong with the files.
    pub(crate) fn problems(&self) -> &[Failure] {
        &self.problems
    }

    /// True where any came to its end.
    pub(crate) fn judged(&self) -> bool {
        self.explored.sequences > 0
    }

    /// The exit codes that apply.
    pub(crate) fn exits(&self, is_strict: bool, guard: &Guard) -> Vec<Exit> {
        let is_weak = self.explored.findings.iter().any(|finding| finding.found.verdict == Verdict::Weak);
        let is_asked = guard.ending().is_some();
        let applying = [
            (Exit::Interrupted, self.explored.is_partial && is_asked),
            (Exit::Failed, self.explored.fails() || is_strict && is_weak),
            (Exit::Inconclusive, !self.explored.unfinished.is_empty() || self.explored.is_partial && !is_asked),
        ];
        applying.into_iter().filter(|(_, applies)| *applies).map(|(exit, _)| exit).collect()
    }

    /// What it all comes to, where no case has been run.
    pub(crate) fn in_words(&self, exit: Exit) -> Option<String> {
        let Explored { sequences, findings, unfinished, .. } = &self.explored;
        let played = format!("{sequences} generated sequences");
        match exit {
            Exit::Success if findings.is_empty() => Some(format!("pass: no finding in {played}")),
            Exit::Success => Some(format!("pass: {} in {played}, none of a MUST", counted(findings.len(), "finding"))),
            Exit::Failed => Some(format!("FAIL: {} in {played}", counted(findings.len(), "finding"))),
            Exit::Inconclusive if unfinished.is_empty() => {
                Some(format!("INCONCLUSIVE: {sequences} of {} sequences were played", self.wanted))
            }
            Exit::Inconclusive => Some(format!("INCONCLUSIVE: {} of {played} did not end", unfinished.len())),
            _ => None,
        }
    }
}
