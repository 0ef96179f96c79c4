//! Reports of hunts: written and read again, put together, and shown whatever they say.

use super::{Cases, Found, HuntReport, KIND, Part, Target, Tool, merge, page, parse, record, script, summary};
use std::collections::BTreeMap;

const TRANSCRIPT: &str = "mqtt-assay transcript 1\ncase hunt/x\nmqtt 5\n   1    0.000000 rogue        open\n";

/// A finding of this key, seen again so often.
fn found(key: &str, repeated: &str, operations: usize) -> Found {
    Found {
        key: key.to_owned(),
        oracle: "expectation".to_owned(),
        mqtt: "5".to_owned(),
        rule: Some("MQTT-3.3.2-2".to_owned()),
        weight: "fail".to_owned(),
        mutation: Some("topic.empty".to_owned()),
        place: "PUBLISH".to_owned(),
        seen: "ALIVE <b>\u{1b}[31m\nand more | yes".to_owned(),
        count: 3,
        repeated: repeated.to_owned(),
        again: (repeated == "seen").then_some([20, 20]),
        says: "20 of 20 times, alone".to_owned(),
        seed: 7,
        first_case: 40,
        first_ms: 900,
        operations: [9, operations],
        known: false,
        file: "x".to_owned(),
        transcript: Some(TRANSCRIPT.to_owned()),
        session: Some("{}".to_owned()),
    }
}

/// A report in which every field says something.
pub(in crate::report) fn full() -> HuntReport {
    let ends = BTreeMap::from([("is to be refused".to_owned(), BTreeMap::from([("ALIVE".to_owned(), 2)]))]);
    HuntReport {
        schema: 1,
        kind: KIND.to_owned(),
        tool: Tool { name: "mqtt-assay".to_owned(), version: "0.1.0".to_owned() },
        target: Target { name: "b 1".to_owned(), address: "mqtt://127.0.0.1:1883".to_owned() },
        command: "b".to_owned(),
        seed: 7,
        strict: false,
        parts: vec![Part { seed: 7, shard: Some("1/2".to_owned()), cases: 6, took_ms: 2000 }],
        took_ms: 2000,
        exit: 1,
        trouble: Some("it went away".to_owned()),
        cases: Cases::new([1, 2, 3], 2000),
        covered: [4, 5],
        kept: 1,
        deaths: 1,
        memory_kb: Some([1024, 2048]),
        canary: "3 beats".to_owned(),
        planned: format!("{:016x}", u64::MAX),
        digest: Some("1".to_owned()),
        ends,
        findings: vec![found("a", "seen", 4), found("b", "not-seen", 9)],
    }
}

#[test]
fn a_report_that_is_read_again_says_the_same() {
    let text = full().json();
    let again = parse("a", text.as_bytes()).expect("reads").expect("a hunt");
    assert_eq!(again.json(), text);
    assert!(matches!(parse("a", b"{\"schema\": 1, \"results\": []}"), Ok(None)));
    let other = text.replacen("\"schema\": 1", "\"schema\": 2", 1);
    assert!(parse("a", other.as_bytes()).is_err_and(|problem| problem.contains("format 2")));
    let broken = text.replacen("\"deaths\": 1", "\"deaths\": \"many\"", 1);
    assert!(parse("a", broken.as_bytes()).is_err_and(|problem| problem.starts_with("a: not a report of")));
}

#[test]
fn of_two_hunts_the_smallest_case_and_the_earliest_time_are_kept() {
    let (mut one, mut other) = (full(), full());
    one.findings = vec![found("a", "seen", 4), found("b", "not-seen", 1)];
    other.findings = vec![found("a", "seen", 2), found("b", "seen", 8), found("c", "untried", 3)];
    (other.findings[0].first_ms, other.findings[0].seed) = (1200, 8);
    other.planned = format!("{:016x}", 3);
    let whole = merge(vec![("1".to_owned(), one), ("2".to_owned(), other)]).expect("of one broker");
    let [a, b, c] = [0, 1, 2].map(|place| &whole.findings[place]);
    assert_eq!((a.count, a.operations, a.seed, a.first_ms), (6, [9, 2], 7, 900));
    // One that was seen again is worth more than a smaller one that was not.
    assert_eq!((b.repeated.as_str(), b.operations, c.repeated.as_str()), ("seen", [9, 8], "untried"));
    assert_eq!(whole.counts(), [2, 0, 0, 0, 1]);
    assert_eq!((whole.cases.each(), whole.took_ms, whole.planned.as_str()), ([2, 4, 6], 4000, "0000000000000002"));
    let mut third = full();
    third.target.name = "c 1".to_owned();
    let refused = merge(vec![("1".to_owned(), full()), ("3".to_owned(), third)]);
    assert!(refused.is_err_and(|problem| problem == "3 is of c 1, and 1 of b 1: put hunts of one broker together"));
}

#[test]
fn what_was_not_seen_again_looks_like_no_finding() {
    let facts = full().facts();
    assert!(page(&found("a", "seen", 2), &facts).starts_with("# fail: `a`"));
    assert!(page(&found("a", "not-seen", 2), &facts).starts_with("# NOT SEEN AGAIN, no finding: `a`"));
    assert!(page(&found("a", "untried", 2), &facts).starts_with("# NOT REPEATED, no finding: `a`"));
    let summary = summary(&full());
    let (findings, others) = summary.split_once("no findings").expect("both");
    assert!(findings.contains("| `a` |") && !findings.contains("| `b` |") && others.contains("| `b` |"), "{summary}");
}

#[test]
fn hostile_text_stays_text() {
    let report = full();
    let mut html = Vec::new();
    crate::report::html::hunt::write(&mut html, &report).expect("writes");
    let html = String::from_utf8(html).expect("text");
    assert!(html.contains("ALIVE &#60;b&#62;") || html.contains("ALIVE &lt;b&gt;"), "{html}");
    for text in [html, summary(&report), page(&report.findings[0], &report.facts())] {
        assert!(!text.contains('\u{1b}') && !text.contains("ALIVE <b>\n"), "{text}");
    }
    let found = &report.findings[0];
    assert!(record(found).is_some_and(|text| text.ends_with(TRANSCRIPT) && text.contains("# session {}\n")));
    assert!(script(found, &report.facts()).is_some_and(|text| text.contains("rogue")));
}
