//! What a case holds: a named client of the broker under test, and its set-up steps.
//!
//! A set-up step that does not come about makes the case inconclusive; it never judges. The deciding steps
//! (`expect_*`) are in [`crate::expect`].

use super::announced::Announced;
use super::context::CaseContext;
use super::draft::{Draft, disconnect, pingreq, publish, pubrel, subscribe, unsubscribe};
use super::names::Topic;
use super::pattern::{Pattern, a_puback, a_pubcomp, a_pubrec, a_suback, an_unsuback, any, codes};
use super::verdict::{Received, Seen, Stop};
use crate::link::{Arrival, Arrived, Link, Publication, Remark};
use crate::wire::{Ending, Frame, FrameKind};
use bytes::Bytes;
use mqtt_assay_codec::{OwnedPacket, Packet, PacketType, QoS, ReasonCode, SubscriptionOptions, Version};
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

    /// Set-up: the packet that the pattern is about, as it should be.
    pub async fn receive(&mut self, pattern: Pattern) -> Result<Received, Stop> {
        let limit = self.context().patient(bounds::SET_UP);
        self.receive_within(pattern, limit).await
    }

    /// Set-up: a message that comes while another one is unacknowledged. A broker may send them one by one; then what the
    /// case asks is not exercised.
    pub async fn receive_also(&mut self, pattern: Pattern) -> Result<Received, Stop> {
        match self.receive(pattern).await {
            Err(Stop::Inconclusive { line: None, .. }) => {
                Err(Stop::NotExercised("the broker has one message on its way at a time".to_owned()))
            }
            received => received,
        }
    }

    pub(crate) async fn receive_within(&mut self, pattern: Pattern, limit: Duration) -> Result<Received, Stop> {
        self.receive_one_of(std::slice::from_ref(&pattern), Instant::now() + limit).await
    }

    /// Set-up: a packet that one of the patterns is about, as it should be.
    pub(crate) async fn receive_one_of(&self, patterns: &[Pattern], until: Instant) -> Result<Received, Stop> {
        let limit = until.saturating_duration_since(Instant::now());
        let expected = patterns.iter().map(Pattern::describe).collect::<Vec<_>>().join(" or ");
        let failed = |why: String, line| Err(Stop::Inconclusive { why, line });
        let label = self.link.label.clone();
        let Some(arrived) = self.next_about(patterns, until).await else {
            let why = match (self.link.unfinished(), patterns.iter().find_map(|pattern| self.was_refused(pattern))) {
                (_, Some(refused)) => format!("; {refused}"),
                (0, None) => String::new(),
                (count, None) => format!(", but the first {count} bytes of a packet whose rest never came"),
            };
            return failed(format!("{label}: no {expected} within {}{why}", in_short(limit)), None);
        };
        let line = Some(arrived.line);
        match arrived.what {
            Arrival::Packet(packet) => {
                let names = self.context().names();
                let about = patterns.iter().filter(|pattern| pattern.is_about(&packet.packet()));
                let wrong: Vec<Vec<String>> =
                    about.map(|pattern| pattern.mismatches(&packet.packet(), names)).collect();
                match wrong.first() {
                    Some(first) if wrong.iter().all(|wrong| !wrong.is_empty()) => {
                        failed(format!("{label}: expected {expected}: {}", first.join(", ")), line)
                    }
                    _ => {
                        self.let_spread(&packet.packet()).await;
                        Ok(Received { line: arrived.line, packet })
                    }
                }
            }
            other => {
                let farewell = self.farewell().map(|(line, code)| format!(" after DISCONNECT {code} (line {line})"));
                let end = describe_end(&other) + &farewell.unwrap_or_default();
                failed(format!("{label}: expected {expected}, but {end}"), line)
            }
        }
    }

    /// Set-up: a packet that a step before has brought is right in this respect too.
    pub fn receive_right(&self, seen: &impl Seen, pattern: &Pattern) -> Result<(), Stop> {
        let wrong = match seen.owned() {
            Some(packet) => pattern.mismatches(&packet.packet(), self.context().names()),
            None => vec!["there is no packet".to_owned()],
        };
        if wrong.is_empty() {
            return Ok(());
        }
        let why = format!("{}: expected {}: {}", self.link.label, pattern.describe(), wrong.join(", "));
        Err(Stop::Inconclusive { why, line: Some(seen.line()) })
    }

    /// Set-up: the packet that the pattern is about, as it should be, or nothing where the broker has ended the connection
    /// without it.
    pub async fn receive_or_end(&mut self, pattern: Pattern) -> Result<Option<Received>, Stop> {
        let received = self.receive(pattern).await;
        let is_packet = |arrived: &Arrived| matches!(arrived.what, Arrival::Packet(_));
        let stands = self.link.pending().into_iter().find(|arrived| !is_packet(arrived));
        match (received, stands) {
            (Err(_), Some(end)) if is_end(&end) => Ok(None),
            (received, _) => received.map(Some),
        }
    }

    /// The next packet that one of the patterns is about, or the end of the stream.
    pub(crate) async fn next_about(&self, patterns: &[Pattern], until: Instant) -> Option<Arrived> {
        let link = Rc::clone(&self.link);
        self.next(until, |arrived| match &arrived.what {
            Arrival::Packet(packet) => patterns.iter().any(|pattern| {
                // A message is told by its payload; an acknowledgement may belong to another exchange of ours.
                let ids = pattern.wanted_id().filter(|_| !pattern.tells_by_payload()).zip(packet.packet().packet_id());
                let is_others = ids.is_some_and(|(wanted, got)| link.belongs_to_another(got.get(), wanted));
                !is_others && pattern.is_about(&packet.packet())
            }),
            _ => true,
        })
        .await
    }

    /// The next arrival that is wanted. A packet that is still under way extends the wait, as long as its bytes make progress
    /// within the limit.
    pub(crate) async fn next(&self, mut until: Instant, wanted: impl Fn(&Arrived) -> bool) -> Option<Arrived> {
        let limit = until.saturating_duration_since(Instant::now());
        loop {
            if let Some(arrived) = self.link.take(&wanted) {
                return Some(arrived);
            }
            if timeout_at(until, self.link.arrival()).await.is_err() {
                // After a stall of this process the limit may be over before the reader has had its turn.
                for _ in 0..2 {
                    tokio::task::yield_now().await;
                }
                if let Some(arrived) = self.link.take(&wanted) {
                    return Some(arrived);
                }
                let later = self.link.flow.progress().map(|progress| progress + limit);
                until = later.filter(|later| *later > Instant::now())?;
            }
        }
    }

    /// The PINGRESP to the last PINGREQ, not one that answers an earlier PINGREQ, or the end of the stream.
    pub(crate) async fn pong(&self, until: Instant) -> Option<Arrived> {
        let ping_line = self.link.last_line();
        self.next(until, |arrived| match &arrived.what {
            Arrival::Packet(packet) => {
                let answers = arrived.line > ping_line && arrived.pings_open == 0;
                answers && matches!(packet.packet(), Packet::Pingresp)
            }
            _ => true,
        })
        .await
    }

    /// Set-up: a subscription granted as asked. One that is granted lower leaves the case not exercised.
    pub async fn subscribe(
        &mut self,
        filter: impl Into<Topic>,
        options: impl Into<SubscriptionOptions>,
    ) -> Result<(), Stop> {
        let options = options.into();
        let qos = options.qos;
        let id = self.send(subscribe(filter, options))?;
        let suback = self.receive(a_suback(id)).await?;
        let code = match suback.packet() {
            Packet::Suback(ack) => ack.reasons.iter().next(),
            _ => None,
        };
        match code {
            Some(code) if code.0 == qos as u8 => Ok(()),
            Some(code) if code.0 < qos as u8 => Err(Stop::NotExercised(format!(
                "the subscription was granted QoS {}, the case needs {}",
                code.0, qos as u8
            ))),
            Some(code) if NOT_OFFERED.contains(&code) => Err(Stop::NotOffered(format!("SUBACK: {code}"))),
            other => {
                let code = other.map_or_else(|| "none".to_owned(), |code| format!("0x{:02x}", code.0));
                let why = format!("{}: the subscription was not granted as asked (code {code})", self.link.label);
                Err(Stop::Inconclusive { why, line: Some(suback.line) })
            }
        }
    }

    /// Set-up: a message published, and its exchange with the broker completed.
    pub async fn publish(&mut self, topic: impl Into<Topic>, payload: impl AsRef<[u8]>, qos: QoS) -> Result<(), Stop> {
        self.publish_draft(publish(topic, payload).qos(qos)).await
    }

    /// Set-up: a message published as drafted, and its exchange with the broker completed. It waits for room, where the broker
    /// has stated a Receive Maximum.
    pub async fn publish_draft(&mut self, draft: Draft) -> Result<(), Stop> {
        self.try_paths().await?;
        self.wait_for_room(&draft).await;
        self.exchange(draft).await
    }

    /// Set-up: messages published as drafted, as many of them in one write as the broker's Receive Maximum has room for, and
    /// their exchanges completed.
    pub async fn publish_together(&mut self, drafts: impl IntoIterator<Item = Draft>) -> Result<(), Stop> {
        self.try_paths().await?;
        let mut drafts = drafts.into_iter().peekable();
        while drafts.peek().is_some() {
            let mut exchanges = Vec::new();
            for draft in drafts.by_ref().take(self.room()) {
                let qos = draft.published_qos().unwrap_or(QoS::AtMostOnce);
                exchanges.push((self.send(draft)?, qos));
            }
            self.complete(&exchanges).await?;
        }
        Ok(())
    }

    /// Sends a message, and completes its exchange.
    pub(crate) async fn exchange(&mut self, draft: Draft) -> Result<(), Stop> {
        let qos = draft.published_qos().unwrap_or(QoS::AtMostOnce);
        let id = self.send(draft)?;
        self.complete(&[(id, qos)]).await
    }

    /// Set-up: completes the exchanges of these messages, which were sent: all first steps before all second ones.
    pub async fn complete(&mut self, exchanges: &[(u16, QoS)]) -> Result<(), Stop> {
        for &(id, qos) in exchanges.iter().filter(|(_, qos)| *qos != QoS::AtMostOnce) {
            let first = if qos == QoS::AtLeastOnce { a_puback(id) } else { a_pubrec(id) };
            let answer = self.receive(first).await?;
            self.require_accepted(&answer)?;
        }
        let in_two_steps = || exchanges.iter().filter(|(_, qos)| *qos == QoS::ExactlyOnce).map(|(id, _)| *id);
        self.send_together(in_two_steps().map(pubrel))?;
        for id in in_two_steps() {
            self.receive(a_pubcomp(id)).await?;
        }
        Ok(())
    }

    /// The code of 0x80 or above with which an acknowledgement refuses a message.
    pub fn refusal_in(acknowledgement: &Received) -> Option<ReasonCode> {
        codes(&acknowledgement.packet()).first().copied().filter(|code| code.is_error())
    }

    /// An acknowledgement with an error code: the broker has not taken the message.
    fn require_accepted(&self, acknowledgement: &Received) -> Result<(), Stop> {
        match Self::refusal_in(acknowledgement) {
            Some(code) => {
                let why = format!("{}: the message was refused ({code})", self.link.label);
                Err(Stop::Inconclusive { why, line: Some(acknowledgement.line) })
            }
            None => Ok(()),
        }
    }

    /// Set-up: topic filters unsubscribed, and the broker says that it has done so.
    pub async fn unsubscribe(&mut self, filter: impl Into<Topic>) -> Result<(), Stop> {
        let id = self.send(unsubscribe([filter.into()]))?;
        let unsuback = self.receive(an_unsuback(id)).await?;
        self.require_accepted(&unsuback)
    }

    /// PINGREQ and PINGRESP.
    pub(crate) async fn ping(&mut self, limit: Duration) -> Result<(), Stop> {
        self.send(pingreq())?;
        let label = &self.link.label;
        match self.pong(Instant::now() + limit).await {
            Some(Arrived { what: Arrival::Packet(_), .. }) => Ok(()),
            Some(Arrived { what, line, .. }) => Err(Stop::Inconclusive {
                why: format!("{label}: no PINGRESP, for {}", describe_end(&what)),
                line: Some(line),
            }),
            None => Err(Stop::Inconclusive { why: format!("{label}: no PINGRESP within {limit:?}"), line: None }),
        }
    }

    /// Set-up: the connection is served, as a PINGREQ shows.
    pub async fn serves(&mut self) -> Result<(), Stop> {
        self.ping(self.context().patient(bounds::SET_UP)).await
    }

    /// Ends the connection as a client should: DISCONNECT, then the close, and waits for the broker's own end, which alone
    /// tells that it has dealt with the DISCONNECT.
    pub async fn disconnect(&mut self) -> Result<(), Stop> {
        self.disconnect_with(disconnect()).await
    }

    /// Like [`Client::disconnect`], with a DISCONNECT of its own.
    pub async fn disconnect_with(&mut self, draft: Draft) -> Result<(), Stop> {
        self.send(draft)?;
        let left = Instant::now();
        // The broker should close first; one that leaves that to the client shows its end after ours.
        if self.next(left + self.context().patient(bounds::MARGIN), is_end).await.is_none() {
            self.link.half_close();
        }
        self.wait_for_end(left).await;
        Ok(())
    }

    /// Ends the network connection without a DISCONNECT, in order, and waits for the broker's own end, which tells that it
    /// has seen ours.
    pub async fn drop_connection(&mut self) {
        self.link.half_close();
        self.wait_for_end(Instant::now()).await;
    }

    /// Waits for the broker's end, and notes where it didn't come.
    async fn wait_for_end(&self, left: Instant) {
        let limit = self.context().patient(bounds::END);
        if self.next(left + limit, is_end).await.is_none() {
            self.context().end_unseen(&self.link.label, limit);
        }
        self.link.close();
    }

    /// Ends the network connection without a DISCONNECT, by a reset.
    pub fn reset_connection(&self) {
        self.link.reset();
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

    /// Ends our half of the network connection.
    pub fn half_close(&self) {
        self.link.half_close();
    }

    /// Set-up: waits until the broker has ended the connection.
    pub async fn ended(&mut self) -> Result<(), Stop> {
        let limit = self.context().patient(bounds::SET_UP);
        match self.next(Instant::now() + limit, is_end).await {
            Some(_) => Ok(()),
            None => {
                Err(Stop::Inconclusive { why: format!("{}: not closed within {limit:?}", self.link.label), line: None })
            }
        }
    }

    /// The name under which the case connected it.
    pub fn role(&self) -> &'static str {
        self.role
    }

    /// Whether a packet that the pattern is about waits unread; looks, and judges nothing.
    pub fn waits_for(&self, pattern: &Pattern) -> bool {
        let is_it =
            |arrival: &Arrival| matches!(arrival, Arrival::Packet(packet) if pattern.is_about(&packet.packet()));
        self.link.pending().iter().any(|arrived| is_it(&arrived.what))
    }

    /// How many packets of this type wait unread; for steps that count without judging.
    pub fn waiting(&self, packet_type: PacketType) -> usize {
        self.waiting_behind(packet_type, 0)
    }

    /// The same for those that came after this line of the transcript.
    pub fn waiting_behind(&self, packet_type: PacketType, line: u32) -> usize {
        let about = any(packet_type);
        self.link
            .pending()
            .iter()
            .filter(|arrived| arrived.line > line)
            .filter(|arrived| matches!(&arrived.what, Arrival::Packet(packet) if about.is_about(&packet.packet())))
            .count()
    }
}

