//! Session state: what outlives a connection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, QoS};

use crate::event::ConnectionId;
use crate::faults::{CopyMarks, ExchangeMarks, SessionMarks};
use crate::state::ClientId;
use crate::state::ledger::Account;
use crate::state::message::Message;
use crate::state::subscriptions::Subscriptions;
use crate::state::will::PendingWill;
use crate::state::work::Replay;

/// The state that belongs to one client identifier.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client_id: ClientId,
    pub(crate) connection: Option<ConnectionId>,
    /// When it ends, while nobody is connected; never if there is no time.
    pub(crate) expires_at: Option<Duration>,
    pub(crate) subscriptions: Subscriptions,
    /// QoS 1 and 2 messages that wait for their turn; at most `max_queued_messages`.
    pub(crate) queue: VecDeque<Outgoing>,
    /// No message in the queue expires before this time; unknown is never.
    pub(crate) queue_expires: Option<Duration>,
    /// Retained messages that are still to be handed on, in the order of their SUBSCRIBE packets.
    pub(crate) replays: VecDeque<Replay>,
    /// Messages that were sent and not acknowledged, in the order in which they were sent; at most `max_in_flight`.
    pub(crate) in_flight: Vec<InFlight>,
    /// QoS 2 messages that came and whose PUBREL didn't; at most one for each packet identifier.
    pub(crate) received: BTreeMap<PacketId, Received>,
    pub(crate) last_packet_id: u16,
    pub(crate) will: Option<PendingWill>,
    pub(crate) faulty: SessionMarks,
    pub(crate) _account: Account,
}

/// A message on its way to one client, as it will be sent.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) message: Arc<Message>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) identifiers: Vec<u32>,
    /// Its place in the queue, once it has one.
    pub(crate) account: Option<Arc<Account>>,
    pub(crate) faulty: CopyMarks,
}

/// A message of QoS 1 or 2 that was sent and isn't acknowledged yet.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) packet_id: PacketId,
    pub(crate) outgoing: Outgoing,
    pub(crate) awaits: Awaits,
    /// Whether it was sent on the connection of now; only then it counts against the send quota.
    pub(crate) sent: bool,
    /// When it was sent last.
    pub(crate) sent_at: Duration,
}

/// The acknowledgement that a message in flight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    Puback,
    Pubrec,
    Pubcomp,
    /// Faults only: it was acknowledged and yet is sent again on the next connection.
    Nothing,
}

/// A QoS 2 message that came and whose PUBREL didn't.
#[derive(Debug)]
pub(crate) struct Received {
    /// The message, if it is handed on only when PUBREL comes.
    pub(crate) held: Option<Arc<Message>>,
    pub(crate) faulty: ExchangeMarks,
    pub(crate) _account: Account,
}

impl Session {
    pub(crate) fn new(client_id: ClientId, account: Account) -> Self {
        Self {
            client_id,
            connection: None,
            expires_at: None,
            subscriptions: Subscriptions::default(),
            queue: VecDeque::new(),
            queue_expires: None,
            replays: VecDeque::new(),
            in_flight: Vec::new(),
            received: BTreeMap::new(),
            last_packet_id: 0,
            will: None,
            faulty: SessionMarks::default(),
            _account: account,
        }
    }

    /// When this session has something to do by itself.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let will = self.will.as_ref().map(|will| will.due);
        match (will, self.expires_at) {
            (Some(will), Some(expiry)) => Some(will.min(expiry)),
            (will, expiry) => will.or(expiry),
        }
    }

    pub(crate) fn in_flight_mut(&mut self, packet_id: PacketId) -> Option<&mut InFlight> {
        self.in_flight.iter_mut().find(|entry| entry.packet_id == packet_id)
    }

    pub(crate) fn forget_in_flight(&mut self, packet_id: PacketId) -> Option<InFlight> {
        let index = self.in_flight.iter().position(|entry| entry.packet_id == packet_id)?;
        Some(self.in_flight.remove(index))
    }

    /// The next identifier that isn't in use, counting upwards; none if all 65535 are.
    pub(crate) fn unused_packet_id(&mut self) -> Option<PacketId> {
        for _ in 0..=u16::MAX {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            let packet_id = PacketId::new(self.last_packet_id)?;
            if !self.in_flight.iter().any(|entry| entry.packet_id == packet_id) {
                return Some(packet_id);
            }
        }
        None
    }
}
