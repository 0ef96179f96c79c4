//! The doors: where messages, copies, packets and connections come in, the way that the machine is on is set.
//!
//! Nothing of it is kept where no answer depends on the way.

use mqtt_assay_codec::{Packet, PacketId, PacketType, Version};

use super::SubscriptionMarks;
use super::way::{Path, Shape, Turn, Way};
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::connection::Connection;
use crate::state::message::Message;
use crate::state::session::{Outgoing, Session};
use crate::state::subscriptions::Subscription;
use crate::state::will::Will;
use crate::state::work::Work;

impl Machine {
    fn turn(&self, change: impl FnOnce(&mut Way)) -> Option<Turn> {
        if !self.settings.faults.looks_at_ways() {
            return None;
        }
        let mut way = self.faulty.road.now();
        change(&mut way);
        Some(self.faulty.road.turn(way))
    }

    /// A packet came.
    pub(crate) fn on_packet(&mut self, id: ConnectionId, packet: &Packet<'_>, len: usize) -> Option<Turn> {
        let count = self.count_packet(id, packet.packet_type());
        let acknowledged = match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => Some(ack.packet_id),
            _ => None,
        };
        let exchange = acknowledged.and_then(|packet_id| self.way_of_exchange(id, packet_id));
        self.turn(|way| {
            *way = exchange.unwrap_or(Way { count, length: len, ..Way::default() });
            match packet {
                // A second one of a connection joins nothing.
                Packet::Connect(connect) if self.session_by(id).is_none() => {
                    self.mark_joining(way, connect.client_id, connect.clean_start);
                }
                Packet::Disconnect(_) => self.mark_will_of(way, id),
                _ => mark_joined(way, self.session_by(id)),
            }
            mark_packet(way, packet);
        })
    }

    /// The how manieth packet of its type this is on its connection.
    fn count_packet(&mut self, id: ConnectionId, packet_type: PacketType) -> u32 {
        let Some(connection) = self.connections.get_mut(&id) else { return 0 };
        let Some(count) = connection.faulty.packets.get_mut(packet_type as usize) else { return 0 };
        *count = count.saturating_add(1);
        *count
    }

    /// A SUBSCRIBE or an UNSUBSCRIBE is worked on.
    pub(crate) fn on_work(&self, id: ConnectionId, client_id: &ClientId, work: &Work) -> Option<Turn> {
        let connection = self.connections.get(&id)?;
        let packet_type = if work.subscribes { PacketType::Subscribe } else { PacketType::Unsubscribe };
        let count = connection.faulty.packets.get(packet_type as usize).copied().unwrap_or_default();
        let session = self.sessions.get(client_id);
        self.turn(|way| {
            let length = work.filters.bytes();
            *way = Way { count, length, packet_id: work.packet_id.get(), ..Way::default() };
            mark_joined(way, session);
            let mut at = 0;
            while let Some((filter, _, next)) = work.filters.read(at) {
                way.one_of_several = at > 0;
                way.shape = way.shape.or(Some(Shape::of(filter)));
                way.shared |= connection.is_v5() && mqtt_assay_codec::is_shared(filter);
                way.replaced |= session.is_some_and(|session| session.subscriptions.get(filter).is_some());
                at = next;
            }
        })
    }

    /// One topic filter of it.
    pub(crate) fn on_filter(&self, client_id: &ClientId, filter: &str, is_v5: bool) -> Option<Turn> {
        self.turn(|way| {
            let session = self.sessions.get(client_id);
            way.shape = Some(Shape::of(filter));
            way.shared = is_v5 && mqtt_assay_codec::is_shared(filter);
            way.replaced = session.is_some_and(|session| session.subscriptions.get(filter).is_some());
        })
    }

    /// A message comes in, or is looked up.
    pub(crate) fn on_message(&self, message: &Message) -> Option<Turn> {
        self.turn(|way| begin_message(way, message))
    }

    /// It is held against subscriptions of a client, or copied for them. Where it is no retained one for a new
    /// subscription, it goes to who is connected and waits for who isn't.
    pub(crate) fn on_subscriptions(
        &self,
        session: &Session,
        together: &[&Subscription],
        is_retained: bool,
    ) -> Option<Turn> {
        self.turn(|way| mark_subscriptions(way, session, together, is_retained))
    }

    /// A message is held against one subscription of a client, of which several may match.
    pub(crate) fn on_held(&self, session: &Session, held: &Subscription, several_match: bool) -> Option<Turn> {
        self.turn(|way| {
            mark_subscriptions(way, session, &[held], false);
            way.overlapping = several_match;
        })
    }

    /// A retained message is held against a subscription, or copied for it.
    pub(crate) fn on_retained(&self, client_id: &ClientId, filter: &str, message: &Message) -> Option<Turn> {
        let session = self.sessions.get(client_id)?;
        let held = session.subscriptions.get(filter);
        self.turn(|way| {
            begin_message(way, message);
            mark_subscriptions(way, session, held.as_slice(), true);
        })
    }

    /// What a subscription that is made now remembers.
    pub(crate) fn marks_of_subscription(&self) -> SubscriptionMarks {
        let Way { one_of_several, replaced, .. } = self.faulty.road.now();
        SubscriptionMarks { one_of_several, replaced }
    }

    /// A copy is handed on to a client: from now on it is known whether it waits.
    pub(crate) fn on_copy(&mut self, client_id: &ClientId, outgoing: &mut Outgoing) -> Option<Turn> {
        let session = self.sessions.get_mut(client_id)?;
        let path = path_to(session, outgoing.faulty.is_retained);
        let handed_on = &mut session.faulty.handed_on[path as usize];
        *handed_on = handed_on.saturating_add(1);
        outgoing.faulty.way.path = Some(path);
        outgoing.faulty.way.count = *handed_on;
        self.turn(|way| {
            *way = outgoing.faulty.way;
            let session = self.sessions.get(client_id);
            mark_joined(way, session.filter(|session| session.connection.is_some()));
        })
    }

    /// A copy is chosen among those for the members of a shared subscription.
    pub(crate) fn on_copy_of(&self, outgoing: &Outgoing) -> Option<Turn> {
        self.turn(|way| *way = outgoing.faulty.way)
    }

    /// A copy is sent, `again` if it was before.
    pub(crate) fn on_sending(
        &self,
        id: ConnectionId,
        outgoing: &Outgoing,
        packet_id: Option<PacketId>,
        again: bool,
    ) -> Option<Turn> {
        self.turn(|way| {
            *way = outgoing.faulty.way;
            way.sent_again = again;
            way.packet_id = packet_id.map_or(0, PacketId::get);
            mark_joined(way, self.session_by(id));
        })
    }

    /// The next message for a client is looked for.
    pub(crate) fn on_next(&self, session: &Session) -> Option<Turn> {
        let unsent = session.in_flight.iter().find(|entry| !entry.sent).map(|entry| (&entry.outgoing, true));
        let (next, again) = unsent.or(session.queue.front().map(|next| (next, false)))?;
        self.on_sending(session.connection?, next, None, again)
    }

    /// Something is sent that belongs to a message in flight, `again` if it was before.
    pub(crate) fn on_exchange(&self, id: ConnectionId, packet_id: PacketId, again: bool) -> Option<Turn> {
        let exchange = self.way_of_exchange(id, packet_id)?;
        self.turn(|way| {
            *way = exchange;
            way.sent_again = again;
            way.packet_id = packet_id.get();
            mark_joined(way, self.session_by(id));
        })
    }

    /// Something happens to a connection by itself.
    pub(crate) fn on_connection(&self, connection: &Connection) -> Option<Turn> {
        self.turn(|way| {
            let session = connection.client_id.as_ref().and_then(|client_id| self.sessions.get(client_id));
            *way = Way::default();
            mark_joined(way, session);
        })
    }

    /// A connection ends that may have a will.
    pub(crate) fn on_will_of(&self, id: ConnectionId) -> Option<Turn> {
        self.turn(|way| self.mark_will_of(way, id))
    }

    /// The end of a connection is dealt with.
    pub(crate) fn on_end(&self, connection: &Connection) -> Option<Turn> {
        let session = connection.client_id.as_ref().and_then(|client_id| self.sessions.get(client_id));
        self.turn(|way| {
            *way = Way::default();
            mark_joined(way, session);
            mark_will(way, connection.will.as_ref());
        })
    }

    /// Notes how a client came to its session.
    pub(crate) fn note_joined(&mut self, id: ConnectionId, client_id: &ClientId) {
        let way = self.faulty.road.now();
        let version = self.connections.get(&id).map(|connection| connection.version);
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.faulty.resumed = way.resumed.unwrap_or_default();
            session.faulty.taken_over = way.taken_over;
            session.faulty.version = version;
        }
    }

    fn session_by(&self, id: ConnectionId) -> Option<&Session> {
        let client_id = self.connections.get(&id)?.client_id.as_ref()?;
        self.sessions.get(client_id)
    }

    fn way_of_exchange(&self, id: ConnectionId, packet_id: PacketId) -> Option<Way> {
        let mut in_flight = self.session_by(id)?.in_flight.iter();
        in_flight.find(|entry| entry.packet_id == packet_id).map(|entry| entry.outgoing.faulty.way)
    }

    fn mark_joining(&self, way: &mut Way, client_id: &str, clean_start: bool) {
        let session = self.sessions.get(client_id);
        let resumed = session.filter(|_| !clean_start).map_or(0, |session| session.faulty.resumed.saturating_add(1));
        way.resumed = Some(resumed);
        way.count = resumed.saturating_add(1);
        way.taken_over = session.and_then(|session| session.connection).map(|_| clean_start);
    }

    fn mark_will_of(&self, way: &mut Way, id: ConnectionId) {
        mark_joined(way, self.session_by(id));
        mark_will(way, self.connections.get(&id).and_then(|connection| connection.will.as_ref()));
    }
}

