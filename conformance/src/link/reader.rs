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
use crate::auditor::{Audit, Print};
use crate::text::single_line;
use crate::wire::{Ending, Read};
use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay_codec::{
    Acknowledgement, Context, DecodeError, Decoded, Limits, OwnedDecoded, OwnedPacket, Packet, PacketId, PacketStream,
    PacketType, Properties, Publish, QoS, ReasonCode, Rule, Sender, StreamItem, Version, decode, decode_waiving,
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
    print: Print,
    qos: QoS,
    packet_id: Option<PacketId>,
    is_written_down: bool,
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
                if !readable {
                    link.ear.lost_sight();
                }
                link.unfinished.set(unread.bytes.len());
                // While bytes keep coming nobody else has a turn; our answers are to leave before more is read.
                if !link.orders.borrow().is_empty() {
                    tokio::task::yield_now().await;
                }
                link.flow.came(!unread.bytes.is_empty() || unread.passing.is_some());
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
        let error = type_that_is_not_there(link, &rest);
        let line = record_rest(link, rest.freeze());
        if let Some(error) = error {
            show_refused(link, line, &error);
        }
    }
    link.ended.set(Some(ending));
    if let Some(why) = link.why_ended() {
        link.recorder.say(&link.label, Remark::Notes, single_line(&why));
    }
    let line = link.recorder.record(&link.label, What::Ended(ending));
    link.ear.broker_ended(line, ending);
    link.push(Arrival::Ended(ending), line);
}

