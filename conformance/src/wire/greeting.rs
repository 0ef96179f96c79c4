//! The first message of a TLS handshake, written from a table, and what a server says to it. No library speaks the versions
//! that are asked for here any more: so far as to the server's choice they are few bytes, the same in all of them.

use bytes::Bytes;
use std::fmt;
use tokio_rustls::rustls::AlertDescription;

/// A version of TLS, as two bytes stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// TLS 1.0 (RFC 2246).
    pub const V1_0: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const V1_1: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const V1_2: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const V1_3: Self = Self(0x0304);

    /// True for those that must not be spoken any more (RFC 8996, and RFC 7568 for SSL 3.0).
    pub fn is_given_up(self) -> bool {
        self < Self::V1_2
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0300 => f.write_str("SSL 3.0"),
            minor @ 0x0301..=0x0304 => write!(f, "TLS 1.{}", minor - 0x0301),
            other => write!(f, "a version 0x{other:04x} of TLS"),
        }
    }
}

/// What a greeting offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// One version that is given up, and none above it.
    Only(TlsVersion),
    /// TLS 1.2 and 1.3.
    Current,
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(version) => write!(f, "{version} and nothing above it"),
            Self::Current => f.write_str("TLS 1.2 and 1.3"),
        }
    }
}

/// Cipher suites that all versions up to 1.2 have: ECDHE, DHE and RSA, with AES and with 3DES. Last comes the one that stands
/// for the extension about renegotiation (RFC 5746).
const OLD_SUITES: [u16; 12] =
    [0xC00A, 0xC014, 0xC009, 0xC013, 0x0039, 0x0033, 0x0035, 0x002F, 0xC008, 0xC012, 0x000A, 0x00FF];

/// Those of 1.3, and the usual ones of 1.2.
const NEW_SUITES: [u16; 9] = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8];

/// Groups: X25519, and the three of the NIST.
const GROUPS: [u16; 4] = [0x001D, 0x0017, 0x0018, 0x0019];

/// How certificates and keys may have signed: ECDSA, RSA-PSS, Ed25519, RSA.
const SIGNATURES: [u16; 10] = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0401, 0x0501, 0x0601];

/// The extensions that are used, by their numbers.
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const GROUPS: u16 = 10;
    pub(super) const POINT_FORMATS: u16 = 11;
    pub(super) const SIGNATURES: u16 = 13;
    pub(super) const VERSIONS: u16 = 43;
    pub(super) const KEY_SHARE: u16 = 51;
}

/// The kinds of records and of messages in a handshake that are looked at.
mod kind {
    pub(super) const ALERT: u8 = 21;
    pub(super) const HANDSHAKE: u8 = 22;
    pub(super) const CLIENT_HELLO: u8 = 1;
    pub(super) const SERVER_HELLO: u8 = 2;
}

/// Bytes before a record's contents, and before a message's.
const RECORD_HEAD: usize = 5;
const MESSAGE_HEAD: usize = 4;

/// The base point of X25519 as a public key: nobody goes on to use it.
const BASE_POINT: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};

/// A ClientHello in a record of its own. A server of this name, where it has one that is no address, is asked for.
pub fn client_hello(offered: Offered, server_name: Option<&str>) -> Bytes {
    let version = match offered {
        Offered::Only(version) => version,
        // 1.3 is offered in an extension (RFC 8446, section 4.1.2).
        Offered::Current => TlsVersion::V1_2,
    };
    let new = match offered {
        Offered::Only(_) => &[][..],
        Offered::Current => &NEW_SUITES[..],
    };
    let mut hello = version.0.to_be_bytes().to_vec();
    // A nonce of a connection that carries no secret.
    hello.extend((0..32).map(|at: u8| at.wrapping_mul(73).wrapping_add(41)));
    // No session to take up.
    hello.push(0);
    hello.extend(counted_2(&numbers(new.iter().chain(&OLD_SUITES))));
    // No compression.
    hello.extend([1, 0]);
    hello.extend(counted_2(&extensions(offered, server_name)));
    // 1.0 in the record's head, whatever is offered, for the sake of old servers (RFC 8446, section 5.1).
    record(kind::HANDSHAKE, TlsVersion::V1_0, &message(kind::CLIENT_HELLO, &hello))
}

fn extensions(offered: Offered, server_name: Option<&str>) -> Vec<u8> {
    let mut all = Vec::new();
    let mut add = |number: u16, contents: Vec<u8>| {
        all.extend(number.to_be_bytes());
        all.extend(counted_2(&contents));
    };
    if let Some(name) = server_name {
        let entry = [&[0][..], &counted_2(name.as_bytes())].concat();
        add(extension::SERVER_NAME, counted_2(&entry));
    }
    add(extension::GROUPS, counted_2(&numbers(&GROUPS)));
    add(extension::POINT_FORMATS, vec![1, 0]);
    if offered == Offered::Current {
        add(extension::SIGNATURES, counted_2(&numbers(&SIGNATURES)));
        let versions = numbers(&[TlsVersion::V1_3.0, TlsVersion::V1_2.0]);
        add(extension::VERSIONS, [&[versions.len() as u8][..], &versions].concat());
        let share = [&GROUPS[0].to_be_bytes()[..], &counted_2(&BASE_POINT)].concat();
        add(extension::KEY_SHARE, counted_2(&share));
    }
    all
}

