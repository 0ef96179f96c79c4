//! A map whose keys are topic names or topic filters, in the order of their levels: what matches is found by leaps over all
//! that can't, so that a search costs what it finds and not what is stored.
//!
//! The key of a text is the text with U+0000, which no topic holds, for each `/`: that sorts before every other character,
//! so that all below a level stands together, and a leap is a look-up of the first key that isn't before its target.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

/// What stands between two levels in a key.
const BETWEEN: char = '\0';

/// The first text after all that is below a level.
const AFTER_ALL_BELOW: char = '\u{1}';

/// The first text after all that starts with `$`.
const AFTER_DOLLAR: &str = "%";

/// Values by topic names or by topic filters.
#[derive(Debug)]
pub(crate) struct LevelMap<V> {
    entries: BTreeMap<Box<str>, V>,
}

/// Where a search goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the first entry.
    #[default]
    Start,
    /// At this key, or the first after it.
    At(Box<str>),
    /// At the first key after this one.
    After(Box<str>),
}

/// What one look at a key says.
enum Look {
    Match,
    /// Nothing before this key matches.
    Leap(String),
    /// Nothing after this key matches.
    End,
}

/// What a leg of a search came to.
#[derive(Debug)]
pub(crate) enum Leg<'m, V> {
    /// It found this value; the search goes on behind it.
    Found(&'m V, Place),
    /// The effort is used up; the search goes on there.
    Tired(Place),
    /// There is no more.
    End,
}

impl<V> Default for LevelMap<V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

fn key_of(text: &str) -> Cow<'_, str> {
    if text.contains('/') { Cow::Owned(text.replace('/', "\0")) } else { Cow::Borrowed(text) }
}

impl<V> LevelMap<V> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, text: &str) -> Option<&V> {
        self.entries.get(&*key_of(text))
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.get(text).is_some()
    }

    pub(crate) fn insert(&mut self, text: &str, value: V) {
        self.entries.insert(key_of(text).into(), value);
    }

    pub(crate) fn remove(&mut self, text: &str) -> Option<V> {
        self.entries.remove(&*key_of(text))
    }

    /// The value of this text, made if there is none.
    pub(crate) fn entry(&mut self, text: &str) -> &mut V
    where
        V: Default,
    {
        self.entries.entry(key_of(text).into()).or_default()
    }

    pub(crate) fn get_mut(&mut self, text: &str) -> Option<&mut V> {
        self.entries.get_mut(&*key_of(text))
    }

    /// Keeps what `keeps` says.
    pub(crate) fn retain(&mut self, mut keeps: impl FnMut(&V) -> bool) {
        self.entries.retain(|_, value| keeps(value));
    }

    #[cfg(test)]
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The next value whose topic name this filter matches. `effort` grows with the work that it takes; from `most` on the
    /// search pauses.
    pub(crate) fn next_topic(&self, filter: &str, from: Place, effort: &mut usize, most: usize) -> Leg<'_, V> {
        self.search(from, effort, most, |key| look_at_topic(key, filter))
    }

    /// The next value that `chosen` chooses, all of them looked at.
    pub(crate) fn next_of_all(
        &self,
        from: Place,
        effort: &mut usize,
        most: usize,
        chosen: impl Fn(&V) -> bool,
    ) -> Leg<'_, V> {
        let mut from = from;
        while let Some((key, value)) = self.first(&from) {
            *effort += 1;
            let place = Place::After(key.into());
            if chosen(value) {
                return Leg::Found(value, place);
            }
            if *effort >= most {
                return Leg::Tired(place);
            }
            from = place;
        }
        Leg::End
    }

    /// All values whose filters match this topic name, in the order of the filters.
    pub(crate) fn matching_filters(&self, topic: &str, effort: &mut usize) -> Vec<&V> {
        let (mut found, mut place) = (Vec::new(), Place::Start);
        while let Leg::Found(value, next) = self.search(place, effort, usize::MAX, |key| look_at_filter(key, topic)) {
            found.push(value);
            place = next;
        }
        found
    }

    fn first(&self, from: &Place) -> Option<(&str, &V)> {
        let bound = match from {
            Place::Start => Unbounded,
            Place::At(key) => Included(&**key),
            Place::After(key) => Excluded(&**key),
        };
        self.entries.range::<str, _>((bound, Unbounded)).next().map(|(key, value)| (&**key, value))
    }

    fn search(&self, mut from: Place, effort: &mut usize, most: usize, look: impl Fn(&str) -> Look) -> Leg<'_, V> {
        while let Some((key, value)) = self.first(&from) {
            *effort += 1 + key.len() / 64;
            match look(key) {
                Look::Match => return Leg::Found(value, Place::After(key.into())),
                Look::Leap(target) => from = Place::At(target.into()),
                Look::End => break,
            }
            if *effort >= most {
                return Leg::Tired(from);
            }
        }
        Leg::End
    }
}

