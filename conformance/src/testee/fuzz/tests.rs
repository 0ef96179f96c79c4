//! Searches in our own decoder, as it is and with planted mistakes.

use super::{Finding, Options, Search, Searched, Sort};
use crate::testee::planted::{BUGS, Planted};
use crate::testee::{Ours, Testee};

fn searched(testee: &mut dyn Testee, cases: u64, until_found: bool) -> Searched {
    let options = Options { seed: 1, cases: Some(cases), time: None, until_found };
    Search::new(testee).run(&options, |_| {}, |_| true)
}

fn first(bug: &str) -> Finding {
    let mut testee = Planted::new(bug).expect("is one");
    let findings = searched(&mut testee, 40_000, true).findings;
    findings.into_iter().min_by_key(|finding| finding.case).unwrap_or_else(|| panic!("{bug} is not found"))
}

#[test]
fn nothing_is_found_in_a_decoder_without_mistakes() {
    let Searched { findings, progress, lost } = searched(&mut Ours::new(), 6_000, false);
    assert!(findings.is_empty(), "{}", findings[0].line());
    assert_eq!((progress.cases, progress.skipped, lost), (6_000, 0, None));
    assert!(progress.decodes > 7_000, "streams and shortest forms are asked about, too: {}", progress.decodes);
}

#[test]
fn a_mistake_of_each_sort_is_found_shrunk_and_named() {
    for (bug, sort, about, most) in [
        ("forgets-dup", Sort::Value, "PUBLISH dup", 7),
        ("takes-qos-three", Sort::Accepts, "publish-qos-3", 8),
        ("takes-second-packet", Sort::Length, "PINGREQ", 4),
        ("reads-past-the-end", Sort::PastEnd, "property-length-past-end", 8),
        ("waits-for-reason-code", Sort::Waits, "PUBACK packet-identifier reason-code", 4),
        ("refuses-empty-payload", Sort::Refuses, "PUBLISH dup qos retain topic", 14),
        ("loses-cut-length", Sort::Pieces, "", 160),
    ] {
        let finding = first(bug);
        assert_eq!(finding.breach.sort, sort, "{bug}: {}", finding.line());
        assert!(finding.breach.about.starts_with(about), "{bug}: {}", finding.line());
        assert!(finding.input.bytes.len() <= most, "{bug}: {}", finding.line());
        assert_eq!(finding.repeated, (20, 20), "{bug}");
    }
}

#[test]
fn what_kills_is_told_by_where_it_died() {
    let finding = first("dies-of-missing-options");
    assert_eq!(finding.breach.sort, Sort::Crash);
    assert!(finding.breach.about.contains("read_options"), "{}", finding.breach.about);
    assert_eq!(finding.repeated, (5, 5));
}

#[test]
fn one_mistake_is_one_finding_a_mutation_however_often_it_is_met() {
    let mut testee = Planted::new("takes-qos-three").expect("is one");
    let findings = searched(&mut testee, 6_000, false).findings;
    let of_qos = findings.iter().filter(|finding| finding.breach.about == "publish-qos-3").collect::<Vec<_>>();
    assert!(of_qos.len() <= 4, "{}", of_qos.len());
    assert!(of_qos.iter().map(|finding| finding.times).sum::<u64>() > 20);
}

#[test]
fn the_same_seed_finds_the_same() {
    let lines = |seed| {
        let mut testee = Planted::new("unchecked-user-property").expect("is one");
        let options = Options { seed, cases: Some(2_000), time: None, until_found: false };
        let findings = Search::new(&mut testee).run(&options, |_| {}, |_| true).findings;
        findings.iter().map(|finding| (finding.case, finding.question.clone())).collect::<Vec<_>>()
    };
    assert_eq!(lines(5), lines(5));
    assert_ne!(lines(5), lines(6));
}

#[test]
fn a_finding_is_a_file_that_says_all_that_is_needed() {
    let finding = first("takes-identifier-zero");
    let folder = tempfile::tempdir().expect("a folder");
    let path = finding.write(folder.path(), "planted 0", "./shim").expect("is written");
    let text = std::fs::read_to_string(path).expect("is there").replace(&finding.question.to_string(), "[question]");
    insta::assert_snapshot!(text.replace(&finding.question.to_words(), "[words]"));
}

#[test]
fn mistakes_have_names_of_their_own_and_are_at_least_twenty() {
    let names: std::collections::BTreeSet<&str> = BUGS.iter().map(|bug| bug.name).collect();
    assert!(names.len() == BUGS.len() && BUGS.len() >= 20);
    assert!(BUGS.iter().all(|bug| bug.says.ends_with('.')));
    assert!(Planted::new("no-such-mistake").is_none());
}
