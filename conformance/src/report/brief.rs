//! A report in brief, to be kept in a repository: every verdict, a line a case, without transcripts, titles and times. What was
//! seen is there where a case doesn't pass, without the names of the run. Read again, it is a document like any other; what the
//! catalog and the cases of this program know is filled in.

use super::behaviour::without_names;
use super::document::{
    CaseReport, Choices, CommandWords, DecidedBy, DecoderFacts, Document, Mark, NamesUsed, RuleReport, Tool,
    Transcripts,
};
use super::{Ended, TargetName};
use crate::cases;
use crate::run::Summary;
use crate::scenario::{Instance, Verdict};
use crate::text::cut;
use mqtt_assay_codec::Version;
use mqtt_assay_standard as standard;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Letters of what was expected and seen.
const LETTERS_KEPT: usize = 300;

/// Letters that tell how long a shortened text was, at most.
const NOTE: usize = 30;

/// A run in brief.
#[derive(Serialize, Deserialize)]
pub(super) struct Brief {
    schema: u32,
    /// Always true: what tells it from a whole report.
    #[serde(rename = "brief")]
    is_short: bool,
    tool: Tool,
    target: TargetName,
    command: CommandWords,
    mqtt: Vec<String>,
    started: String,
    seed: u64,
    took_ms: u64,
    ended: Ended,
    exit: u8,
    why: String,
    selected: usize,
    options: Choices,
    selection: String,
    summary: BTreeMap<String, Summary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decoder: Option<DecoderFacts>,
    results: Vec<Line>,
}

/// A case: its id, verdict and rules where that is all there is to say.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Plain(String, Verdict, String),
    Told(BriefCase),
}

impl From<BriefCase> for Line {
    fn from(case: BriefCase) -> Self {
        let is_plain =
            case.marked.is_none() && case.other_rules.is_empty() && case.expected.is_empty() && case.seen.is_empty();
        if is_plain { Self::Plain(case.case, case.verdict, case.rules.join(" ")) } else { Self::Told(case) }
    }
}

impl From<Line> for BriefCase {
    fn from(line: Line) -> Self {
        match line {
            Line::Told(case) => case,
            Line::Plain(case, verdict, rules) => Self {
                case,
                verdict,
                marked: None,
                rules: rules.split(' ').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
                other_rules: Vec::new(),
                expected: String::new(),
                seen: String::new(),
            },
        }
    }
}

/// A case in brief.
#[derive(Serialize, Deserialize)]
struct BriefCase {
    case: String,
    verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marked: Option<Mark>,
    /// Rules with the case's verdict, the deciding one first.
    rules: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_rules: Vec<OtherRule>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    expected: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    seen: String,
}

/// A rule with another verdict than its case.
#[derive(Serialize, Deserialize)]
struct OtherRule {
    id: String,
    verdict: Verdict,
}

/// Writes a report in brief.
pub(crate) fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    out.write_all(text(document)?.as_bytes())?;
    out.flush()
}

/// A field a line, and in `results` a case a line: so a change is told by as many lines as it changes.
pub(super) fn text(document: &Document) -> io::Result<String> {
    let mut brief = Brief::of(document);
    let lines: Result<Vec<String>, _> = brief.results.drain(..).map(|line| serde_json::to_string(&line)).collect();
    let head = serde_json::to_string_pretty(&brief)?;
    // Within a string the quotation mark would have a backslash before it.
    let filled = format!("\"results\": [\n{}\n  ]", lines?.join(",\n"));
    Ok(head.replace("\"results\": []", &filled) + "\n")
}

impl Brief {
    fn of(document: &Document) -> Self {
        Self {
            schema: document.schema,
            is_short: true,
            tool: document.tool.clone(),
            target: document.target.clone(),
            command: document.command.clone(),
            mqtt: document.mqtt.clone(),
            started: document.started.clone(),
            seed: document.seed,
            took_ms: document.took_ms,
            ended: document.ended,
            exit: document.exit,
            why: document.why.clone(),
            selected: document.selected,
            // There are none.
            options: Choices { transcripts: Transcripts::default(), ..document.options.clone() },
            selection: document.selection.clone(),
            summary: document.summary.clone(),
            decoder: document.decoder.clone(),
            results: document.results.iter().map(|case| BriefCase::of(case, &document.names).into()).collect(),
        }
    }

    /// As a document, with what is known of its cases and rules.
    pub(super) fn into_document(self) -> Document {
        let known: BTreeMap<String, Instance> = cases::all().map(|instance| (instance.id(), instance)).collect();
        Document {
            schema: self.schema,
            tool: self.tool,
            target: self.target,
            command: self.command,
            mqtt: self.mqtt,
            started: self.started,
            seed: self.seed,
            took_ms: self.took_ms,
            ended: self.ended,
            exit: self.exit,
            why: self.why,
            selected: self.selected,
            shard: None,
            options: self.options,
            selection: self.selection,
            names: NamesUsed::default(),
            left_behind: Vec::new(),
            summary: self.summary,
            results: self.results.into_iter().map(|line| BriefCase::from(line).into_report(&known)).collect(),
            explore: None,
            baseline: None,
            decoder: self.decoder,
            labels: BTreeMap::new(),
            set_ups: BTreeMap::new(),
        }
    }
}

