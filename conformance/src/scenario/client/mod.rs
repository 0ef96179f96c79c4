//! What a case holds: a named client of the broker under test, and its set-up steps: what it sends here, what it waits for,
//! its exchanges and how it leaves in rooms of their own.
//!
//! A set-up step that does not come about makes the case inconclusive; it never judges. The deciding steps
//! (`expect_*`) are in [`crate::expect`].

mod exchanging;
mod leaving;
mod receiving;

pub(crate) use receiving::describe_end;

use super::announced::Announced;
use super::context::CaseContext;
use super::draft::Draft;
use super::verdict::Stop;
use crate::link::{Link, Publication, Remark};
use crate::wire::{Frame, FrameKind};
use bytes::Bytes;
use mqtt_assay_codec::{OwnedPacket, Packet, PacketType, Version};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A client of the broker under test.
pub struct Client {
    role: &'static str,
    link: Rc<Link>,
    context: Rc<CaseContext>,
}

impl Client {
    pub(crate) fn new(role: &'static str, link: Rc<Link>, context: Rc<CaseContext>) -> Self {
        Self { role, link, context }
    }

    pub(crate) fn link(&self) -> &Rc<Link> {
        &self.link
    }

    pub(crate) fn context(&self) -> &Rc<CaseContext> {
        &self.context
    }

    /// What it speaks.
    pub fn version(&self) -> Version {
        self.link.version
    }

    /// Lets the broker send packets of so many bytes, where a case is about larger ones than are read elsewhere.
    pub fn read_up_to(&self, bytes: u32) {
        self.link.read_up_to(bytes);
    }

    /// Leaves incoming messages unacknowledged from now on: the case acknowledges by hand.
    pub fn hold_acknowledgements(&self) {
        self.link.acknowledges.set(false);
    }

    /// Takes a message that comes again before it was acknowledged for one more, from now on. Without this it is none, for
    /// when it comes again depends on how long a case takes.
    pub fn take_repetitions(&self) {
        self.link.takes_repetitions.set(true);
    }

    /// Acknowledges incoming messages again, those from now on.
    pub fn acknowledge(&self) {
        self.link.acknowledges.set(true);
    }

    /// Sends a packet and returns its packet identifier, 0 where it has none. Packets that the format cannot carry,
    /// and a mutation that does not apply, are defects of the case and make it inconclusive.
    pub fn send(&mut self, mut draft: Draft) -> Result<u16, Stop> {
        if draft.wants_packet_id() {
            draft = draft.id(self.take_id());
        }
        let setting_user = self.setting_credentials(&draft);
        let adds_credentials = setting_user.is_some();
        if let Some((user, password)) = setting_user {
            draft = draft.user_name(user).password(password.into_bytes());
        }
        let context = Rc::clone(self.context());
        let version = self.version();
        let legal = draft
            .encode(version, context.names(), self.role)
            .map_err(|error| self.defect(format!("the packet cannot be built: {error}")))?;
        let mutation = draft.mutation();
        let bytes = draft.mutate(legal.clone(), version).ok_or_else(|| {
            if adds_credentials {
                // Without them a refusal might say nothing of the mistake.
                let why = "the user name and password that are given leave no place for the mistake of this CONNECT";
                Stop::NotOffered(why.to_owned())
            } else {
                self.defect(format!("mutation {} does not apply", mutation.unwrap_or_default()))
            }
        })?;
        self.keep_to_announced(&draft, bytes.len())?;
        let packet_type =
            legal.first().and_then(|first| PacketType::ALL.into_iter().find(|known| *known as u8 == first >> 4));
        let packet_id = draft.packet_id().unwrap_or(0);
        if draft.takes_room() {
            self.link.flow.begin(packet_id);
        }
        let line = self.link.send(bytes, mutation);
        self.remember(&draft, line);
        let is_legal = mutation.is_none() && self.link.frame_mistake().is_none();
        self.link.sent_by_case(line, packet_type, packet_id, is_legal);
        Ok(packet_id)
    }

    /// One packet in as many writes as it has bytes.
    pub fn send_bytewise(&mut self, draft: Draft) -> Result<u16, Stop> {
        self.link.write_bytewise(true);
        let sent = self.send(draft);
        self.link.write_bytewise(false);
        sent
    }

    /// Several packets in one write, so that they arrive in one segment.
    pub fn send_together(&mut self, drafts: impl IntoIterator<Item = Draft>) -> Result<(), Stop> {
        for draft in drafts {
            self.send(draft)?;
        }
        Ok(())
    }

    /// Several packets in the frames of a WebSocket that `cut` makes of their bytes.
    pub fn send_in_frames(
        &mut self,
        drafts: impl IntoIterator<Item = Draft>,
        cut: impl FnOnce(Bytes) -> Vec<Frame>,
    ) -> Result<(), Stop> {
        self.link.hold_for_frames(false);
        let sent = self.send_together(drafts);
        match &sent {
            Ok(()) => self.link.send_frames(cut),
            Err(_) => self.link.send_frames(as_they_are),
        }
        sent
    }

