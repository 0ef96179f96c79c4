//! Ids of a baseline that the suite does not have: misspelt, or of another release.

use super::entry::Key;
use crate::cases;
use crate::run::former::moved_in;
use crate::scenario::Instance;
use crate::text::{did_you_mean, quoted};
use mqtt_assay_codec::vectors;
use mqtt_assay_standard::RuleId;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// With this begins a rule of a decoder that is none of the standard.
const OF_A_DECODER: &str = "decoder-";

/// An id that is not known, in words, with what may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown(pub(crate) String);

/// What is unknown about the case or the rule of an entry.
pub(crate) fn unknown(key: &Key) -> Option<Unknown> {
    if let Some(statement) = statement_of_vector(&key.case) {
        let is_judged = key.rule.starts_with(OF_A_DECODER) || statement == key.rule;
        return (!is_judged).then(|| Unknown(format!("{} judges no rule {}", key.case, quoted(&key.rule))));
    }
    let Some(instance) = cases::all().find(|instance| instance.id() == key.case) else {
        return Some(Unknown(of_case(&key.case)));
    };
    let is_judged = instance.rules.judged().any(|rule| rule.id() == key.rule);
    (!is_judged).then(|| Unknown(of_rule(&instance, &key.rule)))
}

/// The statement of the vector or stream with this id, which a decoder is tried by, empty if it has none; nothing where there
/// is no such vector.
fn statement_of_vector(id: &str) -> Option<&'static str> {
    static STATEMENTS: OnceLock<BTreeMap<&str, &str>> = OnceLock::new();
    let statements = STATEMENTS.get_or_init(|| {
        let streams = vectors::streams().map(|stream| (stream.id, stream.refusal.and_then(|breach| breach.statement)));
        let all = vectors::all().map(|vector| (vector.id, vector.statement)).chain(streams);
        all.map(|(id, statement)| (id, statement.unwrap_or_default())).collect()
    });
    statements.get(id).copied()
}

fn of_case(case: &str) -> String {
    if let Some((_, home)) = moved_in(case).first() {
        return format!("there is no case {} any more; {home} judges it now", quoted(case));
    }
    let ids: Vec<String> = cases::all().map(|instance| instance.id()).collect();
    format!("there is no case {}{}", quoted(case), did_you_mean(case, ids.iter().map(String::as_str)))
}

fn of_rule(instance: &Instance, rule: &str) -> String {
    let judged: Vec<&str> = instance.rules.judged().map(RuleId::id).collect();
    format!("{} judges no rule {}, but {}", instance.id(), quoted(rule), judged.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(case: &str, rule: &str) -> Option<String> {
        unknown(&Key { case: case.to_owned(), rule: rule.to_owned() }).map(|Unknown(what)| what)
    }

    #[test]
    fn what_is_not_known_finds_its_neighbour() {
        assert_eq!(told("5/publish/topic-with-wildcard", "MQTT-3.3.2-2"), None);
        let misspelt = told("5/publish/topic-with-wildcards", "MQTT-3.3.2-2").expect("unknown");
        assert!(misspelt.contains("did you mean `5/publish/topic-with-wildcard`"), "{misspelt}");
        let former = told("5/publish/qos3", "MQTT-3.3.1-4").expect("unknown");
        assert!(former.ends_with("5/malformed/qos-3 judges it now"), "{former}");
        let known = vectors::all().find(|vector| vector.statement.is_some()).expect("a vector with a statement");
        assert_eq!(told(known.id, known.statement.unwrap_or_default()), None);
        assert_eq!(told(known.id, "decoder-survives"), None);
        assert!(told(known.id, "MQTT-1.2.3-4").is_some_and(|what| what.contains("judges no rule")));
        let other = told("5/publish/topic-with-wildcard", "MQTT-1.2.3-4").expect("unknown");
        assert!(other.contains("judges no rule `MQTT-1.2.3-4`, but MQTT-4.13.1-1 MQTT-3.3.2-2"), "{other}");
    }
}
