//! A broker that is already running, at an address: `mqtt://`, `mqtts://`, `ws://`, `wss://` or `unix://`.

use super::endpoint::Upon;
use super::strangers::Strangers;
use super::{Carrier, Endpoint, Ready, Setting, Shown, Unready, Variant};
use crate::text::{single_line, without_password};
use crate::wire::{Identity, TlsClient, Trust, WebSocketClient};
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};
use std::rc::Rc;

/// Where MQTT is on a WebSocket whose address has no path.
const USUAL_PATH: &str = "/mqtt";

/// What an address looks like.
const FORM: &str = "mqtt://HOST:PORT";

/// The schemes, what each means, and the registered port of it.
pub(crate) const SCHEMES: [(&str, Carrier, u16); 5] = [
    ("mqtt", Carrier::Tcp, 1883),
    ("mqtts", Carrier::Tls, 8883),
    ("ws", Carrier::WebSocket, 80),
    ("wss", Carrier::SecureWebSocket, 443),
    ("unix", Carrier::Unix, 0),
];

/// What a client needs for an address beyond the address itself.
#[derive(Clone, Default)]
pub struct Reach {
    /// Whose signature makes the broker's certificate one to believe.
    pub trust: Trust,
    /// What the client shows if the broker asks for a certificate.
    pub identity: Option<Identity>,
    /// The name that the broker's certificate is to be for, where that is not the host.
    pub server_name: Option<String>,
    /// What is sent in the handshake of a WebSocket beyond its own headers.
    pub headers: Vec<(String, String)>,
}

/// A broker at an address.
#[derive(Clone)]
pub struct AddressTarget {
    url: String,
    carrier: Carrier,
    host: String,
    port: u16,
    endpoint: Endpoint,
    setting: Setting,
}

impl AddressTarget {
    /// Reads `SCHEME://[user[:password]@]host[:port][/path]`, or `unix:///path`; user name and password in it are those of
    /// ordinary connections, where the setting names none.
    pub fn parse(text: &str, mut setting: Setting, reach: Reach) -> Result<Self, String> {
        let wrong = |what: &str| wrong(text, what);
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("is no address"))?;
        let known = SCHEMES.into_iter().find(|(name, ..)| scheme.eq_ignore_ascii_case(name));
        let (scheme, carrier, usual_port) = known.ok_or_else(|| {
            let names = SCHEMES.map(|(name, ..)| format!("{name}://")).join(", ");
            format!("`{}://` is no address of a broker; there are {names}; write {FORM}", single_line(scheme))
        })?;
        let named = Self::credentials_in(text)?.map(|(user, password)| (user, password.unwrap_or_default()));
        setting.credentials = setting.credentials.or(named);
        if carrier == Carrier::Unix {
            return Self::at_path(behind_credentials(rest), setting).map_err(wrong);
        }
        let (place, path) = split_path(behind_credentials(rest));
        let (host, port) = host_and_port(place, usual_port).map_err(wrong)?;
        let path = match (carrier.has_web_socket(), path) {
            (true, "") => USUAL_PATH,
            (true, path) => path,
            (false, "" | "/") => "",
            (false, _) => return Err(wrong("has more than a host and a port")),
        };
        let upon = upon(carrier, (host, port), path, reach).map_err(|why| wrong(&why))?;
        // What stands behind a question mark may be a token.
        let shown = path.split_once('?').map_or_else(|| path.to_owned(), |(path, _)| format!("{path}?QUERY"));
        Ok(Self {
            url: format!("{scheme}://{host}:{port}{}", single_line(&shown)),
            carrier,
            host: host.to_owned(),
            port,
            endpoint: Endpoint::tcp(format!("{host}:{port}")).with(upon),
            setting,
        })
    }

    fn at_path(path: &str, setting: Setting) -> Result<Self, &'static str> {
        if !cfg!(unix) {
            return Err("is a unix socket, which this system has not");
        }
        if !path.starts_with('/') {
            return Err("names no path of a socket (unix:///run/broker.sock)");
        }
        let path = percent_decoded(path).map_err(|_| "has a path whose %XX are no text")?;
        let url = format!("unix://{}", single_line(&path));
        let endpoint = Endpoint::unix(path);
        Ok(Self { url, carrier: Carrier::Unix, host: String::new(), port: 0, endpoint, setting })
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
        self.url.clone()
    }

    /// What carries the bytes.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// True for an address of this machine.
    pub fn is_loopback(&self) -> bool {
        if self.carrier == Carrier::Unix {
            return true;
        }
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
        if variant == Variant::WEBSOCKET && !self.carrier.has_web_socket() {
            return Err(Unready::NotOffered(format!("an address offers it with {}", variant.flags)));
        }
        let needs_tls = [Variant::TLS, Variant::MUTUAL_TLS].contains(&variant);
        let shows_certificate = self.endpoint.knows_stranger(Shown::Nothing);
        if needs_tls && (!self.endpoint.is_tls() || variant == Variant::MUTUAL_TLS && !shows_certificate) {
            return Err(Unready::NotOffered(format!("an address offers it with {}", variant.flags)));
        }
        let offered = [
            Variant::PLAIN,
            Variant::WITH_ACCESS,
            Variant::WITH_AUTHENTICATION,
            Variant::WEBSOCKET,
            Variant::TLS,
            Variant::MUTUAL_TLS,
        ];
        if !offered.contains(&variant) {
            return Err(Unready::NotOffered(format!("an address is what it is: {}", variant.says)));
        }
        Ok(Ready { endpoint: self.endpoint.clone(), setting: self.setting.clone(), process: None })
    }
}