    /// A packet in a text frame of a WebSocket, in which MQTT must not travel.
    pub fn send_as_text(&mut self, draft: Draft) -> Result<u16, Stop> {
        self.link.hold_for_frames(true);
        let sent = self.send(draft);
        match &sent {
            Ok(_) => self.link.send_frames(|bytes| vec![Frame::whole(FrameKind::Text, bytes)]),
            Err(_) => self.link.send_frames(as_they_are),
        }
        sent
    }

    fn setting_credentials(&self, draft: &Draft) -> Option<(String, String)> {
        let wanted = draft.is_connect() && draft.credentials_missing();
        if wanted { self.context().credentials() } else { None }
    }

    /// What the broker's CONNACK excludes isn't asked of it, but by cases that are about just that. A CONNECT keeps to what
    /// the case's other connections were told.
    fn keep_to_announced(&self, draft: &Draft, length: usize) -> Result<(), Stop> {
        let announced = if draft.is_connect() { self.context().announced() } else { Announced::on(&self.link) };
        let open_beside_it = self.link.flow.open_beside(draft.packet_id().unwrap_or(0));
        match announced.and_then(|announced| announced.excludes(draft, length, open_beside_it)) {
            Some(why) => Err(Stop::NotOffered(why)),
            None => Ok(()),
        }
    }

    /// How many exchanges of QoS 1 and 2 this client may have open at once, by the broker's Receive Maximum (5.0 section 4.9).
    pub fn room(&self) -> usize {
        Announced::on(&self.link).map_or(usize::MAX, |announced| announced.receive_maximum())
    }

    /// Sends a message as soon as the broker's Receive Maximum leaves room for it.
    pub async fn send_in_turn(&mut self, draft: Draft) -> Result<u16, Stop> {
        self.wait_for_room(&draft).await;
        self.send(draft)
    }

    /// Waits until there is room for one more exchange.
    async fn wait_for_room(&self, draft: &Draft) {
        let until = Instant::now() + self.context().patient(bounds::SET_UP);
        while draft.takes_room() && self.link.flow.open() >= self.room() && !self.link.is_over() {
            if timeout_at(until, self.link.arrival()).await.is_err() {
                // The step that follows says so.
                return;
            }
        }
    }

    fn defect(&self, why: impl Into<String>) -> Stop {
        let why = why.into();
        let line = self.context().say(&self.link.label, Remark::Notes, why.as_str());
        Stop::Inconclusive { why: format!("{}: {why}", self.link.label), line: Some(line) }
    }

    /// The next packet identifier of the role: it goes on counting over a reconnect, as its session does.
    fn take_id(&self) -> u16 {
        self.context().next_packet_id(self.role)
    }

    fn remember(&self, draft: &Draft, line: u32) {
        let context = self.context();
        if let Some((topic, payload, qos, retain)) = draft.publication() {
            let topic = context.names().topic(topic);
            let is_plain = !retain && draft.mutation().is_none();
            let (link, payload) = (self.link.label.clone(), payload.to_vec());
            let packet_id = if draft.takes_room() { draft.packet_id().unwrap_or(0) } else { 0 };
            let refused = None;
            let publication = Publication { link, line, topic, payload, qos, is_plain, packet_id, refused };
            context.published(publication, retain);
        }
        for (filter, options) in draft.filters() {
            context.subscribed(self.role, context.names().filter(filter), options.qos);
        }
        if draft.is_connect() && draft.leaves_session() {
            // An identifier that the broker chooses is known to the case alone.
            let client_id = draft.client_id_of(context.names(), self.role).filter(|client_id| !client_id.is_empty());
            if let Some(client_id) = client_id {
                context.leaves_session(client_id, &self.link);
            }
        }
    }

    /// The CONNACK that accepted this client; its properties are the broker's own word on limits.
    pub fn connack(&self) -> Option<OwnedPacket> {
        self.link.connack()
    }

    /// The keep alive that holds where the client asked for `asked` seconds: in 5.0 the broker may set another.
    pub fn keep_alive(&self, asked: u16) -> Duration {
        let set = self.link.connack().and_then(|connack| match connack.packet() {
            Packet::Connack(connack) => connack.properties.server_keep_alive(),
            _ => None,
        });
        Duration::from_secs(set.unwrap_or(asked).into())
    }

    /// When this client last sent a packet or ended its connection; taken before it was written.
    pub fn last_action(&self) -> Instant {
        self.link.last_write()
    }

    /// The name under which the case connected it.
    pub fn role(&self) -> &'static str {
        self.role
    }
}

/// What was sent before a packet that can't be: it is recorded, so it goes out.
fn as_they_are(bytes: Bytes) -> Vec<Frame> {
    if bytes.is_empty() { Vec::new() } else { vec![Frame::whole(FrameKind::Binary, bytes)] }
}
