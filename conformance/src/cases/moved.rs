//! Cases that were merged into others, because they sent the same packet: where each of their ids leads now.

use super::all;

/// The name that a case once had, and the one under which its packet is judged now; of one version where it says so.
const MOVED: &[(&str, &str)] = &[
    ("3.1.1/connect/empty-client-id-to-store", "connect/refusing-connack"),
    ("5/disconnect/error-is-explained", "connect/second-connect"),
    ("malformed/wildcard-in-topic-name.topic.wildcard-in-name.hash", "publish/topic-with-wildcard"),
    (
        "publish/bad-property.response-topic-with-wildcard",
        "malformed-properties/publish-forbidden.topic.wildcard-in-name.hash@response-topic",
    ),
    ("publish/bad-property.response-topic-utf8", "strings/publish-text.utf8.surrogate@response-topic"),
    ("publish/bad-property.content-type-utf8", "strings/publish-text.utf8.surrogate@content-type"),
    ("publish/ill-formed-topic.surrogate", "strings/publish-text.utf8.surrogate@topic-name"),
    ("publish/ill-formed-topic.overlong", "strings/publish-text.utf8.overlong@topic-name"),
    ("publish/ill-formed-topic.truncated", "strings/publish-text.utf8.truncated@topic-name"),
    ("publish/qos3", "malformed/qos-3"),
    ("publish/within-granted-qos.qos0", "subscribe/lower-qos-wins.1-to-0"),
    ("publish/within-granted-qos.qos1", "subscribe/lower-qos-wins.2-to-1"),
    ("publish/within-published-qos", "subscribe/lower-qos-wins.1-to-2"),
    ("qos/identifier-zero.publish-qos1", "malformed/zero-identifier.publish-qos1"),
    ("qos/identifier-zero.publish-qos2", "malformed/zero-identifier.publish-qos2"),
    ("qos/identifier-zero.subscribe", "malformed/zero-identifier.subscribe"),
    ("qos/identifier-zero.unsubscribe", "malformed/zero-identifier.unsubscribe"),
];

/// Every id that a case had before it was merged into another, and the id of that one.
pub fn moved() -> impl Iterator<Item = (String, String)> {
    all().flat_map(|instance| {
        let id = instance.id();
        let former = |old: &str| match old.strip_prefix(&format!("{}/", instance.version)) {
            Some(_) => Some(old.to_owned()),
            None if old.starts_with(|first: char| first.is_ascii_digit()) => None,
            None => Some(format!("{}/{old}", instance.version)),
        };
        let is_home = |home: &str| id.split_once('/').is_some_and(|(_, name)| name == home);
        let olds: Vec<String> =
            MOVED.iter().filter(|(_, home)| is_home(home)).filter_map(|(old, _)| former(old)).collect();
        olds.into_iter().map(move |old| (old, id.clone()))
    })
}

/// The id of the case that judges now what the case of this id once judged; nothing for an id that still stands, or never
/// did. For filters and for baselines, which outlive the ids in them.
pub fn home_of(id: &str) -> Option<String> {
    moved().find(|(old, _)| old == id).map(|(_, home)| home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_moved_is_gone_and_its_home_stands() {
        let ids: Vec<String> = all().map(|instance| instance.id()).collect();
        for (old, home) in MOVED {
            let is_there = |name: &str| {
                ids.iter().any(|id| id == name || id.split_once('/').is_some_and(|(_, rest)| rest == name))
            };
            assert!(!is_there(old), "{old} is a case and an alias");
            assert!(is_there(home), "{old} leads to {home}, which there isn't");
        }
        assert_eq!(home_of("5/publish/qos3").as_deref(), Some("5/malformed/qos-3"));
        assert_eq!(home_of("5/malformed/qos-3"), None);
        assert_eq!(home_of("5/disconnect/error-is-explained").as_deref(), Some("5/connect/second-connect"));
        assert_eq!(home_of("3.1.1/disconnect/error-is-explained"), None, "it never was");
    }
}