/// A ServerHello that chooses this version, for a broker that does what it must not.
pub(super) fn server_hello(version: TlsVersion) -> Bytes {
    let mut hello = version.0.to_be_bytes().to_vec();
    hello.extend([0x5A; 32]);
    hello.push(0);
    hello.extend(OLD_SUITES[3].to_be_bytes());
    hello.push(0);
    record(kind::HANDSHAKE, version, &message(kind::SERVER_HELLO, &hello))
}

fn numbers<'a>(numbers: impl IntoIterator<Item = &'a u16>) -> Vec<u8> {
    numbers.into_iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Contents behind their length in two bytes.
fn counted_2(contents: &[u8]) -> Vec<u8> {
    let length = (contents.len() as u16).to_be_bytes();
    [&length[..], contents].concat()
}

fn message(kind: u8, contents: &[u8]) -> Vec<u8> {
    // The length has three bytes, of which the first is 0.
    [&[kind, 0][..], &counted_2(contents)].concat()
}

fn record(kind: u8, version: TlsVersion, contents: &[u8]) -> Bytes {
    let mut record = vec![kind];
    record.extend(version.0.to_be_bytes());
    record.extend(counted_2(contents));
    record.into()
}

/// What a server says to a greeting, as far as its first words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An alert that ends the connection.
    Alert(u8),
    /// It goes on, in this version.
    Hello(TlsVersion),
    /// Something that is no answer to a greeting of TLS.
    Other,
}

impl Answer {
    /// The answer at the beginning of these bytes; nothing where more are needed. Warnings are passed over: a server may say
    /// that it does not know the name that it is asked for, and go on.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (mut rest, mut messages) = (bytes, Vec::new());
        loop {
            let &kind = rest.first()?;
            if !matches!(kind, kind::ALERT | kind::HANDSHAKE) || rest.get(1).is_some_and(|&major| major != 3) {
                return Some(Self::Other);
            }
            let length = usize::from(number_at(rest, 3)?);
            let contents = rest.get(RECORD_HEAD..RECORD_HEAD + length);
            if kind == kind::ALERT {
                match *contents? {
                    [level, code] if level != WARNING || code == CLOSE_NOTIFY => return Some(Self::Alert(code)),
                    [..] if length == 2 => {}
                    [..] => return Some(Self::Other),
                }
            } else {
                messages.extend_from_slice(contents.unwrap_or(&rest[RECORD_HEAD..]));
                if let Some(answer) = in_messages(&messages) {
                    return Some(answer);
                }
            }
            rest = rest.get(RECORD_HEAD + length..)?;
        }
    }
}

/// The level of an alert behind which the connection may go on.
const WARNING: u8 = 1;
/// The one warning behind which nothing comes.
const CLOSE_NOTIFY: u8 = 0;

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(code) => write!(f, "the alert {:?}", AlertDescription::from(*code)),
            Self::Hello(version) => write!(f, "a ServerHello that chooses {version}"),
            Self::Other => f.write_str("bytes that are no answer to a greeting of TLS"),
        }
    }
}

/// The server's choice in the messages of its records.
fn in_messages(messages: &[u8]) -> Option<Answer> {
    match messages.first()? {
        &kind::SERVER_HELLO => {}
        _ => return Some(Answer::Other),
    }
    let length = usize::from(number_at(messages, 2)?);
    if messages[1] != 0 {
        return Some(Answer::Other);
    }
    let hello = messages.get(MESSAGE_HEAD..MESSAGE_HEAD + length)?;
    Some(chosen(hello).map_or(Answer::Other, Answer::Hello))
}

/// The version that a ServerHello chooses; nothing where it is none.
fn chosen(hello: &[u8]) -> Option<TlsVersion> {
    let version = TlsVersion(number_at(hello, 0)?);
    let session = usize::from(*hello.get(34)?);
    // Behind the session come the suite and the compression.
    let behind = 35 + session + 3;
    if hello.len() < behind {
        return None;
    }
    let Some(mut extensions) = hello.get(behind + 2..) else { return Some(version) };
    while let (Some(number), Some(length)) = (number_at(extensions, 0), number_at(extensions, 2)) {
        if number == extension::VERSIONS {
            return number_at(extensions, 4).map(TlsVersion);
        }
        extensions = extensions.get(4 + usize::from(length)..)?;
    }
    Some(version)
}

