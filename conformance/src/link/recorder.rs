//! What all connections of a case write to: the record, what the case itself has published, and how much is kept.

use super::capacity::{Capacity, Room, RunCapacity};
use super::ear::Ear;
use super::transcript::{Remark, Transcript, What};
use crate::auditor::{Audit, Auditor, Facts};
use crate::text::{Secrets, cut};
use crate::wire::FrameKind;
use mqtt_assay_codec::{DecodeError, Packet, QoS, ReasonCode, Version};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// Letters of what is said about a case, names and lists of a broker's included.
const LETTERS_SAID: usize = 4000;

/// Something that came from the broker, and where it is written down.
pub(crate) struct Sighting<'a> {
    /// Id of the case whose connection it was.
    pub(crate) case: &'a str,
    /// The version that the connection speaks.
    pub(crate) version: Version,
    /// The role there.
    pub(crate) role: &'a str,
    /// The line of that case's transcript.
    pub(crate) line: u32,
    /// The packet; `None` for bytes that are no packet at all.
    pub(crate) packet: Option<&'a Packet<'a>>,
    /// The rule of form that its bytes break, if they break one.
    pub(crate) error: Option<&'a DecodeError>,
    /// In which kind of frame it came to its end, where frames carry it.
    pub(crate) frame: Option<FrameKind>,
    /// What the auditor says of it.
    pub(crate) audit: &'a Audit,
    /// It is a message for others, which another case or another user of the broker has brought about.
    pub(crate) is_foreign: bool,
}

/// A packet as it is shown.
pub(super) struct Seen<'a> {
    /// `None` for bytes that are no packet at all.
    pub(super) packet: Option<&'a Packet<'a>>,
    pub(super) error: Option<&'a DecodeError>,
    pub(super) is_foreign: bool,
}

/// What came and went on a connection and is not written down, so that a broker that never stops sending costs no more
/// than its numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Unwritten {
    packets: u64,
    bytes: u64,
    answers: u64,
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packets, bytes, answers } = self;
        write!(
            f,
            "not written down: {packets} packets of others, {bytes} bytes, and {answers} acknowledgements of ours"
        )
    }
}

/// Who is shown everything that a broker sends.
pub(crate) trait Witness {
    /// Takes notice of it.
    fn saw(&self, sighting: &Sighting<'_>);

    /// The judge over all traffic of the run.
    fn auditor(&self) -> &Rc<Auditor>;

    /// Since the run began.
    fn now(&self) -> Duration;
}

/// Who shows nobody what a broker sends beside a case; the auditor hears of it all the same.
pub(crate) struct Beside(Rc<dyn Witness>);

impl Witness for Beside {
    fn saw(&self, _: &Sighting<'_>) {}

    fn auditor(&self) -> &Rc<Auditor> {
        self.0.auditor()
    }

    fn now(&self) -> Duration {
        self.0.now()
    }
}

/// A message that some client of the case has sent: what a fence is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub(crate) link: String,
    /// The transcript line at which it was sent; of a will, the line of its CONNECT.
    pub(crate) line: u32,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    /// Neither retained nor mutated: what the standard orders.
    pub(crate) is_plain: bool,
    /// 0 at QoS 0 and for a will.
    pub(crate) packet_id: u16,
    /// The code of 0x80 or above with which the broker did not take it: then it owes it to nobody.
    pub(crate) refused: Option<ReasonCode>,
}

/// Where a case runs, as the auditor has to know it.
#[derive(Default)]
pub(crate) struct Surroundings {
    /// Which of the run's brokers it is at.
    pub(crate) broker: u64,
    /// What stands before every client identifier of the case.
    pub(crate) own_clients: String,
    /// Time jumps over waiting.
    pub(crate) is_simulated: bool,
}

/// The record of a case under way.
pub(crate) struct Recorder {
    started: Instant,
    transcript: RefCell<Transcript>,
    /// What stands before the topics of the case.
    own_topics: String,
    publications: RefCell<Vec<Publication>>,
    /// By role.
    unwritten: RefCell<BTreeMap<String, Unwritten>>,
    capacity: Capacity,
    witness: Rc<dyn Witness>,
    surroundings: Surroundings,
    is_clean_up: Cell<bool>,
}

impl Recorder {
    pub(crate) fn new(
        case: String,
        version: Version,
        own_topics: &str,
        run: &Rc<RunCapacity>,
        witness: Rc<dyn Witness>,
        surroundings: Surroundings,
    ) -> Self {
        Self {
            started: Instant::now(),
            transcript: RefCell::new(Transcript::new(case, version)),
            own_topics: own_topics.to_owned(),
            publications: RefCell::default(),
            unwritten: RefCell::default(),
            capacity: Capacity::of(run),
            witness,
            surroundings,
            is_clean_up: Cell::new(false),
        }
    }

    /// Who watches what is done beside the case.
    pub(crate) fn unseen(&self) -> Beside {
        Beside(Rc::clone(&self.witness))
    }

    /// Shows none of these passwords.
    pub(crate) fn hide(&self, secrets: Secrets) {
        self.transcript.borrow_mut().hide(secrets);
    }

