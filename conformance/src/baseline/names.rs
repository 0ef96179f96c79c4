//! A run's own names, taken out of what was seen: what is left are the names that the case itself uses. How they are made is
//! `scenario/names.rs`'s subject.

use crate::scenario::RunNames;

/// Letters that name the case within the run.
const TAG: usize = 5;

/// Letters that name the role within the case, in a client identifier.
const ROLE: usize = 3;

/// What stands for a text that is unique to run and case.
const UNIQUE: &str = "<run>";

/// The text with the case's own names for topics, clients and payloads.
pub(super) fn without_names(text: &str, names: &RunNames) -> String {
    let RunNames { topic_prefix, client_id_prefix, run } = names;
    if run.is_empty() || !text.contains(run.as_str()) {
        return text.to_owned();
    }
    let topics = format!("{topic_prefix}/{run}/");
    let text = replaced(text, &topics, TAG, "/", "");
    // Quoted bytes are escaped, those of a prefix too.
    let text = replaced(&text, &topics.as_bytes().escape_ascii().to_string(), TAG, "/", "");
    let text = replaced(&text, &format!("{client_id_prefix}{run}"), TAG + ROLE, "", "");
    // Below a word of the case's own: `$assay/...`.
    let text = replaced(&text, &format!("/{run}/"), TAG, "/", &format!("/{UNIQUE}/"));
    replaced(&text, run, TAG, "", UNIQUE)
}

/// The text with whole topics of the run taken out, up to the blank or comma behind each.
pub(super) fn without_topics(text: &str, names: &RunNames) -> String {
    let start = format!("{}/{}/", names.topic_prefix, names.run);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, topic)) = rest.split_once(&start) {
        out.push_str(before);
        out.push_str("TOPIC");
        rest = topic.find([' ', ',', ')']).map_or("", |end| &topic[end..]);
    }
    out + rest
}

/// Puts `instead` in the place of `start`, so many letters and digits, and `end`.
fn replaced(text: &str, start: &str, count: usize, end: &str, instead: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(start) {
        out.push_str(before);
        let left = behind_tag(behind, count).and_then(|left| left.strip_prefix(end));
        out.push_str(if left.is_some() { instead } else { start });
        rest = left.unwrap_or(behind);
    }
    out + rest
}

/// What stands behind so many small letters and digits.
fn behind_tag(text: &str, count: usize) -> Option<&str> {
    let (tag, left) = text.split_at_checked(count)?;
    tag.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Names, exact};

    #[test]
    fn what_a_run_puts_before_names_is_taken_off_again() {
        for prefix in ["mqtt-assay", "ümlaut/with \"quotes\""] {
            let run = RunNames { topic_prefix: prefix.into(), client_id_prefix: "ma".into(), run: "k3x9q2".into() };
            let names = Names::new(&run, "5/publish/topic-with-wildcard");
            let told = |text: &str| without_names(text, &run);
            let topic = names.topic(&"sport/tennis".into());
            assert_eq!(told(&format!("on {topic} and {topic}")), "on sport/tennis and sport/tennis");
            assert_eq!(told(&format!("\"{}\"", topic.as_bytes().escape_ascii())), "\"sport/tennis\"");
            assert_eq!(told(&names.client_id("rogue")), "rogue");
            assert_eq!(told(&format!("$assay{}", topic.trim_start_matches(prefix))), "$assay/<run>/sport/tennis");
            assert_eq!(told(&names.topic(&exact(format!("${}", names.unique())))), "$<run>");
            assert_eq!(told(&names.filter(&"$share/g/t/#".into())), "$share/g<run>/t/#");
            let nonce = String::from_utf8(names.nonce()).expect("letters");
            assert_eq!(told(&nonce), "fence-<run>-1");
            assert_eq!(without_topics(&format!("of {topic}, then"), &run), "of TOPIC, then");
        }
    }

    #[test]
    fn what_only_looks_like_a_name_stays() {
        let run = RunNames { topic_prefix: "t".into(), client_id_prefix: "c".into(), run: "100000".into() };
        for text in ["(100000 bytes)", "t/100000/ü", "c100000", "1000001", "t/100000/abcde"] {
            assert_eq!(without_names(text, &run), text);
        }
    }
}
