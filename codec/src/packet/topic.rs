//! Topic names and topic filters: what makes them legal, and when a filter matches a name.

use crate::text::scan;

/// First wrong thing in a topic filter, with its byte offset in the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterFault {
    /// The filter has no characters (`[MQTT-4.7.3-1]`).
    Empty,
    /// `#` not last, or not alone in its level (3.1.1 `[MQTT-4.7.1-2]`, 5.0 `[MQTT-4.7.1-1]`).
    MultiLevelWildcard(usize),
    /// `+` not alone in its level (3.1.1 `[MQTT-4.7.1-3]`, 5.0 `[MQTT-4.7.1-2]`).
    SingleLevelWildcard(usize),
    /// `$share/` with an empty share name (`[MQTT-4.8.2-1]`, 5.0).
    EmptyShareName(usize),
    /// A share name with a wildcard, without a second slash, or without a filter after it (`[MQTT-4.8.2-2]`, 5.0).
    ShareName(usize),
}

/// Start of every shared subscription of 5.0.
const SHARE: &[u8] = b"$share/";

/// Whether a filter asks for a shared subscription in 5.0 (section 4.8.2); says nothing about its legality.
pub fn is_shared(filter: &str) -> bool {
    filter.as_bytes().starts_with(SHARE)
}

/// Share name and topic filter of a well-formed shared subscription of 5.0.
///
/// ```
/// assert_eq!(mqtt_assay_codec::split_shared("$share/consumers/sport/#"), Some(("consumers", "sport/#")));
/// assert_eq!(mqtt_assay_codec::split_shared("sport/#"), None);
/// ```
pub fn split_shared(filter: &str) -> Option<(&str, &str)> {
    let (name, rest) = filter.strip_prefix("$share/")?.split_once('/')?;
    (!name.is_empty() && !rest.is_empty()).then_some((name, rest))
}

/// Judges a topic filter; `shares` says whether the version has shared subscriptions (5.0).
///
/// Takes bytes, because the question is the same before it is known whether they are UTF-8.
#[inline]
pub fn check_filter(filter: &[u8], shares: bool) -> Result<(), FilterFault> {
    if filter.is_empty() {
        return Err(FilterFault::Empty);
    }
    if shares && filter.starts_with(SHARE) { check_shared(filter) } else { check_wildcards(filter, 0) }
}

/// Judges a topic filter that begins with `$share/`.
fn check_shared(filter: &[u8]) -> Result<(), FilterFault> {
    let name = &filter[SHARE.len()..];
    let name_length = name.iter().position(|&byte| byte == b'/').unwrap_or(name.len());
    if name_length == 0 {
        return Err(FilterFault::EmptyShareName(SHARE.len()));
    }
    if let Some(at) = name[..name_length].iter().position(|byte| matches!(byte, b'+' | b'#')) {
        return Err(FilterFault::ShareName(SHARE.len() + at));
    }
    let start = SHARE.len() + name_length + 1;
    if start >= filter.len() {
        return Err(FilterFault::ShareName(filter.len()));
    }
    check_wildcards(filter, start)
}

/// Judges the placement of wildcards in `filter[start..]`.
#[inline]
fn check_wildcards(filter: &[u8], start: usize) -> Result<(), FilterFault> {
    match scan::places_of_wildcards(&filter[start..]) {
        Some(wildcards) if wildcards_stand_alone(&filter[start..], wildcards) => Ok(()),
        _ => check_each_wildcard(filter, start),
    }
}

/// Whether each wildcard of a filter is alone in its level, and `#` last. `wildcards`: where they are; there is no byte at
/// bit 64 or above.
#[inline]
pub(crate) fn wildcards_stand_alone(filter: &[u8], wildcards: u64) -> bool {
    if wildcards == 0 {
        return true;
    }
    let (Some(slashes), Some(many)) = (scan::places_of(filter, b'/'), scan::places_of(filter, b'#')) else {
        return false;
    };
    let last = 1 << (filter.len() - 1);
    wildcards & !(slashes << 1 | 1) == 0 && wildcards & !(slashes >> 1 | last) == 0 && many & !last == 0
}

