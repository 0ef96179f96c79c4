//! Where `serve` listens: addresses of the command line become sockets here, and nowhere else.

use super::address::{Address, Spot};
use super::args::ServeArgs;
use super::certificates::Tls;
use super::serving::Serving;
use crate::broker::{Folder, manners, remove_abandoned};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::text::{quoted, single_line};
use crate::wire::{Layers, Listener, Peer, Place, WebSocketServer};
use mqtt_assay_reference::FaultSet;
use std::cell::Cell;
use std::io::{self, Error, ErrorKind};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often at most a connection may fail while it is taken: out of file descriptors it would fail on and on.
const RETRY: Duration = Duration::from_millis(100);

/// How long a listener may take to come to a connection of our own.
const LONGEST_QUEUE: Duration = Duration::from_secs(2);

/// The socket's name in a folder of our own.
const SOCKET_NAME: &str = "mqtt.sock";

/// Where a broker is to listen, and how TLS is spoken there: the same for each broker of `--each`.
pub(super) struct Entrance {
    addresses: Vec<Address>,
    tls: Option<Tls>,
}

impl Entrance {
    /// What the arguments say; certificates are read or made.
    pub(super) fn of(args: &ServeArgs) -> Result<Self, Failure> {
        let addresses: Vec<Address> =
            args.addresses().iter().map(|text| Address::parse(text)).collect::<Result<_, _>>()?;
        let is_one_for_all = |address: &&Address| args.jobs > 1 && !address.is_free_for_many();
        if let Some(address) = addresses.iter().find(is_one_for_all) {
            let way_out = "write port 0, or unix:// without a path";
            let shown = quoted(&single_line(&address.text));
            return Err(Failure::usage(format!(
                "--listen {shown}: with --jobs {} each broker wants a place of its own: {way_out}",
                args.jobs
            )));
        }
        remove_abandoned();
        let tls = args.tls.prepare(&addresses)?;
        Ok(Self { addresses, tls })
    }

    /// Files that were made for clients, by names of the environment.
    fn made(&self) -> impl Iterator<Item = (&'static str, String)> {
        let made = self.tls.iter().flat_map(|tls| &tls.made);
        made.map(|(name, path)| (*name, path.to_string_lossy().into_owned()))
    }

    /// What lies upon the connections that come in there.
    fn layers(&self, address: &Address, faults: &FaultSet) -> Layers {
        let tls = self.tls.as_ref().filter(|_| address.carrier.has_tls()).map(|tls| tls.server.clone());
        let server = || WebSocketServer { manners: manners(faults), path: address.path.clone() };
        Layers { tls, web_socket: address.carrier.has_web_socket().then(server) }
    }
}

/// All sockets that listen.
pub(super) struct Listeners {
    doors: Vec<Rc<Door>>,
    made: Vec<(&'static str, String)>,
}

/// One of them.
struct Door {
    listener: Listener,
    place: Place,
    address: Address,
    layers: Layers,
    /// Our own connection, which is not to be served.
    awaited: Cell<Option<Peer>>,
    has_come: Notify,
    _folder: Option<Folder>,
}

impl Listeners {
    /// Listens at all addresses; at least one. The faults are those of frames.
    pub(super) async fn bind(entrance: &Entrance, faults: &FaultSet) -> Result<Self, Failure> {
        let mut doors = Vec::with_capacity(entrance.addresses.len());
        for address in &entrance.addresses {
            let layers = entrance.layers(address, faults);
            let door = Door::open(address, layers).await.map_err(|error| not_listening(address, &error))?;
            doors.push(Rc::new(door));
        }
        Ok(Self { doors, made: entrance.made().collect() })
    }

    /// Their addresses.
    pub(super) fn urls(&self) -> Vec<String> {
        self.doors.iter().map(|door| door.address.url(&door.place)).collect()
    }

    /// What is told first.
    pub(super) fn greeting(&self, has_command: bool) -> String {
        let ends = if has_command { "ends with the command" } else { "Ctrl-C ends" };
        format!("listening on {}; {ends}", self.urls().join(", "))
    }

    /// What is told of certificates that were made.
    pub(super) fn certificates(&self) -> Option<String> {
        let named = |name: &str| self.made.iter().find(|(made, _)| *made == name).map(|(_, path)| single_line(path));
        let authority = named("MQTT_CA")?;
        let of_clients = named("MQTT_CERT").zip(named("MQTT_KEY"));
        let show = of_clients.map_or_else(String::new, |(cert, key)| {
            format!("; clients show {cert} (MQTT_CERT) with the key {key} (MQTT_KEY)")
        });
        Some(format!("certificates are made for this run: clients trust {authority} (MQTT_CA){show}"))
    }

