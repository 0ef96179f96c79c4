//! A broker that is already running, at `mqtt://host:port`.

use super::{Endpoint, Ready, Setting, Unready, Variant};
use crate::text::single_line;
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
    /// Reads `mqtt://host[:port]`; a user name and password in it count as `--user` and `--password`.
    pub fn parse(text: &str, mut setting: Setting) -> Result<Self, String> {
        let wrong = |what: &str| format!("`{}` {what}; write mqtt://HOST:PORT", single_line(text));
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("is no address"))?;
        if !scheme.eq_ignore_ascii_case("mqtt") {
            return Err(format!("`{}://` is not supported yet; write mqtt://HOST:PORT", single_line(scheme)));
        }
        let (credentials, place) =
            rest.rsplit_once('@').map_or((None, rest), |(credentials, place)| (Some(credentials), place));
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#']) {
            return Err(wrong("has more than a host and a port"));
        }
        let (host, port) = host_and_port(place).map_err(wrong)?;
        if let Some((user, password)) = credentials.map(|both| both.split_once(':').unwrap_or((both, "")))
            && !user.is_empty()
        {
            setting.credentials = Some((user.to_owned(), password.to_owned()));
        }
        Ok(Self { host: host.to_owned(), port, setting })
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
        if variant != Variant::PLAIN && variant != Variant::WITH_ACCESS {
            return Err(Unready::NotOffered(format!("an address is what it is: {}", variant.says)));
        }
        Ok(Ready { endpoint: Endpoint::Tcp(format!("{}:{}", self.host, self.port)), setting: self.setting.clone() })
    }
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
        let bad = [
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
            assert!(error.contains("mqtt://HOST:PORT"), "{error}");
        }
    }
}
