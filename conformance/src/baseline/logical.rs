//! What was seen, in words that are the same in each run of one broker: the case's own names instead of the run's, and
//! nothing of what is chance. Gone are times, what is left of an expiry, ports, line numbers, packet identifiers and client
//! identifiers that the broker has chosen; acknowledgements that came while something else was waited for; of a death who was suspected; and of an
//! invariant, which any of thousands of packets may break first, where that was. What is left is what a baseline compares.

use super::names::{without_names, without_topics};
use crate::scenario::RunNames;
use crate::text::{cut, single_line};

/// Letters of it that are kept.
const LETTERS: usize = 400;

/// What stands for a number that differs from run to run.
const NUMBER: &str = "N";

/// What stands between what did not come and what did.
const INSTEAD: &str = "; what came instead: ";

/// Chapters whose words tell of a whole run.
const INVARIANTS: &str = "invariants";
const LIFE: &str = "life";

/// A property that holds a name of the broker's own choice.
const ASSIGNED: &str = "AssignedClientIdentifier(";

/// What is said of a case that had no broker any more, before how it was lost; and of processes that were still there then.
const LOST: &str = "the broker was lost";
const LEFT_RUNNING: &str = "; it left running: ";

/// Answers that come all the time, and how many of them before a limit of time is over is chance.
const ANSWERS: &[&str] = &["PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "PINGRESP"];

/// What a case of this chapter saw in a run with these names, as it would be seen in any run.
pub(super) fn logical(seen: &str, names: &RunNames, chapter: &str) -> String {
    let seen = single_line(seen);
    let told = match chapter {
        INVARIANTS => of_invariant(&without_topics(&seen, names)),
        LIFE => of_life(&without_names(&seen, names)),
        _ => of_case(&without_names(&seen, names)),
    };
    cut(&told, LETTERS).into_owned()
}

fn of_case(seen: &str) -> String {
    if seen.starts_with(LOST) {
        return LOST.to_owned();
    }
    let text = outside_quotes(&without_assigned(seen), |text| without_chance(text, Numbers::Telling));
    match text.split_once(INSTEAD) {
        Some((what, instead)) => what.to_owned() + &told_instead(instead),
        None => text,
    }
}

/// The breach alone: the packet and the case that were first are in brackets behind it.
fn of_invariant(seen: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for letter in seen.chars() {
        match letter {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(letter),
            _ => {}
        }
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    without_chance(&words.join(" "), Numbers::None)
}

/// How it ended: `3 times; first: variant x: its process ended (signal 11); suspects ...; its last words: ...`.
fn of_life(seen: &str) -> String {
    let first = seen.split_once("; first: ").map_or(seen, |(_, first)| first);
    let first = match first.split_once(LEFT_RUNNING) {
        Some((before, names)) => before.to_owned() + names.find(')').map_or("", |end| &names[end..]),
        None => first.to_owned(),
    };
    let how = first.split("; ").next().unwrap_or_default();
    outside_quotes(how, |text| without_chance(text, Numbers::Telling))
}

/// What came instead, each once, without answers that say nothing; empty where there is nothing else.
fn told_instead(instead: &str) -> String {
    let mut told: Vec<String> = Vec::new();
    for packet in parts(instead) {
        let is_answer = ANSWERS.iter().any(|name| packet == *name || packet == format!("{name} id={NUMBER}"));
        if !is_answer && !told.contains(&packet) {
            told.push(packet);
        }
    }
    if told.is_empty() { String::new() } else { format!("{INSTEAD}{}", told.join("; ")) }
}

/// The parts between semicolons that are in no quotation.
fn parts(text: &str) -> Vec<String> {
    const SPLIT: char = '\u{1f}';
    let marked = outside_quotes(text, |text| text.replace("; ", &SPLIT.to_string()));
    marked.split(SPLIT).map(str::to_owned).collect()
}

/// Names that the broker has chosen are left out.
fn without_assigned(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(ASSIGNED) {
        out.push_str(before);
        out.push_str("AssignedClientIdentifier(..");
        rest = behind.strip_prefix('"').and_then(|behind| behind.find('"').map(|end| &behind[end + 1..])).unwrap_or("");
    }
    out + rest
}

/// Changes what is outside quotation marks. A quotation ends with its mark, or where a long text was cut.
fn outside_quotes(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, quotation)) = rest.split_once('"') {
        out.push_str(&change(before));
        let length = quotation_length(quotation);
        out.push('"');
        out.push_str(&quotation[..length]);
        rest = &quotation[length..];
    }
    out + &change(rest)
}

