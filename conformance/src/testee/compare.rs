//! What a decoder states about a packet, held against what the packet says.

use mqtt_assay_codec::vectors::Values;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Letters of a value that are shown.
const LETTERS: usize = 120;

/// A field in which they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name; `type` for the type of the packet.
    pub name: String,
    /// What the packet says; nothing where it has no such field.
    pub due: Option<String>,
    /// What the decoder states; nothing where it leaves the field out.
    pub stated: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| match value {
            None => "nothing".to_owned(),
            Some(value) if value.is_empty() => "empty".to_owned(),
            Some(value) => crate::text::single_line(&crate::text::cut(value, LETTERS)),
        };
        let name = crate::text::short(&self.name);
        write!(f, "{name} is {} where {} is due", shown(&self.stated), shown(&self.due))
    }
}

/// What came of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// In the order of the packet; what is not in it comes last.
    pub differences: Vec<Difference>,
    /// Fields of the packet that the decoder doesn't hand out, and nobody compared.
    pub hidden: usize,
}

/// Holds a stated line against the values that are due. The order of different names means nothing, that of equal ones does;
/// what is hidden is counted.
pub fn compare(due: &Values, stated: &str, hides: &BTreeSet<String>) -> Compared {
    let (packet, fields) = stated.split_once(' ').unwrap_or((stated, ""));
    let mut compared = Compared::default();
    if packet != due.packet.name() {
        let (due, stated) = (Some(due.packet.name().to_owned()), Some(packet.to_owned()));
        compared.differences.push(Difference { name: "type".to_owned(), due, stated });
    }
    let mut stated: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for field in fields.split(' ').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        stated.entry(name).or_default().push(value);
    }
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in &due.fields {
        if hides.contains(name) {
            compared.hidden += 1;
            continue;
        }
        let index = place.entry(name).or_default();
        let found = stated.get(name.as_str()).and_then(|values| values.get(*index)).map(|value| (*value).to_owned());
        *index += 1;
        let value = value.to_string();
        if found.as_ref() != Some(&value) {
            compared.differences.push(Difference { name: name.clone(), due: Some(value), stated: found });
        }
    }
    for (name, values) in stated.into_iter().filter(|(name, _)| !hides.contains(*name)) {
        let more = values.into_iter().skip(place.get(name).copied().unwrap_or_default());
        compared.differences.extend(more.map(|value| Difference {
            name: name.to_owned(),
            due: None,
            stated: Some(value.to_owned()),
        }));
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Packet, PropertiesBuf, Property, Publish, Version};

    const LINE: &str = "PUBLISH dup=0 qos=0 retain=0 topic=61 user-property=6b:31 user-property=6b:32 payload=";

    fn due() -> Values {
        let properties =
            PropertiesBuf::new().with(Property::UserProperty("k", "1")).with(Property::UserProperty("k", "2"));
        let publish = Publish { topic: "a", properties: properties.as_properties(), ..Publish::default() };
        Values::of(&Packet::Publish(publish), Version::V5)
    }

    fn differences(stated: &str, hides: &[&str]) -> (Vec<String>, usize) {
        let compared = compare(&due(), stated, &hides.iter().map(|&name| name.to_owned()).collect());
        (compared.differences.iter().map(ToString::to_string).collect(), compared.hidden)
    }

    #[test]
    fn the_order_of_different_names_means_nothing() {
        assert_eq!(due().to_string(), LINE);
        assert_eq!(differences(LINE, &[]), (vec![], 0));
        let other = "PUBLISH payload= topic=61 user-property=6b:31 dup=0 user-property=6b:32 retain=0 qos=0";
        assert_eq!(differences(other, &[]), (vec![], 0));
    }

    #[test]
    fn the_order_of_equal_names_does() {
        let swapped = "PUBLISH dup=0 qos=0 retain=0 topic=61 user-property=6b:32 user-property=6b:31 payload=";
        let told = ["user-property is 6b:32 where 6b:31 is due", "user-property is 6b:31 where 6b:32 is due"]
            .map(String::from);
        assert_eq!(differences(swapped, &[]), (told.to_vec(), 0));
    }

    #[test]
    fn what_is_wrong_missing_or_too_much_is_told() {
        let (told, _) = differences("PUBREL dup=0 qos=1 topic=61 user-property=6b:31 payload= more=\x1b", &["retain"]);
        let expected = [
            "type is PUBREL where PUBLISH is due",
            "qos is 1 where 0 is due",
            "user-property is nothing where 6b:32 is due",
            "more is \\u{1b} where nothing is due",
        ];
        assert_eq!(told, expected);
        assert_eq!(differences("", &[]).0[0], "type is empty where PUBLISH is due");
    }

    #[test]
    fn what_is_hidden_is_not_compared_but_counted() {
        assert_eq!(differences("PUBLISH qos=0 topic=61 payload=", &["dup", "retain", "user-property"]), (vec![], 4));
        assert_eq!(differences(&format!("{LINE} x=1"), &["x"]), (vec![], 0));
    }
}
