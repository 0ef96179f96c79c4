//! What went over the connections of one case, in a form that costs next to nothing to write; a transcript is made of it
//! only where somebody is to read it.

use crate::link::{Remark, Transcript, What};
use crate::wire::Ending;
use bytes::Bytes;
use mqtt_assay_codec::Version;
use std::ops::Range;
use std::time::Duration;

/// Happenings in their order.
#[derive(Debug, Clone, Default)]
pub(in crate::hunt) struct Log {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    at: Duration,
    side: usize,
    what: Happening,
    bytes: Range<usize>,
}

/// One kind of happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hunt) enum Happening {
    Open,
    Sent(Option<&'static str>),
    Received,
    Ended(Ending),
    Closed(Ending),
    HalfClosed,
}

/// A connection, as the transcript names it.
#[derive(Debug, Clone)]
pub(in crate::hunt) struct Role {
    pub(in crate::hunt) name: String,
    pub(in crate::hunt) version: Version,
}

impl Log {
    /// Adds a happening; its line, from 1.
    pub(in crate::hunt) fn add(&mut self, at: Duration, side: usize, what: Happening, bytes: &[u8]) -> u32 {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.entries.push(Entry { at, side, what, bytes: start..self.bytes.len() });
        self.entries.len() as u32
    }

    pub(in crate::hunt) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// The last line.
    pub(in crate::hunt) fn last(&self) -> u32 {
        self.entries.len() as u32
    }

    /// What people, and `replay`, read.
    pub(in crate::hunt) fn transcript(&self, case: &str, roles: &[Role], notes: &[(u32, String)]) -> Transcript {
        let version = roles.first().map_or(Version::V5, |role| role.version);
        let mut transcript = Transcript::new(case, version);
        for role in roles {
            transcript.speaks(&role.name, role.version);
        }
        let begun = self.entries.first().map_or(Duration::ZERO, |entry| entry.at);
        for entry in &self.entries {
            let bytes = Bytes::copy_from_slice(&self.bytes[entry.bytes.clone()]);
            let role = roles.get(entry.side).map_or("one", |role| role.name.as_str());
            transcript.add(entry.at.saturating_sub(begun), role, entry.what.told(bytes));
        }
        let at = self.entries.last().map_or(Duration::ZERO, |entry| entry.at.saturating_sub(begun));
        for (line, note) in notes {
            let side = self.entries.get((*line as usize).saturating_sub(1)).map_or(0, |entry| entry.side);
            let role = roles.get(side).map_or("one", |role| role.name.as_str());
            let place = if *line == 0 { String::new() } else { format!("line {line}: ") };
            transcript.add(at, role, What::Said(Remark::Decides, format!("{place}{note}")));
        }
        transcript
    }
}

impl Happening {
    fn told(self, bytes: Bytes) -> What {
        match self {
            Self::Open => What::Open,
            Self::Sent(mutation) => What::Sent { bytes, mutation: mutation.map(str::to_owned) },
            Self::Received => What::Received(bytes),
            Self::Ended(ending) => What::Ended(ending),
            Self::Closed(ending) => What::Closed(ending),
            Self::HalfClosed => What::HalfClosed,
        }
    }
}