    /// Where a client of this machine finds them, as names of the environment. Names of what is not so are taken out, for
    /// they would lead elsewhere.
    pub(super) fn environment(&self) -> Vec<(&'static str, Option<String>)> {
        let Some(first) = self.doors.first() else { return Vec::new() };
        let (host, port, socket) = match first.place.clone().reached() {
            Place::Tcp(address) => (Some(address.ip().to_string()), Some(address.port().to_string()), None),
            Place::Unix(path) => (None, None, Some(path.to_string_lossy().into_owned())),
        };
        let urls: Vec<String> = self.doors.iter().map(|door| door.address.url(&door.place.clone().reached())).collect();
        let mut names = vec![
            ("MQTT_URL", urls.first().cloned()),
            ("MQTT_URLS", Some(urls.join(" "))),
            ("MQTT_HOST", host),
            ("MQTT_PORT", port),
            ("MQTT_SOCKET", socket),
        ];
        names.extend(self.made.iter().map(|(name, path)| (*name, Some(path.clone()))));
        names
    }

    /// Takes connections from now on.
    pub(super) fn serve(&self, serving: &Rc<Serving>) {
        for door in &self.doors {
            tokio::task::spawn_local(accept(Rc::clone(door), Rc::clone(serving)));
        }
    }

    /// Ends when all connections have been taken that were opened before.
    pub(super) async fn have_taken_all(&self) {
        for door in &self.doors {
            // Where there is no descriptor left for it, what has come to light by now has to do.
            let _ = timeout(LONGEST_QUEUE, door.comes_to_our_own()).await;
        }
    }
}

impl Door {
    async fn open(address: &Address, layers: Layers) -> io::Result<Self> {
        let (listener, folder) = match &address.spot {
            Spot::Tcp(host, port) => (Listener::tcp((host.trim_matches(['[', ']']), *port)).await?, None),
            Spot::Unix(path) => (listener_at(path)?, None),
            Spot::OwnFolder => {
                let folder = Folder::create()?;
                (listener_at(&folder.path().join(SOCKET_NAME))?, Some(folder))
            }
        };
        let place = listener.place()?;
        Ok(Self {
            listener,
            place,
            address: address.clone(),
            layers,
            awaited: Cell::new(None),
            has_come: Notify::new(),
            _folder: folder,
        })
    }

    /// Opens a connection of our own, and ends when it is its turn.
    async fn comes_to_our_own(&self) -> io::Result<()> {
        let Some(knock) = self.listener.knock()? else { return Ok(()) };
        self.awaited.set(Some(knock.peer()));
        let _open = knock.open().await?;
        self.has_come.notified().await;
        Ok(())
    }

    /// True once for our own connection.
    fn is_our_own(&self, peer: Peer) -> bool {
        let is_awaited = self.awaited.get() == Some(peer);
        if is_awaited {
            self.awaited.set(None);
            self.has_come.notify_one();
        }
        is_awaited
    }
}

/// Listens at a path. A socket that nobody listens at any more is left of somebody who was killed, and makes room.
#[cfg(unix)]
fn listener_at(path: &Path) -> io::Result<Listener> {
    use std::os::unix::fs::FileTypeExt as _;
    match Listener::unix(path.to_owned()) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
                return Err(Error::new(ErrorKind::AlreadyExists, "there is a file of this name, and it is no socket"));
            }
            match std::os::unix::net::UnixStream::connect(path) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                _ => return Err(error),
            }
            std::fs::remove_file(path)?;
            Listener::unix(path.to_owned())
        }
        bound => bound,
    }
}

#[cfg(not(unix))]
fn listener_at(_: &Path) -> io::Result<Listener> {
    Err(Error::new(ErrorKind::Unsupported, "this system has no unix sockets"))
}

/// Why nothing can be served there, and what can be done about it.
fn not_listening(address: &Address, error: &Error) -> Failure {
    let is_tcp = matches!(address.spot, Spot::Tcp(..));
    let way_out = match error.kind() {
        ErrorKind::AddrInUse if is_tcp => {
            let free = if address.text.contains("://") {
                format!("{}://127.0.0.1:0", address.scheme)
            } else {
                "127.0.0.1:0".to_owned()
            };
            format!("; another program listens there: end it, or take a free port with --listen {free}")
        }
        ErrorKind::AddrInUse => "; another program listens there: end it, or take another path".to_owned(),
        ErrorKind::AlreadyExists => "; remove it, or take another path".to_owned(),
        ErrorKind::PermissionDenied if is_tcp => {
            "; ports below 1024 are often for administrators only: choose a higher one".to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            "; this machine has no such address: try 127.0.0.1, or 0.0.0.0 for all it has".to_owned()
        }
        ErrorKind::InvalidInput if !is_tcp => "; the path of a socket has room for about a hundred letters".to_owned(),
        ErrorKind::NotFound if !is_tcp => "; the folder of the socket has to be there".to_owned(),
        _ => String::new(),
    };
    Failure::new(Exit::Usage, format!("--listen {}: {error}{way_out}", quoted(&address.text)))
}

