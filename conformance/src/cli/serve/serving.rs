//! One running broker: the shell of the machine, with the watch, the ledger and the log listening to it.

use super::breach::Breach;
use super::clients::Ledger;
use super::lines;
use super::log::Log;
use crate::broker::{Said, Shell};
use crate::watch::{Noticed, Watch};
use crate::wire::{Layers, NoSubprotocol, Transport};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{ConnectionId, Machine, Quirk, Settings};
use std::cell::{Ref, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// How long clients that have gone may still have something on its way.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// How long a client may take for its handshakes.
const HANDSHAKES: Duration = Duration::from_secs(10);

/// A client offers the subprotocol, and sends no text. Both versions have these rules, and neither is spoken yet where the
/// first is broken.
const SUBPROTOCOL_OFFERED: &str = "MQTT-6.0.0-3";
const BINARY_FRAMES: &str = "MQTT-6.0.0-1";

/// A running broker.
pub(super) struct Serving {
    shell: Shell,
    desk: Rc<RefCell<Desk>>,
    has_ended: Rc<Notify>,
}

/// Where all that is said comes together.
struct Desk {
    started: Instant,
    watch: Watch,
    ledger: Ledger,
    log: Option<Log>,
    is_verbose: bool,
    /// The connection whose bytes the machine deals with.
    reading: Option<u64>,
    /// Wakes who waits for the end of connections.
    has_ended: Rc<Notify>,
}

impl Serving {
    /// Starts a broker in the current local task set; without a log it is only counted what its clients break.
    pub(super) fn start(settings: Settings, quirks: &[Quirk], log: Option<Log>, is_verbose: bool) -> Rc<Self> {
        let has_ended = Rc::<Notify>::default();
        let desk = Rc::new(RefCell::new(Desk {
            started: Instant::now(),
            watch: Watch::default(),
            ledger: Ledger::default(),
            log,
            is_verbose,
            reading: None,
            has_ended: Rc::clone(&has_ended),
        }));
        let (seed, hears) = (settings.seed, Rc::clone(&desk));
        let shell = Shell::start(Machine::new(settings), quirks, seed, move |said| hears.borrow_mut().hear(said));
        Rc::new(Self { shell, desk, has_ended })
    }

    /// Takes a network connection that came in by this scheme, and goes through its handshakes.
    pub(super) fn accept(self: &Rc<Self>, stream: Box<dyn Transport>, layers: &Layers, from: &str, by: &'static str) {
        let id = self.shell.reserve();
        self.desk.borrow_mut().opened(id.0, from, by);
        if layers.are_none() {
            return self.shell.accept_as(id, stream);
        }
        let (serving, layers) = (Rc::clone(self), layers.clone());
        tokio::task::spawn_local(async move {
            match timeout(HANDSHAKES, layers.put_on(stream)).await {
                Ok(Ok(stream)) => serving.shell.accept_as(id, stream),
                Ok(Err(error)) => serving.desk.borrow_mut().no_handshake(id.0, &error),
                Err(_) => {
                    let late = format!("the handshakes took longer than {} s", HANDSHAKES.as_secs());
                    serving.desk.borrow_mut().no_handshake(id.0, &io::Error::other(late));
                }
            }
        });
    }

    /// Waits until what clients have sent is dealt with, of clients that have gone.
    pub(super) async fn settle(&self) {
        let all_ended = async {
            while self.ledger().has_open() {
                self.has_ended.notified().await;
            }
        };
        // Who stays, or takes nothing, has had its time.
        let _ = timeout(LAST_BYTES, all_ended).await;
    }

    /// Adds a line to the log.
    pub(super) fn line(&self, line: &str) {
        self.desk.borrow().line(|| line.to_owned());
    }

    /// What is known of the clients.
    pub(super) fn ledger(&self) -> Ref<'_, Ledger> {
        Ref::map(self.desk.borrow(), |desk| &desk.ledger)
    }
}

