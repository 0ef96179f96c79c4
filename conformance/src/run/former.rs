//! Ids that cases had before they were merged into others, where somebody still filters by them.

use super::filter::glob_matches;
use crate::cases;

/// Where the cases are judged now that this id or glob once meant: each former id with the one of today. Empty where it
/// means cases of today.
pub(super) fn homes(word: &str) -> Vec<(String, String)> {
    if cases::all().any(|instance| glob_matches(word, &instance.id())) {
        return Vec::new();
    }
    cases::moved().filter(|(old, _)| glob_matches(word, old)).collect()
}

/// The same for every id and glob in a filter's text: what is to be said to who wrote them.
pub(crate) fn moved_in(text: &str) -> Vec<(String, String)> {
    text.split(|letter: char| letter.is_whitespace() || "()&|!".contains(letter)).flat_map(homes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::filter::Filter;

    fn meant(text: &str) -> Vec<String> {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{error}"));
        cases::all().filter(|instance| filter.matches(instance)).map(|instance| instance.id()).collect()
    }

    #[test]
    fn a_former_id_means_its_home() {
        assert_eq!(meant("5/publish/qos3"), ["5/malformed/qos-3"]);
        assert_eq!(meant("5/publish/qos3 & !mqtt(5)"), [""; 0]);
        assert_eq!(meant("*/qos/identifier-zero.*subscribe").len(), 4);
    }

    #[test]
    fn a_glob_that_means_cases_of_today_means_no_others() {
        assert!(meant("5/qos/*").iter().all(|id| id.starts_with("5/qos/")));
    }

    #[test]
    fn who_wrote_a_former_id_is_told() {
        let told = |old: &str, home: &str| (old.to_owned(), home.to_owned());
        let moved = moved_in("(3.1.1/publish/qos3|5/qos/*) & level(must)");
        assert_eq!(moved, [told("3.1.1/publish/qos3", "3.1.1/malformed/qos-3")]);
    }
}
