//! Reads what a broker sends on one connection.
//!
//! Packets are recorded when they arrive, whatever step the case is at, so that two packets in one segment, one packet
//! in pieces and a packet nobody waits for are all the same to a case. What arrives is decoded strictly; where the
//! broker breaks a rule of form, the breach goes to the invariants, and the packet is read once more without that one
//! rule, so that a single wrong bit doesn't spoil the cases that are about something else.
//!
//! Under a wide topic filter the messages of others come too: other cases', and those of whoever uses the broker. They
//! are acknowledged and else nothing to the case, however large they are and however many.

use super::capacity::Room;
use super::connection::{Arrival, Link};
use super::describe::quoted;
use super::recorder::Seen;
use super::transcript::{Remark, What};
use crate::auditor::Audit;
use crate::wire::{Ending, Read};
use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay_codec::{
    Acknowledgement, Context, DecodeError, Decoded, Limits, OwnedDecoded, OwnedPacket, Packet, PacketId, PacketStream,
    PacketType, Properties, QoS, ReasonCode, Rule, Sender, StreamItem, Version, decode, decode_waiving,
};
use std::future::poll_fn;
use std::rc::Rc;

/// How many bytes of an unreadable rest are recorded where there is no room for all.
const HEAD: usize = 1 << 10;

/// How many messages of others a connection writes down for what is wrong with them, beyond those that it has room for.
const FINDINGS: u32 = 4;

/// What has come and is not read yet.
#[derive(Default)]
struct Unread {
    bytes: BytesMut,
    /// A message of somebody else that is too large to keep, and has not come to its end.
    passing: Option<Passing>,
}

/// A message that is passed over.
struct Passing {
    /// Bytes of its payload that are still to come.
    left: usize,
    qos: QoS,
    packet_id: Option<PacketId>,
}

pub(super) async fn read_all(link: Rc<Link>) {
    let mut unread = Unread::default();
    let mut chunk = [0u8; 16 << 10];
    let mut readable = true;
    loop {
        let read = poll_fn(|context| link.poll_read(context, &mut chunk)).await;
        link.leave_the_door();
        match read {
            Read::Bytes(count) if readable => {
                unread.bytes.extend_from_slice(&chunk[..count]);
                readable = take_packets(&link, &mut unread);
                link.unfinished.set(unread.bytes.len());
            }
            Read::Bytes(_) => {}
            Read::Ended(ending) => {
                end(&link, unread.bytes, ending);
                return;
            }
        }
    }
}

/// Records the end of the broker's half, and before it what is left of an unfinished packet.
fn end(link: &Link, rest: BytesMut, ending: Ending) {
    if !rest.is_empty() {
        record_rest(link, rest.freeze());
    }
    link.ended.set(Some(ending));
    let line = link.recorder.record(&link.label, What::Ended(ending));
    link.push(Arrival::Ended(ending), line);
}

/// Records bytes that are no whole packet; all of them, or where there is no room their beginning.
fn record_rest(link: &Link, mut rest: Bytes) -> u32 {
    if !link.recorder.has_room_for(rest.len()) {
        rest.truncate(HEAD);
    }
    link.recorder.record(&link.label, What::Received(rest))
}

/// Takes all whole packets out of what has come; false once the stream can't be read any further.
fn take_packets(link: &Link, unread: &mut Unread) -> bool {
    loop {
        if !unread.pass_over(link) || unread.bytes.is_empty() {
            return true;
        }
        match refusal_in_other_version(link, &unread.bytes) {
            Refusal::No => {}
            Refusal::Unfinished => return true,
            Refusal::Whole(packet) => {
                let bytes = unread.bytes.split_to(packet.bytes().len()).freeze();
                let line = link.recorder.record(&link.label, What::Received(bytes));
                link.push(Arrival::Packet(packet), line);
                continue;
            }
        }
        match decode_one(&unread.bytes, link.recorder.version(), link.largest()) {
            Step::Wait => return true,
            Step::Packet { len, error } => {
                let bytes = unread.bytes.split_to(len).freeze();
                if !deliver(link, &bytes, error) {
                    return false;
                }
            }
            Step::TooLarge => match begin_passing(link, &mut unread.bytes) {
                Begun::Passing(passing) => unread.passing = Some(passing),
                Begun::Wait => return true,
                Begun::Not => {
                    let line = record_rest(link, unread.bytes.split().freeze());
                    link.push(Arrival::TooLarge(link.largest()), line);
                    return false;
                }
            },
            Step::Unknown { len, error } => {
                let bytes = unread.bytes.split_to(len).freeze();
                let line = link.recorder.record(&link.label, What::Received(bytes));
                show_refused(link, line, &error);
            }
            Step::Unreadable(error) => {
                let line = record_rest(link, unread.bytes.split().freeze());
                show_refused(link, line, &error);
                link.push(Arrival::Unreadable(error), line);
                return false;
            }
        }
    }
}

