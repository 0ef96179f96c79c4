//! How a case's sessions and retained messages are removed from the broker, when its steps are over or its run is ended.

use super::context::CASE;
use super::draft::{connect, publish};
use super::names::exact;
use super::pattern::a_connack;
use super::subject::{CLEANER, Subject, leave};
use super::verdict::Stop;
use crate::link::Arrival;
use crate::scenario::Client;
use mqtt_assay_codec::QoS;
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use tokio::time::{Instant, timeout};

/// So many retained messages are removed one after the other; of more, a broker far away would leave too little time.
const ONE_BY_ONE: usize = 8;

impl Subject {
    /// Removes the sessions and retained messages that the case made. What can't be removed is noted.
    pub(crate) async fn clean_up(&self) {
        self.context().recorder().clean_up_begins();
        let limit = self.context().patient(bounds::CLEAN_UP);
        if timeout(limit, self.remove_everything()).await.is_err() {
            self.note(format!("clean-up not finished within {limit:?}: sessions or retained messages may be left"));
        }
        self.context().is_cleaned_up();
    }

    /// Ends all connections of a case whose steps were broken off, and removes what it made.
    pub(crate) async fn take_leave(&self) {
        self.context().links().iter().for_each(|link| link.unwatch());
        self.close().await;
        self.see_them_ended().await;
        self.clean_up().await;
        self.release();
    }

    /// Waits a moment for the broker's own end of each connection: what was sent on it just now is to be dealt with before
    /// it is removed on another.
    async fn see_them_ended(&self) {
        let until = Instant::now() + self.context().patient(bounds::MARGIN);
        for link in self.context().links() {
            let client = Client::new(CASE, link, Rc::clone(self.context()));
            client.next(until, |arrived| matches!(arrived.what, Arrival::Ended(_))).await;
        }
    }

    async fn remove_everything(&self) {
        let (mut sessions, topics) = {
            let left = self.context().left.borrow();
            (left.sessions(), left.topics())
        };
        for stated in self.sessions_stated() {
            let id = self.context().names().client_id(&stated);
            if !sessions.contains(&id) {
                sessions.push(id);
            }
        }
        for client_id in sessions {
            if let Err(why) = self.remove_session(&client_id).await {
                self.note(format!("clean-up: the session of {client_id} may be left: {why}"));
            }
        }
        if topics.is_empty() {
            return;
        }
        let mut client = match self.connect(CLEANER).await {
            Ok(client) => client,
            Err(stop) => return self.note(format!("clean-up: retained messages may be left: {}", in_words(stop))),
        };
        let topics = if topics.len() > ONE_BY_ONE { self.removed_together(&mut client, topics).await } else { topics };
        for topic in topics {
            match remove_retained(&mut client, &topic).await {
                Ok(()) => self.context().left.borrow_mut().removed_retained(&topic),
                Err(why) => self.note(format!("clean-up: the retained message on {topic} may be left: {why}")),
            }
        }
        leave(client.link());
        client.link().written().await;
    }

    /// Removes many retained messages, each without waiting for the one before; those that are left are to be removed one by one.
    async fn removed_together(&self, client: &mut Client, topics: Vec<String>) -> Vec<String> {
        let empty = |topic: &String| publish(exact(topic), b"").qos(QoS::AtLeastOnce).retain();
        if client.publish_together(topics.iter().map(empty)).await.is_err() {
            return topics;
        }
        for topic in &topics {
            self.context().left.borrow_mut().removed_retained(topic);
        }
        Vec::new()
    }

    /// A clean start ends the session that was there; a broker that refuses the identifier has none for it.
    async fn remove_session(&self, client_id: &str) -> Result<(), String> {
        let version = self.context().left.borrow().version_of_session(client_id).unwrap_or(self.version());
        let mut client = self.open_in(CLEANER, version).await.map_err(in_words)?;
        client.send(connect().client_id(client_id)).map_err(in_words)?;
        client.receive(a_connack()).await.map_err(in_words)?;
        self.context().left.borrow_mut().removed_session(client_id);
        leave(client.link());
        client.link().written().await;
        Ok(())
    }
}

/// An empty retained message takes the place of the one that was there.
async fn remove_retained(client: &mut Client, topic: &str) -> Result<(), String> {
    let empty = |qos| publish(exact(topic), b"").qos(qos).retain();
    match client.publish_draft(empty(QoS::AtLeastOnce)).await {
        // The broker takes QoS 0 only; what is sent before a PINGREQ is read before it.
        Err(Stop::NotOffered(_)) => {
            client.publish_draft(empty(QoS::AtMostOnce)).await.map_err(in_words)?;
            client.serves().await.map_err(in_words)
        }
        done => done.map_err(in_words),
    }
}

fn in_words(stop: Stop) -> String {
    match stop {
        Stop::Inconclusive { why, .. } | Stop::NotOffered(why) | Stop::NotExercised(why) => why,
        Stop::Failed => format!("{CASE}: a rule was broken"),
    }
}