/// As [`check_wildcards`], one by one.
fn check_each_wildcard(filter: &[u8], start: usize) -> Result<(), FilterFault> {
    let filter = &filter[start..];
    let bounds = |at: usize| filter.get(at).is_none_or(|&byte| byte == b'/');
    for (at, &byte) in filter.iter().enumerate() {
        let alone_before = at == 0 || bounds(at - 1);
        match byte {
            b'#' if !alone_before || at + 1 != filter.len() => return Err(FilterFault::MultiLevelWildcard(start + at)),
            b'+' if !alone_before || !bounds(at + 1) => return Err(FilterFault::SingleLevelWildcard(start + at)),
            _ => {}
        }
    }
    Ok(())
}

/// Offset of the first wildcard, which a topic name must not have.
pub(crate) fn wildcard_in(name: &[u8]) -> Option<usize> {
    name.iter().position(|byte| matches!(byte, b'+' | b'#'))
}

/// Whether a message published to `topic` belongs to a subscription with `filter` (section 4.7).
///
/// `filter` is a legal filter without its `$share/name/` part (see [`split_shared`]). A filter that begins with a
/// wildcard does not match a topic that begins with `$` (`[MQTT-4.7.2-1]`).
///
/// ```
/// use mqtt_assay_codec::topic_matches;
/// assert!(topic_matches("sport/+/player1", "sport/tennis/player1"));
/// assert!(topic_matches("sport/#", "sport"));
/// assert!(!topic_matches("#", "$SYS/uptime"));
/// ```
pub fn topic_matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            return true;
        }
        match levels.next() {
            Some(level) if wanted == "+" || wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_level_by_level() {
        for (filter, topic, matches) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a", "A", false),
            ("a/b", "a", false),
            ("a", "a/b", false),
            ("a/+", "a", false),
            ("a/+", "a/", true),
            ("a/+", "a/b/c", false),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("#", "a/b", true),
            ("#", "/", true),
            ("+/#", "$SYS/a", false),
            ("#", "$SYS", false),
            ("$SYS/#", "$SYS/a", true),
            ("$SYS/+", "$SYS/a", true),
            ("a/$x", "a/$x", true),
            ("+/$x", "a/$x", true),
            ("//", "//", true),
            ("+//+", "a//b", true),
        ] {
            assert_eq!(topic_matches(filter, topic), matches, "{filter} against {topic}");
        }
    }

    #[test]
    fn wildcards_stand_alone_in_their_level() {
        use FilterFault::{Empty, EmptyShareName, MultiLevelWildcard, ShareName, SingleLevelWildcard};
        for (filter, shares, expected) in [
            ("", true, Err(Empty)),
            ("#", true, Ok(())),
            ("+", true, Ok(())),
            ("/", true, Ok(())),
            ("a/+/b/#", true, Ok(())),
            ("a#", true, Err(MultiLevelWildcard(1))),
            ("a/#/b", true, Err(MultiLevelWildcard(2))),
            ("##", true, Err(MultiLevelWildcard(0))),
            ("a+", true, Err(SingleLevelWildcard(1))),
            ("+a/b", true, Err(SingleLevelWildcard(0))),
            ("a/+b", true, Err(SingleLevelWildcard(2))),
            ("$share/g/a/+", true, Ok(())),
            ("$share/g/#", true, Ok(())),
            ("$share/g//", true, Ok(())),
            ("$share/", true, Err(EmptyShareName(7))),
            ("$share//a", true, Err(EmptyShareName(7))),
            ("$share/g", true, Err(ShareName(8))),
            ("$share/g/", true, Err(ShareName(9))),
            ("$share/g+/a", true, Err(ShareName(8))),
            ("$share/#/a", true, Err(ShareName(7))),
            ("$share/g/a#", true, Err(MultiLevelWildcard(10))),
            ("$share", true, Ok(())),
            ("$shared/g", true, Ok(())),
            ("$share/g", false, Ok(())),
            ("$share/g+/a", false, Err(SingleLevelWildcard(8))),
        ] {
            assert_eq!(check_filter(filter.as_bytes(), shares), expected, "{filter}");
        }
    }
}
