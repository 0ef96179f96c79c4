//! The broker under test as a case sees it: connections to it, and what is removed from it at the end.

use super::client::Client;
use super::context::{CASE, CaseContext};
use super::draft::{Draft, connect};
use super::names::Topic;
use super::pattern::a_connack;
use super::rules::StepRules;
use super::verdict::{Evidence, Stop};
use crate::broker::Setting;
use crate::link::{Link, Remark};
use mqtt_assay_codec::{Packet, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::timeout;

/// The broker under test, as a case sees it.
pub struct Subject {
    context: Rc<CaseContext>,
}

impl Subject {
    pub(crate) fn new(context: Rc<CaseContext>) -> Self {
        Self { context }
    }

    /// The version that the case runs in.
    pub fn version(&self) -> Version {
        self.context.version()
    }

    /// Which member of its family the case is.
    pub fn member(&self) -> &'static str {
        self.context.brief().member
    }

    /// How this broker is set up: credentials, a denied topic.
    pub fn setting(&self) -> &Setting {
        &self.context.setting
    }

    /// A known user name with a password that is not its own.
    pub fn bad_credentials(&self) -> Result<(String, String), Stop> {
        let setting = self.setting();
        match (&setting.credentials, &setting.bad_password) {
            (Some((user, _)), Some(bad)) => Ok((user.clone(), bad.clone())),
            _ => Err(Stop::NotOffered("no user name with a wrong password is known".to_owned())),
        }
    }

    /// A topic that the ordinary user may not use.
    pub fn denied_topic(&self) -> Result<Topic, Stop> {
        let denied = self.setting().denied_topic.clone();
        denied.map(Topic::Exact).ok_or_else(|| Stop::NotOffered("no denied topic is known".to_owned()))
    }

    /// A text that no other case or run uses, for names that are no topics.
    pub fn unique(&self) -> &str {
        self.context.names().unique()
    }

    /// Set-up: a connected client with a clean session.
    pub async fn connect(&self, role: &'static str) -> Result<Client, Stop> {
        self.connect_as(role, connect()).await
    }

    /// Set-up: a client connected by this CONNECT. The same role again means the same client identifier.
    pub async fn connect_as(&self, role: &'static str, draft: Draft) -> Result<Client, Stop> {
        let mut client = self.open(role).await?;
        let wants_session = draft.wants_session();
        client.send(draft)?;
        let connack = client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
        match connack.packet() {
            Packet::Connack(connack) if wants_session && connack.properties.session_expiry_interval() == Some(0) => {
                Err(Stop::NotOffered(
                    "CONNACK: Session Expiry Interval 0, sessions end with their connection".to_owned(),
                ))
            }
            _ => Ok(client),
        }
    }

    /// Set-up: a client that comes back to the session it left, by its role. A session that is gone judges nothing here.
    pub async fn resume(&self, role: &'static str) -> Result<Client, Stop> {
        let mut client = self.open(role).await?;
        client.send(connect().persistent())?;
        client.receive(a_connack().code(&[ReasonCode::SUCCESS]).session_present(true)).await?;
        Ok(client)
    }

    /// Set-up: a network connection, and nothing sent on it yet.
    pub async fn open(&self, role: &'static str) -> Result<Client, Stop> {
        let context = &self.context;
        // The built-in broker has no backlog, and no time passes for it while we wait.
        let place = if context.endpoint.is_embedded() { None } else { context.doorway.place().await };
        let stream = timeout(context.patient(bounds::OPEN), context.endpoint.open())
            .await
            .map_err(|_| format!("no connection within {:?}", context.patient(bounds::OPEN)))
            .and_then(|opened| opened.map_err(|error| error.to_string()))
            .map_err(|why| Stop::Inconclusive { why: format!("{role}: {why}"), line: None })?;
        let count = {
            let mut roles = context.roles.borrow_mut();
            let count = roles.entry(role.to_owned()).or_default();
            *count += 1;
            *count
        };
        let label = if count == 1 { role.to_owned() } else { format!("{role}#{count}") };
        let link = Link::start(stream, place, label, Rc::clone(context.recorder()));
        context.links.borrow_mut().push(Rc::clone(&link));
        Ok(Client::new(role, link, Rc::clone(context)))
    }

    /// Writes something worth knowing into the transcript.
    pub fn note(&self, text: impl Into<String>) {
        self.context.say(CASE, Remark::Notes, text);
    }

    /// Lets the standard's own time pass: an expiry, a delay. Nothing else is waited for; the case names it in `waits`.
    pub async fn wait(&self, time: Duration) {
        self.note(format!("{time:?} pass"));
        tokio::time::sleep(time).await;
    }

    /// Writes down what a permission was seen to be used for; never a judgement.
    pub fn observe(&self, rule: StepRules, seen: &str) -> Evidence {
        let deciding = self.context.deciding(Some(rule), false);
        let line = self.context.say(CASE, Remark::Notes, seen);
        self.context.kept(CASE, deciding.as_ref(), "either way", seen, line);
        Evidence::new(line, None)
    }

    /// Ends the case's connections; those that are watched for stragglers stay open until `finish`.
    pub(crate) async fn close(&self) {
        let links: Vec<_> = self.context.links().into_iter().filter(|link| !link.is_watched()).collect();
        for link in &links {
            leave(link);
        }
        let written = async {
            for link in &links {
                link.written().await;
            }
        };
        // What could not be written by then is lost with the connection; it was only a farewell.
        let _ = timeout(self.context.patient(bounds::MARGIN), written).await;
    }

    /// True where a straggler may still turn the verdict.
    pub(crate) fn is_watching(&self) -> bool {
        self.context.links().iter().any(|link| link.is_watched())
    }

    pub(crate) fn context(&self) -> &Rc<CaseContext> {
        &self.context
    }

    /// Asks a last time on every watched connection, so that a straggler that was under way is seen, and closes it.
    pub(crate) async fn finish(&self) {
        for link in self.context.links().into_iter().filter(|link| link.is_watched() && !link.is_over()) {
            let mut client = Client::new(CASE, Rc::clone(&link), Rc::clone(&self.context));
            let _ = client.ping(self.context.patient(bounds::MARGIN)).await;
            link.unwatch();
            leave(&link);
            let _ = timeout(self.context.patient(bounds::MARGIN), link.written()).await;
        }
    }

    /// Lets all connections go. They know their case and it knows them: without this neither would ever be freed.
    pub(crate) fn release(&self) {
        for link in std::mem::take(&mut *self.context.links.borrow_mut()) {
            link.stop();
        }
    }
}

/// Ends a connection as a well-behaved client does.
pub(super) fn leave(link: &Link) {
    if link.is_over() {
        return;
    }
    if link.accepted_line().is_some() {
        let packet = Packet::Disconnect(mqtt_assay_codec::Disconnect {
            reason: ReasonCode::SUCCESS,
            properties: mqtt_assay_codec::Properties::EMPTY,
        });
        if let Ok(bytes) = packet.to_bytes(link.recorder.version()) {
            link.send(bytes, None);
        }
    }
    link.close();
}
