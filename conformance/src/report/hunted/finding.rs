//! One finding: as data, as a report that a maintainer can act on, as a transcript and a script, as rows on the terminal.

use super::super::script::script_of;
use super::HuntFacts;
use crate::hunt::{Again, Finding, Weight};
use crate::link::Transcript;
use crate::scenario::hash;
use crate::text::{cut, markdown, single_line};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{RuleId, find};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Letters of what was seen that a line shows.
pub(super) const LETTERS: usize = 300;

/// A finding as machines read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) oracle: String,
    pub(crate) mqtt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    pub(crate) weight: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mutation: Option<String>,
    pub(crate) place: String,
    pub(crate) seen: String,
    pub(crate) count: u64,
    /// Whether it was seen again, in a word.
    pub(crate) repeated: String,
    /// How often, of how many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) again: Option<[u32; 2]>,
    /// The same in words.
    pub(crate) says: String,
    pub(crate) seed: u64,
    pub(crate) first_case: u64,
    pub(crate) first_ms: u64,
    pub(crate) operations: [usize; 2],
    pub(crate) known: bool,
    /// The name of its files, without what stands behind the point.
    pub(crate) file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) transcript: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
}

impl Found {
    pub(crate) fn of(finding: &Finding, seed: u64) -> Self {
        let Finding { key, suspicion, again, count, first, operations, is_known, transcript, session, .. } = finding;
        Self {
            key: key.to_string(),
            oracle: suspicion.oracle.word().to_owned(),
            mqtt: suspicion.version.to_string(),
            rule: suspicion.rule.map(|rule| rule.id().to_owned()),
            weight: suspicion.weight.word().to_owned(),
            mutation: suspicion.mutation.map(str::to_owned),
            place: suspicion.place.clone(),
            seen: suspicion.seen.clone(),
            count: *count,
            repeated: again.word().to_owned(),
            again: match again {
                Again::Seen(seen, times) => Some([*seen, *times]),
                _ => None,
            },
            says: again.to_string(),
            seed,
            first_case: first.0,
            first_ms: first.1.as_millis() as u64,
            operations: [operations.0, operations.1],
            known: *is_known,
            file: stem(&key.to_string()),
            transcript: transcript.as_ref().map(Transcript::to_string),
            session: session.clone(),
        }
    }

    /// Whether it was seen again, or is one of those that can't be played again.
    pub(crate) fn is_confirmed(&self) -> bool {
        ["seen", "no-case", "otherwise", "known"].contains(&self.repeated.as_str())
    }

    /// Whether nobody has tried.
    pub(crate) fn is_untried(&self) -> bool {
        ["not-yet", "untried"].contains(&self.repeated.as_str())
    }

    /// Whether it counts: known ones and those that were never seen again don't.
    pub(crate) fn counts(&self, is_strict: bool) -> bool {
        !self.known && self.is_confirmed() && (is_strict || self.weight != Weight::Weak.word())
    }

    /// The gravest first.
    pub(crate) fn gravity(&self) -> usize {
        let all = [Weight::Crash, Weight::Fail, Weight::Weak];
        all.iter().position(|weight| weight.word() == self.weight).unwrap_or(all.len())
    }

    /// The rule of the standard.
    pub(crate) fn rule(&self) -> Option<RuleId> {
        let version: Version = self.mqtt.parse().ok()?;
        find(version, self.rule.as_deref()?)
    }

    /// The rule and its words.
    pub(crate) fn rule_in_words(&self) -> String {
        match self.rule().map(RuleId::rule) {
            Some(rule) => format!("{} (MQTT {}, section {}): {}", rule.id, rule.version, rule.section, rule.says),
            None => "no rule of the standard: what everybody wants of a broker".to_owned(),
        }
    }

    /// When it was seen first.
    pub(crate) fn first(&self) -> String {
        let seconds = std::time::Duration::from_millis(self.first_ms).as_secs_f64();
        format!("case {} of seed {}, {seconds:.1} s after the beginning", self.first_case, self.seed)
    }

