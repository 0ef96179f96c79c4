//! The machine: events in, effects out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::delivery::deliver::HeldBack;
use crate::delivery::retained::Retained;
use crate::event::{Closing, ConnectionId, Effect, Event};
use crate::faults::Fault;
use crate::quirks::Quirk;
use crate::settings::Settings;
use crate::state::ClientId;
use crate::state::connection::{Alias, Connection, Phase};
use crate::state::ledger::Ledger;
use crate::state::message::Message;
use crate::state::session::Session;
use crate::state::timers::{Due, Timers};
use crate::state::will::PendingWill;

/// The embedded broker, without I/O, clock or hash order.
///
/// Whoever drives it feeds [`Event`]s to [`Machine::handle`] and does the [`Effect`]s in order; when the time is
/// [`Machine::next_deadline`], it feeds [`Event::Tick`]. What is on its way to a client that doesn't read is the driver's
/// to bound: the machine hands every packet out at once.
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
    pub(crate) retained: BTreeMap<Arc<str>, Retained>,
    /// Whose turn it is in each shared subscription; as many as there are shared filters.
    pub(crate) turns: BTreeMap<Arc<str>, usize>,
    pub(crate) timers: Timers,
    pub(crate) ledger: Ledger,
    /// How many client identifiers were assigned.
    pub(crate) assigned: u64,
    /// Quirks and faults only: wills that outlive their session, at most `max_sessions`.
    pub(crate) late_wills: Vec<PendingWill>,
    /// Copies of messages that wait to be handed on: a quirk only.
    pub(crate) held_back: VecDeque<HeldBack>,
    /// Faults only: aliases of the client that left last.
    pub(crate) left_aliases: BTreeMap<u16, Alias>,
    /// Faults only: the will that was published last.
    pub(crate) left_will: Option<Arc<Message>>,
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
            retained: BTreeMap::new(),
            turns: BTreeMap::new(),
            timers: Timers::default(),
            ledger,
            assigned: 0,
            late_wills: Vec::new(),
            held_back: VecDeque::new(),
            left_aliases: BTreeMap::new(),
            left_will: None,
        }
    }

    /// Takes in one event that happened at `now` since the start, and appends what is to be done to `effects`.
    ///
    /// Time never runs backwards: an earlier `now` than before counts as the one before. Events of a connection that was
    /// never opened or is closed change nothing.
    pub fn handle(&mut self, event: Event<'_>, now: Duration, effects: &mut Vec<Effect>) {
        self.now = self.now.max(now);
        match event {
            Event::Opened(id) => self.opened(id),
            Event::Received(id, bytes) => self.received(id, bytes),
            Event::HalfClosed(id) | Event::Reset(id) => self.lost(id),
            Event::Tick => self.tick(),
        }
        self.rearrange_effects();
        effects.append(&mut self.effects);
    }

    /// When the machine wants [`Event::Tick`] next; nothing is due by time if there is none.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.timers.next()
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

    pub(crate) fn fault(&self, fault: Fault) -> bool {
        self.settings.faults.has(fault)
    }

    pub(crate) fn quirk(&self, quirk: Quirk) -> bool {
        self.settings.quirks.has(quirk)
    }

    fn opened(&mut self, id: ConnectionId) {
        if self.connections.contains_key(&id) {
            return;
        }
        if self.connections.len() >= self.settings.limits.max_connections {
            self.effects.push(Effect::Close(id, Closing::Fin));
            return;
        }
        self.connections.insert(id, Connection::new(id, self.now));
        self.wind(id);
    }

    fn lost(&mut self, id: ConnectionId) {
        self.end(id, true);
    }

    fn tick(&mut self) {
        while let Some(due) = self.timers.pop(self.now) {
            match due {
                Due::Connection(id) => self.connection_due(id),
                Due::Session(client_id) => self.session_due(&client_id),
                Due::LateWills => self.late_wills_due(),
                Due::HeldBack => self.held_back_due(),
            }
        }
    }

    /// Sets the connection's timer by its state.
    pub(crate) fn wind(&mut self, id: ConnectionId) {
        let deadline = self.connections.get(&id).and_then(|connection| self.deadline_of(connection));
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
            Phase::Greeting => Some(connection.opened_at + self.connect_timeout()),
            Phase::Open => {
                let silence = self.patience_with(connection).map(|patience| connection.heard_at + patience);
                let resend = self.resend_deadline(connection);
                silence.into_iter().chain(resend).min()
            }
        }
    }

    fn connect_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.limits.connect_timeout))
    }

    /// How long a connection may be silent.
    fn patience_with(&self, connection: &Connection) -> Option<Duration> {
        let asked = if self.fault(Fault::KeepAliveNotEnforced) { None } else { connection.patience };
        let idle = self.quirk(Quirk::ClosesIdleClients).then_some(IDLE);
        let early = self.fault(Fault::KeepAliveEarly) && connection.is_v5();
        let asked = if early { asked.map(|patience| patience / 3) } else { asked };
        asked.into_iter().chain(idle).min()
    }

    fn connection_due(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let silent = match connection.phase {
            Phase::Deaf => false,
            Phase::Greeting => connection.opened_at + self.connect_timeout() <= self.now,
            Phase::Open => {
                self.patience_with(connection).is_some_and(|patience| connection.heard_at + patience <= self.now)
            }
        };
        match (silent, connection.phase) {
            (true, Phase::Open) => self.keep_alive_over(id),
            (true, _) => self.end(id, false),
            (false, _) => {
                self.resend_due(id);
                self.wind(id);
            }
        }
    }
}

/// How long a client may be idle under the quirk that closes idle clients.
const IDLE: Duration = Duration::from_mins(1);
