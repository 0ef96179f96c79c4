//! Plays a sequence: each step as far as it is legal by then. What the broker has announced is kept by the clients of
//! `scenario`; what the session asks of its client (sending again after a resume, its acknowledgements) is kept here.

use super::actor::{Actor, Held, News, Outgoing, Request};
use super::finding::{Found, Missing, unanswered};
use super::step::{Act, Connecting, Publishing, ROLES, Sequence, Step, Which};
use crate::link::Arrival;
use crate::scenario::draft::{
    Draft, connect, disconnect, pingreq, puback, pubcomp, publish, pubrec, pubrel, subscribe, unsubscribe, will,
};
use crate::scenario::{Client, Stop, Subject, Topic, exact};
use mqtt_assay_codec::{Packet, PacketType, Property, QoS, ReasonCode, Version};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::timeout;

/// So many messages may wait for a session until we no longer count on any of them: queues may be bounded.
const WAITING: usize = 6;

/// How long a session outlives its connection where it does, in seconds.
const SESSION_EXPIRY: u32 = 600;

/// What a message may need besides its payload: header, prefixed topic, identifiers; and with all properties.
const AROUND_PAYLOAD: usize = 130;
const WITH_PROPERTIES: usize = 330;

/// A message that was sent.
pub(super) struct Message {
    pub(super) publisher: usize,
    pub(super) topic: String,
    pub(super) qos: QoS,
    pub(super) payload: Vec<u8>,
    size: usize,
    /// Whether the broker has taken it over, once that is known.
    pub(super) is_taken: Option<bool>,
    /// Who is owed it, each in which epoch of its session.
    pub(super) owed: Vec<(usize, u32)>,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    Came,
    /// The connection has ended.
    Gone,
    /// Nothing more comes.
    Silent,
}

/// A sequence under way.
pub(super) struct Player<'a> {
    pub(super) broker: &'a Subject,
    pub(super) actors: BTreeMap<usize, Actor>,
    pub(super) messages: Vec<Message>,
    pub(super) found: Vec<Found>,
    /// Why the sequence can't go on.
    pub(super) is_over: Option<String>,
    pub(super) limit: Duration,
    wills: usize,
}

impl<'a> Player<'a> {
    /// Plays on this broker; a silence is one that has lasted so long.
    pub(super) fn new(broker: &'a Subject, sequence: &Sequence, limit: Duration) -> Self {
        let actors = sequence.actors().map(|(who, version)| (who, Actor::new(version))).collect();
        Self { broker, actors, messages: Vec::new(), found: Vec::new(), is_over: None, limit, wills: 0 }
    }

    /// Plays all of it, the end too.
    pub(super) async fn play(&mut self, sequence: &Sequence) {
        for step in &sequence.steps {
            if self.is_over.is_some() {
                return;
            }
            match step {
                Step::Wait(milliseconds) => self.broker.wait(Duration::from_millis((*milliseconds).into())).await,
                Step::Do(who, act) => self.act(*who, act).await,
            }
        }
        if self.is_over.is_none() {
            self.end().await;
        }
    }

    pub(super) fn actor(&mut self, who: usize) -> &mut Actor {
        self.actors.get_mut(&who).unwrap_or_else(|| panic!("{} is not in the cast", ROLES[who]))
    }