/// Whether the filter matches the topic name of this key, or which is the next that it may match.
fn look_at_topic(key: &str, filter: &str) -> Look {
    let mut levels = key.split(BETWEEN);
    // Where the level ends that a `+` took last: all below it is passed over when the rest doesn't fit.
    let mut last_plus = None;
    let mut at = 0;
    for (depth, wanted) in filter.split('/').enumerate() {
        if depth == 0 && key.starts_with('$') && matches!(wanted, "+" | "#") {
            return Look::Leap(AFTER_DOLLAR.to_owned());
        }
        if wanted == "#" {
            return Look::Match;
        }
        let Some(level) = levels.next() else {
            return Look::Leap(format!("{key}{BETWEEN}{}", if wanted == "+" { "" } else { wanted }));
        };
        let end = at + level.len();
        if wanted == "+" {
            last_plus = Some(end);
        } else if level < wanted {
            return Look::Leap(format!("{}{wanted}", &key[..at]));
        } else if level > wanted {
            return past(key, last_plus);
        }
        at = end + 1;
    }
    if levels.next().is_none() { Look::Match } else { past(key, last_plus) }
}

/// Past everything below the level that ends there.
fn past(key: &str, end: Option<usize>) -> Look {
    end.map_or(Look::End, |end| Look::Leap(format!("{}{AFTER_ALL_BELOW}", &key[..end])))
}

/// Whether the filter of this key matches the topic name, or which is the next that may match it.
fn look_at_filter(key: &str, topic: &str) -> Look {
    let mut levels = key.split(BETWEEN);
    let is_own = topic.starts_with('$');
    // The next filter that may match if the rest of this one doesn't: where its own level begins, and what stands there.
    let mut otherwise = None;
    let mut at = 0;
    for (depth, level) in topic.split('/').enumerate() {
        let no_wildcard = is_own && depth == 0;
        let after = |held: Option<&str>| next_alternative(held, level, no_wildcard);
        let Some(held) = levels.next() else {
            // The filter ends before the topic name does. There is always something that may follow.
            let next = after(None).unwrap_or(level);
            return Look::Leap(format!("{key}{BETWEEN}{next}"));
        };
        if held == "#" && !no_wildcard {
            return Look::Match;
        }
        let next = after(Some(held)).map(|next| (at, next));
        if held != level && (held != "+" || no_wildcard) {
            return leap(key, next.or(otherwise));
        }
        otherwise = next.or(otherwise);
        at += held.len() + 1;
    }
    match levels.next() {
        None | Some("#") => Look::Match,
        Some(held) if held < "#" => Look::Leap(format!("{}#", &key[..at])),
        Some(_) => leap(key, otherwise),
    }
}

/// What may stand at a level of a matching filter, the first of it after `held`.
fn next_alternative<'t>(held: Option<&str>, level: &'t str, no_wildcard: bool) -> Option<&'t str> {
    let wildcards: &[&'static str] = if no_wildcard { &[] } else { &["#", "+"] };
    let all = wildcards.iter().copied().chain([level]);
    all.filter(|candidate| held.is_none_or(|held| *candidate > held)).min()
}

