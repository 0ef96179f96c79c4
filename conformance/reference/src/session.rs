//! Session state: what outlives a connection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, QoS, SubscriptionOptions};

use super::ledger::Account;
use super::message::Message;
use super::will::PendingWill;
use super::{ClientId, ConnectionId};

/// The state that belongs to one client identifier.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client_id: ClientId,
    pub(super) connection: Option<ConnectionId>,
    /// When it ends, while nobody is connected; never if there is no time.
    pub(super) expires_at: Option<Duration>,
    /// In the order in which they were made; at most `max_subscriptions`.
    pub(super) subscriptions: Vec<Subscription>,
    /// QoS 1 and 2 messages that wait for their turn; at most `max_queued_messages`.
    pub(super) queue: VecDeque<Outgoing>,
    /// Messages that were sent and not acknowledged, in the order in which they were sent; at most `max_in_flight`.
    pub(super) in_flight: Vec<InFlight>,
    /// QoS 2 messages that came and whose PUBREL didn't; at most one for each packet identifier.
    pub(super) received: BTreeMap<PacketId, Received>,
    pub(super) last_packet_id: u16,
    pub(super) will: Option<PendingWill>,
    /// For faults only: it began with Clean Start 1.
    pub(super) begun_anew: bool,
    pub(super) _account: Account,
}

/// A subscription of one session.
#[derive(Debug)]
pub(super) struct Subscription {
    /// As the client wrote it, `$share/name/` included.
    pub(super) filter: Arc<str>,
    pub(super) options: SubscriptionOptions,
    /// The QoS granted, not the one asked for.
    pub(super) granted: QoS,
    pub(super) identifier: Option<u32>,
    /// Whether the filter is a shared one, which it never is in 3.1.1.
    pub(super) shared: bool,
    pub(super) _account: Account,
}

/// A message on its way to one client, as it will be sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) message: Arc<Message>,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) identifiers: Vec<u32>,
    /// The shared subscription that chose this client.
    pub(super) group: Option<Arc<str>>,
    /// Its place in the queue, once it has one.
    pub(super) account: Option<Arc<Account>>,
}

/// A message of QoS 1 or 2 that was sent and isn't acknowledged yet.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) packet_id: PacketId,
    pub(super) outgoing: Outgoing,
    pub(super) awaits: Awaits,
    /// Whether it was sent on the connection of now; only then it counts against the send quota.
    pub(super) sent: bool,
    /// When it was sent last.
    pub(super) sent_at: Duration,
}

/// The acknowledgement that a message in flight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaits {
    Puback,
    Pubrec,
    Pubcomp,
    /// Faults only: it was acknowledged and yet is sent again on the next connection.
    Nothing,
}

/// A QoS 2 message that came and whose PUBREL didn't.
#[derive(Debug)]
pub(super) struct Received {
    /// The message, if it is handed on only when PUBREL comes.
    pub(super) held: Option<Arc<Message>>,
    pub(super) expires_at: Option<Duration>,
    pub(super) _account: Account,
}

impl Session {
    pub(super) fn new(client_id: ClientId, account: Account) -> Self {
        Self {
            client_id,
            connection: None,
            expires_at: None,
            subscriptions: Vec::new(),
            queue: VecDeque::new(),
            in_flight: Vec::new(),
            received: BTreeMap::new(),
            last_packet_id: 0,
            will: None,
            begun_anew: false,
            _account: account,
        }
    }

    /// When this session has something to do by itself.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let will = self.will.as_ref().map(|will| will.due);
        match (will, self.expires_at) {
            (Some(will), Some(expiry)) => Some(will.min(expiry)),
            (will, expiry) => will.or(expiry),
        }
    }

    pub(super) fn in_flight_mut(&mut self, packet_id: PacketId) -> Option<&mut InFlight> {
        self.in_flight.iter_mut().find(|entry| entry.packet_id == packet_id)
    }

    pub(super) fn forget_in_flight(&mut self, packet_id: PacketId) -> Option<InFlight> {
        let index = self.in_flight.iter().position(|entry| entry.packet_id == packet_id)?;
        Some(self.in_flight.remove(index))
    }

    /// The next identifier that isn't in use, counting upwards; none if all 65535 are.
    pub(super) fn unused_packet_id(&mut self) -> Option<PacketId> {
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
