//! A broker that is already running, at `mqtt://host:port`.

use super::{Endpoint, Ready, Setting, Unready, Variant};
use crate::text::{single_line, without_password};
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};

/// The registered port of MQTT over TCP.
const MQTT_PORT: u16 = 1883;

/// A broker at an address.
#[derive(Debug, Clone)]
pub struct AddressTarget {
    host: String,
    port: u16,
    setting: Setting,
}

impl AddressTarget {
    /// Reads `mqtt://[user[:password]@]host[:port]`; user name and password in it are those of ordinary connections, where
    /// the setting names none.
    pub fn parse(text: &str, mut setting: Setting) -> Result<Self, String> {
        let wrong = |what: &str| wrong(text, what);
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("is no address"))?;
        if !scheme.eq_ignore_ascii_case("mqtt") {
            return Err(format!("`{}://` is not supported yet; write mqtt://HOST:PORT", single_line(scheme)));
        }
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#']) {
            return Err(wrong("has more than a host and a port"));
        }
        let (host, port) = host_and_port(place).map_err(wrong)?;
        let named = Self::credentials_in(text)?.map(|(user, password)| (user, password.unwrap_or_default()));
        setting.credentials = setting.credentials.or(named);
        Ok(Self { host: host.to_owned(), port, setting })
    }

    /// The user name in an address, and the password where there is one, as they are meant: `%40` is an `@`.
    pub fn credentials_in(text: &str) -> Result<Option<(String, Option<String>)>, String> {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let Some((both, _)) = rest.rsplit_once('@') else { return Ok(None) };
        let (user, password) = both.split_once(':').map_or((both, None), |(user, password)| (user, Some(password)));
        let decoded = |part: &str| percent_decoded(part).map_err(|what| wrong(text, what));
        let (user, password) = (decoded(user)?, password.map(decoded).transpose()?);
        match (user.is_empty(), &password) {
            (true, Some(password)) if !password.is_empty() => Err(wrong(text, "has a password and no user name")),
            (true, _) => Ok(None),
            (false, _) => Ok(Some((user, password))),
        }
    }

    /// The address, without credentials.
    pub fn url(&self) -> String {
        format!("mqtt://{}:{}", self.host, self.port)
    }

    /// True for an address of this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => (host, self.port)
                .to_socket_addrs()
                .is_ok_and(|mut addresses| addresses.all(|address| address.ip().is_loopback())),
        }
    }

    /// Says whether the address can offer this variant.
    pub fn prepare(&self, variant: Variant) -> Result<Ready, Unready> {
        let Setting { credentials, bad_password, denied_topic, .. } = &self.setting;
        let complete = credentials.is_some() && bad_password.is_some() && denied_topic.is_some();
        if variant == Variant::WITH_ACCESS && !complete {
            return Err(Unready::NotOffered(format!("an address offers it with {}", variant.flags)));
        }
        if variant == Variant::WITH_AUTHENTICATION && self.setting.authentication.is_none() {
            return Err(Unready::NotOffered(format!("an address offers it with {}", variant.flags)));
        }
        if ![Variant::PLAIN, Variant::WITH_ACCESS, Variant::WITH_AUTHENTICATION].contains(&variant) {
            return Err(Unready::NotOffered(format!("an address is what it is: {}", variant.says)));
        }
        Ok(Ready {
            endpoint: Endpoint::Tcp(format!("{}:{}", self.host, self.port)),
            setting: self.setting.clone(),
            process: None,
        })
    }
}

/// What is wrong with an address, which is shown without its password.
fn wrong(text: &str, what: &str) -> String {
    format!("`{}` {what}; write mqtt://HOST:PORT", single_line(&without_password(text)))
}

/// The text in which `%` and two hexadecimal digits stand for a byte (RFC 3986, section 2.1).
fn percent_decoded(text: &str) -> Result<String, &'static str> {
    let digit = |at: usize| text.as_bytes().get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte != b'%' {
            bytes.push(byte);
            at += 1;
            continue;
        }
        let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
            return Err("has a % in its user name or password without two hexadecimal digits behind it (%25 is a %)");
        };
        bytes.push((high * 16 + low) as u8);
        at += 3;
    }
    String::from_utf8(bytes).map_err(|_| "has a user name or password that is no UTF-8 when its %XX are decoded")
}

/// Takes `host`, `host:port`, `[address of IPv6]` or `[address of IPv6]:port` apart; brackets stay with the host.
fn host_and_port(place: &str) -> Result<(&str, u16), &'static str> {
    let behind = if place.starts_with('[') { place.find(']').map(|end| end + 1) } else { place.find(':') };
    let (host, port) = place.split_at(behind.unwrap_or(place.len()));
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    let is_host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => host.chars().all(is_name),
    };
    match (host, port) {
        ("", _) => Err("names no host"),
        _ if !is_host => Err("names a host that can't be one"),
        (_, "" | ":") => Ok((host, MQTT_PORT)),
        (_, port) => match port.strip_prefix(':').map(str::parse) {
            Some(Ok(port)) if port > 0 => Ok((host, port)),
            _ => Err("has a port that is not a number from 1 to 65535"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_refused_with_a_way_out() {
        let parse = |text| AddressTarget::parse(text, Setting::default());
        assert_eq!(parse("mqtt://localhost").map(|target| target.url()), Ok("mqtt://localhost:1883".to_owned()));
        assert_eq!(
            parse("mqtt://u:p@[::1]:7").map(|target| (target.url(), target.is_loopback())),
            Ok(("mqtt://[::1]:7".to_owned(), true))
        );
        assert_eq!(parse("MQTT://h.example-1:8/").map(|target| target.url()), Ok("mqtt://h.example-1:8".to_owned()));
        let credentials = parse("mqtt://ann:a:b@c@h").map(|target| (target.url(), target.setting.credentials));
        assert_eq!(credentials, Ok(("mqtt://h:1883".to_owned(), Some(("ann".to_owned(), "a:b@c".to_owned())))));
        let decoded = parse("mqtt://a%40b:%3a%2F%25%c3%a9@h").map(|target| target.setting.credentials);
        assert_eq!(decoded, Ok(Some(("a@b".to_owned(), ":/%é".to_owned()))));
        let named = Setting { credentials: Some(("bob".to_owned(), "x".to_owned())), ..Setting::default() };
        let first = AddressTarget::parse("mqtt://ann:s3cret@h", named.clone()).map(|target| target.setting);
        assert_eq!(first, Ok(named));
        let bad = [
            "mqtt://ann:s3cret%@h",
            "mqtt://ann:s3cret%4@h",
            "mqtt://ann:%+1s3cret@h",
            "mqtt://an%n:s3cret@h",
            "mqtt://ann:s3cret%ff@h",
            "mqtt://:s3cret@h",
            "mqtt://ann:s3cret@h/path",
            "mqtt://ann:s3cret@h:port",
            "mqtt://ann:s3cret",
            "http://ann:s3cret@h",
            "http://x",
            "mqtt://",
            "mqtt://:1",
            "mqtt://h/path",
            "mqtt://h?x",
            "nonsense",
            "mqtt://h:99999",
            "mqtt://h:0",
            "mqtt://h:x",
            "mqtt://a b",
            "mqtt://[::1",
            "mqtt://[::1]7",
            "mqtt://[host]",
            "mqtt://::1",
        ];
        for bad in bad {
            let error = parse(bad).map(|target| target.url()).expect_err(bad);
            assert!(error.contains("mqtt://HOST:PORT") && !error.contains("s3cret"), "{error}");
        }
    }
}
