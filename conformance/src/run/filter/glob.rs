//! Globs: `*` and `?` in place of letters.

/// Whether a glob means a text: `*` stands for any letters, `?` for one. Linear in glob times text.
pub(crate) fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // The last star, and up to where it has taken letters so far.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        if glob.get(at) == Some(&'*') {
            star = Some((at, from));
            at += 1;
        } else if glob.get(at).is_some_and(|&letter| letter == '?' || letter == text[from]) {
            at += 1;
            from += 1;
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            at = place + 1;
            from = taken + 1;
        } else {
            return false;
        }
    }
    glob[at..].iter().all(|&letter| letter == '*')
}