impl Desk {
    fn line(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            log.line(&line());
        }
    }

    fn opened(&mut self, number: u64, from: &str, by: &'static str) {
        // TCP alone is what everybody expects.
        let carried = if by == "mqtt" { String::new() } else { format!(" by {by}") };
        self.line(|| format!("connection {number} from {from}{carried}"));
        self.ledger.opened(number, from, by);
        self.watch.opened(number);
    }

    /// A client did not come through its handshakes.
    fn no_handshake(&mut self, number: u64, error: &io::Error) {
        self.watch.ended(number);
        let why = error.to_string();
        match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(NoSubprotocol { offered }) => {
                let did = if offered.is_empty() { "it offers none".to_owned() } else { format!("it offers {offered}") };
                self.frame_breach(number, SUBPROTOCOL_OFFERED, &did);
            }
            None => self.line(|| lines::no_handshake(number, &why)),
        }
        self.ledger.no_handshake(number, &why);
        self.has_ended.notify_one();
    }

    /// A client broke a rule about frames, which no packet shows.
    fn frame_breach(&mut self, number: u64, rule: &'static str, did: &str) {
        let version = self.ledger.version(number).unwrap_or(Version::V5);
        let did = did.to_owned();
        self.breach(&Breach { connection: number, version, rule, did, bytes: Vec::new(), length: 0, number: 0 });
    }

    fn hear(&mut self, said: Said<'_>) {
        match said {
            Said::Breach(breach) => {
                self.ledger.blames(breach.connection.0, breach.rule, &breach.detail);
                if let Some(breach) = Breach::of_machine(breach) {
                    self.breach(&breach);
                }
            }
            Said::Note(note) => {
                self.ledger.notes(note.connection.0, &note.text);
                let client = self.ledger.client(note.connection.0);
                self.line(|| lines::note(note.connection.0, client, &note.text));
            }
            Said::Read(ConnectionId(number), bytes) => {
                self.reading = Some(number);
                let mut noticed = Vec::new();
                self.watching(|watch, tell| watch.read(number, bytes, tell), &mut noticed);
                self.breaches(&noticed);
            }
            Said::Wrote(ConnectionId(number), bytes) => {
                let at = self.started.elapsed();
                let mut noticed = Vec::new();
                self.watching(|watch, tell| watch.wrote(number, bytes, at, tell), &mut noticed);
                self.breaches(&noticed);
            }
            Said::Text(ConnectionId(number), ends_it) => {
                let did = "a text frame";
                self.frame_breach(number, BINARY_FRAMES, did);
                if ends_it {
                    self.ledger.refuses(number, BINARY_FRAMES, did);
                }
            }
            Said::ClientEnded(ConnectionId(number), ending, why) => {
                self.reading = None;
                self.ledger.client_ended(number, ending, why);
            }
            Said::Closes(ConnectionId(number)) => self.closes(number),
            Said::Ended(ConnectionId(number)) => {
                self.watch.ended(number);
                self.ended(number);
            }
        }
    }

    /// Lets the watch look at something; what it notices is logged, and breaches are laid aside.
    fn watching(&mut self, look: impl FnOnce(&mut Watch, &mut dyn FnMut(Noticed<'_>)), breaches: &mut Vec<Breach>) {
        let Self { watch, ledger, log, is_verbose, .. } = self;
        look(watch, &mut |noticed| match noticed {
            Noticed::Passing(passing) => {
                ledger.passes(passing.connection, passing.from, passing.version, passing.packet.as_ref());
                if let Some(log) = log.as_ref().filter(|_| *is_verbose) {
                    log.line(&lines::packet(&passing, ledger.client(passing.connection)));
                }
            }
            Noticed::Breach(breach) => breaches.push(breach.into()),
        });
    }

    fn breaches(&mut self, breaches: &[Breach]) {
        for breach in breaches {
            self.breach(breach);
        }
    }

    fn breach(&mut self, breach: &Breach) {
        self.ledger.breach(breach);
        let client = self.ledger.client(breach.connection);
        self.line(|| lines::breach(breach, client));
    }

    fn closes(&mut self, number: u64) {
        let client = self.ledger.client(number);
        let other = self.reading.filter(|reading| *reading != number && client.is_some());
        let taken_over_by = other.filter(|other| self.ledger.client(*other) == client);
        let by_client = self.ledger.closes(number, taken_over_by);
        let at = self.started.elapsed();
        let mut noticed = Vec::new();
        self.watching(|watch, tell| watch.closes(number, by_client, at, tell), &mut noticed);
        self.breaches(&noticed);
    }

    fn ended(&mut self, number: u64) {
        let client = self.ledger.client(number).map(str::to_owned);
        self.has_ended.notify_one();
        let Some(end) = self.ledger.ended(number) else { return };
        if let Some(log) = self.log.as_ref().filter(|_| self.is_verbose) {
            log.line(&lines::end(number, client.as_deref(), end));
        }
    }
}
