//! The machine: what a broker is made of, and what every room may ask of it.
//!
//! The rooms above add to `impl Machine` what is theirs to do. May use: the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::Version;

use crate::event::{ConnectionId, Effect, Note};
use crate::faults::{self, Fault};
use crate::planted::{self, Planted};
use crate::quirks::{self, Quirk};
use crate::settings::Settings;
use crate::state::ClientId;
use crate::state::connection::{Connection, Phase};
use crate::state::departed::Departed;
use crate::state::ledger::Ledger;
use crate::state::levels::LevelMap;
use crate::state::message::Message;
use crate::state::outflow::Outflow;
use crate::state::session::Session;
use crate::state::timers::{Due, Timers};

/// The embedded broker, without I/O, clock or hash order.
///
/// Whoever drives it feeds [`Event`]s to [`Machine::handle`] and does the [`Effect`]s in order; when the time is
/// [`Machine::next_deadline`], it feeds [`Event::Tick`]. It tells what it has written ([`Event::Written`]): messages wait
/// in the machine for a client that takes what was sent before, and a client that lets too much wait is disconnected. A
/// packet that takes long is done in legs; between them the deadline is at once, and others are served.
///
/// [`Event`]: crate::Event
/// [`Event::Tick`]: crate::Event::Tick
/// [`Event::Written`]: crate::Event::Written
#[derive(Debug)]
pub struct Machine {
    pub(crate) settings: Settings,
    pub(crate) now: Duration,
    pub(crate) effects: Vec<Effect>,
    /// At most `max_connections`.
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    /// At most `max_sessions`.
    pub(crate) sessions: BTreeMap<ClientId, Session>,
    /// At most `max_retained_messages`, by topic.
    pub(crate) retained: LevelMap<Arc<Message>>,
    /// No retained message expires before this time; unknown is never.
    pub(crate) retained_expires: Option<Duration>,
    /// Who subscribes with which filter, by the topic filter without its share name: kept by a broker without faults only,
    /// since faulty ones match otherwise.
    pub(crate) subscribers: LevelMap<Vec<Subscriber>>,
    /// Whose turn it is in each shared subscription; as many as there are shared filters.
    pub(crate) turns: BTreeMap<Arc<str>, usize>,
    pub(crate) timers: Timers,
    pub(crate) ledger: Ledger,
    /// What is handed out and not written yet.
    pub(crate) outflow: Outflow,
    /// Connections that let too much wait, and how: they end with the event of now.
    pub(crate) overflowing: Vec<(ConnectionId, &'static str)>,
    /// A client that could not take at once what the event of now brought it.
    pub(crate) congested: Option<ConnectionId>,
    /// What the event of now has cost, in steps of about a microsecond.
    pub(crate) effort: usize,
    /// Connections with work that was broken off; whose turn it was last.
    pub(crate) busy: BTreeSet<ConnectionId>,
    pub(crate) last_busy: ConnectionId,
    /// Clients that have sent DISCONNECT, until nothing can come from them any more; at most `max_connections`.
    pub(crate) departed: BTreeMap<ConnectionId, Departed>,
    /// How many client identifiers were assigned.
    pub(crate) assigned: u64,
    /// What only quirks need.
    pub(crate) quirky: quirks::State,
    /// What only faults need.
    pub(crate) faulty: faults::State,
    /// What only planted bugs need.
    pub(crate) planted_state: planted::State,
}

impl Machine {
    /// A broker at time 0 without connections.
    pub fn new(settings: Settings) -> Self {
        let ledger = Ledger::new(settings.limits.max_stored_bytes);
        Self {
            settings,
            now: Duration::ZERO,
            effects: Vec::new(),
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            retained: LevelMap::default(),
            retained_expires: None,
            subscribers: LevelMap::default(),
            turns: BTreeMap::new(),
            timers: Timers::default(),
            ledger,
            outflow: Outflow::default(),
            overflowing: Vec::new(),
            congested: None,
            effort: 0,
            busy: BTreeSet::new(),
            last_busy: ConnectionId(0),
            departed: BTreeMap::new(),
            assigned: 0,
            quirky: quirks::State::default(),
            faulty: faults::State::default(),
            planted_state: planted::State::default(),
        }
    }

    /// When the machine wants [`Event::Tick`](crate::Event::Tick) next; nothing is due by time if there is none.
    pub fn next_deadline(&self) -> Option<Duration> {
        if self.faulty.is_silent { None } else { self.timers.next() }
    }

    /// Open connections.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// Sessions, connected or not.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Bytes stored for clients, as `max-stored-bytes` counts them.
    pub fn stored_bytes(&self) -> usize {
        self.ledger.used()
    }

    /// All that the broker keeps at this moment, in bytes: what is stored and what is not written yet, and a little for each
    /// thing that it looks after. Where everybody has left and taken everything with them, it is what it was before.
    pub fn memory(&self) -> usize {
        const EACH: usize = 64;
        let things = self.connections.len()
            + self.sessions.len()
            + self.retained.len()
            + self.subscribers.len()
            + self.turns.len()
            + self.departed.len();
        self.ledger.used() + self.outflow.unsent() + EACH * things
    }

