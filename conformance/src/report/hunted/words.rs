//! All findings of a hunt as Markdown, and how it goes, in a line.

use super::finding::LETTERS;
use super::{HuntReport, megabytes};
use crate::hunt::{Progress, roughly};
use crate::text::{counted, cut, grouped, markdown, single_line};
use std::fmt::Write as _;

/// Rules that a line about the progress names.
const RULES: usize = 4;

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
        format!("; broker {:.1} MB, at first {:.1}", megabytes(now), megabytes(first))
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

/// What it came to, in a line.
pub(crate) fn result(report: &HuntReport, place: &str) -> String {
    let [counting, weak, known, unseen, untried] = report.counts();
    let untried = if untried > 0 { format!(", {untried} not repeated") } else { String::new() };
    format!(
        "Result: {} that count, {weak} weak, {known} known, {unseen} not seen again{untried}{place} (exit code {})\n",
        counted(counting, "finding"),
        report.exit
    )
}

/// All of it, for people who read it later.
pub(crate) fn summary(report: &HuntReport) -> String {
    let mut out = format!(
        "# The hunt of {}\n\n{}.\n\n",
        markdown::code(&report.target.name),
        markdown::prose(&progress(&report.progress()))
    );
    if let Some(trouble) = &report.trouble {
        let _ = writeln!(out, "It ended early: {}\n", markdown::prose(trouble));
    }
    for part in &report.parts {
        let shard = part.shard.as_ref().map_or(String::new(), |shard| format!(" --shard {shard}"));
        let command = format!("mqtt-assay fuzz {} --seed {}{shard}", report.command, part.seed);
        let (cases, seconds) = (grouped(part.cases as usize), part.took_ms / 1000);
        let _ = writeln!(out, "* {}: {cases} cases in {seconds} s", markdown::code(&command));
    }
    out.push_str("\n| a packet that it | ALIVE | CLOSED | WAITING | HUNG |\n| --- | ---: | ---: | ---: | ---: |\n");
    for (expected, counts) in &report.ends {
        let of = |end: &str| grouped(counts.get(end).copied().unwrap_or_default() as usize);
        let (alive, closed, waiting, hung) = (of("ALIVE"), of("CLOSED"), of("WAITING"), of("HUNG"));
        let _ = writeln!(out, "| {} | {alive} | {closed} | {waiting} | {hung} |", markdown::cell(expected));
    }
    let (found, others): (Vec<_>, Vec<_>) =
        report.sorted().into_iter().partition(|found| found.known || found.is_confirmed());
    out.push_str("\n| weight | finding | cases | seen again | what came |\n| --- | --- | ---: | --- | --- |\n");
    for found in found {
        let again = found.again.map_or("-".to_owned(), |[seen, times]| format!("{seen} of {times}"));
        let known = if found.known { " (known)" } else { "" };
        let _ = writeln!(
            out,
            "| {}{known} | {} | {} | {again} | {} |",
            markdown::cell(&found.weight),
            markdown::cell(&found.key),
            grouped(found.count as usize),
            markdown::cell(cut(&single_line(&found.seen), LETTERS).as_ref()),
        );
    }
    if !others.is_empty() {
        out.push_str("\nSuspicions that were not seen again, and are no findings:\n\n| suspicion | cases | tried | what came |\n| --- | ---: | --- | --- |\n");
    }
    for found in others {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            markdown::cell(&found.key),
            grouped(found.count as usize),
            markdown::cell(&found.says),
            markdown::cell(cut(&single_line(&found.seen), LETTERS).as_ref()),
        );
    }
    out
}
