//! What was found as a profile: where the broker is, the versions that it speaks, the variants that it is by itself, and the rest
//! in comments.

use super::finding::{Cell, Findings, Value};
use crate::broker::VARIANTS;
use crate::text::single_line;
use mqtt_assay_codec::Version;
use std::fmt::Write as _;

/// The broker of a profile that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its name in reports.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) place: Place,
    /// The user of ordinary connections.
    pub(crate) user: Option<String>,
}

/// Where it is, or how it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this address, without credentials.
    Address(String),
    /// Started by program and arguments.
    Command(Vec<String>),
}

/// What a variant is about, where nothing but trying tells: the question, and the value that makes a broker one.
const BY_TRYING: &[(&str, &str, Value)] = &[
    ("short-client-ids", "longest-client-id", Value::Number(23)),
    ("few-in-flight", "in-flight", Value::Number(2)),
    ("small-packets", "largest-packet", Value::Number(1024)),
    ("no-wildcards", "wildcards", Value::Is(false)),
];

/// The features of variants, and the questions about them.
const LACKING: &[(&str, &str)] = &[
    ("qos2", "qos-2"),
    ("retain", "retain"),
    ("wildcard", "wildcards"),
    ("shared-subscriptions", "shared-subscriptions"),
    ("subscription-identifiers", "subscription-identifiers"),
    ("topic-alias", "topic-aliases"),
];

/// The profile's text.
pub(crate) fn profile(source: &Source, found: &Findings) -> String {
    let mut out = format!(
        "# Written by `mqtt-assay probe`; every key: `mqtt-assay explain profiles`.\n\
         # Run it: mqtt-assay run ./THIS-FILE\n\
         name = {}\n",
        quoted(&source.name)
    );
    match &source.place {
        Place::Address(address) => add_line(&mut out, &format!("address = {}", quoted(address))),
        Place::Command(words) => {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            add_line(&mut out, &format!("command = [{}]", words.join(", ")));
        }
    }
    out.push_str(&versions(found));
    if let Some(user) = &source.user {
        let advice = match source.place {
            Place::Address(_) => "or leave it away, and give --user and --password-file to each run",
            Place::Command(_) => "with its password, which is not written here",
        };
        let _ = writeln!(out, "\n# {advice}\n# credentials = [{}, \"PASSWORD\"]", quoted(user));
    }
    out.push_str(&offered(found, &source.place));
    out.push_str(&comments(found));
    out
}

fn add_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// The versions that cases are for, as far as they are spoken.
fn versions(found: &Findings) -> String {
    let spoken = [Version::V3_1_1, Version::V5].into_iter().filter(|version| found.speaks(*version));
    let names: Vec<String> = spoken.map(|version| quoted(version.name())).collect();
    format!("mqtt = [{}]\n", names.join(", "))
}

/// The variants that the broker is as it stands, and what the others take.
fn offered(found: &Findings, place: &Place) -> String {
    let mut out = String::new();
    for variant in VARIANTS {
        if let Some(why) = is_so_by_itself(found, variant.name, variant.lacks) {
            let _ = writeln!(out, "\n# {why}\n[variants.{}]", single_line(variant.name));
        }
    }
    let example = match place {
        Place::Address(_) => "# address = \"mqtt://HOST:PORT\"",
        Place::Command(_) => "# files.\"NAME\" = \"...\" at the top, and here append.\"NAME\" = \"max_qos 1\\n\"",
    };
    let _ = write!(
        out,
        "\n# A listener that is set up otherwise is a variant of its own (`mqtt-assay explain variants`):\n\
         # [variants.max-qos-1]\n{example}\n\
         # With access control:\n\
         # [variants.with-access]\n# bad_password = \"wrong\"\n# denied_topic = \"private/topic\"\n"
    );
    out
}

/// Why the broker is this variant already, if it is.
fn is_so_by_itself(found: &Findings, variant: &str, lacks: &str) -> Option<String> {
    let cell = |question: &str| found.cell(question, Version::V5);
    if let Some((_, question)) = LACKING.iter().find(|(feature, _)| *feature == lacks)
        && cell(question).is_some_and(|cell| cell.announced == Some(Value::Is(false)))
    {
        return Some(format!("announced in CONNACK: {question}: no"));
    }
    let (_, question, value) = BY_TRYING.iter().find(|(name, ..)| *name == variant)?;
    let is_it = |cell: &Cell| cell.value() == Some(value) && !cell.at_least;
    let old = found.cell(question, Version::V3_1_1).filter(|_| !found.speaks(Version::V5));
    let by_trying = cell(question).or(old).filter(|cell| is_it(cell));
    // What 5.0 could announce has to be announced to be the variant.
    let counts = variant != "no-wildcards" || !found.speaks(Version::V5);
    by_trying.filter(|_| counts).map(|cell| format!("seen: {question}: {}", in_words(cell)))
}

fn in_words(cell: &Cell) -> String {
    let words = cell.value().map(Value::in_words).unwrap_or_default();
    single_line(&if cell.at_least { format!("at least {words}") } else { words })
}

/// All that was found.
fn comments(found: &Findings) -> String {
    let mut out = String::from("\n# What was found:\n");
    for finding in &found.findings {
        let values = finding.by_version.iter().map(|(version, cell)| format!("{version}: {}", in_words(cell)));
        let values = values.collect::<Vec<_>>().join("; ");
        let _ = writeln!(out, "#   {} = {values} ({})", finding.id, finding.learnt());
    }
    for death in &found.deaths {
        let _ = writeln!(out, "#   it died after {} (MQTT {})", single_line(&death.after), death.mqtt);
    }
    out
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Group, VersionFound};
    use super::*;
    use crate::broker::Profile;

    fn found(spoken: &[&'static str]) -> Findings {
        let versions = spoken.iter().map(|mqtt| VersionFound { mqtt, spoken: true, note: String::new() });
        Findings { versions: versions.collect(), ..Findings::default() }
    }

    fn source(place: Place) -> Source {
        Source { name: "a \"name\"\n".to_owned(), place, user: Some("ann".to_owned()) }
    }

    #[test]
    fn what_is_written_can_be_read_and_says_what_was_found() {
        let mut found = found(&["3.1.1", "5"]);
        let question = |id: &'static str| (id, Group::Limits, "x");
        found.note(Version::V5, question("qos-2"), Cell::announced(Value::Is(false)));
        found.note(Version::V5, question("longest-client-id"), Cell::tried(Value::Number(23), "24: x\n[variants.x]"));
        found.note(Version::V5, question("in-flight"), Cell::tried(Value::Number(20), ""));
        found.note(Version::V5, question("retain"), Cell::announced(Value::Is(true)));
        for place in
            [Place::Address("mqtt://h:1".to_owned()), Place::Command(vec!["x y".to_owned(), "{port}".to_owned()])]
        {
            let text = profile(&source(place.clone()), &found);
            let read = Profile::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(read.name, "a \"name\"\n");
            let variants: Vec<&str> = read.variants.keys().map(String::as_str).collect();
            assert_eq!(variants, ["max-qos-1", "short-client-ids"], "{text}");
            assert_eq!(read.is_running(), matches!(place, Place::Address(_)));
            assert!(text.contains("#   in-flight = 5: 20 (tried)\n"), "{text}");
        }
    }

    #[test]
    fn a_version_that_is_not_spoken_is_not_named() {
        let text = profile(&source(Place::Address("mqtt://h:1".to_owned())), &found(&["3.1", "3.1.1"]));
        let read = Profile::parse("x.toml", &text).expect("a profile");
        assert_eq!(read.mqtt, ["3.1.1"]);
    }
}
