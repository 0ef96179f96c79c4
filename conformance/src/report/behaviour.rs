//! What a broker did, so that it can be held against what it did in another run: without the names that a run gives itself,
//! without identifiers that a broker chooses and places in a transcript; times are told apart by class.

use super::document::NamesUsed;

/// Letters that a case has behind the run's name in its own names.
const TAG: usize = 5;

/// Up to so many seconds a broker acts soon, up to so many it takes its time, as one that sweeps at intervals does.
const CLASSES: [f64; 2] = [2.0, 10.0];

/// Times that are no further apart than so many seconds, or than this factor, are alike, whatever their classes.
const APART: f64 = 2.0;

/// Behind these words stands the number that a broker chose, a place, or a count of what it was asked.
const NUMBERED_BY_CHANCE: [&str; 5] = ["id=", "line ", "MessageExpiryInterval(", "kept by all ", "asked "];

/// Behind these words stands a name that the broker made up.
const MADE_UP: &str = "AssignedClientIdentifier(\"";

/// Behind these words stands what else came meanwhile.
const ASIDE: &str = "; what came instead: ";

/// Chapters that are judged by all that a run's cases bring about: which of it is told first is chance.
const OF_THE_RUN: [&str; 2] = ["invariants", "life"];

/// A text without the names that the run has put into it: topics and client identifiers as the cases write them.
pub(crate) fn without_names(text: &str, names: &NamesUsed) -> String {
    if names.run.is_empty() {
        return text.to_owned();
    }
    let (topics, clients) = (format!("{}/", names.topic_prefix), names.client_id_prefix.as_str());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(names.run.as_str()) {
        let before = before.strip_suffix(topics.as_str()).or_else(|| before.strip_suffix(clients)).unwrap_or(before);
        out.push_str(before);
        rest = without_tag(behind);
    }
    out + rest
}

/// What stands behind the case's own letters, and behind the slash after them in a topic.
fn without_tag(behind: &str) -> &str {
    let in_a_topic = behind.strip_prefix('/');
    let behind = in_a_topic.unwrap_or(behind);
    let tag = behind.bytes().take(TAG).take_while(u8::is_ascii_alphanumeric).count();
    let rest = &behind[tag..];
    in_a_topic.and_then(|_| rest.strip_prefix('/')).unwrap_or(rest)
}

/// What a case saw, as far as it shows the broker's behaviour.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Behaviour {
    /// Words, with a mark in the place of each time.
    words: String,
    /// Seconds.
    times: Vec<f64>,
}

impl Behaviour {
    /// Of a text without names; `chapter` is its case's.
    pub(super) fn of(seen: &str, chapter: &str) -> Self {
        let mut behaviour = Self { words: String::new(), times: Vec::new() };
        if !OF_THE_RUN.contains(&chapter) {
            behaviour.read(seen.split(ASIDE).next().unwrap_or_default());
        }
        behaviour
    }

    fn read(&mut self, mut rest: &str) {
        while let Some(letter) = rest.chars().next() {
            let is_in_a_word = self.words.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '.');
            if self.words.ends_with(MADE_UP) {
                rest = rest.split_once('"').map_or("", |(_, behind)| behind);
                self.words.push('"');
            } else if letter.is_ascii_digit() && !is_in_a_word {
                rest = self.number(rest);
            } else {
                self.words.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }

    /// A number and what follows it.
    fn number<'a>(&mut self, text: &'a str) -> &'a str {
        let is_part = |letter: char| letter.is_ascii_digit() || letter == '.' || letter == ',';
        let end = text.find(|letter: char| !is_part(letter)).unwrap_or(text.len());
        let number = text[..end].trim_end_matches(['.', ',']);
        let behind = &text[number.len()..];
        let unit = behind.strip_prefix(' ').unwrap_or(behind).strip_prefix('s');
        let after = unit.filter(|after| !after.starts_with(|letter: char| letter.is_ascii_alphanumeric()));
        if let (Some(after), Ok(seconds)) = (after, number.parse()) {
            self.times.push(seconds);
            self.words.push_str("[s]");
            return after;
        }
        let is_chance = NUMBERED_BY_CHANCE.iter().any(|words| self.words.ends_with(words));
        self.words.push_str(if is_chance { "[n]" } else { number });
        behind
    }

    /// Whether a broker that does the one does the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.words == other.words
            && self.times.len() == other.times.len()
            && self.times.iter().zip(&other.times).all(|(one, other)| are_alike(*one, *other))
    }
}

