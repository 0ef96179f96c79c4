//! What somebody may have meant by a word that is not known.

/// `; did you mean `x`?` where something close is known, else nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if word.len() > LONGEST_WORD {
        return String::new();
    }
    match nearest(word, known).as_slice() {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        [others @ .., last] => {
            let others: Vec<String> = others.iter().map(|word| format!("`{word}`")).collect();
            format!("; did you mean {} or `{last}`?", others.join(", "))
        }
    }
}

/// A longer word, in bytes, is no name with a slip in it; and to compare costs time by its length.
const LONGEST_WORD: usize = 200;

/// How many near names are offered.
const OFFERED: usize = 3;

/// The likeness, from 0 to 1, from which a name counts as near.
const LIKENESS: f64 = 0.75;

/// Known names close to the word, the closest first.
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, name)| *likeness >= LIKENESS || is_part(word, name))
        .collect();
    near.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(right.1)));
    near.dedup_by(|left, right| left.1 == right.1);
    near.into_iter().take(OFFERED).map(|(_, name)| name).collect()
}

/// A word of some length that stands in the name as it is: `topic-with-wildcard` for `5/publish/topic-with-wildcard`.
fn is_part(word: &str, name: &str) -> bool {
    word.len() >= 4 && name.to_lowercase().contains(&word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let known = ["drops-binary", "drops-retained", "no-puback", "no-pubrec"];
        assert_eq!(did_you_mean("drop-binary", known), "; did you mean `drops-binary`?");
        assert_eq!(did_you_mean("no-pubac", known), "; did you mean `no-puback` or `no-pubrec`?");
        assert_eq!(did_you_mean("retained", known), "; did you mean `drops-retained`?");
        assert_eq!(did_you_mean("zzz", known), "");
    }
}