impl Unread {
    /// Drops what has come of a message that is passed over; true where nothing of it is left.
    fn pass_over(&mut self, link: &Link) -> bool {
        let Some(passing) = &mut self.passing else { return true };
        let count = passing.left.min(self.bytes.len());
        self.bytes.advance(count);
        passing.left -= count;
        if passing.left > 0 {
            return false;
        }
        if link.acknowledges.get() {
            acknowledge_message(link, passing.qos, passing.packet_id);
        }
        self.passing = None;
        true
    }
}

/// What the beginning of a packet is that is larger than what is read.
enum Begun {
    /// The message of somebody else: it is let pass.
    Passing(Passing),
    /// Whose it is can't be told yet.
    Wait,
    /// No message, or one of the case.
    Not,
}

/// Takes all that comes before the payload, if the packet is a message of somebody else.
fn begin_passing(link: &Link, bytes: &mut BytesMut) -> Begun {
    let context = Context::new(link.recorder.version(), Sender::Server);
    let mut stream = PacketStream::new(context, Limits::default());
    stream.buffer().extend_from_slice(bytes);
    let head = match stream.next_item(link.largest() as usize) {
        Ok(Some(StreamItem::Head(head))) => head,
        // All that comes before a payload is short, unless somebody means to fill our memory.
        Ok(None) if is_publish(bytes) && bytes.len() < link.largest() as usize => return Begun::Wait,
        _ => return Begun::Not,
    };
    let publish = head.publish();
    if publish.topic.is_empty() || link.recorder.is_our_topic(publish.topic) {
        return Begun::Not;
    }
    let (length, topic) = (head.payload_len(), quoted(publish.topic.as_bytes()));
    let line =
        link.recorder.say(&link.label, Remark::Notes, format!("passes over {length} bytes of others, on {topic}"));
    let audit = link.audit.borrow_mut().passes(&publish);
    let seen = Seen { packet: Some(&Packet::Publish(publish)), error: None, is_foreign: true };
    link.recorder.show(&link.label, line, &seen, &audit);
    let passing = Passing { left: head.payload_len(), qos: publish.qos, packet_id: publish.packet_id };
    bytes.advance(head.bytes().len());
    Begun::Passing(passing)
}

fn is_publish(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first >> 4 == PacketType::Publish as u8)
}

/// Shows bytes that are no packet to who watches the run.
fn show_refused(link: &Link, line: u32, error: &DecodeError) {
    let seen = Seen { packet: None, error: Some(error), is_foreign: false };
    link.recorder.show(&link.label, line, &seen, &Audit::default());
}

/// The rule of form that a packet from the broker breaks, if it breaks one.
pub(crate) fn breach_of_form(packet: &OwnedPacket) -> Option<DecodeError> {
    let context = Context::new(packet.version(), Sender::Server);
    decode(packet.bytes(), context, &Limits::default()).err()
}

enum Step {
    Wait,
    Packet {
        len: usize,
        error: Option<DecodeError>,
    },
    /// A packet of a type that the version does not have.
    Unknown {
        len: usize,
        error: DecodeError,
    },
    TooLarge,
    Unreadable(DecodeError),
}

fn decode_one(bytes: &[u8], version: Version, largest: u32) -> Step {
    let context = Context::new(version, Sender::Server);
    let limits = Limits { max_packet_size: largest, ..Limits::default() };
    let error = match decode(bytes, context, &limits) {
        Ok(Decoded::Complete { len, .. }) => return Step::Packet { len, error: None },
        Ok(Decoded::Partial { .. }) => return Step::Wait,
        Err(error) if error.rule == Rule::PacketTooLarge => return Step::TooLarge,
        Err(error) if error.rule == Rule::ReservedPacketType => return pass_unknown(bytes, largest, error),
        Err(error) => error,
    };
    match decode_waiving(bytes, context, &limits, error.rule) {
        Ok(Decoded::Complete { len, .. }) => Step::Packet { len, error: Some(error) },
        Ok(Decoded::Partial { .. }) => Step::Wait,
        Err(_) => Step::Unreadable(error),
    }
}