    async fn act(&mut self, who: usize, act: &Act) {
        self.drain(who);
        if let Act::Connect(connecting) = act {
            return self.connect(who, connecting).await;
        }
        if self.actor(who).client.is_none() {
            return;
        }
        match act {
            Act::Connect(_) => {}
            Act::Subscribe { filters, identifier } => {
                let mut wanted = filters.iter().cloned();
                let Some((filter, options)) = wanted.next() else { return };
                let mut draft =
                    wanted.fold(subscribe(filter, options), |draft, (filter, options)| draft.and(filter, options));
                if let Some(identifier) = identifier {
                    draft = draft.property(Property::SubscriptionIdentifier(*identifier));
                }
                self.request(who, draft, filters.clone(), false).await;
            }
            Act::Unsubscribe(filters) => {
                let known = &mut self.actor(who).session.subscriptions;
                let before = known.len();
                known.retain(|(known, _)| !filters.contains(known));
                let is_idle = known.len() == before;
                let draft = unsubscribe(filters.iter().map(String::as_str));
                self.request(who, draft, Vec::new(), is_idle).await;
            }
            Act::Publish(publishing) => self.publish(who, publishing).await,
            Act::Hold => {
                let actor = self.actor(who);
                actor.holds = true;
                actor.client.iter().for_each(Client::hold_acknowledgements);
            }
            Act::Acknowledge(which) => self.acknowledge(who, *which),
            Act::Ping => self.ping(who).await,
            Act::Leave { with_will } => {
                let code = if *with_will { ReasonCode::DISCONNECT_WITH_WILL_MESSAGE } else { ReasonCode::SUCCESS };
                self.leave(who, disconnect().reason(code)).await;
            }
            Act::Reset => {
                let actor = self.actor(who);
                actor.client.iter().for_each(Client::reset_connection);
                actor.loses_connection();
            }
            Act::Fin => {
                if let Some(client) = &mut self.actor(who).client {
                    client.drop_connection().await;
                }
                self.drain(who);
                self.actor(who).loses_connection();
            }
        }
    }

    async fn leave(&mut self, who: usize, draft: Draft) {
        if let Some(client) = &mut self.actor(who).client {
            let _ = client.disconnect_with(draft).await;
        }
        self.drain(who);
        self.actor(who).loses_connection();
    }

    /// Connects, and carries on the session that is there.
    pub(super) async fn connect(&mut self, who: usize, connecting: &Connecting) {
        self.take_over(who);
        let (role, version) = (ROLES[who], self.actor(who).version);
        let opened = self.broker.open_in(role, version).await;
        let mut client = match opened {
            Ok(client) => client,
            Err(stop) => {
                self.is_over = Some(in_words(stop));
                return;
            }
        };
        client.take_repetitions();
        let draft = self.connect_draft(version, connecting);
        if send(&mut client, draft, connecting.in_pieces).is_none() {
            return;
        }
        let until = tokio::time::Instant::now() + self.limit;
        let is_answer = |what: &Arrival| match what {
            Arrival::Packet(packet) => matches!(packet.packet(), Packet::Connack(_)),
            _ => true,
        };
        let answer = client.next(until, |arrived| is_answer(&arrived.what)).await;
        let is_present = match answer.as_ref().map(|arrived| &arrived.what) {
            Some(Arrival::Packet(packet)) => match packet.packet() {
                Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS => connack.session_present,
                _ => return self.actor(who).loses_session(),
            },
            Some(_) => return self.actor(who).loses_session(),
            None => return self.is_unanswered(who, Missing::Answer(PacketType::Connack), &client),
        };
        self.is_let_in(who, client, connecting, is_present).await;
    }

    /// A connection that is there comes to its end by the new one.
    fn take_over(&mut self, who: usize) {
        self.drain(who);
        let actor = self.actor(who);
        if let Some(former) = actor.client.take() {
            actor.loses_connection();
            former.hold_acknowledgements();
            actor.former.push(former);
        }
    }

    fn connect_draft(&mut self, version: Version, connecting: &Connecting) -> Draft {
        let mut draft = if connecting.is_clean { connect() } else { connect().resume() };
        if connecting.keeps {
            draft = draft.property(Property::SessionExpiryInterval(SESSION_EXPIRY));
        }
        if let Some(most) = connecting.receive_maximum {
            draft = draft.property(Property::ReceiveMaximum(most));
        }
        if let Some(most) = connecting.packet_size {
            draft = draft.property(Property::MaximumPacketSize(most));
        }
        if let Some(most) = connecting.aliases {
            draft = draft.property(Property::TopicAliasMaximum(most));
        }
        let Some(willing) = &connecting.will else { return draft };
        self.wills += 1;
        let mut made = will(willing.topic.as_str(), format!("w{}", self.wills)).qos(willing.qos);
        if willing.retain {
            made = made.retain();
        }
        if let (Some(delay), Version::V5) = (willing.delay, version) {
            made = made.property(Property::WillDelayInterval(delay));
        }
        draft.will(made)
    }

