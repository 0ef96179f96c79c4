//! How a client authenticates with a method (5.0 section 4.12): the name of the method, and what the client says in it.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// A method whose client says the same each time.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// The Authentication Method.
    pub method: String,
    /// The Authentication Data, step by step: the first in CONNECT, each further one in an AUTH that answers the broker's.
    #[serde(default)]
    pub data: Vec<Data>,
}

/// One Authentication Data, as pairs of hexadecimal digits where it is written.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Data(pub Vec<u8>);

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl TryFrom<String> for Data {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Data {
    type Err = String;

    /// Reads pairs of hexadecimal digits; a mistake is told without what was written, which may be a secret.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(16)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                Ok(Self(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()))
            }
            _ => Err("authentication data are pairs of hexadecimal digits, such as 6f6b".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_pairs_of_digits_and_a_mistake_does_not_show_them() {
        assert_eq!("6F6b".parse(), Ok(Data(b"ok".to_vec())));
        assert_eq!("".parse(), Ok(Data(Vec::new())));
        assert_eq!(Data(b"ok".to_vec()).to_string(), "6f6b");
        for wrong in ["7a7", "secret", "7a 7b"] {
            let error = wrong.parse::<Data>().expect_err("no pairs of digits");
            assert!(!error.contains(wrong), "{error}");
        }
    }
}
