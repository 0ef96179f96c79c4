//! Words of a command line: taken apart as a shell does, and quoted for one.

use std::fmt::Write as _;

/// The words of a command: blanks part them, quotation marks and backslashes keep blanks in them.
pub(crate) fn split(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' if word.is_none() && letters.as_str().starts_with('\'') => {
                letters.next();
                escapes(&mut letters, word.get_or_insert_default())?;
            }
            '\'' | '"' => quotation(letter, &mut letters, word.get_or_insert_default())?,
            '\\' => {
                let next = letters.next().ok_or("ends with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            _ if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quotation(mark: char, letters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    loop {
        match letters.next() {
            None => return Err(format!("the {mark} is never closed")),
            Some(letter) if letter == mark => return Ok(()),
            Some('\\') if mark == '"' => word.extend(letters.next()),
            Some(letter) => word.push(letter),
        }
    }
}

/// The rest of a `$'...'`, as [`in_escapes`] writes it.
fn escapes(letters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    let mut bytes = Vec::new();
    loop {
        match letters.next().ok_or("the $' is never closed")? {
            '\'' => break,
            '\\' => match letters.next().ok_or("ends with a backslash")? {
                'x' => {
                    let digits: String = letters.by_ref().take(2).collect();
                    bytes.push(u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?);
                }
                letter => bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes()),
            },
            letter => bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    word.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// For `$'...'`, which many shells know: what a terminal would obey is written as its bytes.
fn in_escapes(word: &str) -> String {
    let mut out = String::new();
    for letter in word.chars() {
        match letter {
            '\'' | '\\' => out.extend(['\\', letter]),
            _ if super::single_line(letter.encode_utf8(&mut [0; 4])).chars().eq([letter]) => out.push(letter),
            _ => {
                for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
        }
    }
    out
}

/// A word as it must be written in a shell; plain words stay as they are.
pub(crate) fn for_shell(word: &str) -> String {
    let is_plain =
        !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter));
    if is_plain {
        word.to_owned()
    } else if super::single_line(word) != word {
        format!("$'{}'", in_escapes(word))
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_taken_apart_as_a_shell_does() {
        let words = |text: &str| split(text).map(|words| words.join("|"));
        assert_eq!(words("broker  -p {port} "), Ok("broker|-p|{port}".to_owned()));
        assert_eq!(words(r#"a 'b c' "d \" e" f\ g ''"#), Ok(r#"a|b c|d " e|f g|"#.to_owned()));
        assert_eq!(words("a 'b"), Err("the ' is never closed".to_owned()));
        assert_eq!(words("a\\"), Err("ends with a backslash".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_one_word_again(word in "\\PC{0,20}") {
            prop_assert_eq!(split(&for_shell(&word)), Ok(vec![word]));
        }
    }
}
