//! A broker that is already running, at `mqtt://host:port`.

use super::{Endpoint, Ready, Setting, Unready, Variant};
use crate::text::single_line;
use std::net::{IpAddr, ToSocketAddrs};
use url::Url;

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
        let shown = single_line(text);
        let url =
            Url::parse(text).map_err(|error| format!("`{shown}` is no address: {error}; write mqtt://HOST:PORT"))?;
        if url.scheme() != "mqtt" {
            return Err(format!("`{}://` is not supported yet; write mqtt://HOST:PORT", url.scheme()));
        }
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| format!("`{shown}` names no host; write mqtt://HOST:PORT"))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{shown}` has more than a host and a port; write mqtt://HOST:PORT"));
        }
        if !url.username().is_empty() {
            let password = url.password().unwrap_or_default();
            setting.credentials = Some((url.username().to_owned(), password.to_owned()));
        }
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(MQTT_PORT), setting })
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
        let Setting { credentials, bad_password, denied_topic } = &self.setting;
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
        for bad in ["http://x", "mqtt://", "mqtt://h/path", "nonsense", "mqtt://h:99999"] {
            let error = parse(bad).map(|target| target.url()).expect_err(bad);
            assert!(error.contains("mqtt://HOST:PORT"), "{error}");
        }
    }
}
