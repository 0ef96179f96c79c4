//! The steps that decide a scene: what is due of each message, looked at one by one.

use super::due::{IDENTIFIER, LIFETIME, Message, PAIRS};
use super::row::{Path, Wait};
use super::rules::Aspect;
use super::scene::{Cast, Scene, defect, qos_of};
use crate::link::breach_of_form;
use crate::scenario::pattern::Pattern;
use crate::scenario::{Client, Evidence, Outcome, Received, Seen, Stop};
use mqtt_assay_codec::{OwnedPacket, Property, Rule};
use tokio::time::Instant;

/// A message that came: by a step that decided so, or in the set-up.
pub(super) enum Found {
    Decided(Evidence),
    InSetUp(Received),
}

impl Seen for Found {
    fn line(&self) -> u32 {
        match self {
            Self::Decided(evidence) => evidence.line(),
            Self::InSetUp(received) => received.line(),
        }
    }

    fn owned(&self) -> Option<&OwnedPacket> {
        match self {
            Self::Decided(evidence) => evidence.owned(),
            Self::InSetUp(received) => received.owned(),
        }
    }
}

/// What the looks at one message have to know besides the row.
struct Look<'a> {
    message: &'a Message,
    /// The packet identifier of an earlier sending.
    id: Option<u16>,
}