fn mark_joined(way: &mut Way, session: Option<&Session>) {
    way.resumed = session.map(|session| session.faulty.resumed);
    way.taken_over = session.and_then(|session| session.faulty.taken_over);
}

fn mark_subscriptions(way: &mut Way, session: &Session, together: &[&Subscription], is_retained: bool) {
    let path = path_to(session, is_retained);
    way.path = Some(path);
    way.count = session.faulty.handed_on[path as usize].saturating_add(1);
    mark_joined(way, session.connection.and(Some(session)));
    way.overlapping = together.len() > 1;
    way.shape = match together {
        [only] => Some(Shape::of(&only.filter)),
        _ => None,
    };
    way.shared = together.iter().any(|subscription| subscription.shared);
    way.one_of_several = together.iter().any(|subscription| subscription.faulty.one_of_several);
    way.replaced = together.iter().any(|subscription| subscription.faulty.replaced);
    let granted = together.iter().map(|subscription| subscription.granted).max();
    let published = way.published_at;
    way.lowered = published.zip(granted).is_some_and(|(published, granted)| granted < published);
    way.qos = published.map(|published| published.min(granted.unwrap_or(published)));
    way.other_version = differ(way.published_in, session.faulty.version);
}

fn mark_will(way: &mut Way, will: Option<&Will>) {
    if let Some(will) = will {
        mark_message(way, &will.message);
        way.count = way.resumed.unwrap_or_default().saturating_add(1);
    }
}

fn begin_message(way: &mut Way, message: &Message) {
    *way = Way { count: way.count, resumed: way.resumed, taken_over: way.taken_over, ..Way::default() };
    mark_message(way, message);
}

fn mark_message(way: &mut Way, message: &Message) {
    way.is_will = message.faulty.is_will;
    way.retains = message.retain;
    way.qos = Some(message.qos);
    way.published_at = way.qos;
    way.published_in = message.faulty.version;
    way.length = message.payload.len();
}

fn mark_packet(way: &mut Way, packet: &Packet<'_>) {
    way.packet_id = packet.packet_id().map_or(0, PacketId::get);
    if let Packet::Publish(publish) = packet {
        way.qos = Some(publish.qos);
        way.sent_again = publish.dup;
        way.length = publish.payload.len();
    }
}

fn path_to(session: &Session, is_retained: bool) -> Path {
    match session.connection {
        _ if is_retained => Path::Retained,
        Some(_) => Path::Live,
        None => Path::Queued,
    }
}

fn differ(one: Option<Version>, other: Option<Version>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}
