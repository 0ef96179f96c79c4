//! What a hunt has found: a finding for people, as a file that a maintainer can act on, as a row; all of them as JSON and
//! Markdown; and how it goes, in a line.

use super::script::script_of;
use crate::hunt::{Finding, Hunted, Progress, Suspicion, roughly};
use crate::link::Transcript;
use crate::text::{counted, cut, grouped, markdown, single_line};
use mqtt_assay_standard::RuleId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Letters of what was seen that a line shows.
const LETTERS: usize = 300;

/// Rules that a line about the progress names.
const RULES: usize = 4;

/// What the files of a hunt have to know of it.
#[derive(Debug, Clone)]
pub(crate) struct HuntFacts {
    /// The broker, as it is written on the command line.
    pub(crate) words: String,
    /// Its name and version.
    pub(crate) broker: String,
    /// Its address.
    pub(crate) address: String,
    pub(crate) seed: u64,
}

/// The name of a finding's files, without what stands behind the point.
pub(crate) fn stem(finding: &Finding) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    let mut stem: String = finding.key.to_string().chars().map(safe).collect();
    stem.truncate(120);
    format!("{}-{:08x}", stem.trim_matches('-'), crate::scenario::hash(&finding.key.to_string()) as u32)
}

/// The rule and its words.
fn rule_of(suspicion: &Suspicion) -> String {
    match suspicion.rule.map(RuleId::rule) {
        Some(rule) => format!("{} (MQTT {}, section {}): {}", rule.id, rule.version, rule.section, rule.says),
        None => "no rule of the standard: what everybody wants of a broker".to_owned(),
    }
}

/// The report of one finding.
pub(crate) fn page(finding: &Finding, facts: &HuntFacts) -> String {
    let Finding { key, suspicion, again, first, operations, transcript, session, .. } = finding;
    let mut out = format!("# {}: {}\n\n", suspicion.weight.word(), markdown::code(&key.to_string()));
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "* **{name}**: {text}");
    };
    row("broker", &markdown::code(&facts.broker));
    row("rule", &markdown::prose(&rule_of(suspicion)));
    if let Some(reaction) = suspicion.rule.map(|rule| rule.rule().reaction).filter(|reaction| !reaction.is_empty()) {
        row("what a broker does then", &reaction.join(", "));
    }
    if let Some(mutation) = suspicion.mutation {
        row("mutation", &markdown::code(mutation));
    }
    row("what came", &markdown::code(cut(&suspicion.seen, 2000).as_ref()));
    match again {
        Some((seen, times)) => row("seen again", &format!("{seen} of {times} times, alone")),
        None => row("seen again", "not tried yet, or nothing that one case can be named for"),
    }
    row(
        "first seen",
        &format!("case {} of seed {}, {:.1} s after the beginning", first.0, facts.seed, first.1.as_secs_f64()),
    );
    row("operations", &format!("{}, made smaller from {}", operations.1, operations.0));
    let stem = stem(finding);
    if let Some(transcript) = transcript {
        let _ = write!(
            out,
            "\nRepeat it:\n\n```\nmqtt-assay replay {stem}.txt {} --times 20\npython3 {stem}.py\n```\n\nThe record:\n\n```\n{}```\n",
            facts.words,
            shown(transcript)
        );
    }
    if let Some(session) = session {
        let _ = write!(out, "\nThe session, for `--corpus`:\n\n```\n{}\n```\n", single_line(session));
    }
    out
}

/// The record with long packets cut.
fn shown(transcript: &Transcript) -> String {
    transcript.lines.iter().map(|line| transcript.print_line_cut(line) + "\n").collect()
}

/// The transcript as `replay` reads it, and the script.
pub(crate) fn record(finding: &Finding, facts: &HuntFacts) -> Option<(String, String)> {
    let transcript = finding.transcript.as_ref()?;
    let mut text = format!("# {}\n", single_line(&finding.key.to_string()));
    if let Some(session) = &finding.session {
        let _ = writeln!(text, "# session {}", single_line(session));
    }
    let _ = write!(text, "{transcript}");
    let about = format!("{}; {}", finding.key, facts.broker);
    Some((text, script_of(transcript, &about, &facts.address)))
}

/// A finding on the terminal.
pub(crate) fn line(finding: &Finding) -> String {
    let Finding { key, suspicion, again, operations, .. } = finding;
    let again = again.map_or(String::new(), |(seen, times)| {
        format!(
            "\n{:>14} seen again {seen} of {times} times, {} of {} operations are enough",
            "", operations.1, operations.0
        )
    });
    format!(
        "{:>12}  {}\n{:>14} {}{again}\n",
        suspicion.weight.word().to_uppercase(),
        single_line(&key.to_string()),
        "",
        cut(&single_line(&suspicion.seen), LETTERS)
    )
}