    async fn is_let_in(&mut self, who: usize, client: Client, connecting: &Connecting, is_present: bool) {
        let is_5 = client.version() == Version::V5;
        let asked = if connecting.keeps { SESSION_EXPIRY } else { 0 };
        let keeps = if is_5 { client.session_lasts(asked) > 0 } else { !connecting.is_clean };
        let actor = self.actor(who);
        actor.client = Some(client);
        actor.keeps = keeps;
        if connecting.is_clean || !is_present {
            actor.loses_session();
        }
        let most = connecting.packet_size.map_or(usize::MAX, |most| most as usize);
        actor.session.packet_size = actor.session.packet_size.min(most);
        self.send_again(who).await;
    }

    /// What was under way goes out again, in its order, as a resumed session asks of its client (section 4.4).
    async fn send_again(&mut self, who: usize) {
        let ids: Vec<u16> = self.actor(who).session.outgoing.iter().map(|outgoing| outgoing.id).collect();
        for id in ids {
            self.wait_for_room(who).await;
            let actor = self.actor(who);
            let Some(outgoing) = actor.session.outgoing.iter().find(|outgoing| outgoing.id == id) else { continue };
            let draft = if outgoing.is_released { pubrel(id) } else { outgoing.draft.clone().id(id).dup() };
            if let Some(client) = &mut actor.client {
                send(client, draft, false);
            }
        }
    }

    async fn wait_for_room(&mut self, who: usize) {
        let has_room =
            |actor: &Actor| actor.client.as_ref().is_none_or(|client| client.link().flow.open() < client.room());
        self.until(who, has_room).await;
    }

    async fn request(
        &mut self,
        who: usize,
        draft: Draft,
        filters: Vec<(String, mqtt_assay_codec::SubscriptionOptions)>,
        is_idle: bool,
    ) {
        let actor = self.actor(who);
        let Some(client) = &mut actor.client else { return };
        let Some(id) = send(client, draft, false) else { return };
        actor.changes();
        actor.requests.push(Request { id, filters, is_idle });
        self.until_answered(who, |actor| actor.requests.iter().all(|request| request.id != id)).await;
    }

    async fn ping(&mut self, who: usize) {
        let actor = self.actor(who);
        let Some(client) = &mut actor.client else { return };
        if send(client, pingreq(), false).is_some() {
            actor.pings += 1;
        }
        self.until_answered(who, |actor| actor.pings == 0).await;
    }

    /// Publishes, and waits for the end of the exchange unless the step is not to.
    pub(super) async fn publish(&mut self, who: usize, publishing: &Publishing) {
        if publishing.qos != QoS::AtMostOnce {
            self.wait_for_room(who).await;
        }
        let payload = self.payload(publishing.size);
        let draft = self.message_draft(who, publishing, publishing.topic.as_str().into(), &payload);
        let Some(id) = self.send_message(who, publishing, &draft, &payload) else { return };
        let message = self.messages.len();
        let size = payload.len() + if publishing.properties { WITH_PROPERTIES } else { AROUND_PAYLOAD };
        let owed = self.owed(who, publishing, size);
        let (topic, qos) = (publishing.topic.clone(), publishing.qos);
        self.messages.push(Message { publisher: who, topic, qos, payload, size, is_taken: None, owed });
        if qos != QoS::AtMostOnce {
            self.actor(who).session.outgoing.push(Outgoing { id, qos, message, draft, is_released: false });
        }
        if !publishing.at_once {
            self.until_answered(who, |actor| actor.session.outgoing.iter().all(|outgoing| outgoing.id != id)).await;
        }
    }

