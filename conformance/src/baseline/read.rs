//! Reads a baseline. What is wrong with it is told with its line, its key and the way out.

use super::entry::{Baseline, Entry, Key, Varies, can_be_listed};
use super::write::SCHEMA;
use crate::scenario::Verdict;
use crate::text::{did_you_mean, quoted, single_line, visible};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toml::Spanned;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(rename = "schema")]
    _schema: i64,
    #[serde(default)]
    broker: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    expected: Vec<Spanned<EntryForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryForm {
    case: Spanned<String>,
    rule: Spanned<String>,
    verdict: Spanned<String>,
    varies: Option<Spanned<toml::Value>>,
    seen: Option<String>,
    #[serde(default)]
    reason: String,
    link: Option<String>,
}

/// What is wrong, and where: the byte at which it begins.
type Wrong = (usize, String);

/// Reads the baseline in this file.
///
/// # Errors
///
/// In words, with the file's name and the line.
pub(crate) fn read(path: &Path) -> Result<Baseline, String> {
    let name = single_line(&path.to_string_lossy());
    let text = fs::read_to_string(path).map_err(|error| {
        let way_out = if error.kind() == std::io::ErrorKind::NotFound { "; --write-baseline makes one" } else { "" };
        format!("baseline {name}: {error}{way_out}")
    })?;
    parse(&text).map_err(|(line, what)| format!("baseline {name}, line {line}: {what}"))
}

/// Reads a baseline from its text; else the line, and what is wrong there.
pub(super) fn parse(text: &str) -> Result<Baseline, (usize, String)> {
    let line = |at: usize| line_at(text, at);
    require_schema(text).map_err(|(at, what)| (line(at), what))?;
    let form: FileForm = toml::from_str(text).map_err(|error| {
        (line(error.span().map_or(0, |span| span.start)), visible(error.message()).replace('\n', "; "))
    })?;
    let mut entries: BTreeMap<Key, Entry> = BTreeMap::new();
    for entry in form.expected {
        let at = line(entry.span().start);
        let (key, entry) = entry_of(entry.into_inner(), at).map_err(|(at, what)| (line(at), what))?;
        if let Some(other) = entries.get(&key) {
            let what =
                format!("{} {} is listed in line {} already; leave one of the two", key.case, key.rule, other.line);
            return Err((at, single_line(&what)));
        }
        entries.insert(key, entry);
    }
    Ok(Baseline { broker: form.broker, tool: form.tool, entries })
}

/// Before all else: a file of another format would be full of keys that are not known.
fn require_schema(text: &str) -> Result<(), Wrong> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<Spanned<toml::Value>>,
    }
    // What is no TOML at all is told when the whole is read.
    let Ok(head) = toml::from_str::<Head>(text) else { return Ok(()) };
    let missing = || (0, format!("`schema = {SCHEMA}` is missing: is this a baseline? --write-baseline makes one"));
    let schema = head.schema.ok_or_else(missing)?;
    if schema.as_ref().as_integer() == Some(SCHEMA) {
        return Ok(());
    }
    let written = quoted(&schema.as_ref().to_string());
    Err((schema.span().start, format!("schema is {written}, and this program reads {SCHEMA}; write it anew")))
}

fn entry_of(form: EntryForm, line: usize) -> Result<(Key, Entry), Wrong> {
    let key = Key { case: id(&form.case, "case")?, rule: id(&form.rule, "rule")? };
    let varies = form.varies.as_ref().map(varies).transpose()?.unwrap_or_default();
    if form.seen.is_none() && varies == Varies::Not {
        let what = "`seen` is missing; write what was seen, or `varies = \"seen\"` where whatever is seen will do";
        return Err((form.case.span().start, format!("of {}: {what}", key.case)));
    }
    let verdict = verdict(&form.verdict)?;
    Ok((key, Entry { verdict, seen: form.seen, reason: form.reason, link: form.link, varies, line }))
}

/// An id is shown where it is wrong or its entry is, so it stays on its line.
fn id(text: &Spanned<String>, name: &str) -> Result<String, Wrong> {
    let id = text.get_ref();
    if id.is_empty() || id.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
        return Err((
            text.span().start,
            format!("`{name}` is {}, which is no id; `mqtt-assay list` shows all", quoted(id)),
        ));
    }
    Ok(id.clone())
}

fn verdict(word: &Spanned<String>) -> Result<Verdict, Wrong> {
    let listed = || Verdict::ALL.into_iter().filter(|verdict| can_be_listed(*verdict));
    listed().find(|verdict| verdict.word() == word.get_ref()).ok_or_else(|| {
        let near = did_you_mean(word.get_ref(), listed().map(Verdict::word));
        let what = format!("`verdict` is {}, and can be fail, inconclusive or weak{near}", quoted(word.get_ref()));
        (word.span().start, what)
    })
}