    /// Bytes handed out to be written and not written yet, as `max-unsent-bytes` counts them.
    pub fn unsent_bytes(&self) -> usize {
        self.outflow.unsent()
    }

    /// Whether something that came on this connection is still worked on: nothing more should be read from it until then.
    pub fn is_busy(&self, id: ConnectionId) -> bool {
        self.busy.contains(&id) || self.quirky.slow.contains_key(&id)
    }

    /// Whether the event of now has cost so much that others are to be served first.
    pub(crate) fn is_tired(&self) -> bool {
        self.effort >= MOST_EFFORT
    }

    /// Tells the log what happened to a client.
    pub(crate) fn note(&mut self, id: ConnectionId, text: impl Into<String>) {
        let client_id = self.connections.get(&id).and_then(|connection| connection.client_id.as_deref());
        let note = Note { connection: id, client_id: client_id.map(str::to_owned), text: text.into() };
        self.effects.push(Effect::Note(note));
    }

    /// Whether the broker does this wrong, on the way of now: the one question at every branch where a fault strikes.
    pub(crate) fn fault(&self, fault: Fault) -> bool {
        self.settings.faults.has(fault, &self.faulty.road.now())
    }

    /// Whether the broker has this bug.
    pub(crate) fn planted(&self, planted: Planted) -> bool {
        self.settings.planted == Some(planted)
    }

    /// Whether the broker does nothing wrong at all.
    pub(crate) fn is_faultless(&self) -> bool {
        self.settings.faults.is_idle()
    }

    /// Whether the broker uses this freedom.
    pub(crate) fn quirk(&self, quirk: Quirk) -> bool {
        self.settings.quirks.has(quirk)
    }

    /// Whether this connection speaks 5.0.
    pub(crate) fn is_v5(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(Connection::is_v5)
    }

    /// The version that this connection speaks.
    pub(crate) fn version_of(&self, id: ConnectionId) -> Option<Version> {
        self.connections.get(&id).map(|connection| connection.version)
    }

    /// The session of an accepted connection.
    pub(crate) fn session_of(&mut self, id: ConnectionId) -> Option<&mut Session> {
        let client_id = self.connections.get(&id)?.client_id.as_ref()?;
        self.sessions.get_mut(client_id)
    }

    /// The client of a connection; nameless if a fault took its session away.
    pub(crate) fn client_of(&self, id: ConnectionId) -> ClientId {
        let client_id = self.connections.get(&id).and_then(|connection| connection.client_id.clone());
        client_id.unwrap_or_else(|| "".into())
    }

    /// Sets the connection's timer by its state.
    pub(crate) fn wind(&mut self, id: ConnectionId) {
        let connection = self.connections.get(&id);
        let _way = connection.and_then(|connection| self.on_connection(connection));
        let deadline = connection.and_then(|connection| self.deadline_of(connection));
        self.timers.set(Due::Connection(id), deadline);
    }

    /// Sets the session's timer by its state.
    pub(crate) fn wind_session(&mut self, client_id: &ClientId) {
        let deadline = self.sessions.get(client_id).and_then(Session::deadline);
        self.timers.set(Due::Session(Arc::clone(client_id)), deadline);
    }

    fn deadline_of(&self, connection: &Connection) -> Option<Duration> {
        match connection.phase {
            Phase::Deaf => None,
            Phase::Greeting if self.fault(Fault::NeverClosesSilentConnection) => None,
            Phase::Greeting if self.faulty.kept.contains(&connection.id) => None,
            Phase::Greeting => Some(connection.opened_at + self.connect_timeout()),
            Phase::Authenticating => Some(connection.heard_at + self.connect_timeout()),
            Phase::Open => {
                let silence = self.patience_with(connection).map(|patience| connection.heard_at + patience);
                let resend = self.resend_deadline(connection);
                silence.into_iter().chain(resend).min()
            }
        }
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        if self.quirk(Quirk::PatientWithSilence) {
            return PATIENCE_WITH_SILENCE;
        }
        Duration::from_secs(u64::from(self.settings.limits.connect_timeout))
    }

    /// How long a connection may be silent.
    pub(crate) fn patience_with(&self, connection: &Connection) -> Option<Duration> {
        let asked = if self.fault(Fault::KeepAliveNotEnforced) { None } else { connection.patience };
        let idle = self.quirk(Quirk::ClosesIdleClients).then_some(IDLE);
        let early = self.fault(Fault::KeepAliveEarly) && connection.is_v5();
        let asked = if early { asked.map(|patience| patience / 3) } else { asked };
        asked.into_iter().chain(idle).min()
    }
}

/// A client with a filter, as it wrote it.
pub(crate) type Subscriber = (ClientId, Arc<str>);

/// What one event may cost: some milliseconds.
pub(crate) const MOST_EFFORT: usize = 1000;

/// How long a connection may wait for its CONNECT under the quirk that is patient with silence.
const PATIENCE_WITH_SILENCE: Duration = Duration::from_millis(13_250);

/// How long a client may be idle under the quirk that closes idle clients.
const IDLE: Duration = Duration::from_mins(1);
