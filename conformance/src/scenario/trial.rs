//! Paths that are seen to work before a case rests on them.
//!
//! A cluster may answer a SUBSCRIBE before its other nodes know of it. So who publishes to a subscription that was tried
//! tries the path from its own connection first, and again until a message comes through.

use super::client::Client;
use super::draft::{Draft, publish};
use super::names::Topic;
use super::pattern::{Pattern, a_message, with_payload};
use super::verdict::{Received, Stop};
use crate::link::{Link, Remark};
use mqtt_assay_codec::{Packet, QoS};
use mqtt_assay_standard::bounds;
use std::collections::BTreeSet;
use std::rc::Rc;
use tokio::time::Instant;

/// A subscription that is seen to work.
pub(crate) struct Tried {
    role: &'static str,
    link: Rc<Link>,
    topic: Topic,
    qos: QoS,
    /// Labels of the connections that have tried it, its own among them.
    by: BTreeSet<String>,
}

impl Client {
    /// Set-up: a subscription that is seen to work: a message of our own on `topic` comes back. A case that is about a
    /// message that must come starts so; then a broker that delivers nothing at all is not blamed for it. Each other client
    /// of the case that publishes later tries the path from its own connection first.
    pub async fn subscribe_tried(
        &mut self,
        filter: impl Into<Topic>,
        topic: impl Into<Topic>,
        qos: QoS,
    ) -> Result<(), Stop> {
        self.subscribe(filter, qos).await?;
        let topic = topic.into();
        let deadline = Instant::now() + self.context().patient(bounds::SET_UP);
        let mut sent: Vec<Pattern> = Vec::new();
        loop {
            let nonce = self.context().names().nonce();
            self.exchange(publish(&topic, &nonce).qos(qos)).await?;
            sent.push(a_message(&topic, &nonce));
            let is_certain = self.need_not_come(&sent).is_none();
            let until = if is_certain { deadline } else { self.until_next_trial(deadline) };
            match self.receive_one_of(&sent, until).await {
                Err(Stop::Inconclusive { line: None, .. }) if Instant::now() < deadline => {}
                received => {
                    received?;
                    break;
                }
            }
        }
        let by = BTreeSet::from([self.link().label.clone()]);
        let tried =
            Tried { role: self.role(), link: Rc::clone(self.link()), topic, qos: qos.min(QoS::AtLeastOnce), by };
        self.context().tried.borrow_mut().push(tried);
        Ok(())
    }

    /// Tries the path from this connection to each subscription that was tried from another one. What doesn't come through
    /// in the end is left to the case's own steps.
    pub async fn try_paths(&mut self) -> Result<(), Stop> {
        let paths: Vec<(&'static str, Rc<Link>, Topic, QoS)> = {
            let (mut tried, label) = (self.context().tried.borrow_mut(), &self.link().label);
            let untried = tried.iter_mut().filter(|path| !path.link.is_over() && !path.by.contains(label));
            untried
                .map(|path| {
                    path.by.insert(label.clone());
                    (path.role, Rc::clone(&path.link), path.topic.clone(), path.qos)
                })
                .collect()
        };
        for (role, link, topic, qos) in paths {
            // Even where the case acknowledges by hand: this message is none of it.
            let acknowledges = link.acknowledges.replace(true);
            let receiver = Client::new(role, Rc::clone(&link), Rc::clone(self.context()));
            let tried = self.try_path(&receiver, &topic, qos).await;
            link.acknowledges.set(acknowledges);
            tried?;
        }
        Ok(())
    }

    async fn try_path(&mut self, receiver: &Client, topic: &Topic, qos: QoS) -> Result<(), Stop> {
        let deadline = Instant::now() + self.context().patient(bounds::SET_UP);
        let mut sent = Vec::new();
        loop {
            let nonce = self.context().names().nonce();
            self.exchange(publish(topic, &nonce).qos(qos)).await?;
            sent.push(a_message(topic, &nonce));
            match receiver.next_about(&sent, self.until_next_trial(deadline)).await {
                None if Instant::now() < deadline => {}
                None => {
                    let seen = format!("no message has come through to {} yet", receiver.role());
                    self.context().say(&self.link().label, Remark::Notes, seen);
                    return Ok(());
                }
                Some(_) => return Ok(()),
            }
        }
    }

