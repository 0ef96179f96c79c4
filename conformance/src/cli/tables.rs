//! The tables that `mqtt-assay explain` shows by name.

use super::exit::Exit;
use crate::broker::VARIANTS;
use crate::proof::coverage::caught_somewhere;
use crate::report::schemas::SCHEMAS;
use crate::run::filter::PREDICATES;
use crate::scenario::Verdict;
use mqtt_assay_codec::{MUTATIONS, Rule, Version};
use mqtt_assay_reference::{BrokerLimits, Condition, Fault, Quirk};
use mqtt_assay_standard::bounds;
use std::fmt::Write as _;

/// A table: its name, what it holds, how it is made.
pub(crate) type Table = (&'static str, &'static str, fn() -> String);

/// Every table.
pub(crate) const TABLES: &[Table] = &[
    ("bounds", "limits of time, and what happens at each", bounds_table),
    ("exit-codes", "how a command may end", exit_codes),
    ("faults", "what the embedded broker can do wrong", faults),
    ("filters", "how cases are chosen", filters),
    ("limits", "what `serve --limit` sets", limits),
    ("mutations", "how a legal packet is made illegal", mutations),
    ("profiles", "files that say where a broker is or how it is started", super::profiles::table),
    ("quirks", "freedoms of the standard that the embedded broker can use", quirks),
    ("schemas", "JSON Schemas of reports, events, coverage and list", schemas),
    ("variants", "set-ups of a broker that cases need", variants),
    ("verdicts", "what a rule or a case can come to", verdicts),
    ("ways", "on which ways a fault can strike", ways),
];

/// Rows with a name and a text, the texts below each other.
fn rows<'a>(rows: impl IntoIterator<Item = (String, &'a str)>) -> String {
    let rows: Vec<(String, &str)> = rows.into_iter().collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (name, text) in rows {
        let _ = writeln!(out, "  {name:width$}  {text}");
    }
    out
}

fn bounds_table() -> String {
    let mut out = String::from("Limits of time, which --patience stretches:\n");
    for (name, limit, says) in bounds::TABLE {
        let _ = writeln!(out, "  {name:<9} {:>4} s  {says}", limit.as_secs());
    }
    out
}

fn exit_codes() -> String {
    let order = Exit::PRECEDENCE.map(|exit| exit.code().to_string()).join(", ");
    let codes = rows(Exit::ALL.map(|exit| (format!("{:>3}", exit.code()), exit.says())));
    format!("Exit codes, which are stable:\n{codes}When several apply to a run, the first of these: {order}.\n")
}

fn faults() -> String {
    let mut out = String::from("Faults of the embedded broker (--fault), and the cases that catch each:\n");
    for &fault in Fault::ALL {
        out.push_str(&fault_row(fault));
    }
    out.push_str("\nEach can be limited to a way, as in retain-flag-missing@queued: mqtt-assay explain ways.\n");
    out.push_str("\nFor every rule that can be judged from one packet (RULE is a name below):\n");
    out.push_str("  tolerates:RULE  drops a packet that breaks the rule and keeps the connection\n");
    out.push_str("  acts-on:RULE    does what a packet that breaks the rule says\n\n");
    out + &rows(Rule::ALL.iter().map(|rule| (rule.name().to_owned(), rule.says())))
}

fn ways() -> String {
    let conditions: Vec<(String, String)> =
        Condition::ALL.iter().map(|condition| (condition.name(), format!("{}.", condition.says()))).collect();
    let rows = rows(conditions.iter().map(|(name, says)| (name.clone(), says.as_str())));
    format!(
        "Ways on which a fault of the embedded broker can strike (--fault FAULT@WAY), where it doesn't everywhere:\n{rows}\
         The numbers are those that the proof uses; any other can stand there.\n\
         A fault breaks the same rules on a way as everywhere, or some of them.\n"
    )
}