/// A packet of a type that is not there has a length like any other, so that what follows it can be read.
fn pass_unknown(bytes: &[u8], largest: u32, error: DecodeError) -> Step {
    let mut len = 0_usize;
    for (place, byte) in bytes.iter().skip(1).take(4).enumerate() {
        len |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            len += place + 2;
            return match len {
                len if len > largest as usize => Step::Unreadable(error),
                len if len > bytes.len() => Step::Wait,
                len => Step::Unknown { len, error },
            };
        }
    }
    if bytes.len() < 5 { Step::Wait } else { Step::Unreadable(error) }
}

/// Gives a packet to the case, and to all that watch it; false where no more is kept.
fn deliver(link: &Link, bytes: &Bytes, error: Option<DecodeError>) -> bool {
    let context = Context::new(link.recorder.version(), Sender::Server);
    let packet = own(bytes, context, error.map(|error| error.rule));
    if let Some(packet) = packet.as_ref().filter(|packet| is_foreign(link, &packet.packet())) {
        return pass_on(link, bytes, packet, error.as_ref());
    }
    if !link.recorder.has_room_for(bytes.len()) {
        return flood(link);
    }
    let line = link.recorder.record(&link.label, What::Received(bytes.clone()));
    let Some(packet) = packet else { return true };
    note_state(link, line, &packet);
    let audit = link.audit.borrow_mut().received(&packet.packet(), error.as_ref());
    let seen = Seen { packet: Some(&packet.packet()), error: error.as_ref(), is_foreign: false };
    link.recorder.show(&link.label, line, &seen, &audit);
    let is_repetition = audit.is_repetition();
    if error.is_some_and(|error| error.rule == Rule::WrongDirection) {
        // No client can be waiting for it.
        return true;
    }
    if is_repetition && !link.takes_repetitions.get() {
        note_repetition(link);
        acknowledge_if_asked(link, &packet);
        return true;
    }
    for (forbidden, on_straggler) in link.watches.borrow().iter() {
        if forbidden(&packet.packet()) {
            on_straggler(line, &packet.packet());
        }
    }
    acknowledge_if_asked(link, &packet);
    link.push(Arrival::Packet(packet), line);
    true
}

/// The broker sends more than can be taken; false, for nothing more is read.
fn flood(link: &Link) -> bool {
    let line = link.recorder.say(&link.label, Remark::Notes, "the broker sends more than is kept; the rest is dropped");
    link.push(Arrival::Flood, line);
    false
}

/// Acknowledges a message of others and writes it down, as long as there are few of them; false where they don't end.
/// Whoever it is meant for, the broker sends it here: the invariants hold of it too.
fn pass_on(link: &Link, bytes: &Bytes, packet: &OwnedPacket, error: Option<&DecodeError>) -> bool {
    let line = match link.recorder.room_for_others(bytes.len()) {
        Room::Enough => link.recorder.record(&link.label, What::Received(bytes.clone())),
        Room::JustFilled => {
            link.recorder.say(&link.label, Remark::Notes, "more messages of others come; they are not written down")
        }
        Room::None => 0,
        Room::Flood => return flood(link),
    };
    let packet_view = packet.packet();
    let audit = link.audit.borrow_mut().received(&packet_view, error);
    let is_finding = error.is_some() || audit.finds();
    let is_shown = line == 0 && is_finding && link.findings_shown.get() < FINDINGS;
    let line = if is_shown && link.recorder.has_room_for(bytes.len()) {
        // What is wrong with it is to be seen.
        link.findings_shown.set(link.findings_shown.get() + 1);
        link.recorder.record(&link.label, What::Received(bytes.clone()))
    } else {
        line
    };
    let seen = Seen { packet: Some(&packet_view), error, is_foreign: true };
    link.recorder.show(&link.label, line, &seen, &audit);
    acknowledge_if_asked(link, packet);
    true
}