    fn payload(&self, size: usize) -> Vec<u8> {
        let mut payload = format!("m{}.", self.messages.len()).into_bytes();
        payload.resize(payload.len().max(size), b'.');
        if size == 0 { Vec::new() } else { payload }
    }

    fn message_draft(&mut self, who: usize, publishing: &Publishing, topic: Topic, payload: &[u8]) -> Draft {
        let mut draft = publish(topic, payload).qos(publishing.qos);
        if publishing.retain {
            draft = draft.retain();
        }
        if self.actor(who).version != Version::V5 {
            return draft;
        }
        if publishing.properties {
            draft = draft
                .property(Property::PayloadFormatIndicator(1))
                .property(Property::ContentType("text/plain"))
                .property(Property::ResponseTopic("answers"))
                .property(Property::CorrelationData(b"\x00\xFF"))
                .property(Property::UserProperty("b", "2"))
                .property(Property::UserProperty("a", "1"))
                .property(Property::UserProperty("b", "2"));
        }
        match publishing.expiry {
            Some(seconds) => draft.property(Property::MessageExpiryInterval(seconds)),
            None => draft,
        }
    }

    /// Sends it, by an alias if that is wanted and there is one.
    fn send_message(&mut self, who: usize, publishing: &Publishing, draft: &Draft, payload: &[u8]) -> Option<u16> {
        let aliased = self.send_aliased(who, publishing, draft, payload);
        if aliased.is_some() {
            return aliased;
        }
        send(self.actor(who).client.as_mut()?, draft.clone(), publishing.in_pieces)
    }

    fn send_aliased(&mut self, who: usize, publishing: &Publishing, draft: &Draft, payload: &[u8]) -> Option<u16> {
        if !publishing.alias || self.actor(who).version != Version::V5 {
            return None;
        }
        let aliases = &self.actor(who).aliases;
        let known = aliases.iter().position(|topic| *topic == publishing.topic);
        let alias = u16::try_from(known.unwrap_or(aliases.len()) + 1).ok()?;
        // What is retained is removed by its name in the end.
        let is_nameless = known.is_some() && !publishing.retain;
        let draft = if is_nameless { self.message_draft(who, publishing, exact(""), payload) } else { draft.clone() };
        let actor = self.actor(who);
        let id = send(actor.client.as_mut()?, draft.property(Property::TopicAlias(alias)), publishing.in_pieces)?;
        if known.is_none() {
            actor.aliases.push(publishing.topic.clone());
        }
        Some(id)
    }

    /// Who is owed a message that is sent now.
    fn owed(&mut self, who: usize, publishing: &Publishing, size: usize) -> Vec<(usize, u32)> {
        if publishing.qos == QoS::AtMostOnce || publishing.size == 0 || publishing.expiry.is_some() {
            return Vec::new();
        }
        let all: Vec<usize> = self.actors.keys().copied().collect();
        let mut owed = Vec::new();
        for other in all {
            self.drain(other);
            let waiting = self.messages.iter().filter(|message| self.waits(message, other)).count();
            let actor = self.actor(other);
            if waiting >= WAITING {
                actor.changes();
            }
            if actor.is_owed(&publishing.topic, other == who) && actor.session.packet_size > size {
                owed.push((other, actor.session.epoch));
            }
        }
        owed
    }

    /// Whether a message is owed to this one and has not come.
    pub(super) fn waits(&self, message: &Message, who: usize) -> bool {
        let Some(actor) = self.actors.get(&who) else { return false };
        let is_owed = message.owed.contains(&(who, actor.session.epoch)) && actor.session.packet_size > message.size;
        is_owed && !actor.heard.contains(&message.payload)
    }

