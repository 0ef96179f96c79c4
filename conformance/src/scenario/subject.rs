//! The broker under test as a case sees it: connections to it, and what is removed from it at the end.

use super::client::Client;
use super::context::{CASE, CaseContext};
use super::draft::{Draft, connect};
use super::joining::Joining;
use super::names::Topic;
use super::pattern::{Pattern, a_connack};
use super::rules::StepRules;
use super::verdict::{Evidence, Received, Stop};
use crate::broker::{Authentication, Setting, Survived};
use crate::link::{Link, Remark};
use bytes::Bytes;
use mqtt_assay_codec::{Packet, QoS, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::timeout;

/// The broker under test, as a case sees it.
pub struct Subject {
    context: Rc<CaseContext>,
    member: Option<&'static str>,
    joining: Option<(&'static [&'static str], Joining)>,
}

/// No packet of a scene with clients of both versions is longer, in bytes.
const LARGEST_OF_SCENES: u32 = 4096;

impl Subject {
    pub(crate) fn new(context: Rc<CaseContext>) -> Self {
        Self { context, member: None, joining: None }
    }

    /// The same broker, where the first connection of each of these roles that is set up is of this kind.
    #[must_use]
    pub fn joined(&self, roles: &'static [&'static str], joining: Joining) -> Self {
        Self { context: Rc::clone(&self.context), member: self.member, joining: Some((roles, joining)) }
    }

    /// The same broker as another member of a family sees it: for steps that several families share.
    #[must_use]
    pub fn as_member(&self, member: &'static str) -> Self {
        Self { context: Rc::clone(&self.context), member: Some(member), joining: self.joining }
    }

    /// The version that the case runs in.
    pub fn version(&self) -> Version {
        self.context.version()
    }

    /// The version that the case does not run in.
    pub fn other_version(&self) -> Version {
        if self.version() == Version::V5 { Version::V3_1_1 } else { Version::V5 }
    }

    /// Which member of its family the case is.
    pub fn member(&self) -> &'static str {
        self.member.unwrap_or(self.context.brief().member)
    }

    /// This packet identifier, or another one where the kind of connection asks for it.
    pub fn an_id(&self, id: u16) -> u16 {
        match self.joining {
            Some((_, Joining::HighIdentifiers)) => id | 0x8000,
            // Not one that a message before had.
            Some((_, Joining::Busy(_))) => id + 100,
            _ => id,
        }
    }

    /// How this broker is set up: credentials, a denied topic.
    pub fn setting(&self) -> &Setting {
        &self.context.ready.setting
    }

    /// A known user name with a password that is not its own.
    pub fn bad_credentials(&self) -> Result<(String, String), Stop> {
        let setting = self.setting();
        match (&setting.credentials, &setting.bad_password) {
            (Some((user, _)), Some(bad)) => Ok((user.clone(), bad.clone())),
            _ => Err(Stop::NotOffered("no user name with a wrong password is known".to_owned())),
        }
    }

    /// How a client authenticates with a method that this broker knows.
    pub fn authentication(&self) -> Result<Authentication, Stop> {
        let method = self.setting().authentication.clone();
        method.ok_or_else(|| Stop::NotOffered("no authentication method is known".to_owned()))
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

    /// A topic of the case as it goes out, prefix and all.
    pub fn full_topic(&self, topic: &str) -> String {
        self.context.names().topic(&topic.into())
    }

    /// Set-up: a connected client with a clean session.
    pub async fn connect(&self, role: &'static str) -> Result<Client, Stop> {
        self.connect_as(role, connect()).await
    }

    /// Set-up: a client connected by this CONNECT. The same role again means the same client identifier.
    pub async fn connect_as(&self, role: &'static str, draft: Draft) -> Result<Client, Stop> {
        let is_first = !self.context.roles.borrow().contains_key(role);
        match self.joining.filter(|(roles, _)| is_first && roles.contains(&role)) {
            Some((_, joining)) => self.join(joining, role, draft).await,
            None => self.connect_at_once(role, draft).await,
        }
    }

    pub(super) async fn connect_at_once(&self, role: &'static str, draft: Draft) -> Result<Client, Stop> {
        let mut client = self.open(role).await?;
        let wants_session = draft.wants_session();
        client.send(draft)?;
        let answer = client.receive(a_connack()).await?;
        client.let_in(&answer, wants_session).map(|()| client)
    }

    /// Set-up: a client that comes back to the session it left, by its role. What CONNACK says of the session is a rule of its
    /// own, and is not demanded here: what follows has to show by itself that the session is there, or to need none.
    pub async fn resume(&self, role: &'static str) -> Result<Client, Stop> {
        let mut client = self.open(role).await?;
        client.send(connect().persistent())?;
        client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
        if !client.session_is_present() {
            self.note(format!("{role}: CONNACK says Session Present 0, where a session was left"));
        }
        Ok(client)
    }

    /// Set-up: the same, where what follows rests on the session: CONNACK says that it is there, or else `waiting` tells, a
    /// message that was published to it while its client was away.
    pub async fn resume_kept(&self, role: &'static str, waiting: Pattern) -> Result<Client, Stop> {
        let mut client = self.resume(role).await?;
        if client.session_is_present() {
            return Ok(client);
        }
        match client.receive(waiting).await {
            Err(stop) if stop.is_silence() => {
                let why = format!("{role}: the session is gone, by CONNACK and by what should have waited for it");
                Err(Stop::Inconclusive { why, line: None })
            }
            received => received.map(|_| client),
        }
    }

    /// Set-up: a connected client of this version, which may be the other one than that of the case. The same role in both
    /// versions has the same client identifier.
    pub async fn connect_in(&self, role: &'static str, version: Version, draft: Draft) -> Result<Client, Stop> {
        self.is_told_the_limits(version)?;
        let mut client = self.open_in(role, version).await?;
        let wants_session = draft.wants_session();
        client.send(draft)?;
        match client.receive_or_end(a_connack()).await? {
            None if version != self.version() => Err(Stop::NotOffered(format!(
                "a client of MQTT {version} is not let in beside those of MQTT {}",
                self.version()
            ))),
            None => {
                let why = format!("{role}: the broker closed the connection in place of CONNACK");
                Err(Stop::Inconclusive { why, line: None })
            }
            Some(answer) => client.let_in(&answer, wants_session).map(|()| client),
        }
    }

    /// A client of 3.1.1 is told no limits: beside one of 5.0 whose CONNACK has some, it would pass them unknowing.
    fn is_told_the_limits(&self, version: Version) -> Result<(), Stop> {
        let states = |link: Rc<Link>| {
            link.connack().is_some_and(|packet| match packet.packet() {
                Packet::Connack(connack) => {
                    let stated = connack.properties;
                    // A value that the standard doesn't have states nothing.
                    let is_small =
                        stated.maximum_packet_size().is_some_and(|size| (1..LARGEST_OF_SCENES).contains(&size));
                    let has_less = stated.maximum_qos().is_some_and(|qos| qos < 2);
                    is_small || has_less || stated.retain_available() == Some(0)
                }
                _ => false,
            })
        };
        if version != Version::V5 && version != self.version() && self.context().links().into_iter().any(states) {
            let why = "MQTT 5's CONNACK states limits, which a client of MQTT 3.1.1 is not told";
            return Err(Stop::NotOffered(why.to_owned()));
        }
        Ok(())
    }

    /// Set-up: somebody who sees what is published on these topics from now on. A broker may acknowledge a message before it
    /// stores it; once a witness has got it, new subscribers can be expected to.
    pub async fn witness<T: Into<Topic>>(&self, filters: impl IntoIterator<Item = T>) -> Result<Client, Stop> {
        let mut witness = self.connect("witness").await?;
        for filter in filters {
            witness.subscribe(filter, QoS::AtLeastOnce).await?;
        }
        Ok(witness)
    }

    /// Set-up: a network connection, and nothing sent on it yet.
    pub async fn open(&self, role: &'static str) -> Result<Client, Stop> {
        self.open_in(role, self.version()).await
    }

    /// Set-up: the same for a client of this version. *Not offered* where the broker is known not to speak it beside the
    /// case's own.
    pub async fn open_in(&self, role: &'static str, version: Version) -> Result<Client, Stop> {
        let context = &self.context;
        if let Some(why) = context.ready.setting.only_version.as_ref().filter(|_| version != self.version()) {
            return Err(Stop::NotOffered(why.clone()));
        }
        // The built-in broker has no backlog, and no time passes for it while we wait.
        let place = if context.ready.endpoint.is_embedded() { None } else { context.doorway.place().await };
        let stream = timeout(context.patient(bounds::OPEN), context.ready.endpoint.open())
            .await
            .map_err(|_| format!("no connection within {:?}", context.patient(bounds::OPEN)))
            .and_then(|opened| opened.map_err(|error| error.to_string()))
            .map_err(|why| Stop::Inconclusive { why: format!("{role}: {why}"), line: None })?;
        let link = Link::start(stream, place, context.label(role), version, Rc::clone(context.recorder()));
        context.links.borrow_mut().push(Rc::clone(&link));
        Ok(Client::new(role, link, Rc::clone(context)))
    }

    /// The name by which a greeting of TLS asks for the broker, where it is no address.
    pub fn server_name(&self) -> Option<String> {
        self.context.ready.endpoint.server_name()
    }

    /// The bytes of a CONNECT of this role, without the user name and password of ordinary ones: they are for connections that
    /// nobody listens to.
    pub fn bare_connect(&self, role: &'static str) -> Result<Bytes, Stop> {
        let encoded = connect().encode(self.version(), self.context.names(), role);
        let defect = |error| format!("defect of the case: the packet cannot be built: {error}");
        encoded.map_err(|error| Stop::Inconclusive { why: defect(error), line: None })
    }

    /// Set-up: the broker ends and is started again where it was. All connections are over by then.
    pub async fn restart(&self, manner: Survived) -> Result<(), Stop> {
        self.note(format!("the broker gets a {}, and is started again", manner.word()));
        let restarted = self.context.ready.restart().await;
        restarted.map_err(|why| Stop::Inconclusive { why: format!("not started again: {why}"), line: None })?;
        self.note("the broker answers again");
        Ok(())
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

    /// Set-up: whether a client of another version is let in too. What is said there is no part of the transcript.
    pub async fn also_speaks(&self, version: Version) -> bool {
        let other = Self::new(self.context.in_version(version));
        let is_served = other.connect("polyglot").await.is_ok();
        other.close().await;
        other.release();
        self.note(format!("a client of {version} is {}", if is_served { "let in" } else { "not let in" }));
        is_served
    }

    /// Asks a last time on every watched connection, so that a straggler that was under way is seen, and closes it.
    pub(crate) async fn finish(&self) {
        self.context.look_again();
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
    /// Roles whose sessions a 5.0 broker keeps by its own word, whatever was asked.
    pub(super) fn sessions_stated(&self) -> Vec<String> {
        let links = self.context.links();
        let is_kept = |link: &&Rc<Link>| {
            link.connack().is_some_and(|connack| {
                matches!(connack.packet(), Packet::Connack(connack)
                    if connack.properties.session_expiry_interval().is_some_and(|seconds| seconds > 0))
            })
        };
        let label = |link: &Rc<Link>| link.label.split('#').next().unwrap_or_default().to_owned();
        links.iter().filter(is_kept).map(label).filter(|role| role != CLEANER).collect()
    }
}

impl Client {
    /// Set-up: this CONNACK lets the client in, to a session that stays where it wants one.
    fn let_in(&self, answer: &Received, wants_session: bool) -> Result<(), Stop> {
        let is_other_version = self.version() != self.context().version();
        match answer.packet() {
            Packet::Connack(connack) if NOT_OFFERED.contains(&connack.reason) => {
                Err(Stop::NotOffered(format!("CONNACK: {}", connack.reason)))
            }
            Packet::Connack(connack) if is_other_version && NOT_SPOKEN.contains(&connack.reason) => {
                Err(Stop::NotOffered(format!("the broker does not speak MQTT {}", self.version())))
            }
            Packet::Connack(connack) if connack.reason != ReasonCode::SUCCESS => {
                let why = format!("{}: the connection was refused ({})", self.role(), connack.reason);
                Err(Stop::Inconclusive { why, line: Some(answer.line) })
            }
            _ if wants_session => self.session_stays(),
            _ => Ok(()),
        }
    }
}

/// Codes of CONNACK by which a 5.0 broker says that it hasn't what a will asks for.
const NOT_OFFERED: [ReasonCode; 2] = [ReasonCode::QOS_NOT_SUPPORTED, ReasonCode::RETAIN_NOT_SUPPORTED];

/// Codes of CONNACK by which a broker says that it does not speak the version.
const NOT_SPOKEN: [ReasonCode; 2] = [ReasonCode::UNACCEPTABLE_PROTOCOL_LEVEL, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION];

/// The role of the clients that remove what a case has made.
pub(super) const CLEANER: &str = "cleaner";

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
        if let Ok(bytes) = packet.to_bytes(link.version) {
            link.send(bytes, None);
        }
    }
    link.close();
}