/// Says of the message above that the case is not given it. How long a run lasts decides whether it comes again, so that
/// a verdict must not hang on it.
fn note_repetition(link: &Link) {
    let what = "the same message again before its acknowledgement was known to be read, so no second one";
    let decides = if link.recorder.version() == Version::V5 {
        "; 5/delivery/only-on-reconnect decides whether the broker does so"
    } else {
        ", as 3.1.1 permits"
    };
    link.recorder.say(&link.label, Remark::Notes, format!("{what}{decides}"));
}

/// What a buffer is, seen as a CONNACK that refuses in the form of the version that the client does not speak.
enum Refusal {
    No,
    Unfinished,
    Whole(OwnedPacket),
}

/// Looks for such a CONNACK: 0x01 of a broker that doesn't know 5.0, or 0x84 for a protocol level that neither standard
/// knows. The broker has no other way to say so, and breaks no rule of the client's version by it.
fn refusal_in_other_version(link: &Link, buffer: &[u8]) -> Refusal {
    let version = link.recorder.version();
    let codes = [ReasonCode::UNACCEPTABLE_PROTOCOL_LEVEL, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION];
    let is_one = buffer.first() == Some(&0x20) && buffer.get(3).is_none_or(|&code| codes.contains(&ReasonCode(code)));
    let limits = Limits::default();
    let reads = |version| decode(buffer, Context::new(version, Sender::Server), &limits);
    if link.accepted_line().is_some() || !is_one || reads(version).is_ok() {
        return Refusal::No;
    }
    match reads(if version == Version::V5 { Version::V3_1_1 } else { Version::V5 }) {
        Ok(Decoded::Complete { packet, .. }) => Refusal::Whole(OwnedPacket::copy_of(packet)),
        Ok(Decoded::Partial { .. }) => Refusal::Unfinished,
        Err(_) => Refusal::No,
    }
}

fn note_state(link: &Link, line: u32, packet: &OwnedPacket) {
    match packet.packet() {
        Packet::Connack(connack) if connack.reason.0 == 0 && link.accepted_line().is_none() => {
            *link.accepted.borrow_mut() = Some((line, packet.clone()));
        }
        Packet::Pingresp => link.pings_open.set(link.pings_open.get().saturating_sub(1)),
        _ => {}
    }
}

/// A message of somebody else, or of another case: under a wide topic filter they come too, and are nothing to us.
fn is_foreign(link: &Link, packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Publish(publish) if !link.recorder.is_ours(publish.topic, publish.payload))
}

fn acknowledge_if_asked(link: &Link, packet: &OwnedPacket) {
    if link.acknowledges.get() {
        acknowledge(link, &packet.packet());
    }
}

fn own(bytes: &Bytes, context: Context, waived: Option<Rule>) -> Option<OwnedPacket> {
    let limits = Limits::default();
    match waived {
        None => match OwnedPacket::decode(bytes, context, &limits) {
            Ok(OwnedDecoded::Complete(packet)) => Some(packet),
            _ => None,
        },
        Some(rule) => match decode_waiving(bytes, context, &limits, rule) {
            Ok(Decoded::Complete { packet, .. }) => Some(OwnedPacket::copy_of(packet)),
            _ => None,
        },
    }
}

/// Does a client's duty for a message or a step of QoS 2.
fn acknowledge(link: &Link, packet: &Packet<'_>) {
    match packet {
        Packet::Publish(publish) => acknowledge_message(link, publish.qos, publish.packet_id),
        Packet::Pubrel(ack) => answer(link, ack.packet_id, Packet::Pubcomp),
        _ => {}
    }
}

fn acknowledge_message(link: &Link, qos: QoS, packet_id: Option<PacketId>) {
    match (qos, packet_id) {
        (QoS::AtLeastOnce, Some(id)) => answer(link, id, Packet::Puback),
        (QoS::ExactlyOnce, Some(id)) => answer(link, id, Packet::Pubrec),
        _ => {}
    }
}

fn answer(link: &Link, packet_id: PacketId, make: fn(Acknowledgement<'static>) -> Packet<'static>) {
    let ack = Acknowledgement { packet_id, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY };
    if let Ok(bytes) = make(ack).to_bytes(link.recorder.version()) {
        link.send(bytes, None);
    }
}