    /// How much is done in its case; nothing where there is none.
    pub(crate) fn operations(&self) -> Option<String> {
        match self.operations {
            [0, _] => None,
            [whole, small] if whole == small => Some(small.to_string()),
            [whole, small] => Some(format!("{small}, made smaller from {whole}")),
        }
    }

    fn record(&self) -> Option<Transcript> {
        self.transcript.as_ref()?.parse().ok()
    }
}

/// The name of a finding's files, without what stands behind the point.
fn stem(key: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    let mut stem: String = key.chars().map(safe).collect();
    stem.truncate(120);
    format!("{}-{:08x}", stem.trim_matches('-'), hash(key) as u32)
}

/// The report of one finding.
pub(crate) fn page(found: &Found, facts: &HuntFacts) -> String {
    // Nothing that was not seen again may look like something that was.
    let title = match () {
        () if found.is_confirmed() => found.weight.as_str(),
        () if found.is_untried() => "NOT REPEATED, no finding",
        () => "NOT SEEN AGAIN, no finding",
    };
    let mut out = format!("# {title}: {}\n\n", markdown::code(&found.key));
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "* **{name}**: {text}");
    };
    row("broker", &markdown::code(&facts.broker));
    row("rule", &markdown::prose(&found.rule_in_words()));
    if let Some(reaction) = found.rule().map(|rule| rule.rule().reaction).filter(|reaction| !reaction.is_empty()) {
        row("what a broker does then", &reaction.join(", "));
    }
    if let Some(mutation) = &found.mutation {
        row("mutation", &markdown::code(mutation));
    }
    row("what came", &markdown::code(cut(&found.seen, 2000).as_ref()));
    row("seen again", &markdown::prose(&found.says));
    row("first seen", &found.first());
    if let Some(operations) = found.operations() {
        row("operations", &operations);
    }
    if let Some(record) = shown(found) {
        let (stem, broker) = (&found.file, &facts.words);
        let repeat = match found.record() {
            Some(_) => {
                format!("Repeat it:\n\n```\nmqtt-assay replay {stem}.txt {broker} --times 20\npython3 {stem}.py\n```\n")
            }
            None => {
                "The record does not hold the password, so that it can't be sent again; with `--show-passwords` it \
                     does.\n"
                    .to_owned()
            }
        };
        let _ = write!(out, "\n{repeat}\nThe record:\n\n```\n{record}```\n");
    }
    if let Some(session) = &found.session {
        let _ = write!(out, "\nThe session, for `--corpus`:\n\n```\n{}\n```\n", single_line(session));
    }
    out
}

/// The record with long packets cut; whole where a password is hidden in it, so that it can't be read again.
pub(crate) fn shown(found: &Found) -> Option<String> {
    match found.record() {
        Some(record) => Some(record.lines.iter().map(|line| record.print_line_cut(line) + "\n").collect()),
        None => found.transcript.clone(),
    }
}

/// The transcript as `replay` reads it.
pub(crate) fn record(found: &Found) -> Option<String> {
    let transcript = found.transcript.as_ref()?;
    let session =
        found.session.as_ref().map_or(String::new(), |session| format!("# session {}\n", single_line(session)));
    Some(format!("# {}\n{session}{transcript}", single_line(&found.key)))
}

/// A script that sends it over a plain socket.
pub(crate) fn script(found: &Found, facts: &HuntFacts) -> Option<String> {
    Some(script_of(&found.record()?, &single_line(&format!("{}; {}", found.key, facts.broker)), &facts.address))
}

/// A finding on the terminal.
pub(crate) fn line(found: &Found) -> String {
    let again = match (found.again, found.operations) {
        (Some([seen, times]), [whole, small]) => {
            format!("\n{:>14} seen again {seen} of {times} times, {small} of {whole} operations are enough", "")
        }
        (None, _) => String::new(),
    };
    format!(
        "{:>12}  {}\n{:>14} {}{again}\n",
        found.weight.to_uppercase(),
        single_line(&found.key),
        "",
        cut(&single_line(&found.seen), LETTERS)
    )
}
