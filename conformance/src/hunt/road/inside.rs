//! The reference broker, driven in this process without tasks, sockets or a clock: what is written is an event, what comes
//! of it waits in a queue for the next read, and waiting moves the time.

use super::{Came, Road};
use crate::wire::Ending;
use mqtt_assay_reference::{Closing, ConnectionId, Effect, Event, Machine};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Timers that may go off at one moment: more than that is a broker that never comes to rest.
const MOST_TICKS: usize = 10_000;

/// How often time may stand still for something that is due before what is waited for is given up.
const MOST_STEPS: usize = 10_000;

/// How long one event takes: time goes on, as it does on every clock, so that nothing hangs on two things at once.
const STEP: Duration = Duration::from_micros(20);

/// The reference broker as a road.
#[derive(Debug)]
pub struct Inside {
    machine: Machine,
    now: Duration,
    next: u64,
    open: Vec<Option<End>>,
    numbers: BTreeMap<ConnectionId, usize>,
    effects: Vec<Effect>,
    crashes: u64,
    written: u64,
}

/// Our end of one connection.
#[derive(Debug)]
struct End {
    id: ConnectionId,
    /// What the broker has sent and was not read.
    inbox: Vec<u8>,
    ended: Option<Ending>,
    has_closed: bool,
}

impl Inside {
    /// The broker at its beginning.
    pub fn new(machine: Machine) -> Self {
        Self {
            machine,
            now: Duration::ZERO,
            next: 0,
            open: Vec::new(),
            numbers: BTreeMap::new(),
            effects: Vec::new(),
            crashes: 0,
            written: 0,
        }
    }

    /// The broker itself, for who counts what it stores.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    fn handle(&mut self, event: Event<'_>) {
        let before = self.numbers.len();
        self.machine.handle(event, self.now, &mut self.effects);
        let mut forgotten = Vec::new();
        let mut resets = 0;
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Send(id, bytes) => {
                    match self.end_of(id) {
                        Some(end) => end.inbox.extend_from_slice(&bytes),
                        // Nobody takes it any more, so that it is thrown away.
                        None => forgotten.push((id, bytes.len())),
                    }
                }
                Effect::Discard(id) => {
                    if let Some(end) = self.end_of(id) {
                        forgotten.push((id, std::mem::take(&mut end.inbox).len()));
                    }
                }
                Effect::Close(id, closing) => {
                    resets += usize::from(closing == Closing::Reset);
                    self.closed(id, closing);
                }
                Effect::Breach(_) | Effect::Note(_) => {}
            }
        }
        if resets > 1 && resets >= before {
            self.crashes += 1;
        }
        for (id, bytes) in forgotten {
            self.handle(Event::Written(id, bytes));
        }
    }

    fn end_of(&mut self, id: ConnectionId) -> Option<&mut End> {
        let number = *self.numbers.get(&id)?;
        self.open.get_mut(number)?.as_mut()
    }

    fn closed(&mut self, id: ConnectionId, closing: Closing) {
        if let Some(end) = self.end_of(id) {
            end.ended = Some(match closing {
                Closing::Fin => Ending::Fin,
                Closing::Reset => Ending::Reset,
            });
        }
        self.numbers.remove(&id);
    }

    /// Does what is due by now.
    fn settle(&mut self) {
        for _ in 0..MOST_TICKS {
            if self.machine.next_deadline().is_none_or(|due| due > self.now) {
                return;
            }
            self.handle(Event::Tick);
        }
    }

    /// Goes on to the next thing that is due, but not beyond `until`; false where that is reached.
    fn advance(&mut self, until: Duration) -> bool {
        let due = self.machine.next_deadline().filter(|due| *due < until);
        self.now = due.unwrap_or(until).max(self.now);
        self.settle();
        due.is_some()
    }

    fn event(&mut self, event: Event<'_>) {
        self.now += STEP;
        self.settle();
        self.handle(event);
        self.settle();
    }

    /// A read would not wait.
    fn is_ready(&self, connection: usize) -> bool {
        let end = self.open.get(connection).and_then(Option::as_ref);
        end.is_none_or(|end| !end.inbox.is_empty() || end.ended.is_some())
    }

    /// Hands over what waits on a connection.
    fn take(&mut self, connection: usize, into: &mut Vec<u8>) -> Option<Came> {
        let end = self.open.get_mut(connection)?.as_mut()?;
        if end.inbox.is_empty() {
            return end.ended.map(Came::Ended);
        }
        let (id, count) = (end.id, end.inbox.len());
        into.append(&mut end.inbox);
        self.handle(Event::Written(id, count));
        self.settle();
        Some(Came::Bytes)
    }
}

impl Road for Inside {
    fn open(&mut self) -> io::Result<usize> {
        let id = ConnectionId(self.next);
        self.next += 1;
        let number = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        if number == self.open.len() {
            self.open.push(None);
        }
        self.open[number] = Some(End { id, inbox: Vec::new(), ended: None, has_closed: false });
        self.numbers.insert(id, number);
        self.event(Event::Opened(id));
        Ok(number)
    }

    fn write(&mut self, connection: usize, bytes: &[u8]) -> bool {
        self.written = super::digest(self.written, bytes);
        let Some(Some(end)) = self.open.get(connection) else { return false };
        let (id, is_open) = (end.id, end.ended.is_none() && !end.has_closed);
        if is_open {
            self.event(Event::Received(id, bytes));
        }
        is_open
    }

    fn read(&mut self, connection: usize, into: &mut Vec<u8>, patience: Duration) -> Came {
        self.settle();
        if !matches!(self.open.get(connection), Some(Some(_))) {
            return Came::Ended(Ending::Reset);
        }
        let until = self.now + patience;
        for _ in 0..MOST_STEPS {
            if let Some(came) = self.take(connection, into) {
                return came;
            }
            if patience.is_zero() || self.now >= until || !self.advance(until) {
                break;
            }
        }
        self.take(connection, into).unwrap_or(Came::Nothing)
    }

    fn await_any(&mut self, connections: &[usize], patience: Duration, ready: &mut Vec<usize>) {
        self.settle();
        let until = self.now + patience;
        for _ in 0..MOST_STEPS {
            ready.clear();
            ready.extend((0..connections.len()).filter(|place| self.is_ready(connections[*place])));
            if !ready.is_empty() || self.now >= until || !self.advance(until) {
                return;
            }
        }
    }

    fn half_close(&mut self, connection: usize) {
        let Some(Some(end)) = self.open.get_mut(connection) else { return };
        let id = end.id;
        if !std::mem::replace(&mut end.has_closed, true) {
            self.event(Event::HalfClosed(id));
        }
    }

    fn close(&mut self, connection: usize, ending: Ending) {
        let Some(end) = self.open.get_mut(connection).and_then(Option::take) else { return };
        match ending {
            Ending::Fin if !end.has_closed => self.event(Event::HalfClosed(end.id)),
            Ending::Reset => self.event(Event::Reset(end.id)),
            Ending::Fin => {}
        }
        self.handle(Event::Gone(end.id));
        self.numbers.remove(&end.id);
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..MOST_STEPS {
            if self.now >= until || !self.advance(until) {
                return;
            }
        }
        self.now = until;
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn deaths(&self) -> u64 {
        self.crashes
    }

    fn memory(&self) -> Option<u64> {
        Some(self.machine.memory() as u64)
    }

    fn digest(&self) -> u64 {
        self.written
    }
}
