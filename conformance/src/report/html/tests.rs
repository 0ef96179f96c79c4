//! The page as a whole: that nothing of a report is ever more than text in it, and that it says what it should.

use super::*;
use crate::report::document::{Document, Times, Transcripts};
use crate::report::{End, Ended, samples};
use crate::scenario::{Kind, LeftBehind, Stop, Verdict};
use proptest::prelude::*;
use std::time::Duration;

fn page(documents: &[Document]) -> String {
    let mut out = Vec::new();
    write(&mut out, documents).expect("memory takes it");
    String::from_utf8(out).expect("the page is UTF-8")
}

fn document(results: &[crate::run::CaseResult]) -> Document {
    let times = Times { started: "2026-01-01T00:00:00Z".to_owned(), took: Duration::from_millis(1234) };
    Document::of(&samples::facts(), &times, results, &samples::end(Ended::Complete), Transcripts::All)
}

/// What a broker could send to be more than text.
const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'` javascript:alert(3) <!-- ]]> \
                       &lt;b&gt; {{ 7*7 }} \u{202e}txt\u{2066}\u{2028}\u{2029}\u{0}\u{1b}[2J\u{feff} %3Cscript%3E";

/// A document with this text wherever there is one.
fn filled_with(text: &str) -> Document {
    let results = [
        samples::result(&[(Verdict::Fail, text), (Verdict::Pass, text)], Some(Stop::Failed)),
        samples::result(&[], Some(Stop::Inconclusive { why: text.to_owned(), line: None })),
        samples::result(&[], Some(Stop::NotOffered(text.to_owned()))),
        samples::result(&[(Verdict::Pass, text), (Verdict::Weak, text)], None),
    ];
    let left = LeftBehind { kind: Kind::Session, name: text.to_owned(), case: text.to_owned() };
    let end = End { why: text.to_owned(), left_behind: vec![left], ..samples::end(Ended::Interrupted) };
    let times = Times { started: text.to_owned(), took: Duration::ZERO };
    let mut document = Document::of(&samples::facts(), &times, &results, &end, Transcripts::All);
    let value = serde_json::to_value(&document).expect("JSON");
    let filled = with_text(value, text, "");
    document = serde_json::from_value(filled).expect("a report still");
    for (index, case) in document.results.iter_mut().enumerate() {
        case.case = format!("{text}{index}");
    }
    document
}

/// Every text of a report replaced, but of those that must be one of a few words. Transcripts get lines of all kinds.
fn with_text(value: serde_json::Value, text: &str, name: &str) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(_) if ["verdict", "marked", "ended", "alone", "kind", "mqtt", "transcripts"].contains(&name) => {
            value
        }
        Value::String(_) => Value::String(text.to_owned()),
        Value::Array(_) if name == "transcript" => {
            let kinds = ["-> 3000", "<- 3000 ;", "-> 3000 !", "expects:", "decides:", "notes:", "-> zz ;", ""];
            let lines = kinds.iter().map(|kind| Value::String(format!("3 0.5 {text} {kind}{text}")));
            Value::Array(lines.chain([Value::String(text.to_owned())]).collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(|one| with_text(one, text, name)).collect()),
        Value::Object(all) => {
            Value::Object(all.into_iter().map(|(name, value)| (name.clone(), with_text(value, text, &name))).collect())
        }
        other => other,
    }
}

/// The elements of the page by their tags, outside scripts and style: `(tag, attributes)`.
fn tags(page: &str) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = tag_end(rest);
        let (tag, behind) = (&rest[..end], &rest[end..]);
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        tags.push((name.to_ascii_lowercase(), attributes.to_owned()));
        rest = behind;
        if ["script", "style", "title"].contains(&name) {
            let close = rest.to_ascii_lowercase().find(&format!("</{name}")).expect("it ends");
            rest = &rest[close..];
        }
    }
    tags
}

/// Where a tag ends, quotes heeded as a browser heeds them.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (index, letter) in tag.char_indices() {
        match (quote, letter) {
            (None, '>') => return index,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// The names of a tag's attributes.
fn attributes(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        names.push(rest[..end].to_ascii_lowercase());
        rest = &rest[end..];
        if let Some(value) = rest.strip_prefix("=\"") {
            let close = value.find('"').expect("values stand between quotes");
            rest = &value[close + 1..];
        }
        rest = rest.trim_start();
    }
    names
}

