//! The ways into a broker that is about to start: its ports, its unix socket, the certificates by which both sides know each
//! other, and the words that stand for all of these in its commands and files.

use super::endpoint::Upon;
use super::ports::Ports;
use super::profile::ProfileVariant;
use super::strangers::Strangers;
use super::{Carrier, Endpoint, Profile};
use crate::wire::{Authority, WebSocketClient};
use mqtt_assay_codec::Version;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

/// What stands for the path of the unix socket.
const SOCKET: &str = "{socket}";

/// The socket's name in the broker's folder: the path of a socket has room for about a hundred letters.
const SOCKET_NAME: &str = "mqtt.sock";

/// Where MQTT is on a WebSocket whose profile names no path.
const USUAL_PATH: &str = "/mqtt";

/// The ways into one broker.
pub(super) struct Doors {
    pub(super) ports: Ports,
    /// By version, with the name that people know it by.
    by_version: BTreeMap<Version, (Endpoint, String)>,
    /// What is to be written into the broker's folder, by name.
    files: BTreeMap<&'static str, String>,
    /// What stands for words.
    words: BTreeMap<&'static str, String>,
}

impl Doors {
    /// For a broker with this folder.
    pub(super) fn make(
        profile: &Profile,
        variant: &ProfileVariant,
        ports: Ports,
        folder: &Path,
    ) -> Result<Self, String> {
        let socket = folder.join(SOCKET_NAME);
        let mut words = BTreeMap::from([(SOCKET, socket.to_string_lossy().into_owned())]);
        let (mut files, mut upon) = (BTreeMap::new(), Upon::default());
        let carrier = variant.carrier;
        if carrier.has_tls() || profile.texts_of(variant).any(|text| Authority::is_wanted_by(text)) {
            let authority = Authority::new()?;
            let (made, client) = authority.files()?;
            for (word, (name, text)) in made {
                words.insert(word, folder.join(name).to_string_lossy().into_owned());
                files.insert(name, text);
            }
            let identity = (carrier == Carrier::MutualTls).then(|| client.identity()).transpose()?;
            if carrier == Carrier::MutualTls {
                upon.strangers = Strangers::make(Some(&authority), |identity| authority.client(identity))?;
            }
            let client = authority.client(identity).map_err(|error| error.to_string())?;
            upon.tls = carrier.has_tls().then(|| Rc::new(client));
        }
        let addresses = ports.addresses(variant)?;
        if carrier.has_web_socket() {
            let path = variant.path.as_deref().unwrap_or(USUAL_PATH);
            let host = addresses.values().next().map(String::as_str).unwrap_or_default();
            let client = WebSocketClient::new(host, path, Vec::new());
            upon.web_socket = Some(Rc::new(client.map_err(|why| format!("`path`: {why}"))?));
        }
        let door = |(version, address): (Version, String)| match carrier {
            Carrier::Unix => (version, (Endpoint::unix(&socket), socket.to_string_lossy().into_owned())),
            _ => (version, (Endpoint::tcp(address.as_str()).with(upon.clone()), address)),
        };
        let by_version = addresses.into_iter().map(door).collect();
        Ok(Self { ports, by_version, files, words })
    }

    /// Where each version is spoken.
    pub(super) fn endpoints(&self) -> BTreeMap<Version, Endpoint> {
        self.by_version.iter().map(|(&version, (endpoint, _))| (version, endpoint.clone())).collect()
    }

    /// Where this version is spoken, and the name of it.
    pub(super) fn of(&self, version: Version) -> (&Endpoint, &str) {
        let (endpoint, name) = &self.by_version[&version];
        (endpoint, name)
    }

    /// Puts ports and paths into a command or a file.
    pub(super) fn fill(&self, text: &str) -> String {
        let text = self.ports.fill(text);
        self.words.iter().fold(text, |text, (word, path)| text.replace(word, path))
    }

    /// Files to be written beside the profile's own.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, String)> {
        self.files.iter().map(|(&name, text)| (name.to_owned(), text.clone()))
    }
}
