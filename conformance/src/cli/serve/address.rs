//! Where to listen, as `--listen` says it: `ADDRESS:PORT`, or an address of the form that a client uses.

use crate::broker::{Carrier, SCHEMES, percent_decoded, split_path};
use crate::cli::failure::Failure;
use crate::text::{quoted, short, single_line, without_password};
use crate::wire::Place;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Where a client looks for MQTT on a WebSocket when nobody has said where it is.
const USUAL_PATH: &str = "/mqtt";

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// As it was written.
    pub(super) text: String,
    pub(super) scheme: &'static str,
    pub(super) carrier: Carrier,
    pub(super) spot: Spot,
    /// The one path where a WebSocket is taken.
    pub(super) path: Option<String>,
}

/// What is listened at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spot {
    /// Host and port; port 0 is a free one.
    Tcp(String, u16),
    Unix(PathBuf),
    /// A path in a folder of our own, for one broker alone.
    OwnFolder,
}

impl Address {
    /// Reads one.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let shown = without_password(text);
        Self::read(text).map_err(|why| Failure::usage(format!("--listen {}: {why}", quoted(&single_line(&shown)))))
    }

    fn read(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let spot = spot(text, None)?;
            return Ok(Self { text: text.to_owned(), scheme: "mqtt", carrier: Carrier::Tcp, spot, path: None });
        };
        let known = SCHEMES.into_iter().find(|(name, ..)| scheme.eq_ignore_ascii_case(name));
        let (scheme, carrier, usual_port) = known.ok_or_else(|| {
            let names = SCHEMES.map(|(name, ..)| format!("{name}://")).join(", ");
            format!("{}:// is nothing to listen at; there are {names}", short(&single_line(scheme)))
        })?;
        if carrier == Carrier::Unix {
            return Ok(Self { text: text.to_owned(), scheme, carrier, spot: unix_spot(rest)?, path: None });
        }
        if rest.contains('@') {
            return Err("who is let in is said by --user and --password".to_owned());
        }
        let (place, path) = split_path(rest);
        let path = match (carrier.has_web_socket(), path) {
            (true, "") | (false, "" | "/") => None,
            (true, path) if path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte)) => {
                Some(path.to_owned())
            }
            (true, _) => return Err("the path has a character that can't be in one".to_owned()),
            (false, _) => return Err("it has more than a host and a port; a path is for ws:// and wss://".to_owned()),
        };
        Ok(Self { text: text.to_owned(), scheme, carrier, spot: spot(place, Some(usual_port))?, path })
    }

    /// True where two brokers can listen at it one beside the other.
    pub(super) fn is_free_for_many(&self) -> bool {
        matches!(self.spot, Spot::Tcp(_, 0) | Spot::OwnFolder)
    }

    /// The address of a client, where this is listened at.
    pub(super) fn url(&self, place: &Place) -> String {
        let path = match (self.carrier.has_web_socket(), &self.path) {
            (true, Some(path)) => path,
            (true, None) => USUAL_PATH,
            (false, _) => "",
        };
        match place {
            Place::Tcp(address) => format!("{}://{address}{path}", self.scheme),
            Place::Unix(path) => format!("{}://{}", self.scheme, percent_encoded(&path.to_string_lossy())),
        }
    }
}

/// Host and port; without a usual port one is to be there.
fn spot(place: &str, usual_port: Option<u16>) -> Result<Spot, String> {
    let no_port = "write ADDRESS:PORT, as in 127.0.0.1:1883; port 0 takes a free one";
    let is_bare = place.ends_with(']') || !place.contains(':');
    let (host, port) = match (place.rsplit_once(':').filter(|_| !is_bare), usual_port) {
        (Some((host, port)), _) => {
            (host, port.parse().map_err(|_| format!("its port is no number from 0 to 65535; {no_port}"))?)
        }
        (None, Some(port)) => (place, port),
        (None, None) => return Err(format!("it names no port; {no_port}")),
    };
    if host.is_empty() {
        return Err(format!("it names no address; 0.0.0.0 is all that this machine has; {no_port}"));
    }
    Ok(Spot::Tcp(host.to_owned(), port))
}

fn unix_spot(path: &str) -> Result<Spot, String> {
    if !cfg!(unix) {
        return Err("this system has no unix sockets".to_owned());
    }
    if path.is_empty() {
        return Ok(Spot::OwnFolder);
    }
    if !path.starts_with('/') {
        return Err("it names no path of a socket (unix:///run/broker.sock); unix:// takes one in a folder of its own"
            .to_owned());
    }
    let path = percent_decoded(path).map_err(|_| "its path has %XX that are no text; %25 is a %")?;
    Ok(Spot::Unix(path.into()))
}

/// A path as it stands in an address, where `%` and two digits stand for what may not (RFC 3986, section 2.1).
fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (&'static str, Spot, Option<String>) {
        let Address { scheme, spot, path, .. } = Address::read(text).expect(text);
        (scheme, spot, path)
    }

    fn tcp(host: &str, port: u16) -> Spot {
        Spot::Tcp(host.to_owned(), port)
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(read("127.0.0.1:0"), ("mqtt", tcp("127.0.0.1", 0), None));
        assert_eq!(read("[::1]:1883"), ("mqtt", tcp("[::1]", 1883), None));
        assert_eq!(read("MQTTS://[::]"), ("mqtts", tcp("[::]", 8883), None));
        assert_eq!(read("mqtt://localhost:7/"), ("mqtt", tcp("localhost", 7), None));
        assert_eq!(read("ws://0.0.0.0:8083"), ("ws", tcp("0.0.0.0", 8083), None));
        assert_eq!(read("wss://h:0/a/b"), ("wss", tcp("h", 0), Some("/a/b".to_owned())));
        #[cfg(unix)]
        {
            assert_eq!(read("unix:///run/a%20b.sock"), ("unix", Spot::Unix("/run/a b.sock".into()), None));
            assert_eq!(read("unix://"), ("unix", Spot::OwnFolder, None));
        }
    }

    #[test]
    fn a_client_finds_what_is_listened_at() {
        let url = |text, place: &Place| Address::read(text).expect(text).url(place);
        let tcp = Place::Tcp("[::1]:9".parse().expect("an address"));
        assert_eq!(url("mqtts://[::]:0", &tcp), "mqtts://[::1]:9");
        assert_eq!(url("ws://[::]:0", &tcp), "ws://[::1]:9/mqtt");
        assert_eq!(url("wss://[::]:0/a", &tcp), "wss://[::1]:9/a");
        #[cfg(unix)]
        assert_eq!(url("unix://", &Place::Unix("/run/a b%.sock".into())), "unix:///run/a%20b%25.sock");
    }

    #[test]
    fn what_is_no_place_is_refused_without_its_password() {
        for text in [
            "nowhere",
            "h:port",
            "h:65536",
            ":1883",
            "mqtt://",
            "mqtt://:1",
            "mqtt://h/path",
            "http://h:1",
            "ws://h:1/a?b",
            "ws://h:1/\u{e9}",
            "unix://run/x.sock",
            "unix:///run/%zz",
            "mqtts://ann:s3cret@h:1",
        ] {
            let failure = Address::parse(text).expect_err(text);
            assert!(failure.message.starts_with("--listen `"), "{}", failure.message);
            assert!(!failure.message.contains("s3cret"), "{}", failure.message);
        }
    }
}