/// Fails where anything of the page could run, load, or go anywhere but what this program brought.
fn require_harmless(page: &str) {
    let all = tags(page);
    let scripts = all.iter().filter(|(name, attributes)| name == "script" && !attributes.contains("application/json"));
    assert_eq!(scripts.count(), 2, "two scripts, ours");
    for (name, text) in &all {
        let forbidden = ["img", "iframe", "object", "embed", "base", "audio", "video", "b>", "use", "image"];
        assert!(!forbidden.contains(&name.as_str()), "{name} {text}");
        for attribute in attributes(text) {
            assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "srcdoc", "{name} {text}");
            assert!(attribute != "src" && attribute != "action" && attribute != "formaction", "{name} {text}");
        }
        let link = text.split("href=\"").nth(1);
        assert!(link.is_none_or(|link| link.starts_with('#') || link.starts_with("data:,\"")), "{name} {text}");
    }
    let controls = page.chars().find(|letter| {
        letter.is_control() && *letter != '\n'
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(controls, None);
}

/// The embedded data, read as a browser reads it: what stands between its element's tags.
fn embedded(page: &str) -> Vec<serde_json::Value> {
    let parts = page.split("<script type=\"application/json\"").skip(1);
    let texts = parts.map(|part| {
        let (_, behind) = part.split_once('>').expect("the tag ends");
        behind.split_once("</script>").expect("the element ends").0
    });
    texts.map(|text| serde_json::from_str(text).expect("JSON, whole")).collect()
}

#[test]
fn hostile_text_is_text() {
    let document = filled_with(HOSTILE);
    let page = page(&[document.clone(), document]);
    require_harmless(&page);
    // In the HTML it is there, escaped, and in the data in full.
    assert!(page.contains("&#60;/script&#62;&#60;script&#62;alert(1)"), "the text is there");
    let expected = single_line(HOSTILE);
    let data = embedded(&page);
    assert_eq!(data.len(), 3, "an index, and a part for each run");
    let (index, part) = (&data[0], &data[1]);
    assert_eq!(index["cases"][0][1], expected.as_str());
    let details: Vec<&serde_json::Value> = part.as_object().expect("cases").values().collect();
    assert_eq!(details[0]["seen"], expected.as_str());
    let lines = details[0]["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 9);
    assert!(lines.iter().any(|line| line[4] == expected.as_str()), "{lines:?}");
}

#[test]
fn what_is_not_harmless_is_noticed() {
    let harmless = page(&[document(&[])]);
    for harm in [
        "<script>x</script>",
        "<img alt=\"x\">",
        "<p onclick=\"x\">",
        "<p style=\"x\">",
        "<a href=\"javascript:x\">",
        "<p>\u{202e}",
        "<p>\u{2028}",
    ] {
        let harmed = harmless.replacen("<main", &format!("{harm}<main"), 1);
        assert!(std::panic::catch_unwind(|| require_harmless(&harmed)).is_err(), "{harm}");
    }
}

#[test]
fn the_policy_lets_nothing_run_but_the_script() {
    let page = page(&[document(&[])]);
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
    let policy = policy.expect("a policy").replace("&#39;", "'");
    let between =
        |start: &str, end: &str| page.split(start).last().and_then(|rest| rest.split(end).next()).expect(start);
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let scripts: Vec<&str> = page.split("<script>").skip(1).filter_map(|rest| rest.split("</script>").next()).collect();
    let scripts = scripts.into_iter().map(hash).collect::<Vec<_>>().join(" ");
    assert!(policy.contains(&format!("script-src {scripts};")), "{policy}");
    assert!(policy.contains(&format!("style-src {};", hash(between("<style>", "</style>")))), "{policy}");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe") && !policy.contains("http"));
}

#[test]
fn what_is_brought_can_stand_in_a_page() {
    for text in [STYLE, EARLY, SCRIPT] {
        for ending in ["</", "<!--", "http:", "https:", "innerHTML", "eval("] {
            assert!(!text.contains(ending), "{ending}");
        }
    }
}

#[test]
fn a_report_says_what_broke_before_anything_else() {
    let results = [
        samples::result(&[(Verdict::Fail, "DUP 1"), (Verdict::Pass, "")], Some(Stop::Failed)),
        samples::result(&[], Some(Stop::NotOffered("CONNACK: RetainAvailable(0)".to_owned()))),
    ];
    let page = page(&[document(&results)]);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(place("Fails</h3>") < place("Rules</h1>"));
    assert!(place("came</b> DUP 1") < place("Rules</h1>"));
    assert!(page.contains("mqtt-assay run x -f 5/publish/an-example --seed 3 -v"));
    assert!(page.contains("learnt from") || page.contains("as named; nothing said more"));
    assert!(page.contains("Rules of MQTT 5 without a case"));
}

#[test]
fn where_runs_differ_is_told_first() {
    let run = |verdict| document(&[samples::result(&[(verdict, "x"), (Verdict::Pass, "x")], None)]);
    let page = page(&[run(Verdict::Fail), run(Verdict::Pass)]);
    let (_, matrix) = page.split_once("<h1 id=\"rules-heading\">").expect("a matrix");
    let (first, others) = matrix.split_once("MQTT 5: 3.3 PUBLISH").expect("a chapter");
    assert!(first.contains("Where the runs differ") && first.contains("data-id=\"MQTT-3.3.1-3\""));
    assert!(!first.contains("data-id=\"MQTT-3.3.1-8\"") && others.contains("data-id=\"MQTT-3.3.1-8\""));
    assert!(page.contains(">x (1)<") && page.contains(">x (2)<"), "two runs of one broker are told apart");
}

#[test]
fn a_report_of_nothing_is_a_page() {
    require_harmless(&page(&[document(&[])]));
    require_harmless(&page(&[]));
}

#[test]
fn thousands_are_parted() {
    assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!([many(1, "case"), many(2923, "case")], ["1 case", "2,923 cases"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn no_text_is_more_than_text(text in "\\PC{0,12}|[<>\"'&/=!\\-a-z \u{202e}\u{2028}\u{0}]{0,24}") {
        let page = page(&[filled_with(&text)]);
        require_harmless(&page);
        for value in embedded(&page) {
            prop_assert!(value.is_object());
        }
    }
}