/// A type that no packet has is wrong by its first byte, whether the rest of it came or not.
fn type_that_is_not_there(link: &Link, rest: &[u8]) -> Option<DecodeError> {
    let context = Context::new(link.version, Sender::Server);
    let error = decode(rest, context, &Limits::default()).err();
    error.filter(|error| error.rule == Rule::ReservedPacketType)
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
        match unread.pass_over(link) {
            Passed::Entirely if !unread.bytes.is_empty() => {}
            Passed::Entirely | Passed::InPart => return true,
            Passed::Unheard => return flood(link),
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
        match decode_one(&unread.bytes, link.version, link.largest()) {
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
                Begun::Flood => return flood(link),
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
    /// Drops what has come of a message that is passed over.
    fn pass_over(&mut self, link: &Link) -> Passed {
        let Some(passing) = &mut self.passing else { return Passed::Entirely };
        let count = passing.left.min(self.bytes.len());
        passing.print.add(&self.bytes[..count]);
        self.bytes.advance(count);
        passing.left -= count;
        if passing.left > 0 {
            return Passed::InPart;
        }
        link.ear.passed(passing.print.finish());
        let (qos, packet_id, is_written_down) = (passing.qos, passing.packet_id, passing.is_written_down);
        self.passing = None;
        if !link.acknowledges.get() || acknowledge_message(link, qos, packet_id, is_written_down) {
            Passed::Entirely
        } else {
            Passed::Unheard
        }
    }
}

/// How far a message of somebody else has been passed over.
enum Passed {
    /// Nothing of it is left.
    Entirely,
    /// The rest is still to come.
    InPart,
    /// To its end, but the broker reads none of our acknowledgements.
    Unheard,
}

/// What the beginning of a packet is that is larger than what is read.
enum Begun {
    /// The message of somebody else: it is let pass.
    Passing(Passing),
    /// Whose it is can't be told yet.
    Wait,
    /// No message, or one of the case.
    Not,
    /// So many have passed that the broker doesn't stop.
    Flood,
}

/// Takes all that comes before the payload, if the packet is a message of somebody else.
fn begin_passing(link: &Link, bytes: &mut BytesMut) -> Begun {
    let context = Context::new(link.version, Sender::Server);
    let mut stream = PacketStream::new(context, Limits::default());
    stream.buffer().extend_from_slice(bytes);
    let head = match stream.next_item(link.largest() as usize) {
        Ok(Some(StreamItem::Head(head))) => head,
        // All that comes before a payload is short, unless somebody means to fill our memory.
        Ok(None) if is_publish(bytes) && bytes.len() < link.largest() as usize => return Begun::Wait,
        _ => return Begun::Not,
    };
    let publish = head.publish;
    if publish.topic.is_empty() || link.recorder.is_our_topic(publish.topic) {
        return Begun::Not;
    }
    let (left, topic) = (head.payload_len, quoted(publish.topic.as_bytes()));
    // Of its bytes none is kept, only the line about it.
    let Some(is_written_down) = room_for_another(link, 0, left) else { return Begun::Flood };
    let passes = || format!("passes over {left} bytes of others, on {topic}");
    let line = if is_written_down { link.recorder.say(&link.label, Remark::Notes, passes()) } else { 0 };
    let audit = link.ear.passes(line, &publish, left);
    let seen = Seen { packet: Some(&Packet::Publish(publish)), error: None, is_foreign: true };
    link.show(line, &seen, &audit);
    note_of_others(link, publish.qos, publish.packet_id);
    let (print, packet_id) = (Print::default(), publish.packet_id);
    let passing = Passing { left, print, qos: publish.qos, packet_id, is_written_down };
    bytes.advance(head.bytes.len());
    Begun::Passing(passing)
}

/// Whether a packet of others is written down, of which so many bytes would be kept; counts it if it is not. Nothing
/// where there is no end of them.
fn room_for_another(link: &Link, kept: usize, length: usize) -> Option<bool> {
    match link.recorder.room_for_others(kept) {
        Room::Enough => return Some(true),
        Room::JustFilled => {
            link.recorder.say(&link.label, Remark::Notes, "more messages of others come; they are not written down");
        }
        Room::None => {}
        Room::Flood => return None,
    }
    link.recorder.count_packet(&link.label, length);
    Some(false)
}

/// Remembers which PUBREL will belong to a message of others.
fn note_of_others(link: &Link, qos: QoS, packet_id: Option<PacketId>) {
    if let (QoS::ExactlyOnce, Some(id)) = (qos, packet_id) {
        link.of_others.borrow_mut().insert(id.get());
    }
}

fn is_publish(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first >> 4 == PacketType::Publish as u8)
}

/// Shows bytes that are no packet to who watches the run.
fn show_refused(link: &Link, line: u32, error: &DecodeError) {
    let seen = Seen { packet: None, error: Some(error), is_foreign: false };
    link.show(line, &seen, &Audit::default());
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
    let context = Context::new(link.version, Sender::Server);
    let packet = own(bytes, context, error.map(|error| error.rule));
    if let Some(packet) = packet.as_ref().filter(|packet| is_foreign(link, &packet.packet())) {
        return pass_on(link, bytes, packet, error.as_ref());
    }
    if !link.recorder.has_room_for(bytes.len()) {
        return flood(link);
    }
    let line = link.recorder.record(&link.label, What::Received(bytes.clone()));
    let Some(packet) = packet else { return true };
    if let Packet::Publish(Publish { packet_id: Some(id), .. }) = packet.packet() {
        link.of_others.borrow_mut().remove(&id.get());
    }
    note_state(link, line, &packet);
    let audit = link.ear.read(line, &packet.packet(), error.as_ref());
    let seen = Seen { packet: Some(&packet.packet()), error: error.as_ref(), is_foreign: false };
    link.show(line, &seen, &audit);
    let is_repetition = audit.is_repetition();
    if error.is_some_and(|error| error.rule == Rule::WrongDirection) {
        // No client can be waiting for it.
        return true;
    }
    if is_repetition && !link.takes_repetitions.get() {
        note_repetition(link);
        return acknowledge_if_asked(link, &packet, true) || flood(link);
    }
    for (forbidden, on_straggler) in link.watches.borrow().iter() {
        if forbidden(&packet.packet()) {
            on_straggler(line, &packet.packet());
        }
    }
    let is_heard = acknowledge_if_asked(link, &packet, true);
    link.push(Arrival::Packet(packet), line);
    is_heard || flood(link)
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
    let Some(is_written_down) = room_for_another(link, bytes.len(), bytes.len()) else { return flood(link) };
    let record = || link.recorder.record(&link.label, What::Received(bytes.clone()));
    let written_down = if is_written_down { record() } else { 0 };
    let audit = link.ear.read(written_down, &packet.packet(), error);
    let is_finding = error.is_some() || audit.finds();
    // What is wrong with it is to be seen.
    let is_shown = !is_written_down && is_finding && link.findings_shown.get() < FINDINGS;
    link.findings_shown.set(link.findings_shown.get() + u32::from(is_shown));
    let line = if is_shown && link.recorder.has_room_for(bytes.len()) { record() } else { written_down };
    match packet.packet() {
        Packet::Publish(publish) => note_of_others(link, publish.qos, publish.packet_id),
        Packet::Pubrel(ack) => drop(link.of_others.borrow_mut().remove(&ack.packet_id.get())),
        _ => {}
    }
    let seen = Seen { packet: Some(&packet.packet()), error, is_foreign: true };
    link.show(line, &seen, &audit);
    acknowledge_if_asked(link, packet, is_written_down) || flood(link)
}

/// Says of the message above that the case is not given it. How long a run lasts decides whether it comes again, so that
/// a verdict must not hang on it.
fn note_repetition(link: &Link) {
    let what = "the same message again before its acknowledgement was known to be read, so no second one";
    let decides = if link.version == Version::V5 {
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
    let version = link.version;
    let codes = [ReasonCode::UNACCEPTABLE_PROTOCOL_LEVEL, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION];
    let is_one = buffer.first() == Some(&0x20) && buffer.get(3).is_none_or(|&code| codes.contains(&ReasonCode(code)));
    if link.accepted_line().is_some() || !is_one {
        return Refusal::No;
    }
    // Only here: a copy of all that is unread before each packet would make long messages cost their square.
    let (buffer, limits) = (Bytes::copy_from_slice(buffer), Limits::default());
    let reads = |version| OwnedPacket::decode(&buffer, Context::new(version, Sender::Server), &limits);
    if reads(version).is_ok() {
        return Refusal::No;
    }
    match reads(if version == Version::V5 { Version::V3_1_1 } else { Version::V5 }) {
        Ok(OwnedDecoded::Complete(packet)) => Refusal::Whole(packet),
        Ok(OwnedDecoded::Partial { .. }) => Refusal::Unfinished,
        Err(_) => Refusal::No,
    }
}

fn note_state(link: &Link, line: u32, packet: &OwnedPacket) {
    link.flow.note(&packet.packet());
    link.recorder.note_refusal(&link.label, &packet.packet());
    match packet.packet() {
        Packet::Connack(connack) if connack.reason.0 == 0 && link.accepted_line().is_none() => {
            *link.accepted.borrow_mut() = Some((line, packet.clone()));
        }
        Packet::Pingresp => link.pings_open.set(link.pings_open.get().saturating_sub(1)),
        _ => {}
    }
}

/// A message of somebody else, or of another case, or the PUBREL for one: under a wide topic filter they come too, and are
/// nothing to us.
fn is_foreign(link: &Link, packet: &Packet<'_>) -> bool {
    match packet {
        Packet::Publish(publish) => !link.recorder.is_ours(publish.topic, publish.payload),
        Packet::Pubrel(ack) => link.of_others.borrow().contains(&ack.packet_id.get()),
        _ => false,
    }
}

/// False where the broker reads none of what it is sent.
fn acknowledge_if_asked(link: &Link, packet: &OwnedPacket, is_written_down: bool) -> bool {
    !link.acknowledges.get() || acknowledge(link, &packet.packet(), is_written_down)
}

fn own(bytes: &Bytes, context: Context, waived: Option<Rule>) -> Option<OwnedPacket> {
    let limits = Limits::default();
    let decoded = match waived {
        None => OwnedPacket::decode(bytes, context, &limits),
        Some(rule) => OwnedPacket::decode_waiving(bytes, context, &limits, rule),
    };
    match decoded {
        Ok(OwnedDecoded::Complete(packet)) => Some(packet),
        _ => None,
    }
}

/// Does a client's duty for a message or a step of QoS 2; false where the broker reads none of what it is sent.
fn acknowledge(link: &Link, packet: &Packet<'_>, is_written_down: bool) -> bool {
    match packet {
        Packet::Publish(publish) => acknowledge_message(link, publish.qos, publish.packet_id, is_written_down),
        Packet::Pubrel(ack) => answer(link, ack.packet_id, Packet::Pubcomp, is_written_down),
        _ => true,
    }
}

fn acknowledge_message(link: &Link, qos: QoS, packet_id: Option<PacketId>, is_written_down: bool) -> bool {
    match (qos, packet_id) {
        (QoS::AtLeastOnce, Some(id)) => answer(link, id, Packet::Puback, is_written_down),
        (QoS::ExactlyOnce, Some(id)) => answer(link, id, Packet::Pubrec, is_written_down),
        _ => true,
    }
}

fn answer(
    link: &Link,
    packet_id: PacketId,
    make: fn(Acknowledgement<'static>) -> Packet<'static>,
    is_written_down: bool,
) -> bool {
    let ack = Acknowledgement { packet_id, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY };
    let bytes = make(ack).to_bytes(link.version).ok();
    bytes.is_none_or(|bytes| link.acknowledge(&bytes, is_written_down))
}