/// Bytes up to the end of a quotation whose first mark is read, its last mark included.
fn quotation_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            '.' if is_cut(&text[at..]) => return at,
            _ => {}
        }
    }
    text.len()
}

/// `... (4000 letters)`, where a text was cut before its quotation ended.
fn is_cut(text: &str) -> bool {
    let number =
        text.strip_prefix("... (").map(|behind| behind.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    number.is_some_and(|behind| behind.starts_with(" letters)"))
}

/// Which numbers tell something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// Those that are no times, ports, lines or identifiers.
    Telling,
    None,
}

/// Numbers of chance are replaced, and the lines of the transcript left out.
fn without_chance(text: &str, numbers: Numbers) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '#');
        // `0x81`, `MQTT-3.1.2-4`, `qos2`, `watcher#2`: a part of a word.
        let behind_number = &from[number_length(from)..];
        let is_word =
            out.ends_with(is_part) || behind_number.starts_with(char::is_alphabetic) && unit(behind_number).is_none();
        let length = if is_word { word_length(from) } else { number_length(from) };
        let (number, behind) = from.split_at(length);
        let is_chance = !is_word && (numbers == Numbers::None || is_chance(&out, number, behind));
        out.push_str(if is_chance { NUMBER } else { number });
        rest = if is_chance { behind_unit(&mut out, behind) } else { behind };
    }
    (out + rest).replace(&format!(" (line {NUMBER})"), "")
}

fn word_length(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(text.len())
}

/// Digits, and a point between digits.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).find(|&at| !(is_digit(at) || bytes[at] == b'.' && is_digit(at + 1))).unwrap_or(bytes.len())
}

/// A time, a port, a line, an identifier, what is left of an expiry. An identifier of 0 is none.
fn is_chance(before: &str, number: &str, behind: &str) -> bool {
    let is_port = before
        .strip_suffix(':')
        .is_some_and(|host| host.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == ']'));
    let is_line = ["line ", "lines "].iter().any(|word| before.ends_with(word));
    let words = ["id=", "identifier ", "identifier N instead of ", "MessageExpiryInterval("];
    let is_identifier = number != "0" && words.iter().any(|word| before.ends_with(word));
    is_port || is_line || is_identifier || unit(behind).is_some()
}

/// Units of time, with or without a blank before them, and what stands behind.
fn unit(behind: &str) -> Option<&str> {
    let text = behind.strip_prefix(' ').unwrap_or(behind);
    let units = ["s", "ms", "µs", "ns"];
    let ends = |rest: &&str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    units.iter().find_map(|unit| text.strip_prefix(unit).filter(ends))
}