/// How it goes, in a line.
pub(crate) fn progress(progress: &Progress) -> String {
    let seconds = progress.time.as_secs_f64().max(0.001);
    let all = progress.all();
    let mut rules: Vec<(&String, &u64)> = progress.by_rule.iter().collect();
    rules.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let findings: u64 = progress.by_rule.values().sum();
    let names: Vec<String> = rules.iter().take(RULES).map(|(rule, count)| format!("{rule} {count}")).collect();
    let rules = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let memory = progress.memory.map_or(String::new(), |(first, now)| {
        format!("; broker {:.1} MB, at first {:.1}", roughly(now) / 1024.0, roughly(first) / 1024.0)
    });
    let deaths = if progress.deaths > 0 {
        format!("; died {}", counted(progress.deaths as usize, "time"))
    } else {
        String::new()
    };
    format!(
        "{:.0} s: {} cases judged, {:.0}/s; {}{rules}; table {} of {}; {} sessions kept; canary: {}{memory}{deaths}",
        seconds,
        grouped(all as usize),
        roughly(all) / seconds,
        counted(findings as usize, "finding"),
        progress.covered.0,
        progress.covered.1,
        progress.kept,
        if progress.canary.is_empty() { "no beat yet" } else { &progress.canary },
    )
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: Tool,
    target: Target<'a>,
    seed: u64,
    took_ms: u64,
    exit: u8,
    trouble: Option<&'a str>,
    cases: Cases,
    covered: [usize; 2],
    deaths: u64,
    memory_kb: Option<[u64; 2]>,
    canary: &'a str,
    digest: String,
    ends: BTreeMap<String, BTreeMap<&'a str, u64>>,
    findings: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Target<'a> {
    name: &'a str,
    address: &'a str,
}

#[derive(Serialize)]
struct Cases {
    fresh: u64,
    kept: u64,
    sessions: u64,
    a_second: f64,
}

#[derive(Serialize)]
struct Row<'a> {
    key: String,
    oracle: &'static str,
    mqtt: String,
    rule: Option<&'static str>,
    weight: &'static str,
    mutation: Option<&'static str>,
    place: &'a str,
    seen: &'a str,
    count: u64,
    again: Option<[u32; 2]>,
    first_case: u64,
    first_ms: u64,
    operations: [usize; 2],
    known: bool,
    file: String,
}

/// All of it, for machines.
pub(crate) fn json(hunted: &Hunted, facts: &HuntFacts, exit: u8) -> String {
    let progress = &hunted.progress;
    let mut ends: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
    for ((expected, end), count) in &hunted.ends {
        ends.entry((*expected).to_owned()).or_default().insert(end, *count);
    }
    let document = Document {
        schema: 1,
        tool: Tool { name: "mqtt-assay", version: env!("CARGO_PKG_VERSION") },
        target: Target { name: &facts.broker, address: &facts.address },
        seed: facts.seed,
        took_ms: progress.time.as_millis() as u64,
        exit,
        trouble: hunted.trouble.as_deref(),
        cases: Cases {
            fresh: progress.cases[0],
            kept: progress.cases[1],
            sessions: progress.cases[2],
            a_second: (roughly(progress.all()) / progress.time.as_secs_f64().max(0.001)).round(),
        },
        covered: [progress.covered.0, progress.covered.1],
        deaths: progress.deaths,
        memory_kb: progress.memory.map(|(first, now)| [first, now]),
        canary: &progress.canary,
        digest: format!("{:016x}", hunted.digest),
        ends,
        findings: hunted.findings.iter().map(as_row).collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn as_row(finding: &Finding) -> Row<'_> {
    let Finding { key, suspicion, again, count, first, operations, is_known, .. } = finding;
    Row {
        key: key.to_string(),
        oracle: suspicion.oracle.word(),
        mqtt: suspicion.version.to_string(),
        rule: suspicion.rule.map(RuleId::id),
        weight: suspicion.weight.word(),
        mutation: suspicion.mutation,
        place: &suspicion.place,
        seen: &suspicion.seen,
        count: *count,
        again: again.map(|(seen, times)| [seen, times]),
        first_case: first.0,
        first_ms: first.1.as_millis() as u64,
        operations: [operations.0, operations.1],
        known: *is_known,
        file: stem(finding) + ".md",
    }
}

/// All of it, for people who read it later.
pub(crate) fn summary(hunted: &Hunted, facts: &HuntFacts) -> String {
    let mut out = format!("# The hunt of {}\n\n{}.\n\n", markdown::code(&facts.broker), progress(&hunted.progress));
    let _ = writeln!(out, "Seed {}; `mqtt-assay fuzz {} --seed {}`.\n", facts.seed, facts.words, facts.seed);
    let mut ends: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for ((expected, end), count) in &hunted.ends {
        ends.entry(expected).or_default().insert(end, *count);
    }
    out.push_str("| a packet that it | ALIVE | CLOSED | WAITING | HUNG |\n| --- | ---: | ---: | ---: | ---: |\n");
    for (expected, counts) in ends {
        let of = |end: &str| grouped(counts.get(end).copied().unwrap_or_default() as usize);
        let _ =
            writeln!(out, "| {expected} | {} | {} | {} | {} |", of("ALIVE"), of("CLOSED"), of("WAITING"), of("HUNG"));
    }
    out.push_str("\n| weight | finding | cases | seen again | what came |\n| --- | --- | ---: | --- | --- |\n");
    let mut findings: Vec<&Finding> = hunted.findings.iter().collect();
    findings.sort_by_key(|finding| {
        (finding.is_known, !finding.is_confirmed(), finding.suspicion.weight, finding.key.clone())
    });
    for finding in findings {
        let again = finding.again.map_or("-".to_owned(), |(seen, times)| format!("{seen} of {times}"));
        let known = if finding.is_known { " (known)" } else { "" };
        let _ = writeln!(
            out,
            "| {}{known} | {} | {} | {again} | {} |",
            finding.suspicion.weight.word(),
            markdown::cell(&finding.key.to_string()),
            grouped(finding.count as usize),
            markdown::cell(cut(&single_line(&finding.suspicion.seen), LETTERS).as_ref()),
        );
    }
    out
}
