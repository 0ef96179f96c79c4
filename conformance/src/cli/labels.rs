//! Labels of a run: what its reports say besides what the suite knows by itself. `--label version=3.10.8`.

use crate::text::single_line;
use std::collections::BTreeMap;

/// The most bytes of a label.
const LONGEST: usize = 200;

/// For clap: a name and a value. A name is made of what needs no quoting anywhere.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as version=3.10.8")?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if key.is_empty() || !key.chars().all(is_name) {
        return Err("a key is made of letters, digits, `-`, `_` and `.`".to_owned());
    }
    if value.is_empty() || text.len() > LONGEST {
        return Err(format!("a label has a value, and at most {LONGEST} bytes"));
    }
    Ok((key.to_owned(), single_line(value)))
}

/// Labels behind the first line of a run; nothing where there are none.
pub(crate) fn in_header(labels: &BTreeMap<String, String>) -> String {
    labels.iter().fold(String::new(), |out, (key, value)| format!("{out}, {key}={value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_key_and_a_value_on_one_line() {
        let pair = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(label("version=3.10.8"), pair("version", "3.10.8"));
        assert_eq!(label("commit=a=b"), pair("commit", "a=b"));
        assert_eq!(label("os=a\nb"), pair("os", "a\\nb"));
        for wrong in ["version", "=x", "a b=x", "version=", &format!("a={}", "x".repeat(LONGEST))] {
            assert!(label(wrong).is_err(), "{wrong}");
        }
    }
}