impl BriefCase {
    fn of(case: &CaseReport, names: &NamesUsed) -> Self {
        let needs_an_eye = matches!(case.verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive);
        let told = |text: &str| if needs_an_eye { shortened(&without_names(text, names)) } else { String::new() };
        let deciding = case.decided_by.rule.iter().cloned();
        let like_it = case.rules.iter().filter(|rule| rule.verdict == case.verdict).map(|rule| rule.id.clone());
        let mut rules: Vec<String> = Vec::new();
        for id in deciding.filter(|id| case.rules.iter().any(|rule| rule.id == *id)).chain(like_it) {
            if !rules.contains(&id) {
                rules.push(id);
            }
        }
        let others = case.rules.iter().filter(|rule| !rules.contains(&rule.id));
        Self {
            case: case.case.clone(),
            verdict: case.verdict,
            marked: case.marked,
            other_rules: others.map(|rule| OtherRule { id: rule.id.clone(), verdict: rule.verdict }).collect(),
            rules,
            expected: told(case.expected.as_deref().unwrap_or_default()),
            seen: told(&case.decided_by.seen),
        }
    }

    fn into_report(self, known: &BTreeMap<String, Instance>) -> CaseReport {
        let case = known.get(&self.case).map(|instance| instance.case);
        let mut parts = self.case.split('/').map(str::to_owned);
        let (mqtt, chapter) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_judged = matches!(self.verdict, Verdict::Fail | Verdict::Weak | Verdict::Pass | Verdict::Observed);
        let like_it = self.rules.iter().map(|id| rule(&mqtt, id, self.verdict));
        let rules = like_it.chain(self.other_rules.iter().map(|other| rule(&mqtt, &other.id, other.verdict)));
        CaseReport {
            rules: rules.collect(),
            title: case.map_or("", |case| case.title).to_owned(),
            variant: case.map_or("", |case| case.variant.name).to_owned(),
            verdict: self.verdict,
            marked: self.marked,
            expected_by_baseline: None,
            took_ms: 0,
            alone: None,
            decided_by: DecidedBy {
                rule: self.rules.into_iter().next().filter(|_| is_judged),
                line: None,
                seen: self.seen,
            },
            expected: Some(self.expected).filter(|expected| !expected.is_empty()),
            sent_in_line: None,
            repeat: None,
            other_versions: BTreeMap::new(),
            noticed: Vec::new(),
            transcript: Vec::new(),
            case: self.case,
            mqtt,
            chapter,
        }
    }
}

/// A text that was shortened stays as it is.
fn shortened(text: &str) -> String {
    let is_long = text.chars().count() > LETTERS_KEPT + NOTE;
    if is_long { cut(text, LETTERS_KEPT).into_owned() } else { text.to_owned() }
}

fn rule(mqtt: &str, id: &str, verdict: Verdict) -> RuleReport {
    let version: Option<Version> = mqtt.parse().ok();
    let known = version.and_then(|version| standard::find(version, id)).map(standard::RuleId::rule);
    let words = known.map(|rule| (rule.level.word(), rule.basis.word())).unwrap_or_default();
    RuleReport {
        id: id.to_owned(),
        level: words.0.to_owned(),
        basis: words.1.to_owned(),
        verdict,
        line: None,
        seen: None,
        breaks: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{json, samples};
    use crate::scenario::Stop;

    #[test]
    fn a_brief_report_is_a_line_a_case_and_read_again_it_says_the_same() {
        let mut document = samples::document(&[
            samples::result(
                &[(Verdict::Fail, "DUP 1 on mqtt-assay/k3x9q2/7ulh8/a"), (Verdict::Pass, "")],
                Some(Stop::Failed),
            ),
            samples::result(&[(Verdict::Pass, "kept"), (Verdict::Weak, "late")], None),
            samples::result(&[], Some(Stop::NotOffered("\"results\": []".to_owned()))),
        ]);
        document.names =
            NamesUsed { topic_prefix: "mqtt-assay".into(), client_id_prefix: "ma".into(), run: "k3x9q2".into() };
        document.why = "\"results\": []".to_owned();
        let written = text(&document).expect("JSON");
        insta::with_settings!({ filters => vec![(r#""version": "\d[^"]*""#, "\"version\": \"[version]\"")] }, {
            insta::assert_snapshot!(written);
        });
        let read = json::document_of(written.as_bytes()).expect("a report");
        assert_eq!(read.results.len(), 3);
        for (case, before) in read.results.iter().zip(&document.results) {
            assert_eq!((&case.case, case.verdict, &case.mqtt), (&before.case, before.verdict, &before.mqtt));
            let verdicts = |case: &CaseReport| -> BTreeMap<String, Verdict> {
                case.rules.iter().map(|rule| (rule.id.clone(), rule.verdict)).collect()
            };
            assert_eq!(verdicts(case), verdicts(before));
            assert!(case.rules.iter().all(|rule| rule.level == "must"), "{:?}", case.rules);
        }
        assert_eq!(read.results[0].decided_by.seen, "DUP 1 on a");
        assert_eq!(text(&read).expect("JSON"), written, "in brief it is the same again");
    }
}