/// All times are in seconds: 950 ms and 1.05 s are the same.
fn behind_unit<'a>(out: &mut String, behind: &'a str) -> &'a str {
    match unit(behind) {
        Some(rest) => {
            out.push_str(" s");
            rest
        }
        None => behind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seen: &str) -> String {
        in_chapter(seen, "publish")
    }

    fn in_chapter(seen: &str, chapter: &str) -> String {
        let names = RunNames { topic_prefix: "mqtt-assay".into(), client_id_prefix: "ma".into(), run: "k3x9q2".into() };
        logical(seen, &names, chapter)
    }

    #[test]
    fn what_is_chance_is_left_out_and_all_else_stays() {
        for (seen, expected) in [
            ("SUBACK id=3 0x00: code 0x00 instead of 0x80", "SUBACK id=N 0x00: code 0x00 instead of 0x80"),
            ("PUBACK id=0", "PUBACK id=0"),
            ("0x10 for a message", "0x10 for a message"),
            (
                "[SubscriptionIdentifier(7), MessageExpiryInterval(98)]",
                "[SubscriptionIdentifier(7), MessageExpiryInterval(N)]",
            ),
            ("PUBREL id=6: packet identifier 6 instead of 5", "PUBREL id=N: packet identifier N instead of N"),
            (
                "the broker closed the connection (FIN) after 1.503 s",
                "the broker closed the connection (FIN) after N s",
            ),
            ("no PINGRESP within 12.5s", "no PINGRESP within N s"),
            ("still open after 950ms, and looked at again", "still open after N s, and looked at again"),
            ("127.0.0.1:40123: Connection refused (os error 111)", "127.0.0.1:N: Connection refused (os error 111)"),
            ("PUBLISH came (line 12) came before line 7", "PUBLISH came came before line N"),
            (
                r#"PUBLISH "a 3 s" qos=1 id=7 payload="id=7 (line 3)": length 239"#,
                r#"PUBLISH "a 3 s" qos=1 id=N payload="id=7 (line 3)": length 239"#,
            ),
            (r#"payload="say \"3 s\"" id=4"#, r#"payload="say \"3 s\"" id=N"#),
            (r#"[UserProperty("a", "bb... (9000 letters)] id=4"#, r#"[UserProperty("a", "bb... (9000 letters)] id=N"#),
            (
                r#"CONNACK 0x00 [AssignedClientIdentifier("auto-7F3A"), ReceiveMaximum(20)]"#,
                "CONNACK 0x00 [AssignedClientIdentifier(..), ReceiveMaximum(20)]",
            ),
            ("PUBLISH \"mqtt-assay/k3x9q2/wk2q8/sport\" qos=0", "PUBLISH \"sport\" qos=0"),
        ] {
            assert_eq!(told(seen), expected);
        }
    }

    #[test]
    fn what_came_instead_is_told_once_and_without_answers() {
        let instead = |packets: &str| told(&format!("no PUBLISH within 12.5s; what came instead: {packets}"));
        assert_eq!(instead("PUBREL id=2 (line 36); PUBREL id=3 (line 44)"), "no PUBLISH within N s");
        assert_eq!(
            instead("PUBREL id=2 (line 3); PUBLISH \"a; b\" qos=0 (line 4); PUBLISH \"a; b\" qos=0 (line 5)"),
            "no PUBLISH within N s; what came instead: PUBLISH \"a; b\" qos=0"
        );
        assert_eq!(instead("PUBREC id=2 0x97 (line 3)"), "no PUBLISH within N s; what came instead: PUBREC id=N 0x97");
    }

    #[test]
    fn of_the_whole_run_the_kind_is_told_and_not_the_place() {
        let broken = "RETAIN 1 for a subscription that was there (QoS 1, RETAIN 1, 258 bytes on \
                      mqtt-assay/k3x9q2/tkchc/hall) (5/deliveries/queued line 33)";
        assert_eq!(in_chapter(broken, INVARIANTS), "RETAIN N for a subscription that was there");
        let owed = "a message of QoS 1, 7 bytes on mqtt-assay/k3x9q2/pl1cf/news, was owned and has not come for 12 s \
                    (5/second-time/x line 16)";
        let expected = "a message of QoS N, N bytes on TOPIC, was owned and has not come for N s";
        assert_eq!(in_chapter(owed, INVARIANTS), expected);
        let died = "2 times, by 5/x/y, 5/x/z; first: its process ended (signal: 11 (SIGSEGV)); 5/x/y does it by itself; \
                    its last words: 12:03:04 pid 312 fell";
        assert_eq!(in_chapter(died, LIFE), "its process ended (signal: 11 (SIGSEGV))");
        let left = "its process ended (signal: 9 (SIGKILL); it left running: sh, cat); 5/x/y was alone at it";
        assert_eq!(in_chapter(left, LIFE), "its process ended (signal: 9 (SIGKILL))");
        assert_eq!(told("the broker was lost: its process ended"), "the broker was lost");
    }

    #[test]
    fn hostile_text_stays_on_its_line_and_is_cut() {
        let hostile = format!("\u{1b}[2J\n\"{}", "x".repeat(9000));
        let text = told(&hostile);
        assert!(text.starts_with("\\u{1b}[2J\\n\"xx") && text.ends_with(" letters)") && text.len() < 450, "{text}");
        for strange in
            ["", "\"", "\"\\", "... (", "id=", "9", "9.", "ü9s", "; what came instead: ", "AssignedClientIdentifier("]
        {
            told(strange);
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_was_seen_becomes_one_short_line(
            seen in "(id=|line |\\(line |; what came instead: |\"|[0-9.]{1,4}|[a-z ;:()]{1,3}|\\PC|\n){0,60}",
            chapter in "publish|invariants|life",
        ) {
            let text = in_chapter(&seen, &chapter);
            proptest::prop_assert!(!text.contains(char::is_control), "{text:?}");
            proptest::prop_assert!(text.chars().count() < LETTERS + 30, "{text:?}");
        }
    }
}
