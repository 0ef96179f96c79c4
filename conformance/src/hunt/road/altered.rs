//! For tests: the way to the reference broker, on which what comes is as a test wants it.

use super::{Came, Inside, Road};
use crate::wire::Ending;
use mqtt_assay_reference::{Machine, Settings};
use std::io;
use std::time::Duration;

/// What is read on a connection instead of what the broker has sent there.
type Reading = Box<dyn FnMut(&mut Inside, usize, &mut Vec<u8>, Duration) -> Came>;

/// Nothing is ever said to be ready, so that whoever waits for that lets time pass.
pub(in crate::hunt) struct Altered {
    pub(in crate::hunt) inside: Inside,
    /// A connection from which the broker takes nothing, and what is read there.
    pub(in crate::hunt) cut_off: Option<(usize, Came)>,
    reading: Reading,
}

impl Altered {
    /// All is as it is, as long as nothing is cut off.
    pub(in crate::hunt) fn new() -> Self {
        Self::reading(Inside::read)
    }

    /// With this instead of reading.
    pub(in crate::hunt) fn reading(
        reading: impl FnMut(&mut Inside, usize, &mut Vec<u8>, Duration) -> Came + 'static,
    ) -> Self {
        Self { inside: Inside::new(Machine::new(Settings::default())), cut_off: None, reading: Box::new(reading) }
    }

    fn is_cut_off(&self, connection: usize) -> bool {
        self.cut_off.is_some_and(|(cut_off, _)| cut_off == connection)
    }
}

impl Road for Altered {
    fn open(&mut self) -> io::Result<usize> {
        self.inside.open()
    }
    fn write(&mut self, connection: usize, bytes: &[u8]) -> bool {
        self.is_cut_off(connection) || self.inside.write(connection, bytes)
    }
    fn read(&mut self, connection: usize, into: &mut Vec<u8>, patience: Duration) -> Came {
        match self.cut_off {
            Some((cut_off, came)) if cut_off == connection => came,
            _ => (self.reading)(&mut self.inside, connection, into, patience),
        }
    }
    fn await_any(&mut self, _: &[usize], patience: Duration, ready: &mut Vec<usize>) {
        ready.clear();
        self.wait(patience);
    }
    fn half_close(&mut self, connection: usize) {
        self.inside.half_close(connection);
    }
    fn close(&mut self, connection: usize, ending: Ending) {
        self.inside.close(connection, ending);
    }
    fn now(&self) -> Duration {
        self.inside.now()
    }
    fn wait(&mut self, time: Duration) {
        self.inside.wait(time);
    }
    fn is_simulated(&self) -> bool {
        self.inside.is_simulated()
    }
    fn digest(&self) -> u64 {
        self.inside.digest()
    }
}
