//! Text in lines of a width.

/// The words of a text in lines of at most so many letters, as far as words allow. Further lines begin with this indent, which
/// counts.
pub(crate) fn paragraph(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_longer_than_words_allow() {
        assert_eq!(paragraph("one two  three", 7, 2), "one two\n  three");
        assert_eq!(paragraph("immeasurable x", 4, 1), "immeasurable\n x");
        assert_eq!(paragraph("", 4, 1), "");
    }
}