fn varies(value: &Spanned<toml::Value>) -> Result<Varies, Wrong> {
    match value.get_ref() {
        toml::Value::Boolean(true) => Ok(Varies::Verdict),
        toml::Value::Boolean(false) => Ok(Varies::Not),
        toml::Value::String(word) if word == "seen" => Ok(Varies::Seen),
        other => {
            let what = format!(
                "`varies` is {}, and can be true (the verdict may be better) or \"seen\"",
                quoted(&other.to_string())
            );
            Err((value.span().start, what))
        }
    }
}

/// The line of this byte, counted from 1.
fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::write::write;
    use super::*;
    use proptest::prelude::*;

    const ENTRY: &str = "[[expected]]\ncase = '5/a/b'\nrule = 'MQTT-1'\nverdict = 'fail'\nseen = 'x'\n";

    fn written(baseline: &Baseline) -> String {
        let mut out = Vec::new();
        write(&mut out, baseline).expect("memory takes it");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn what_is_wrong_is_told_with_line_key_and_way_out() {
        let head = "schema = 1\n";
        let replaced = |from: &str, to: &str| format!("{head}{}", ENTRY.replace(from, to));
        let rows = [
            (String::new(), 1, "`schema = 1` is missing"),
            ("schema = 9\nx = 1".to_owned(), 1, "schema is `9`, and this program reads 1"),
            ("\nschema = 'x\u{1b}'".to_owned(), 2, ""),
            (format!("{head}<<<<<<< HEAD\n"), 2, ""),
            (
                replaced("'fail'", "'Fail'"),
                5,
                "`verdict` is `Fail`, and can be fail, inconclusive or weak; did you mean `fail`?",
            ),
            (replaced("'fail'", "'pass'"), 5, "`verdict` is `pass`, and can be"),
            (replaced("verdict", "verdit"), 5, "unknown field `verdit`"),
            (replaced("rule = 'MQTT-1'\n", ""), 2, "missing field `rule`"),
            (replaced("seen = 'x'\n", ""), 3, "`seen` is missing; write what was seen, or `varies = \"seen\"`"),
            (replaced("seen = 'x'\n", "varies = 3\n"), 6, "`varies` is `3`, and can be true"),
            (replaced("5/a/b", "5/a b"), 3, "`case` is `5/a b`, which is no id"),
            (format!("{head}{ENTRY}\n{ENTRY}"), 8, "5/a/b MQTT-1 is listed in line 2 already; leave one of the two"),
        ];
        for (text, line, what) in rows {
            let (at, told) = parse(&text).expect_err(&text);
            assert!(at == line && told.contains(what), "{text}\nline {at}: {told}");
            assert!(!told.contains(char::is_control), "{told:?}");
        }
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        let baseline =
            parse(&format!("schema = 1\n{}varies = true\n", ENTRY.replace("seen = 'x'\n", ""))).expect("a baseline");
        let (_, entry) = baseline.entries.first_key_value().expect("one");
        assert_eq!((entry.varies, &entry.seen, entry.reason.as_str(), entry.line), (Varies::Verdict, &None, "", 2));
        assert!(parse("schema = 1\n").expect("an empty one").entries.is_empty());
    }

    fn any_entry() -> impl Strategy<Value = (Key, Entry)> {
        let verdict = prop_oneof![Just(Verdict::Fail), Just(Verdict::Weak), Just(Verdict::Inconclusive)];
        let varies = prop_oneof![Just(Varies::Not), Just(Varies::Seen), Just(Varies::Verdict)];
        let texts = ("[^\\s\\pC]{1,8}", "[^\\s\\pC]{1,8}", any::<String>(), any::<String>(), any::<Option<String>>());
        (texts, verdict, varies).prop_map(|((case, rule, seen, reason, link), verdict, varies)| {
            (Key { case, rule }, Entry { verdict, seen: Some(seen), reason, link, varies, line: 0 })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(entries in proptest::collection::btree_map(any::<u8>(), any_entry(), 0..5), broker: String) {
            let entries: BTreeMap<Key, Entry> = entries.into_values().collect();
            let baseline = Baseline { entries, ..Baseline::of_broker(broker) };
            let text = written(&baseline);
            let mut read = parse(&text).map_err(|(line, what)| TestCaseError::fail(format!("line {line}: {what}\n{text}")))?;
            prop_assert_eq!(written(&read), text);
            read.entries.values_mut().for_each(|entry| entry.line = 0);
            prop_assert_eq!(read, baseline);
        }

        #[test]
        fn no_text_is_too_much(text in "(schema = 1\n)?(\\[\\[expected\\]\\]\n|case = 'a'\n|varies = true\n|[a-z= \\[\\]'\"\n]{0,9}|\\PC){0,9}") {
            let _ = parse(&text);
        }
    }
}