/// A fault with its sentence and the cases that catch it.
pub(crate) fn fault_row(fault: Fault) -> String {
    let cases = caught_somewhere(fault);
    let cases = if cases.is_empty() { "no case yet".to_owned() } else { cases.join(" ") };
    format!("  {}\n      {}\n      caught by: {cases}\n", fault.name(), fault.says())
}

/// The rules that a fault breaks, in both versions.
pub(crate) fn broken_by(fault: Fault) -> String {
    let mut out = String::new();
    for version in [Version::V3_1_1, Version::V5] {
        let broken = fault.breaks(version);
        let broken = if broken.is_empty() { "nothing".to_owned() } else { broken.join(" ") };
        let _ = writeln!(out, "      breaks in {version}: {broken}");
    }
    out
}

fn filters() -> String {
    let predicates = rows(PREDICATES.iter().map(|(form, says)| ((*form).to_owned(), *says)));
    format!(
        "A filter chooses cases. It is made of\n\
         \x20 5/publish/topic-with-wildcard   an id\n\
         \x20 */publish/*                     a glob: `*` stands for any letters, `?` for one\n\
         and of predicates:\n{predicates}\
         joined by `&` (and), `|` (or), `!` (not) and parentheses; `!` binds strongest, then `&`.\n\
         Several filters mean what any of them means. Examples:\n\
         \x20 mqtt-assay run -f 'section(3.3) & level(must) & !needs(retain)'\n\
         \x20 mqtt-assay list '5/publish/* | 5/qos/*'\n\
         \x20 mqtt-assay run mosquitto -f '@a.json:fail & mqtt(5)'\n\
         Behind @a.json: stands a verdict or several (fail,weak). A name with blanks: @'my report.json':fail.\n"
    )
}

fn limits() -> String {
    let limits = rows(BrokerLimits::NAMES.iter().map(|limit| (limit.name.to_owned(), limit.says)));
    format!("Limits of the embedded broker (serve --limit NAME=VALUE):\n{limits}")
}

fn mutations() -> String {
    let mutations = rows(MUTATIONS.iter().map(|mutation| (mutation.name.to_owned(), mutation.says)));
    format!("Mutations, each of which breaks one thing in a legal packet:\n{mutations}")
}

fn quirks() -> String {
    let quirks = rows(Quirk::ALL.iter().map(|quirk| (quirk.name().to_owned(), quirk.says())));
    format!("Freedoms of the standard that the embedded broker can use (--quirk); no case may punish them:\n{quirks}")
}

fn schemas() -> String {
    let schemas = rows(SCHEMAS.iter().map(|(name, says, _)| ((*name).to_owned(), *says)));
    format!(
        "JSON Schemas (draft 2020-12), which `mqtt-assay explain schemas NAME` prints:\n{schemas}\
         Fields are only ever added: a reader ignores those that it doesn't know.\n"
    )
}

fn variants() -> String {
    let mut out = String::from("Variants, set-ups of a broker that cases need:\n");
    for variant in VARIANTS {
        let _ = writeln!(out, "  {:<16} {}", variant.name, variant.says);
        if !variant.flags.is_empty() {
            let _ = writeln!(out, "  {:<16} an address offers it with {}", "", variant.flags);
        }
    }
    out
}

fn verdicts() -> String {
    let table = rows(Verdict::ALL.map(|verdict| (verdict.phrase().to_owned(), meaning(verdict))));
    format!(
        "Verdicts, of a rule, and of a case the worst of its rules:\n{table}\
         A fail is broken (the broker itself did wrong) or lenient (it went on after something that the standard\n\
         forbids a client).\n"
    )
}

const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "the rule was seen kept, at a named line of the transcript",
        Verdict::Fail => "a MUST was seen broken",
        Verdict::Weak => "a recommendation, or a rule that the text only implies, was not kept",
        Verdict::Observed => "a permission was seen used or not used: no judgement",
        Verdict::NotOffered => "the broker or the target's set-up says that it can't be tried here",
        Verdict::NotExercised => "nothing happened that could break the rule",
        Verdict::Inconclusive => "the set-up failed, nothing was judged: never a pass",
    }
}
