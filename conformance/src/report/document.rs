//! A report as data: what a run has come to, as `run --json` writes it and every other report is made from it, whether the run
//! has just ended or its file is read again. Schema 1; fields are only ever added.

use super::baseline::BaselineReport;
use super::explored::ExploreReport;
use super::tested::Tested;
use super::{End, Ended, RunFacts, TargetName, cause};
use crate::baseline::{self, Accepted, Came, RuleCame};
pub(crate) use crate::broker::SetUp;
use crate::link::{Line, Remark, What};
use crate::run::{CaseResult, Disturbance, Noticed, Summary};
use crate::scenario::{Case, LeftBehind, RuleVerdict, RunNames, Verdict};
use crate::text::{cut, shell};
use mqtt_assay_codec::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The schema's number; it changes when a field changes its meaning or goes.
pub(crate) const SCHEMA: u32 = 1;

/// Letters of what was expected and seen, names and lists of a broker's included.
pub(super) const LETTERS_KEPT: usize = 4000;

/// How much of the transcripts the report holds. Those of cases that fail, are weak or inconclusive are whole in each;
/// a weighty case has a whole one only there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transcripts {
    // Of the other cases the lines that decided them. What a comment for the documentation says here, `--help` would say.
    #[default]
    Deciding,
    // The others whole, too.
    All,
    // None of the others.
    Failed,
    // All, and of no packet the middle left out, however long it is.
    Whole,
}

impl Transcripts {
    /// True for what is held where nobody has said how much.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
    fn are_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the whole transcript of a case with this verdict is in the report.
    pub(crate) fn are_wanted_of(self, case: &Case, verdict: Verdict) -> bool {
        let is_weighty = case.weighty;
        self == Self::Whole
            || self == Self::All && !is_weighty
            || matches!(verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive)
    }
}

/// When and how long a run went.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// UTC, RFC 3339.
    pub(crate) started: String,
    /// On the wall.
    pub(crate) took: Duration,
}

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) schema: u32,
    pub(crate) tool: Tool,
    pub(crate) target: TargetName,
    /// How the run is repeated; a report of an earlier release doesn't say.
    #[serde(default)]
    pub(crate) command: CommandWords,
    /// How the broker was started, by variant, where the suite has started it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) set_ups: BTreeMap<String, SetUp>,
    /// The versions in use.
    pub(crate) mqtt: Vec<String>,
    /// What the user says of the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    /// UTC, RFC 3339.
    pub(crate) started: String,
    pub(crate) seed: u64,
    pub(crate) took_ms: u64,
    pub(crate) ended: Ended,
    pub(crate) exit: u8,
    /// What it all comes to, in one line.
    pub(crate) why: String,
    /// How many cases were to be run.
    pub(crate) selected: usize,
    #[serde(flatten)]
    pub(crate) shard: Option<ShardOf>,
    /// What the run was asked for; a report of an earlier release doesn't say.
    #[serde(default)]
    pub(crate) options: Choices,
    /// All selected cases in one word, those of other shards included: the same word for the same cases.
    #[serde(default)]
    pub(crate) selection: String,
    /// What stands before all names that the run used on the broker; empty where they have been taken out.
    #[serde(default)]
    pub(crate) names: NamesUsed,
    pub(crate) left_behind: Vec<LeftBehind>,
    /// By version.
    pub(crate) summary: BTreeMap<String, Summary>,
    pub(crate) results: Vec<CaseReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) explore: Option<ExploreReport>,
    /// How the run stands beside its baseline, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baseline: Option<BaselineReport>,
    /// Of a decoder: what it can, and how it was asked. A report without it is a broker's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decoder: Option<DecoderFacts>,
}

/// What a decoder can, and how it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecoderFacts {
    /// As its greeting says.
    pub(crate) can: Vec<String>,
    /// Names of fields that it doesn't hand out.
    pub(crate) hides: Vec<String>,
    /// How many fields were not compared for that.
    pub(crate) hidden_fields: usize,
    /// How many questions it was asked.
    pub(crate) questions: usize,
    /// How many vectors are left out of any run, for they are about the limits of a receiver.
    pub(crate) left_out: usize,
}

/// A part of the selected cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardOf {
    /// `1/4`.
    pub(crate) shard: String,
    /// How many cases all shards have together.
    pub(crate) selected_by_all_shards: usize,
}

/// Options of a run that decide what it comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choices {
    pub(crate) filter: Vec<String>,
    pub(crate) variant: Option<String>,
    pub(crate) patience: u32,
    pub(crate) strict: bool,
    pub(crate) intrusive: bool,
    /// How much of the transcripts the report holds.
    #[serde(default, skip_serializing_if = "Transcripts::are_usual")]
    pub(crate) transcripts: Transcripts,
}