impl Scene<'_> {
    /// Decides: each message comes, and is as the row says; `ids` are their identifiers where they were sent before.
    pub(super) async fn decides(&self, cast: &mut Cast, ids: &[u16]) -> Outcome {
        if !self.row.due(self.broker.version()).comes {
            return self.decides_absence(cast).await;
        }
        let (mut found, mut last) = (Vec::new(), None);
        for (number, message) in self.messages.iter().enumerate() {
            let look = Look { message, id: ids.get(number).copied() };
            let came = self.comes(cast, &look).await?;
            last = self.is_right(cast, &came, &look).await?.or(last);
            found.push(came);
        }
        if self.row.is_ordered() {
            let step = cast.watcher.expect_in_turn(&found).decides(self.row.rule(Aspect::Order));
            last = Some(step.await?);
        }
        last.ok_or_else(|| defect("nothing was looked at"))
    }

    async fn decides_absence(&self, cast: &mut Cast) -> Outcome {
        let rule = self.row.rule(Aspect::StaysAway);
        let topic = self.row.first_topic();
        let mut other = match cast.publisher.take() {
            Some(publisher) if !self.row.is_will() => publisher,
            _ => self.broker.connect("other").await?,
        };
        // Where several stay away for their topics, each has another one.
        let others = if self.row.is_unmatched() { &self.messages[1..] } else { &[] };
        for message in others {
            let step = cast.watcher.expect_no_message(&message.payload).about(format!("nothing on {}", message.topic));
            let _ = step.decides(rule).before_message(&mut other, topic.as_str()).await?;
        }
        let payload = &self.messages[0].payload;
        cast.watcher.expect_no_message(payload).decides(rule).before_message(&mut other, topic).await
    }

    /// The message, where it need not be lost by a step that decides so.
    async fn comes(&self, cast: &mut Cast, look: &Look<'_>) -> Result<Found, Stop> {
        let (message, pattern) = (look.message, self.pattern(cast, look.message));
        if self.row.may_be_lost() {
            let received = if self.row.is_retained() {
                self.subscribes_until(cast, pattern).await?
            } else {
                self.publishes_until_heard(cast, message).await?
            };
            return Ok(Found::InSetUp(received));
        }
        let was_not_sent = self.row.path == Path::Again && look.id.is_none();
        if !cast.has_session || was_not_sent || self.row.is_open(Aspect::Comes) {
            // In 5.0 nothing is owed without one ([MQTT-4.4.0-1]); but CONNACK may be wrong about it.
            return cast.watcher.receive(pattern).await.map(Found::InSetUp);
        }
        let rule = self.row.rule(Aspect::Comes);
        cast.watcher.expect(pattern).decides(rule).await.map(Found::Decided)
    }

    /// The copy that is meant: where others of lower QoS may come, the one that is due.
    fn pattern(&self, cast: &Cast, message: &Message) -> Pattern {
        let pattern = self.told(&message.topic, &message.payload);
        let comes_besides = self.row.path == Path::Again || self.row.is_open(Aspect::Comes);
        if comes_besides { pattern.copy_at(self.row.due_qos(cast.granted)) } else { pattern }
    }

    /// Decides: all that is looked at is right; the last evidence.
    async fn is_right(&self, cast: &mut Cast, came: &Found, look: &Look<'_>) -> Result<Option<Evidence>, Stop> {
        if let Some(error) = came.owned().and_then(breach_of_form).filter(|error| error.rule != Rule::DupWithQos0) {
            // An invariant reports it; what the rest of such a packet says is no breach of its own.
            return Err(Stop::Inconclusive { why: format!("{error}"), line: Some(came.line()) });
        }
        let mut last = None;
        for aspect in self.row.aspects(self.broker.version()) {
            let was_not_sent = self.row.path == Path::Again && look.id.is_none();
            if aspect == Aspect::Dup && (was_not_sent || !cast.loss_is_known) {
                continue;
            }
            let due = self.row.due_qos(cast.granted);
            let seen = came.owned().map_or(due, |packet| qos_of(&packet.packet()));
            if aspect == Aspect::HighestQos && seen != due {
                let highest = self.told(&look.message.topic, &look.message.payload).copy_at(due);
                if self.row.is_open(aspect) {
                    cast.watcher.receive(highest).await?;
                } else {
                    last = Some(cast.watcher.expect(highest).decides(self.row.rule(aspect)).await?);
                }
                continue;
            }
            let Some(pattern) = self.demand(aspect, cast, look) else { continue };
            last = self.looks(&mut cast.watcher, came, aspect, pattern).await?.or(last);
        }
        Ok(last)
    }

    async fn looks(
        &self,
        watcher: &mut Client,
        came: &Found,
        aspect: Aspect,
        pattern: Pattern,
    ) -> Result<Option<Evidence>, Stop> {
        if self.row.is_open(aspect) {
            return watcher.receive_right(came, &pattern).map(|()| None);
        }
        watcher.expect_right(came, pattern).decides(self.row.rule(aspect)).await.map(Some)
    }

    /// What is demanded of the message in this respect.
    fn demand(&self, aspect: Aspect, cast: &Cast, look: &Look<'_>) -> Option<Pattern> {
        let (row, due) = (self.row, self.row.due(self.broker.version()));
        let told = self.told(&look.message.topic, &look.message.payload);
        // By the topic too, once that has been looked at.
        let pattern = if aspect == Aspect::Payload { told } else { told.on(look.message.topic.as_str()) };
        let qos = row.due_qos(cast.granted);
        Some(match aspect {
            Aspect::QosAtMost => pattern.qos_at_most(qos),
            Aspect::Qos | Aspect::HighestQos => pattern.qos(qos),
            Aspect::Topic => pattern,
            Aspect::Payload => pattern.reads(&look.message.payload),
            Aspect::Retain => pattern.retain(due.retain),
            Aspect::Dup => pattern.dup(due.dup),
            Aspect::PacketId => pattern.id(look.id?),
            Aspect::Replaced => row.replacement(pattern, qos, due),
            Aspect::Format => pattern.property(Property::PayloadFormatIndicator(1)),
            Aspect::WillExpiry => pattern.expiry_at_most(LIFETIME),
            Aspect::Expiry => self.in_time(pattern, cast.published_at),
            Aspect::ContentType => pattern.property(Property::ContentType("text/plain; charset=utf-8")),
            Aspect::Response => pattern.property(Property::ResponseTopic("hall/answers")),
            Aspect::Correlation => pattern.property(Property::CorrelationData(&[0, 255, b'7'])),
            Aspect::UserProperties => {
                PAIRS.into_iter().fold(pattern, |pattern, (name, value)| pattern.user_property(name, value))
            }
            Aspect::UserOrder => pattern.in_order(&PAIRS),
            Aspect::Identifier => pattern.property(Property::SubscriptionIdentifier(IDENTIFIER)),
            Aspect::NoOtherIdentifier => pattern.identifiers(&[IDENTIFIER]),
            Aspect::Comes | Aspect::StaysAway | Aspect::Order => return None,
        })
    }

    /// The expiry interval is what the time since the publication leaves of it, give or take a second.
    fn in_time(&self, pattern: Pattern, since: Instant) -> Pattern {
        let passed = u32::try_from(since.elapsed().as_secs()).unwrap_or(LIFETIME);
        let pattern = pattern.expiry_at_least(LIFETIME.saturating_sub(passed + 1));
        match self.row.wait {
            Wait::None => pattern.expiry_at_most(LIFETIME),
            Wait::TwoSeconds => pattern.expiry_at_most(LIFETIME + 1 - super::SECONDS as u32),
        }
    }
}