/// Whether two times, in seconds, are of one class, or too close to be called two.
fn are_alike(one: f64, other: f64) -> bool {
    let class = |time: f64| CLASSES.iter().filter(|bound| time > **bound).count();
    let (less, more) = if one < other { (one, other) } else { (other, one) };
    class(one) == class(other) || more - less <= APART || more <= less * APART
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> NamesUsed {
        NamesUsed { topic_prefix: "mqtt-assay".into(), client_id_prefix: "ma".into(), run: "k3x9q2".into() }
    }

    fn alike(one: &str, other: &str) -> bool {
        Behaviour::of(one, "publish").is_like(&Behaviour::of(other, "publish"))
    }

    #[test]
    fn names_are_as_cases_write_them() {
        for (text, expected) in [
            (r#"PUBLISH "mqtt-assay/k3x9q2/7ulh8/news" qos=1"#, r#"PUBLISH "news" qos=1"#),
            (r#"payload="fence-k3x9q27ulh8-1""#, r#"payload="fence--1""#),
            ("client mak3x9q27ulh8abcwatcher", "client abcwatcher"),
            (r#""$share/gk3x9q27ulh8/mqtt-assay/k3x9q2/7ulh8/a/#""#, "\"$share/g/a/#\""),
            (r#"PUBLISH "assay/k3x9q2/7ulh8/news""#, r#"PUBLISH "assay/news""#),
            ("cut in it: mqtt-assay/k3x9q2/7ü", "cut in it: ü"),
            ("k3x9q", "k3x9q"),
        ] {
            assert_eq!(without_names(text, &names()), expected, "{text}");
        }
        assert_eq!(without_names("a", &NamesUsed::default()), "a");
    }

    #[test]
    fn what_chance_brings_is_no_behaviour() {
        assert!(alike("PUBLISH \"news\" qos=1 id=3", "PUBLISH \"news\" qos=1 id=65535"));
        assert!(alike("no x within 12.5s; what came instead: PUBREL id=2 (line 53)", "no x within 12.5s"));
        assert!(alike("[MessageExpiryInterval(98)]", "[MessageExpiryInterval(97)]"));
        let assigned = |name: &str| format!("CONNACK 0x00 [AssignedClientIdentifier(\"{name}\"), ReceiveMaximum(20)]");
        assert!(alike(&assigned("auto-1"), &assigned("auto-2b")));
        let of_the_run = |seen| Behaviour::of(seen, "invariants");
        assert!(of_the_run("kept by all 3 packets").is_like(&of_the_run("kept by all 4 packets")));
    }

    #[test]
    fn codes_closes_values_and_classes_of_time_are() {
        assert!(!alike("PUBACK id=1 0x10", "PUBACK id=1 0x00"));
        assert!(!alike("the broker closed the connection (FIN)", "the broker reset the connection (RST)"));
        assert!(!alike("CONNACK 0x00 [ReceiveMaximum(20)]", "CONNACK 0x00 [ReceiveMaximum(10)]"));
        assert!(!alike("PUBLISH qos=1", "PUBLISH qos=2"));
        let closed = |seconds| format!("the broker closed the connection (FIN) {seconds} s after our last packet");
        assert!(alike(&closed("0.018"), &closed("1.578")));
        assert!(alike(&closed("1.9"), &closed("3.8")), "another class, and close");
        assert!(alike(&closed("9.1"), &closed("12.0")), "another class, and close");
        assert!(!alike(&closed("0.018"), &closed("4.1")));
        assert!(!alike(&closed("4.1"), &closed("12.2")));
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(seen in "\\PC{0,40}", run in "[a-z0-9]{0,2}") {
            let names = NamesUsed { run, ..names() };
            let text = without_names(&seen, &names);
            let behaviour = Behaviour::of(&text, "publish");
            prop_assert!(behaviour.is_like(&behaviour.clone()));
        }
    }
}