/// What a run puts before its names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamesUsed {
    /// Before every topic, with the run's name behind it.
    pub(crate) topic_prefix: String,
    /// Before every client identifier, likewise.
    pub(crate) client_id_prefix: String,
    /// The run's own name.
    pub(crate) run: String,
}

impl From<&RunNames> for NamesUsed {
    fn from(names: &RunNames) -> Self {
        let RunNames { topic_prefix, client_id_prefix, run } = names.clone();
        Self { topic_prefix, client_id_prefix, run }
    }
}

/// Who wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Tool {
    /// This program.
    pub(crate) fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// What a command is made of that repeats a case of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandWords {
    /// What stands before it: the variable with the password. Empty where there is none.
    pub(crate) before: String,
    /// The broker and its options, quoted for a shell.
    pub(crate) broker: String,
}

/// A case and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CaseReport {
    /// Its id, version in front.
    pub(crate) case: String,
    /// Its version.
    pub(crate) mqtt: String,
    pub(crate) chapter: String,
    pub(crate) title: String,
    pub(crate) variant: String,
    pub(crate) verdict: Verdict,
    /// Of a fail: whose fault shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) marked: Option<Mark>,
    pub(crate) took_ms: u64,
    /// All that is wrong with it is as the baseline lists it: why that is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expected_by_baseline: Option<Accepted>,
    /// What had disturbed it beside others; then this is what came of it alone. `null` where nothing had.
    pub(crate) alone: Option<Disturbance>,
    pub(crate) rules: Vec<RuleReport>,
    pub(crate) decided_by: DecidedBy,
    /// What the deciding step expected; `null` where none was reached.
    pub(crate) expected: Option<String>,
    /// The line with what the case sent to bring the decision about, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_in_line: Option<u32>,
    /// What `-f` names to repeat it, where that is more than its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repeat: Option<String>,
    /// Roles of its transcript that speak another version than the case, and which.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) other_versions: BTreeMap<String, String>,
    /// What was found broken in its traffic beside its own rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) noticed: Vec<Noticed>,
    /// Lines of the transcript's text form, long packets cut, without its head: all, those that decided, or none.
    pub(crate) transcript: Vec<String>,
}

/// What a fail shows of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mark {
    /// It did wrong itself.
    Broken,
    /// It went on after something that the standard forbids a client.
    Lenient,
}

impl Mark {
    /// The word in reports.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Lenient => "lenient",
        }
    }
}

/// A rule of a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RuleReport {
    pub(crate) id: String,
    pub(crate) level: String,
    pub(crate) basis: String,
    /// It binds clients, and the case broke it on purpose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) breaks: bool,
    pub(crate) verdict: Verdict,
    /// The line of the transcript that shows it, where it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    /// Of a rule that is failed, weak or inconclusive: what was seen, by the case's own names and without what is chance, so
    /// that two runs of one broker say the same. A report of an earlier release doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
}

/// What decided a case: the rule, the line of its transcript, and what was seen there. Without a rule: why nothing was
/// judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecidedBy {
    pub(crate) rule: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) seen: String,
}

impl Document {
    /// A run that has just ended.
    pub(crate) fn of(
        facts: &RunFacts,
        times: &Times,
        results: &[CaseResult],
        end: &End,
        transcripts: Transcripts,
    ) -> Self {
        let summary = |version: Version| facts.summary(version, results);
        Self {
            schema: SCHEMA,
            tool: Tool::this(),
            target: facts.target.clone(),
            command: CommandWords { before: facts.before.clone(), broker: facts.target_words.clone() },
            set_ups: facts.set_ups.clone(),
            mqtt: facts.versions.iter().map(|version| version.name().to_owned()).collect(),
            labels: facts.labels.clone(),
            started: times.started.clone(),
            seed: facts.seed,
            took_ms: milliseconds(times.took),
            ended: end.ended,
            exit: end.exit,
            why: end.why.clone(),
            selected: facts.cases,
            shard: facts.asked.shard.clone(),
            options: Choices { transcripts, ..facts.asked.options.clone() },
            selection: facts.asked.selection.clone(),
            names: (&facts.names).into(),
            left_behind: end.left_behind.clone(),
            summary: facts.versions.iter().map(|&version| (version.name().to_owned(), summary(version))).collect(),
            results: results.iter().map(|result| CaseReport::of(result, facts, transcripts)).collect(),
            explore: end.explore.clone(),
            baseline: end.baseline.clone(),
            decoder: None,
        }
    }

    /// What it is about.
    pub(crate) fn tested(&self) -> Tested {
        if self.decoder.is_some() { Tested::Decoder } else { Tested::Broker }
    }

    /// Name and version of the broker, as far as they are known.
    pub(crate) fn broker(&self) -> String {
        let TargetName { name, version, .. } = &self.target;
        version.as_ref().map_or_else(|| name.clone(), |version| format!("{name} {version}"))
    }

