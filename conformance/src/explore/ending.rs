//! The end of every sequence: all come back and acknowledge, and a fence from each publisher, on each topic and QoS that it
//! used, closes what is owed. The standard orders what one client publishes to one topic at one QoS (section 4.6): where
//! the fence has come, what was published before it must have come too.

use super::finding::{Found, Missing, lost, unanswered};
use super::player::{Player, Waited};
use super::step::{Connecting, Publishing};
use mqtt_assay_codec::{PacketType, QoS};

impl Player<'_> {
    /// Brings a sequence to its end.
    pub(super) async fn end(&mut self) {
        self.broker.note("the end: everybody comes back and acknowledges, and fences close what is owed");
        let all: Vec<usize> = self.actors.keys().copied().collect();
        for &who in &all {
            self.acknowledge_all(who);
            if self.actor(who).client.is_none() {
                self.connect(who, &Connecting { keeps: true, ..Connecting::default() }).await;
            }
            if self.is_over.is_some() {
                return;
            }
        }
        for &who in &all {
            self.until_answered(who, |actor| actor.session.outgoing.is_empty() && actor.requests.is_empty()).await;
        }
        for (publisher, topic, qos) in self.used() {
            self.fence(publisher, &topic, qos).await;
        }
        for &who in &all {
            self.require_release(who).await;
        }
    }

    /// A PUBREL comes for every PUBREC, or nothing comes any more on a connection that is open.
    async fn require_release(&mut self, who: usize) {
        if self.until(who, |actor| actor.unreleased.is_empty()).await != Waited::Silent {
            return;
        }
        let limit = self.limit;
        let actor = self.actor(who);
        actor.unreleased.clear();
        let found =
            actor.client.as_ref().and_then(|client| unanswered(client, Missing::Answer(PacketType::Pubrel), limit));
        self.found.extend(found);
    }

    /// Which publisher has used which topic at which QoS.
    fn used(&self) -> Vec<(usize, String, QoS)> {
        let mut used: Vec<(usize, String, QoS)> = Vec::new();
        for message in &self.messages {
            let way = (message.publisher, message.topic.clone(), message.qos);
            if !used.contains(&way) {
                used.push(way);
            }
        }
        used
    }

    async fn fence(&mut self, publisher: usize, topic: &str, qos: QoS) {
        let place = self.messages.len();
        self.publish(publisher, &Publishing::plain(topic, qos)).await;
        let Some(fence) = self.messages.get(place) else { return };
        if fence.is_taken != Some(true) {
            return;
        }
        for (subscriber, _) in fence.owed.clone() {
            let mut all: Vec<usize> = (0..place).filter(|earlier| self.is_fenced(*earlier, place)).collect();
            all.push(place);
            for message in all {
                self.require(message, subscriber).await;
            }
        }
    }

    /// Whether a message comes before the fence by the order of the standard, and was taken over.
    fn is_fenced(&self, message: usize, fence: usize) -> bool {
        let (message, fence) = (&self.messages[message], &self.messages[fence]);
        let way = |of: &super::player::Message| (of.publisher, of.topic.clone(), of.qos);
        way(message) == way(fence) && message.is_taken == Some(true)
    }

    /// The message comes, or nothing comes any more on a connection that is open.
    async fn require(&mut self, message: usize, subscriber: usize) {
        let payload = self.messages[message].payload.clone();
        if !self.waits(&self.messages[message], subscriber) {
            return;
        }
        let waited = self.until(subscriber, |actor| actor.heard.contains(&payload)).await;
        if waited == Waited::Silent && !self.actor(subscriber).unreleased.is_empty() {
            // It stands in the way of the rest: that is the finding.
            self.actor(subscriber).changes();
            return self.require_release(subscriber).await;
        }
        if waited != Waited::Silent || !self.waits(&self.messages[message], subscriber) {
            return;
        }
        let topic = self.messages[message].topic.clone();
        let actor = self.actor(subscriber);
        let Some(client) = &actor.client else { return };
        let found: Option<Found> = lost(client, &topic, &payload);
        // One loss is one: what else is owed to it is not asked for.
        actor.changes();
        self.found.extend(found);
    }
}