fn number_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}

/// What the first bytes of a client are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeted {
    /// Too few to say.
    Unfinished,
    /// A ClientHello with this version, the highest that it offers outside its extensions.
    With(TlsVersion),
    /// Something else.
    Otherwise,
}

impl Greeted {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let may_be = |at: usize, wanted: u8| bytes.get(at).is_none_or(|&byte| byte == wanted);
        if !may_be(0, kind::HANDSHAKE) || !may_be(RECORD_HEAD, kind::CLIENT_HELLO) {
            return Self::Otherwise;
        }
        let version = number_at(bytes, RECORD_HEAD + MESSAGE_HEAD);
        version.map_or(Self::Unfinished, |version| Self::With(TlsVersion(version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_however_it_is_cut() {
        let hello = server_hello(TlsVersion::V1_0);
        let alert = [21, 3, 1, 0, 2, 2, 70];
        let unknown_name = [21, 3, 1, 0, 2, 1, 112];
        let warned = [&unknown_name[..], &hello].concat();
        let broken: Vec<u8> = {
            let (first, second) = hello[RECORD_HEAD..].split_at(20);
            let of = |part: &[u8]| record(kind::HANDSHAKE, TlsVersion::V1_0, part);
            [of(first), of(second)].concat()
        };
        let close = [21, 3, 3, 0, 2, 1, 0];
        for (whole, answer) in [
            (&hello[..], Answer::Hello(TlsVersion::V1_0)),
            (&alert, Answer::Alert(70)),
            (&warned, Answer::Hello(TlsVersion::V1_0)),
            (&broken, Answer::Hello(TlsVersion::V1_0)),
            (&close, Answer::Alert(0)),
        ] {
            for end in 0..whole.len() {
                assert_eq!(Answer::read(&whole[..end]), None, "{end} of {whole:02x?}");
            }
            assert_eq!(Answer::read(whole), Some(answer));
        }
    }

    #[test]
    fn whatever_is_no_answer_is_said_to_be_none() {
        let certificate = record(kind::HANDSHAKE, TlsVersion::V1_2, &message(11, &[0; 8]));
        let long = record(kind::HANDSHAKE, TlsVersion::V1_2, &[2, 1, 0, 0]);
        for bytes in [&b"\x20\x02\x00\x00"[..], b"HTTP/1.1 400", &[21, 9], &[21, 3, 1, 0, 1, 2], &certificate, &long] {
            assert_eq!(Answer::read(bytes), Some(Answer::Other), "{bytes:02x?}");
        }
        let cut = record(kind::HANDSHAKE, TlsVersion::V1_2, &message(kind::SERVER_HELLO, &[3, 3, 0]));
        assert_eq!(Answer::read(&cut), Some(Answer::Other));
        let mut bytes = server_hello(TlsVersion::V1_2).to_vec();
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let kept = std::mem::replace(&mut bytes[at], value);
                // Whatever it says, it says something.
                let _ = Answer::read(&bytes);
                bytes[at] = kept;
            }
        }
    }

    #[test]
    fn the_version_of_an_extension_counts() {
        let mut hello = vec![3, 3];
        hello.extend([0; 32]);
        hello.extend([0, 0x13, 0x01, 0, 0, 12, 0, 51, 0, 2, 0, 0x17, 0, 43, 0, 2, 3, 4]);
        let bytes = record(kind::HANDSHAKE, TlsVersion::V1_2, &message(kind::SERVER_HELLO, &hello));
        assert_eq!(Answer::read(&bytes), Some(Answer::Hello(TlsVersion::V1_3)));
    }

    #[test]
    fn a_greeting_says_what_it_offers() {
        for (offered, version) in [
            (Offered::Only(TlsVersion::V1_0), TlsVersion::V1_0),
            (Offered::Only(TlsVersion::V1_1), TlsVersion::V1_1),
            (Offered::Current, TlsVersion::V1_2),
        ] {
            let hello = client_hello(offered, Some("localhost"));
            assert_eq!(Greeted::read(&hello), Greeted::With(version));
            assert_eq!(Greeted::read(&hello[..10]), Greeted::Unfinished);
            assert_eq!(usize::from(number_at(&hello, 3).expect("a length")), hello.len() - RECORD_HEAD);
            assert_eq!(hello[..3], [22, 3, 1]);
        }
        assert_eq!(Greeted::read(b"\x10"), Greeted::Otherwise);
        let words = [Offered::Only(TlsVersion::V1_0), Offered::Current].map(|offered| offered.to_string());
        assert_eq!(words, ["TLS 1.0 and nothing above it", "TLS 1.2 and 1.3"]);
        assert_eq!(TlsVersion(0x0300).to_string(), "SSL 3.0");
        assert_eq!(Answer::Alert(70).to_string(), "the alert ProtocolVersion");
    }
}
