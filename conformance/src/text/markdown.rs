//! Text in Markdown, as GitHub and GitLab read it. What somebody else wrote stands in code spans: there no link, mention,
//! tag or emphasis is made of it.

use super::single_line;

/// A text of anybody as code, on its line. Nothing where there is nothing.
pub(crate) fn code(text: &str) -> String {
    let text = single_line(text);
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let is_at_an_edge = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if is_at_an_edge { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The same in a cell of a table, where a bar ends the cell even in code.
pub(crate) fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A sentence of ours, whose code is in backticks already: outside of them nothing is a tag or emphasis.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in single_line(text).split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        for letter in part.chars() {
            if index % 2 == 0 && "\\*_<>[]|~$".contains(letter) {
                out.push('\\');
            }
            out.push(letter);
        }
    }
    out
}

/// Backticks in a row, at most.
fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_others_wrote_is_code_and_stays_in_its_line_and_cell() {
        assert_eq!(code("a <b> @c #1 [x](y)"), "`a <b> @c #1 [x](y)`");
        assert_eq!(code("`` ` "), "``` `` `  ```");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(code(""), "");
        assert_eq!(cell("a|b"), "`a\\|b`");
    }

    #[test]
    fn sentences_keep_their_code() {
        assert_eq!(prose("A topic <without> `+` or `#*` *at all*"), "A topic \\<without\\> `+` or `#*` \\*at all\\*");
    }

    proptest! {
        /// A span of code ends at the first run of backticks that is as long as its fence: there is none within.
        #[test]
        fn no_text_ends_its_own_code(text in "[`a |<\n]{1,12}") {
            let shown = code(&text);
            let fence: String = shown.chars().take_while(|letter| *letter == '`').collect();
            let inner = &shown[fence.len()..shown.len() - fence.len()];
            prop_assert!(shown.ends_with(&fence) && !shown.contains('\n'));
            prop_assert!(inner.split(|letter| letter != '`').all(|run| run.len() < fence.len()), "{shown}");
            prop_assert!(!inner.starts_with('`') && !inner.ends_with('`'), "{shown}");
        }
    }
}