/// Takes connections for ever. One that fails while it is taken is the client's affair, and logged.
async fn accept(door: Rc<Door>, serving: Rc<Serving>) {
    let mut retries = interval(RETRY);
    retries.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        match door.listener.accept().await {
            Ok((_, peer)) if door.is_our_own(peer) => {}
            Ok((stream, peer)) => serving.accept(stream, &door.layers, &peer.to_string(), door.address.scheme),
            Err(error) => {
                serving.line(&format!("a connection failed: {error}"));
                retries.tick().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock;
    use clap::Parser;
    use mqtt_assay_reference::Settings;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn entrance(words: &[&str]) -> Result<Entrance, Failure> {
        let words = Words::try_parse_from([&["serve"], words].concat()).expect("arguments of serve");
        Entrance::of(&words.serve)
    }

    fn bound<T>(addresses: &[&str], then: impl AsyncFnOnce(Listeners) -> T) -> T {
        let words: Vec<&str> = addresses.iter().flat_map(|address| ["--listen", address]).collect();
        let entrance = entrance(&words).expect("addresses");
        let done = clock::real(async {
            let listeners = Listeners::bind(&entrance, &FaultSet::default()).await.expect("it listens");
            then(listeners).await
        });
        done.expect("a runtime")
    }

    #[test]
    fn a_command_is_told_an_address_that_it_can_reach() {
        let names = bound(&["0.0.0.0:0", "ws://[::]:0/a"], async |listeners| listeners.environment());
        let value = |name| names.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.clone());
        let (url, port) = (value("MQTT_URL").expect("an address"), value("MQTT_PORT").expect("a port"));
        assert_eq!(
            (url.as_str(), value("MQTT_HOST")),
            (&*format!("mqtt://127.0.0.1:{port}"), Some("127.0.0.1".to_owned()))
        );
        let urls = value("MQTT_URLS").expect("addresses");
        let (first, second) = urls.split_once(' ').expect("two addresses");
        assert!(first == url && second.starts_with("ws://[::1]:") && second.ends_with("/a"), "{urls}");
        assert_eq!(value("MQTT_SOCKET"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_is_named_and_what_leads_elsewhere_is_taken_out() {
        let names = bound(&["unix://"], async |listeners| listeners.environment());
        assert!(names.contains(&("MQTT_HOST", None)) && names.contains(&("MQTT_PORT", None)), "{names:?}");
        let socket = names.iter().find(|(name, _)| *name == "MQTT_SOCKET").and_then(|(_, path)| path.as_deref());
        assert!(socket.is_some_and(|path| path.ends_with("/mqtt.sock")), "{names:?}");
    }

    /// How many connections are known that were opened and ended before anybody looked.
    fn known(address: &str, open: impl Fn(&Place)) -> u64 {
        bound(&[address], async |listeners| {
            let settings = Settings::default();
            let serving = Serving::start(settings, &[], None, false);
            let place = listeners.doors[0].place.clone().reached();
            (0..20).for_each(|_| open(&place));
            listeners.serve(&serving);
            listeners.have_taken_all().await;
            let known = serving.ledger().connections;
            listeners.have_taken_all().await;
            assert_eq!(serving.ledger().connections, known, "our own are nobody's");
            known
        })
    }

    #[test]
    fn every_connection_that_was_opened_is_taken_before_the_end() {
        let tcp = |place: &Place| drop(std::net::TcpStream::connect(place.to_string()).expect("it listens"));
        for address in ["127.0.0.1:0", "0.0.0.0:0", "ws://127.0.0.1:0", "mqtts://127.0.0.1:0"] {
            assert_eq!(known(address, tcp), 20, "{address}");
        }
        #[cfg(unix)]
        {
            let unix =
                |place: &Place| drop(std::os::unix::net::UnixStream::connect(place.to_string()).expect("it listens"));
            assert_eq!(known("unix://", unix), 20);
        }
    }

    #[test]
    fn brokers_side_by_side_want_places_of_their_own() {
        let with = |address: &str| {
            entrance(&["--each", "quirk", "--jobs", "2", "--listen", address, "--", "true"]).map(|_| ())
        };
        assert_eq!(with("wss://127.0.0.1:0/a"), Ok(()));
        assert_eq!(with("ws://127.0.0.1:80").map_err(|failure| failure.exit), Err(Exit::Usage));
        #[cfg(unix)]
        {
            assert_eq!(with("unix://"), Ok(()));
            assert_eq!(with("unix:///tmp/x.sock").map_err(|failure| failure.exit), Err(Exit::Usage));
        }
    }
}