/// A limit as people write it: what is left of it may have many digits.
fn in_short(limit: Duration) -> String {
    let tenths = (limit.as_secs_f64() * 10.0).round() / 10.0;
    format!("{tenths}s")
}

/// SUBACK codes by which a 5.0 broker says that it hasn't what was asked for.
const NOT_OFFERED: [ReasonCode; 3] = [
    ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
    ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
    ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
];

fn is_end(arrived: &Arrived) -> bool {
    matches!(arrived.what, Arrival::Ended(_))
}

/// What stands in the way of a packet, in words.
pub(crate) fn describe_end(arrival: &Arrival) -> String {
    match arrival {
        Arrival::Ended(Ending::Fin) => "the broker closed the connection (FIN)".to_owned(),
        Arrival::Ended(Ending::Reset) => "the broker reset the connection (RST)".to_owned(),
        Arrival::Unreadable(error) => format!("the broker sent bytes that are no packet: {error}"),
        Arrival::TooLarge(most) => format!("the broker began a packet larger than the {most} bytes that are read"),
        Arrival::Flood => "the broker never stopped sending: more came than is kept".to_owned(),
        Arrival::Packet(packet) => crate::link::describe::owned(packet),
    }
}

/// What was sent before a packet that can't be: it is recorded, so it goes out.
fn as_they_are(bytes: Bytes) -> Vec<Frame> {
    if bytes.is_empty() { Vec::new() } else { vec![Frame::whole(FrameKind::Binary, bytes)] }
}