    /// The day it began.
    pub(crate) fn day(&self) -> &str {
        self.started.split('T').next().unwrap_or_default()
    }

    /// Counts over all versions.
    pub(crate) fn counts(&self) -> Summary {
        self.summary.values().fold(Summary::default(), Summary::and)
    }

    /// What has come, as a baseline is held against it; nothing of a report of a release that doesn't say what it takes.
    pub(crate) fn came(&self) -> Option<Vec<Came>> {
        self.results.iter().map(CaseReport::came).collect()
    }

    /// Ends otherwise than was said: a report of it could not be written.
    pub(crate) fn ends(&mut self, end: &End) {
        (self.ended, self.exit) = (end.ended, end.exit);
        self.why.clone_from(&end.why);
    }

    /// Whether the transcript of a case is there as a whole, or as far as somebody has asked for it.
    pub(crate) fn has_transcript_of(&self, case: &CaseReport) -> bool {
        let needs_an_eye = matches!(case.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive);
        needs_an_eye || self.options.transcripts != Transcripts::Deciding
    }

    /// The command that runs a case again.
    pub(crate) fn repeat(&self, case: &CaseReport) -> String {
        let CommandWords { before, broker } = &self.command;
        let filter = case.repeat.as_ref().unwrap_or(&case.case);
        if self.tested() == Tested::Decoder {
            return format!("mqtt-assay decoder -f {} -v -- {broker}", shell::for_shell(filter));
        }
        format!("{before}mqtt-assay run {broker} -f {filter} --seed {} -v", self.seed)
    }
}

impl CaseReport {
    /// A case that has just ended.
    pub(crate) fn of(result: &CaseResult, facts: &RunFacts, transcripts: Transcripts) -> Self {
        let decisive = result.decisive().filter(|rule| rule.line.is_some());
        let transcript = lines(result, transcripts);
        let others = result.transcript.others.iter().filter(|_| !transcript.is_empty());
        let id = result.instance.id();
        let marked = if result.is_lenient() { Mark::Lenient } else { Mark::Broken };
        Self {
            mqtt: result.instance.version.name().to_owned(),
            chapter: result.instance.chapter.to_owned(),
            title: result.instance.case.title.to_owned(),
            variant: result.instance.case.variant.name.to_owned(),
            verdict: result.verdict,
            marked: (result.verdict == Verdict::Fail).then_some(marked),
            took_ms: milliseconds(result.took),
            expected_by_baseline: facts.accepted(result),
            alone: result.alone,
            noticed: result.noticed.clone(),
            rules: result.rules.iter().map(|rule| RuleReport::of(result, rule, &facts.names)).collect(),
            decided_by: decided_by(result),
            expected: decisive.map(|rule| cut(&rule.expected, LETTERS_KEPT).into_owned()),
            sent_in_line: sent_in_line(result),
            repeat: Some(result.to_repeat()).filter(|repeat| *repeat != id),
            other_versions: others.map(|(role, version)| (role.clone(), version.name().to_owned())).collect(),
            transcript,
            case: id,
        }
    }
}

impl CaseReport {
    /// What has come, as a baseline is held against it.
    pub(crate) fn came(&self) -> Option<Came> {
        let rules: Option<Vec<RuleCame>> = self.rules.iter().map(RuleReport::came).collect();
        let why =
            (self.decided_by.rule.is_none() && !self.decided_by.seen.is_empty()).then(|| self.decided_by.seen.clone());
        Some(Came { case: self.case.clone(), rules: rules?, why })
    }
}

impl RuleReport {
    fn came(&self) -> Option<RuleCame> {
        let says_nothing = !matches!(self.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive);
        let seen = self.seen.clone().or_else(|| says_nothing.then(String::new))?;
        Some(RuleCame { rule: self.id.clone(), verdict: self.verdict, seen })
    }

    fn of(result: &CaseResult, rule: &RuleVerdict, names: &RunNames) -> Self {
        Self {
            id: rule.rule.id().to_owned(),
            level: rule.rule.rule().level.word().to_owned(),
            basis: rule.basis.word().to_owned(),
            breaks: result.instance.rules.breaks.contains(&rule.rule),
            verdict: rule.verdict,
            line: rule.line,
            seen: baseline::seen(rule, names, result.instance.chapter),
        }
    }
}

fn decided_by(result: &CaseResult) -> DecidedBy {
    let decisive = result.decisive().filter(|rule| rule.line.is_some());
    let seen = decisive.map_or(result.reason.as_deref().unwrap_or_default(), |rule| &rule.seen);
    DecidedBy {
        rule: decisive.map(|rule| rule.rule.id().to_owned()),
        line: decisive.and_then(|rule| rule.line),
        seen: cut(seen, LETTERS_KEPT).into_owned(),
    }
}