    /// Set-up: what this client publishes comes to `receiver`, as the pattern says. What QoS 0 may lose on its way is
    /// published again after a moment; then all copies have been dealt with when this returns: one that is still on its way
    /// might come to who subscribes later, and would be taken for what is kept.
    pub async fn publish_to(
        &mut self,
        receiver: &mut Client,
        draft: Draft,
        pattern: Pattern,
    ) -> Result<Received, Stop> {
        let deadline = Instant::now() + self.context().patient(bounds::SET_UP);
        let patterns = [pattern];
        let mut is_repeated = false;
        loop {
            self.publish_draft(draft.clone()).await?;
            let is_certain = receiver.need_not_come(&patterns).is_none();
            let until = if is_certain { deadline } else { self.until_next_trial(deadline) };
            match receiver.receive_one_of(&patterns, until).await {
                Err(Stop::Inconclusive { line: None, .. }) if Instant::now() < deadline => is_repeated = true,
                Ok(received) if is_repeated => return self.serves().await.map(|()| received),
                received => return received,
            }
        }
    }

    /// Set-up: like [`Client::publish_to`], to this client itself.
    pub async fn publish_to_itself(&mut self, draft: Draft, pattern: Pattern) -> Result<Received, Stop> {
        let mut itself = Self::new(self.role(), Rc::clone(self.link()), Rc::clone(self.context()));
        self.publish_to(&mut itself, draft, pattern).await
    }

    /// Set-up: a message of QoS 0 that comes to `receiver`; what is lost is followed by one with a payload of its own. So a
    /// second copy of it can be told from one that was only late.
    pub async fn publish_until_heard(
        &mut self,
        receiver: &mut Client,
        topic: impl Into<Topic>,
        text: &str,
    ) -> Result<Received, Stop> {
        let topic = topic.into();
        let mut sent = Vec::new();
        let deadline = Instant::now() + self.context().patient(bounds::SET_UP);
        loop {
            let payload = format!("{text} {}", sent.len() + 1);
            self.publish_draft(publish(&topic, &payload)).await?;
            sent.push(with_payload(&payload));
            match receiver.receive_one_of(&sent, self.until_next_trial(deadline)).await {
                Err(Stop::Inconclusive { line: None, .. }) if Instant::now() < deadline => {}
                received => return received,
            }
        }
    }

    /// Set-up: a subscription that brings the retained message of the pattern. What QoS 0 may lose is asked for again after a
    /// moment.
    pub async fn subscribe_until(
        &mut self,
        filter: impl Into<Topic>,
        qos: QoS,
        pattern: Pattern,
    ) -> Result<Received, Stop> {
        let (filter, patterns) = (filter.into(), [pattern]);
        let deadline = Instant::now() + self.context().patient(bounds::SET_UP);
        loop {
            self.subscribe(&filter, qos).await?;
            match self.receive_one_of(&patterns, self.until_next_trial(deadline)).await {
                Err(Stop::Inconclusive { line: None, .. }) if Instant::now() < deadline => {}
                received => return received,
            }
        }
    }

    /// Waits after a SUBACK until other connections know the subscription, where the run's beginning has shown that this
    /// takes a time.
    pub(crate) async fn let_spread(&self, packet: &Packet<'_>) {
        let time = self.context().ready.setting.spreads_in;
        if matches!(packet, Packet::Suback(_)) && !time.is_zero() {
            let seen = format!("{time:?} pass: this broker's subscriptions work later than their SUBACK");
            self.context().say(&self.link().label, Remark::Notes, seen);
            tokio::time::sleep(time).await;
        }
    }

    /// When another message is sent for one that has not come.
    pub(crate) fn until_next_trial(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.context().patient(bounds::TRIAL))
    }
}
