//! Topic filters against topic names: this judge's own reading of section 4.7, so that it shares no mistake with a broker
//! that uses the codec's.

/// Whether a message on `topic` belongs to a subscription with `filter`, which is legal and has no share name.
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    let begins_with_wildcard = matches!(filter.as_bytes().first(), Some(b'+' | b'#'));
    if topic.starts_with('$') && begins_with_wildcard {
        return false;
    }
    // What is left of each; nothing where its levels are used up.
    let (mut filter, mut topic) = (Some(filter), Some(topic));
    loop {
        match (filter.map(first_level), topic.map(first_level)) {
            // Its parent too: nothing need be left of the topic.
            (Some(("#", None)), _) | (None, None) => return true,
            (Some((wanted, further)), Some((level, rest))) if wanted == "+" || wanted == level => {
                (filter, topic) = (further, rest);
            }
            _ => return false,
        }
    }
}

/// The first level and what stands behind its slash, if it has one.
fn first_level(text: &str) -> (&str, Option<&str>) {
    // Byte by byte: levels are so short that to search them by words takes longer.
    match text.bytes().position(|byte| byte == b'/') {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

/// Whether the filter is that of a shared subscription of 5.0; what it shares then.
pub(super) fn shared_part(filter: &str) -> Option<&str> {
    let (name, rest) = filter.strip_prefix("$share/")?.split_once('/')?;
    (!name.is_empty() && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{check_filter, split_shared, topic_matches};
    use proptest::prelude::*;

    fn text(letters: &'static [&'static str]) -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(letters), 1..9).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_codec(
            filter in text(&["a", "B", "/", "/", "+", "#", "$", "."]),
            topic in text(&["a", "B", "/", "/", "$", "."]),
        ) {
            prop_assume!(check_filter(filter.as_bytes(), false).is_ok());
            prop_assert_eq!(matches(&filter, &topic), topic_matches(&filter, &topic), "{} against {}", filter, topic);
        }

        #[test]
        fn a_filter_matches_what_it_was_made_from(topic in text(&["a", "bc", "/", "."]), mask in any::<u8>()) {
            let levels: Vec<&str> = topic.split('/').collect();
            let with_plus = levels.iter().enumerate().map(|(at, level)| if mask >> (at % 8) & 1 == 1 { "+" } else { level });
            let filter = with_plus.collect::<Vec<_>>().join("/");
            prop_assert!(matches(&filter, &topic));
            let (below, longer) = (format!("{filter}/#"), format!("{topic}/x"));
            prop_assert!(matches(&below, &topic));
            prop_assert!(matches(&below, &longer));
            prop_assert!(!matches(&filter, &longer));
        }

        #[test]
        fn shares_are_read_as_the_codec_reads_them(filter in text(&["$share", "a", "/", "/", "+"])) {
            prop_assert_eq!(shared_part(&filter), split_shared(&filter).map(|(_, rest)| rest));
        }
    }
}
