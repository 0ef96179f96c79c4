//! Passwords of the user that no record shows. What went over the wire stays as it was; only its text has eight asterisks
//! in their place.
//!
//! In a CONNECT as it should be, a password stands behind its length. A mutation may have cut it, moved it or made another
//! field of it: there, and in what is said about such a packet, every piece of it is hidden.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// What stands for a password.
pub(crate) const HIDDEN: &str = "********";

/// The shortest piece of a password that is looked for where it may stand in pieces.
const PIECE: usize = 4;

/// The type of a CONNECT, in the first half of its first byte.
const CONNECT: u8 = 1;

/// The type of an AUTH, there too.
const AUTH: u8 = 15;

/// Passwords that aren't shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(Arc<[Vec<u8>]>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// These passwords, and what is said in their place; one without a letter is none.
    pub(crate) fn new(passwords: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(passwords.into_iter().filter(|password| !password.is_empty()).collect())
    }

    /// Whether a packet that we sent may hold one of them.
    fn may_be_in(&self, bytes: &[u8], is_mutated: bool) -> bool {
        !self.0.is_empty() && (is_mutated || bytes.first().is_some_and(|first| [CONNECT, AUTH].contains(&(first >> 4))))
    }

    /// The first bytes of a packet that we sent as pairs of digits, `between` them what is to part them.
    pub(crate) fn hex(&self, bytes: &[u8], is_mutated: bool, most: usize, between: &str) -> String {
        let hidden = self.hidden(bytes, is_mutated);
        let mut out = String::with_capacity(2 * bytes.len().min(most));
        for (at, byte) in bytes.iter().enumerate().take(most) {
            let is_hidden = |at: usize| hidden.get(at).is_some_and(|hidden| *hidden);
            let is_inside = at > 0 && is_hidden(at) && is_hidden(at - 1);
            if at > 0 && !is_inside {
                out.push_str(between);
            }
            match is_hidden(at) {
                false => drop(write!(out, "{byte:02x}")),
                true if is_inside => {}
                true => out.push_str(HIDDEN),
            }
        }
        out
    }

    /// For each byte whether it is hidden; empty where none is.
    fn hidden(&self, bytes: &[u8], is_mutated: bool) -> Vec<bool> {
        if !self.may_be_in(bytes, is_mutated) {
            return Vec::new();
        }
        let mut hidden = vec![false; bytes.len()];
        for secret in self.0.iter().map(Vec::as_slice) {
            if is_mutated {
                let length = secret.len().min(PIECE);
                let pieces: BTreeSet<&[u8]> = secret.windows(length).collect();
                let found = bytes.windows(length).enumerate().filter(|(_, window)| pieces.contains(window));
                found.for_each(|(at, _)| hidden[at..at + length].fill(true));
            } else {
                let field = [&(secret.len() as u16).to_be_bytes(), secret].concat();
                let found = bytes.windows(field.len()).enumerate().filter(|(_, window)| *window == field);
                found.for_each(|(at, _)| hidden[at + 2..at + field.len()].fill(true));
            }
        }
        hidden
    }

    /// What is said about a packet that we sent, without the passwords that a mutation has made another field of.
    pub(crate) fn in_words(&self, words: String, bytes: &[u8], is_mutated: bool) -> String {
        if !self.may_be_in(bytes, is_mutated) {
            return words;
        }
        let long = self.0.iter().filter(|secret| secret.len() >= PIECE);
        long.fold(words, |words, secret| {
            let as_text = std::str::from_utf8(secret).map_or(words.clone(), |secret| words.replace(secret, HIDDEN));
            as_text.replace(&secret.escape_ascii().to_string(), HIDDEN)
        })
    }
}

/// An address, or what somebody meant for one, without the password in it.
pub(crate) fn without_password(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let parted = if scheme.is_empty() { "" } else { "://" };
    let (user, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => match credentials.split_once(':') {
            Some((user, _)) => (format!("{user}:{HIDDEN}@"), place.to_owned()),
            None => (format!("{credentials}@"), place.to_owned()),
        },
        None => (String::new(), without_port_of_letters(rest)),
    };
    format!("{scheme}{parted}{user}{place}")
}

