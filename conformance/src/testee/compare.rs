//! The values that a decoder states, held against those that a packet has.

use mqtt_assay_codec::vectors::Values;
use std::collections::{BTreeMap, BTreeSet};

/// A field of which a decoder states something else than the packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field; `type` of the packet's type.
    pub name: String,
    /// What the packet says, in its order; nothing where it has no such field.
    pub due: Vec<String>,
    /// What the decoder states.
    pub stated: Vec<String>,
}

impl Difference {
    /// What is due: `topic=612f62`.
    pub fn due_in_words(&self) -> String {
        in_words(&self.name, &self.due)
    }

    /// What is stated, in the same words.
    pub fn stated_in_words(&self) -> String {
        in_words(&self.name, &self.stated)
    }
}

fn in_words(name: &str, values: &[String]) -> String {
    if values.is_empty() {
        return format!("no {name}");
    }
    values.iter().map(|value| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// All fields of which the line states something else, but for those that the decoder hides. Values of one name are held
/// against each other in their order; the order of different names means nothing.
pub fn differences(due: &Values, stated: &str, hides: &BTreeSet<String>) -> Vec<Difference> {
    let line = due.to_string();
    if line == stated {
        return Vec::new();
    }
    let (due, stated) = (by_name(&line), by_name(stated));
    let names: BTreeSet<&str> = due.keys().chain(stated.keys()).copied().collect();
    let strings = |values: Option<&Vec<&str>>| -> Vec<String> {
        values.into_iter().flatten().map(|value| (*value).to_owned()).collect()
    };
    let differs = |name: &&str| !hides.contains(*name) && due.get(name) != stated.get(name);
    let difference = |name: &str| Difference {
        name: name.to_owned(),
        due: strings(due.get(name)),
        stated: strings(stated.get(name)),
    };
    names.into_iter().filter(differs).map(difference).collect()
}

fn by_name(line: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (index, word) in line.split_ascii_whitespace().enumerate() {
        let (name, value) = if index == 0 { ("type", word) } else { word.split_once('=').unwrap_or((word, "")) };
        all.entry(name).or_default().push(value);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due() -> Values {
        Values::from_line("PUBLISH dup=0 qos=0 topic=61 user-property=6b:76 user-property=6b:77 payload=78")
            .expect("is one")
    }

    fn names(stated: &str, hides: &[&str]) -> Vec<String> {
        let hides = hides.iter().map(|&name| name.to_owned()).collect();
        differences(&due(), stated, &hides).into_iter().map(|difference| difference.name).collect()
    }

    #[test]
    fn the_order_of_different_names_means_nothing() {
        assert!(
            names("PUBLISH payload=78 user-property=6b:76 user-property=6b:77 topic=61 qos=0 dup=0", &[]).is_empty()
        );
        let swapped = "PUBLISH payload=78 user-property=6b:77 user-property=6b:76 topic=61 qos=0 dup=0";
        assert_eq!(names(swapped, &[]), ["user-property"]);
    }

    #[test]
    fn what_is_missing_what_is_too_much_and_what_differs_is_named() {
        let stated = "PUBACK dup=0 topic=62 retain=0 user-property=6b:76 user-property=6b:77 payload=78";
        assert_eq!(names(stated, &[]), ["qos", "retain", "topic", "type"]);
        assert_eq!(names(stated, &["qos", "retain", "topic"]), ["type"]);
        let first = &differences(&due(), stated, &BTreeSet::new())[0];
        assert_eq!((first.due_in_words(), first.stated_in_words()), ("qos=0".to_owned(), "no qos".to_owned()));
    }
}