fn leap(key: &str, target: Option<(usize, &str)>) -> Look {
    target.map_or(Look::End, |(at, next)| Look::Leap(format!("{}{next}", &key[..at])))
}

#[cfg(test)]
mod tests {
    use mqtt_assay_codec::topic_matches;
    use proptest::prelude::*;

    use super::*;

    /// The texts that a search by leaps finds, each of which is its own value.
    fn topics(map: &LevelMap<String>, filter: &str) -> Vec<String> {
        let (mut found, mut place, mut effort) = (Vec::new(), Place::Start, 0);
        loop {
            // One look at a time: a search goes on where it paused.
            let most = effort + 1;
            match map.next_topic(filter, place, &mut effort, most) {
                Leg::Found(value, next) => {
                    found.push(value.clone());
                    place = next;
                }
                Leg::Tired(next) => place = next,
                Leg::End => return found,
            }
        }
    }

    fn map(texts: &[String]) -> LevelMap<String> {
        let mut map = LevelMap::default();
        for text in texts {
            map.insert(text, text.clone());
        }
        map
    }

    fn sorted(mut texts: Vec<String>) -> Vec<String> {
        texts.sort();
        texts.dedup();
        texts
    }

    /// Levels that sort before, between and after the wildcards.
    fn level() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["", "!", "$x", "$", "%", "a", "b", "ab", "\u{1}", "é", "-"])
    }

    fn topic() -> impl Strategy<Value = String> {
        prop::collection::vec(level(), 1..5)
            .prop_map(|levels| levels.join("/"))
            .prop_filter("no text", |topic| !topic.is_empty())
    }

    fn filter() -> impl Strategy<Value = String> {
        let levels = prop::collection::vec(prop_oneof![level(), Just("+")], 0..5);
        let filter = (levels, any::<bool>()).prop_map(|(mut levels, all)| {
            if all {
                levels.push("#");
            }
            levels.join("/")
        });
        filter.prop_filter("no text", |filter| !filter.is_empty())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn finds_the_topics_that_the_filter_matches(held in prop::collection::vec(topic(), 0..40), filter in filter()) {
            let expected = held.iter().filter(|topic| topic_matches(&filter, topic)).cloned().collect();
            prop_assert_eq!(sorted(topics(&map(&held), &filter)), sorted(expected));
        }

        #[test]
        fn finds_the_filters_that_match_the_topic(held in prop::collection::vec(filter(), 0..40), topic in topic()) {
            let expected = held.iter().filter(|filter| topic_matches(filter, &topic)).cloned().collect();
            let map = map(&held);
            let found = map.matching_filters(&topic, &mut 0).into_iter().cloned().collect();
            prop_assert_eq!(sorted(found), sorted(expected));
        }
    }

    #[test]
    fn a_search_costs_what_it_finds() {
        let topics: Vec<String> = (0..10_000).map(|index| format!("site/{}/sensor/{index}", index % 100)).collect();
        let topics = map(&topics);
        for (filter, least, most) in
            [("site/7/sensor/107", 1, 4), ("site/7/#", 100, 110), ("none/#", 0, 3), ("site/+/none", 0, 210)]
        {
            let (mut found, mut place, mut effort) = (0, Place::Start, 0);
            while let Leg::Found(_, next) = topics.next_topic(filter, place, &mut effort, usize::MAX) {
                (found, place) = (found + 1, next);
            }
            assert_eq!(found, least, "{filter}");
            assert!(effort <= most, "{filter}: {effort} looks");
        }
        let filters: Vec<String> = (0..10_000).map(|index| format!("client/{index}/+/news")).collect();
        let (filters, mut effort) = (map(&filters), 0);
        assert_eq!(filters.matching_filters("client/77/a/news", &mut effort), ["client/77/+/news"]);
        assert!(effort <= 6, "{effort} looks");
    }
}