/// A place whose port is no number: it may be a password behind which host and `@` were forgotten.
fn without_port_of_letters(place: &str) -> String {
    let Some((host, port)) = place.split_once(':') else { return place.to_owned() };
    let end = port.find(['/', '?', '#']).unwrap_or(port.len());
    let is_number = port[..end].bytes().all(|byte| byte.is_ascii_digit());
    let is_ipv6 = port.contains(':') && place.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.[]/".contains(&byte));
    if is_number || is_ipv6 { place.to_owned() } else { format!("{host}:{HIDDEN}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Connect, Context, MUTATIONS, Packet, Sender, Version};

    const PASSWORD: &str = "S3cret-of-ann";

    fn secrets() -> Secrets {
        Secrets::new([PASSWORD.as_bytes().to_vec(), Vec::new()])
    }

    fn connect(version: Version, password: &str) -> Vec<u8> {
        let connect = Connect {
            client_id: "S3cret-of-client",
            user_name: Some("ann"),
            password: Some(password.as_bytes()),
            ..Connect::default()
        };
        Packet::Connect(connect).to_bytes(version).expect("legal").to_vec()
    }

    fn hex(text: &str) -> String {
        text.bytes().fold(String::new(), |out, byte| format!("{out}{byte:02x}"))
    }

    #[test]
    fn a_password_is_hidden_where_it_stands_and_nothing_else_is() {
        let bytes = connect(Version::V5, PASSWORD);
        let plain = Secrets::default().hex(&bytes, false, usize::MAX, "");
        let shown = secrets().hex(&bytes, false, usize::MAX, "");
        assert_eq!(shown, plain.replace(&hex(PASSWORD), HIDDEN));
        assert!(shown.contains(&hex("S3cret-of-client")) && shown.ends_with(HIDDEN), "{shown}");
        let spaced = secrets().hex(&bytes, false, bytes.len() - 3, " ");
        assert!(spaced.starts_with("10 ") && spaced.ends_with(&format!(" 00 0d {HIDDEN}")), "{spaced}");
    }

    #[test]
    fn packets_without_it_are_shown_as_they_are() {
        let publish = [b"\x30\x10\x00\x01a".as_slice(), PASSWORD.as_bytes()].concat();
        for bytes in [connect(Version::V3_1_1, "another"), publish] {
            let plain = Secrets::default().hex(&bytes, false, usize::MAX, "");
            assert_eq!(secrets().hex(&bytes, false, usize::MAX, ""), plain);
        }
    }

    #[test]
    fn no_mutation_brings_more_than_three_letters_of_it_to_light() {
        let mut tried = 0;
        for version in [Version::V3_1_1, Version::V5] {
            let bytes = connect(version, PASSWORD);
            let context = Context::new(version, Sender::Client);
            for mutated in MUTATIONS.iter().filter_map(|mutation| mutation.apply(&bytes, context)) {
                let shown = secrets().hex(&mutated.bytes, true, usize::MAX, "");
                for piece in PASSWORD.as_bytes().windows(PIECE) {
                    let piece = hex(std::str::from_utf8(piece).expect("letters"));
                    assert!(!shown.contains(&piece), "{piece} in {shown}");
                }
                tried += 1;
            }
        }
        assert!(tried > 50, "{tried} mutations of a CONNECT");
    }

    #[test]
    fn words_about_a_packet_hide_it_too() {
        let words = || format!("will payload=\"{PASSWORD}\"");
        assert_eq!(secrets().in_words(words(), &[0x10], false), format!("will payload=\"{HIDDEN}\""));
        assert_eq!(secrets().in_words(words(), &[0x30], false), words());
        assert_eq!(format!("{:?}", secrets()), "1 secrets");
    }

    #[test]
    fn no_address_shows_its_password() {
        for (address, shown) in [
            ("mqtt://ann:s3cret@h:1/x", "mqtt://ann:********@h:1/x"),
            ("mqtt://ann:a:b@c/d@h", "mqtt://ann:********@h"),
            ("mqtt://ann@h", "mqtt://ann@h"),
            ("ann:s3cret@h:1883", "ann:********@h:1883"),
            ("mqtt://ann:s3cret", "mqtt://ann:********"),
            ("mqtt://h:1883/x", "mqtt://h:1883/x"),
            ("mqtt://h:", "mqtt://h:"),
            ("mqtt://[::1]:7", "mqtt://[::1]:7"),
            ("mqtt://::1", "mqtt://::1"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }
}
