//! JSON as far as the files use it, read without a library: numbers without sign, text without escapes, lists and objects,
//! and no space between them. A test holds that against a library.

use alloc::vec::Vec;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json<'j> {
    Number(u32),
    Text(&'j str),
    List(Vec<Self>),
    Object(Vec<(&'j str, Self)>),
}

impl<'j> Json<'j> {
    /// Reads the value that the text begins with; yields what follows as well.
    pub(super) fn read(text: &'j str) -> Option<(Self, &'j str)> {
        match text.as_bytes().first()? {
            b'"' => quoted(text).map(|(text, rest)| (Json::Text(text), rest)),
            b'[' => items(&text[1..], ']', Self::read).map(|(list, rest)| (Json::List(list), rest)),
            b'{' => items(&text[1..], '}', member).map(|(members, rest)| (Json::Object(members), rest)),
            _ => {
                let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
                Some((Json::Number(text[..end].parse().ok()?), &text[end..]))
            }
        }
    }

    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Json::Object(members) = self else { return None };
        members.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    pub(super) const fn text(&self) -> Option<&'j str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    pub(super) const fn number(&self) -> Option<u32> {
        if let Json::Number(number) = self { Some(*number) } else { None }
    }

    /// The items of a list; none of anything else.
    pub(super) fn list(&self) -> &[Self] {
        if let Json::List(items) = self { items } else { &[] }
    }
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

fn member(text: &str) -> Option<((&str, Json<'_>), &str)> {
    let (key, rest) = quoted(text)?;
    let (value, rest) = Json::read(rest.strip_prefix(':')?)?;
    Some(((key, value), rest))
}

/// What stands between here and the closing bracket.
fn items<'j, T>(
    text: &'j str,
    close: char,
    read: impl Fn(&'j str) -> Option<(T, &'j str)>,
) -> Option<(Vec<T>, &'j str)> {
    let (mut all, mut rest) = (Vec::new(), text);
    while !rest.starts_with(close) {
        let (item, behind) = read(rest)?;
        all.push(item);
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    Some((all, &rest[1..]))
}

/// The bytes of hexadecimal digits.
pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    digits.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, &half| byte << 4 | digit(half))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_the_files_use_is_read() {
        let (read, rest) = Json::read(r#"{"a":[1,"x",[]],"b":{}},"#).expect("is JSON");
        let list = Json::List(vec![Json::Number(1), Json::Text("x"), Json::List(vec![])]);
        assert_eq!((read.get("a"), read.get("b"), read.get("c")), (Some(&list), Some(&Json::Object(vec![])), None));
        assert_eq!(rest, ",");
        assert_eq!((list.list()[0].number(), list.list()[1].text()), (Some(1), Some("x")));
    }

    #[test]
    fn what_is_cut_is_nothing() {
        for text in ["", "[", "[1", "{\"a\"", "{\"a\":", "\"a", "-", "{1:2}"] {
            assert_eq!(Json::read(text), None, "{text}");
        }
    }
}