/// What lies upon each connection to this address.
fn upon(carrier: Carrier, (host, port): (&str, u16), path: &str, reach: Reach) -> Result<Upon, String> {
    let Reach { trust, identity, server_name, headers } = reach;
    let mut upon = Upon::default();
    if carrier.has_tls() {
        let name = server_name.as_deref().unwrap_or(host);
        if identity.is_some() {
            // Whose word the broker takes is nothing that an address tells: nobody can make a certificate that has expired.
            upon.strangers = Strangers::make(None, |identity| TlsClient::new(&trust, identity, name))
                .map_err(|why| format!("can't be used: {why}"))?;
        }
        let client = TlsClient::new(&trust, identity, name).map_err(|error| format!("can't be used: {error}"))?;
        upon.tls = Some(Rc::new(client));
    }
    if carrier.has_web_socket() {
        let client = WebSocketClient::new(&format!("{host}:{port}"), path, headers);
        upon.web_socket = Some(Rc::new(client.map_err(|why| format!("can't be used: {why}"))?));
    }
    Ok(upon)
}

/// The rest of an address behind its user name and password. Both may have an `@` in them; in a path it is written as %40.
fn behind_credentials(rest: &str) -> &str {
    rest.rsplit_once('@').map_or(rest, |(_, place)| place)
}

/// Host and port, and the path that begins with its `/`.
pub(crate) fn split_path(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
}

/// What is wrong with an address, which is shown without its password, and without what may be a token.
fn wrong(text: &str, what: &str) -> String {
    let shown = without_password(text);
    let shown = shown.split_once('?').map_or_else(|| shown.clone(), |(before, _)| format!("{before}?QUERY"));
    format!("`{}` {what}; write {FORM}", single_line(&shown))
}

/// The text in which `%` and two hexadecimal digits stand for a byte (RFC 3986, section 2.1).
pub(crate) fn percent_decoded(text: &str) -> Result<String, &'static str> {
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
fn host_and_port(place: &str, usual_port: u16) -> Result<(&str, u16), &'static str> {
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
        (_, "" | ":") => Ok((host, usual_port)),
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
        let parse = |text| AddressTarget::parse(text, Setting::default(), Reach::default());
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
        let first =
            AddressTarget::parse("mqtt://ann:s3cret@h", named.clone(), Reach::default()).map(|target| target.setting);
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

    #[test]
    fn every_transport_has_its_scheme_port_and_path() {
        let trusting = || Reach { trust: Trust::Anybody, ..Reach::default() };
        let url = |text| AddressTarget::parse(text, Setting::default(), trusting()).map(|target| target.url());
        let read = [
            ("mqtts://h", "mqtts://h:8883"),
            ("mqtts://[::1]", "mqtts://[::1]:8883"),
            ("ws://h", "ws://h:80/mqtt"),
            ("ws://u:p%40@h:9001/", "ws://h:9001/"),
            ("WSS://h/a/b?token=s3cret", "wss://h:443/a/b?QUERY"),
        ];
        for (text, shown) in read {
            assert_eq!(url(text), Ok(shown.to_owned()));
        }
        for bad in
            ["mqtts://h/path", "ws://h/a b?s3cret", "wss://h/\u{e9}", "ws://h#x", "mqtts://a_b-", "wss://ann:s3cret@"]
        {
            let error = url(bad).expect_err(bad);
            assert!(error.contains(FORM) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_unix_socket_has_a_path_and_may_have_credentials() {
        let parse = |text| AddressTarget::parse(text, Setting::default(), Reach::default());
        let target = parse("unix://ann:pw@/run/a%20b.sock").expect("an address");
        assert_eq!((target.url(), target.is_loopback()), ("unix:///run/a b.sock".to_owned(), true));
        assert_eq!(target.setting.credentials, Some(("ann".to_owned(), "pw".to_owned())));
        assert!(parse("unix://run/x.sock").is_err() && parse("unix://").is_err());
    }

    #[test]
    fn a_header_is_one_or_is_refused_without_its_value() {
        let with = |name: &str, value: &str| {
            let headers = vec![(name.to_owned(), value.to_owned())];
            AddressTarget::parse("ws://h", Setting::default(), Reach { headers, ..Reach::default() }).map(|_| ())
        };
        assert_eq!(with("Authorization", "Bearer s3cret"), Ok(()));
        for (name, value) in [
            ("", "s3cret"),
            ("a b", "s3cret"),
            ("Host", "s3cret"),
            ("Sec-WebSocket-Key", "s3cret"),
            ("X", "s3cret\r\nY: z"),
        ] {
            let error = with(name, value).expect_err(name);
            assert!(error.contains("header") && !error.contains("s3cret"), "{error}");
        }
    }
}