    /// What this role's connection speaks.
    pub(super) fn speaks(&self, role: &str, version: Version) {
        self.transcript.borrow_mut().speaks(role, version);
    }

    /// Since the case began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Since anything was done or heard.
    pub(crate) fn quiet_for(&self) -> Duration {
        let last = self.transcript.borrow().lines.last().map_or(Duration::ZERO, |line| line.at);
        self.elapsed().saturating_sub(last)
    }

    pub(crate) fn record(&self, role: &str, what: What) -> u32 {
        self.transcript.borrow_mut().add(self.elapsed(), role, what)
    }

    pub(crate) fn say(&self, role: &str, remark: Remark, text: impl Into<String>) -> u32 {
        let text = text.into();
        self.record(role, What::Said(remark, cut(&text, LETTERS_SAID).into_owned()))
    }

    /// What was written down, and behind it the numbers of what was not.
    pub(crate) fn transcript(&self) -> Transcript {
        let mut transcript = self.transcript.borrow().clone();
        for (role, unwritten) in self.unwritten.borrow().iter() {
            transcript.add(self.elapsed(), role, What::Said(Remark::Notes, unwritten.to_string()));
        }
        transcript
    }

    /// Counts a packet of others from the broker that is not written down.
    pub(super) fn count_packet(&self, role: &str, len: usize) {
        self.count(role, |unwritten| {
            unwritten.packets += 1;
            unwritten.bytes += len as u64;
        });
    }

    /// Counts an acknowledgement of ours that is not written down.
    pub(super) fn count_answer(&self, role: &str) {
        self.count(role, |unwritten| unwritten.answers += 1);
    }

    fn count(&self, role: &str, add: impl FnOnce(&mut Unwritten)) {
        let mut unwritten = self.unwritten.borrow_mut();
        match unwritten.get_mut(role) {
            Some(known) => add(known),
            None => add(unwritten.entry(role.to_owned()).or_default()),
        }
    }

    /// Takes a packet of this length from the broker in; false where there is no more room for what it sends.
    pub(super) fn has_room_for(&self, len: usize) -> bool {
        self.capacity.takes(len)
    }

    /// Makes the room free again that a packet of this length took.
    pub(crate) fn gives_back(&self, len: usize) {
        self.capacity.gives_back(len);
    }

    /// Whether there is room for a message of others that is so long.
    pub(super) fn room_for_others(&self, len: usize) -> Room {
        self.capacity.takes_of_others(len)
    }

    /// A connection of this role begins; who is told all that goes over it.
    pub(super) fn listen(&self, role: &str, version: Version) -> Ear {
        let facts = Facts {
            version,
            case: self.transcript.borrow().case.clone(),
            role: role.to_owned(),
            broker: self.surroundings.broker,
            own_clients: self.surroundings.own_clients.clone(),
            own_topics: self.own_topics.clone(),
            is_simulated: self.surroundings.is_simulated,
            is_clean_up: self.is_clean_up.get(),
        };
        Ear::new(Rc::clone(&self.witness), facts)
    }

    /// From here on connections remove what the case has left on the broker.
    pub(crate) fn clean_up_begins(&self) {
        self.is_clean_up.set(true);
    }

    /// Shows something from the broker, on a connection of this role and version, to who watches the run.
    pub(super) fn show(
        &self,
        role: &str,
        version: Version,
        line: u32,
        seen: &Seen<'_>,
        frame: Option<FrameKind>,
        audit: &Audit,
    ) {
        let transcript = self.transcript.borrow();
        let case = transcript.case.as_str();
        let &Seen { packet, error, is_foreign } = seen;
        self.witness.saw(&Sighting { case, version, role, line, packet, error, frame, audit, is_foreign });
    }

    pub(crate) fn published(&self, publication: Publication) {
        self.publications.borrow_mut().push(publication);
    }

    /// Notes a PUBACK or PUBREC that refuses a message of this connection (5.0 sections 3.4.2.1 and 3.5.2.1).
    pub(super) fn note_refusal(&self, link: &str, packet: &Packet<'_>) {
        let (Packet::Puback(ack) | Packet::Pubrec(ack)) = packet else { return };
        let mut publications = self.publications.borrow_mut();
        let is_meant = |known: &&mut Publication| known.link == link && known.packet_id == ack.packet_id.get();
        if let Some(refused) = publications.iter_mut().rev().find(is_meant).filter(|_| ack.reason.is_error()) {
            refused.refused = Some(ack.reason);
        }
    }

    /// The last message with this payload that a client of the case sent.
    pub(crate) fn publication(&self, payload: &[u8]) -> Option<Publication> {
        self.publications.borrow().iter().rev().find(|known| known.payload == payload).cloned()
    }

    /// True for a message below the case's own topics, or one that a client of the case has sent.
    pub(super) fn is_ours(&self, topic: &str, payload: &[u8]) -> bool {
        topic.starts_with(&self.own_topics)
            || self.publications.borrow().iter().any(|known| known.topic == topic || known.payload == payload)
    }

    /// True for a topic that the case uses.
    pub(super) fn is_our_topic(&self, topic: &str) -> bool {
        topic.starts_with(&self.own_topics) || self.publications.borrow().iter().any(|known| known.topic == topic)
    }
}
