//! The proof as tables: what `mqtt-assay prove --write` writes, and what a test holds against the tables in `reports/proof`.

use super::prove::Proof;
use super::ways::{Row, Ways};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::Condition;
use std::fmt::Write as _;

/// The tables of a proof, each with the name of its file: tab separated, one header line, sorted.
pub fn tables(proof: &Proof) -> [(&'static str, String); 3] {
    [("rules.tsv", rules(proof)), ("quirks.tsv", quirks(proof)), ("inconclusive.tsv", inconclusive(proof))]
}

/// Version and rule, the fault that breaks it, the cases that caught the fault.
pub(crate) fn rules(proof: &Proof) -> String {
    let mut lines = Vec::new();
    for (fault, rules) in &proof.caught {
        for (rule, cases) in rules {
            let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
            lines.push(format!("{}\t{fault}\t{}", rule.replacen(' ', "\t", 1), cases.join(" ")));
        }
    }
    lines.sort();
    with_header("mqtt\trule\tfault\tcases that caught it", lines)
}

/// Version, rules, way and fault, with the case and the invariants that caught it, and the case with delays; `-` is a hole.
pub fn ways_table(ways: &Ways) -> String {
    let mut lines: Vec<String> = ways.rows.iter().map(way_line).collect();
    lines.sort();
    with_header("mqtt\trules\tway\tfault\tcases that ask\tcaught by\tauditor\tcaught with delays by", lines)
}

fn way_line(row: &Row) -> String {
    let version = if row.version == Version::V5 { "5" } else { "3.1.1" };
    let way = row.on.way.map_or_else(String::new, Condition::name);
    let joined = |items: &mut dyn Iterator<Item = &str>| match items.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => "-".to_owned(),
        some => some,
    };
    let caught = row.caught.as_ref();
    let rules = joined(&mut caught.iter().flat_map(|catch| catch.rules.iter().copied()));
    let auditor = joined(&mut caught.iter().flat_map(|catch| catch.auditor.iter().map(String::as_str)));
    let case = caught.map_or("-", |catch| catch.case.as_str());
    let delayed = row.delayed.as_ref().map_or("-", |catch| catch.case.as_str());
    format!("{version}\t{rules}\t{way}\t{}\t{}\t{case}\t{auditor}\t{delayed}", row.on.fault.name(), row.asked)
}

/// Each quirk, and the cases that it leaves nothing to judge.
fn quirks(proof: &Proof) -> String {
    let line = |(quirk, cases): (&String, &std::collections::BTreeSet<String>)| {
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        format!("{quirk}\t{}", cases.join(" "))
    };
    with_header("quirk\tcases that it leaves nothing to judge", proof.quirks.iter().map(line).collect())
}

/// Each fault that leaves cases about other rules inconclusive: how many, out of how many.
fn inconclusive(proof: &Proof) -> String {
    let line = |(fault, (some, all)): (&String, &(usize, usize))| format!("{fault}\t{some}\t{all}");
    with_header("fault\tinconclusive\tcases about other rules", proof.coarse.iter().map(line).collect())
}

fn with_header(header: &str, lines: Vec<String>) -> String {
    let mut out = format!("{header}\n");
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
    out
}