/// Only of what needs somebody's eye: the others' lines are not all there.
fn sent_in_line(result: &CaseResult) -> Option<u32> {
    let needs_an_eye = matches!(result.verdict, Verdict::Fail | Verdict::Weak);
    let decisive = result.decisive().filter(|_| needs_an_eye)?;
    cause(result, decisive).map(|line| line.number)
}

fn lines(result: &CaseResult, transcripts: Transcripts) -> Vec<String> {
    let is_whole = transcripts.are_wanted_of(result.instance.case, result.verdict);
    let decides = |line: &&Line| {
        matches!(line.what, What::Said(Remark::Decides, _))
            || result.rules.iter().any(|rule| rule.line == Some(line.number))
    };
    let is_kept = |line: &&Line| is_whole || transcripts == Transcripts::Deciding && decides(line);
    let lines = result.transcript.lines.iter().filter(is_kept);
    lines
        .map(|line| match transcripts {
            Transcripts::Whole => result.transcript.print_line(line),
            _ => result.transcript.print_line_cut(line),
        })
        .collect()
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A report as tests of what reads one need it: a case that fails by both of its rules, one that is inconclusive by one of
/// them, one that passes.
#[cfg(test)]
pub(crate) fn sample() -> Document {
    use super::samples;
    use crate::scenario::Stop;
    let results = [
        samples::result(&[(Verdict::Fail, "DUP 1 id=7"), (Verdict::Fail, "DUP 1\u{1b}[2J")], Some(Stop::Failed)),
        samples::result_of("another", &[(Verdict::Inconclusive, "no CONNACK"), (Verdict::Pass, "")], None),
        samples::result_of("a-third", &[(Verdict::Pass, ""), (Verdict::Weak, "late")], None),
    ];
    let times = Times { started: String::new(), took: Duration::ZERO };
    Document::of(&samples::facts(), &times, &results, &samples::end(Ended::Complete), Transcripts::Deciding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::{Kind, Stop};

    #[test]
    fn the_end_of_the_run_is_told_and_long_texts_are_cut() {
        let long = "x".repeat(35_000);
        let results = [
            samples::result(&[(Verdict::Fail, &long), (Verdict::Pass, "")], Some(Stop::Failed)),
            samples::result(&[], Some(Stop::Inconclusive { why: long.clone(), line: None })),
        ];
        let left = LeftBehind { kind: Kind::Retained, name: "a/b".to_owned(), case: "5/x/y".to_owned() };
        let end = End { left_behind: vec![left], ..samples::end(Ended::FailFast) };
        let times = Times { started: String::new(), took: Duration::ZERO };
        let document = Document::of(&samples::facts(), &times, &results, &end, Transcripts::Failed);
        let report: serde_json::Value = serde_json::to_value(&document).expect("JSON");
        assert_eq!(
            (&report["ended"], &report["exit"], &report["selected"]),
            (&"fail-fast".into(), &0.into(), &5.into())
        );
        let left = serde_json::json!([{ "kind": "retained", "name": "a/b", "case": "5/x/y" }]);
        assert_eq!(report["left_behind"], left);
        for result in report["results"].as_array().expect("results") {
            let seen = result["decided_by"]["seen"].as_str().expect("text");
            assert!(seen.len() < LETTERS_KEPT + 30 && seen.ends_with("... (35000 letters)"), "{seen}");
        }
    }

    #[test]
    fn of_what_is_as_it_should_be_the_deciding_lines_are_told_or_all_or_none() {
        let told = |verdict, transcripts| {
            let results = [samples::result(&[(verdict, "DUP 0"), (Verdict::Pass, "")], None)];
            let times = Times { started: String::new(), took: Duration::ZERO };
            let end = samples::end(Ended::Complete);
            let document = Document::of(&samples::facts(), &times, &results, &end, transcripts);
            let report: serde_json::Value = serde_json::to_value(&document).expect("JSON");
            let lines = report["results"][0]["transcript"].as_array().expect("lines").clone();
            let number = |line: &serde_json::Value| line.as_str()?.split_whitespace().next()?.parse().ok();
            lines.iter().filter_map(number).collect::<Vec<u32>>()
        };
        assert_eq!(told(Verdict::Pass, Transcripts::Deciding), [3]);
        assert_eq!(told(Verdict::Pass, Transcripts::All), [1, 2, 3]);
        assert_eq!(told(Verdict::Pass, Transcripts::Failed), [0_u32; 0]);
        for transcripts in [Transcripts::Deciding, Transcripts::All, Transcripts::Failed] {
            assert_eq!(told(Verdict::Fail, transcripts), [1, 2, 3]);
        }
    }
}