    fn acknowledge(&mut self, who: usize, which: Which) {
        let actor = self.actor(who);
        let is_wanted = |held: Held| match which {
            Which::All | Which::First => true,
            Which::Qos1 => matches!(held, Held::Message(QoS::AtLeastOnce, _)),
            Which::Qos2 => !matches!(held, Held::Message(QoS::AtLeastOnce, _)),
        };
        let taken = actor.take_held(is_wanted, if which == Which::First { 1 } else { usize::MAX });
        let Some(client) = &mut actor.client else { return };
        for held in taken {
            let answer = match held {
                Held::Message(QoS::ExactlyOnce, id) => pubrec(id),
                Held::Message(_, id) => puback(id),
                Held::Release(id) => pubcomp(id),
            };
            send(client, answer, false);
        }
        if which == Which::All {
            actor.holds = false;
            client.acknowledge();
        }
    }

    /// Acknowledges everything, from now on too.
    pub(super) fn acknowledge_all(&mut self, who: usize) {
        self.drain(who);
        self.acknowledge(who, Which::All);
    }

    /// Takes in what has come.
    pub(super) fn drain(&mut self, who: usize) {
        let actor = self.actor(who);
        for former in &actor.former {
            while let Some(arrived) = former.link().take(|arrived| matches!(arrived.what, Arrival::Packet(_))) {
                if let Some(packet) = arrived.packet()
                    && let Packet::Publish(publish) = packet.packet()
                {
                    actor.heard.insert(publish.payload.to_vec());
                }
            }
        }
        let Some(link) = actor.client.as_ref().map(|client| Rc::clone(client.link())) else { return };
        while let Some(arrived) = link.take(|arrived| matches!(arrived.what, Arrival::Packet(_))) {
            let Some(packet) = arrived.packet() else { continue };
            match self.actor(who).takes(&packet.packet()) {
                Some(News::Settled(message, is_taken)) => self.messages[message].is_taken = Some(is_taken),
                Some(News::Release(id)) => {
                    if let Some(client) = &mut self.actor(who).client {
                        send(client, pubrel(id), false);
                    }
                }
                None => {}
            }
        }
        // An end, or what can't be read any further.
        if !link.pending().is_empty() {
            link.reset();
            self.actor(who).loses_connection();
        }
    }

    /// Waits until it is so, as long as anything comes on that connection within the limit.
    pub(super) async fn until(&mut self, who: usize, is_so: impl Fn(&Actor) -> bool) -> Waited {
        loop {
            self.drain(who);
            let limit = self.limit;
            let actor = self.actor(who);
            if is_so(actor) {
                return Waited::Came;
            }
            let Some(link) = actor.client.as_ref().map(|client| Rc::clone(client.link())) else { return Waited::Gone };
            if timeout(limit, link.arrival()).await.is_err() && link.pending().is_empty() {
                return Waited::Silent;
            }
        }
    }

    /// The same for an answer that the broker owes.
    pub(super) async fn until_answered(&mut self, who: usize, is_so: impl Fn(&Actor) -> bool) {
        if self.until(who, is_so).await != Waited::Silent {
            return;
        }
        let actor = self.actor(who);
        if let (Some(missing), Some(client)) = (actor.waits_for(), actor.client.take()) {
            self.is_unanswered(who, missing, &client);
        }
    }

    /// A silence is a finding, and the connection is no use any more.
    fn is_unanswered(&mut self, who: usize, missing: Missing, client: &Client) {
        self.found.extend(unanswered(client, missing, self.limit));
        client.reset_connection();
        let actor = self.actor(who);
        actor.loses_connection();
        actor.loses_session();
    }
}

/// Sends it if that is legal by what the broker has announced.
fn send(client: &mut Client, draft: Draft, in_pieces: bool) -> Option<u16> {
    let sent = if in_pieces { client.send_bytewise(draft) } else { client.send(draft) };
    sent.ok()
}

/// A stop in words.
pub(super) fn in_words(stop: Stop) -> String {
    match stop {
        Stop::Inconclusive { why, .. } | Stop::NotOffered(why) | Stop::NotExercised(why) => why,
        Stop::Failed => "a rule was broken".to_owned(),
    }
}
