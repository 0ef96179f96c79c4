//! The steps that set a scene up: who is there, how the receiver comes to its connection, and what is published.

use super::due::{IDENTIFIER, Message};
use super::row::{Connection, Limits, Path, Publisher, ROWS, Row, Size, Subscription, Topic, Versions, Wait};
use super::title;
use super::topic::BESIDE;
use crate::scenario::draft::{Draft, connect, publish, subscribe, will};
use crate::scenario::pattern::{Pattern, a_connack, a_message, a_pubrel, a_suback, codes, with_payload};
use crate::scenario::{Client, Received, Stop, Subject};
use mqtt_assay_codec::{Packet, Property, QoS, ReasonCode, RetainHandling, SubscriptionOptions, Version};
use mqtt_assay_standard::bounds;
use std::time::Duration;
use tokio::time::Instant;

/// The Receive Maximum that a row's limit asks for: less than its messages.
const RECEIVE_MAXIMUM: u16 = 2;

/// The Maximum Packet Size that a row's limit asks for: every message fits but those of two kibibytes and more.
const PACKET_SIZE: u32 = 1024;

/// The topic of the will that tells of the receiver's loss.
const LOSS: &str = "yard/lost";

/// How many bytes tell a message that a broker may cut.
const TELLING: usize = 20;

/// A scene: its row, and the broker that it plays before.
pub(super) struct Scene<'a> {
    pub(super) broker: &'a Subject,
    pub(super) row: &'static Row,
    pub(super) messages: Vec<Message>,
}

/// Who plays in it.
pub(super) struct Cast {
    pub(super) watcher: Client,
    /// Nobody where the receiver publishes itself.
    pub(super) publisher: Option<Client>,
    /// Who has the wills behind the first one.
    pub(super) mourners: Vec<Client>,
    /// The QoS that the subscription was granted.
    pub(super) granted: QoS,
    /// Whether CONNACK says that the session is there, where one is needed.
    pub(super) has_session: bool,
    /// Whether nothing of the scene can have gone into a connection that the receiver had lost.
    pub(super) loss_is_known: bool,
    /// When the first message was published.
    pub(super) published_at: Instant,
}

impl Cast {
    /// Who hasn't subscribed yet.
    pub(super) fn of(watcher: Client, publisher: Option<Client>) -> Self {
        Self {
            watcher,
            publisher,
            mourners: Vec::new(),
            granted: QoS::AtMostOnce,
            has_session: true,
            loss_is_known: true,
            published_at: Instant::now(),
        }
    }
}

impl<'a> Scene<'a> {
    /// The scene of the row that the case is made from, with topics that the broker takes.
    pub(super) async fn of(broker: &'a Subject, path: Path) -> Result<Self, Stop> {
        let is_it = |row: &&Row| row.path == path && row.member() == broker.member();
        let row = ROWS.iter().find(is_it).ok_or_else(|| defect("there is no row of this name"))?;
        broker.note(title::of(row));
        let scene = Self { broker, row, messages: row.all_messages() };
        if row.may_be_refused() {
            super::taken::topics_are_taken(&scene).await?;
        }
        Ok(scene)
    }

    /// A message of the scene, told by its payload or, where that may come cut, by the beginning of it. Its topic is looked
    /// at later where a broker may take something out of it.
    pub(super) fn told(&self, topic: &str, payload: &[u8]) -> Pattern {
        let pattern = if self.row.topic == Topic::Usual { a_message(topic, payload) } else { with_payload(payload) };
        if self.row.size == Size::TwentyKib && payload.len() > TELLING { pattern.told_by(TELLING) } else { pattern }
    }

    fn is_v5(&self) -> bool {
        self.broker.version() == Version::V5
    }

    fn version_of_publisher(&self) -> Version {
        match (self.row.versions, self.broker.version()) {
            (Versions::Own, version) => version,
            (Versions::Other, Version::V5) => Version::V3_1_1,
            (Versions::Other, _) => Version::V5,
        }
    }

    /// The client that publishes, connected by this CONNECT; nobody where the receiver does so itself.
    pub(super) async fn publisher(&self, role: &'static str, draft: Draft) -> Result<Option<Client>, Stop> {
        if self.row.publisher == Publisher::Itself {
            return Ok(None);
        }
        self.broker.connect_in(role, self.version_of_publisher(), draft).await.map(Some)
    }

    /// The receiver's first connection.
    pub(super) async fn first_connection(&self) -> Result<Client, Stop> {
        match self.row.connection {
            Connection::Fresh => self.broker.connect("watcher").await,
            _ if self.row.bears_a_will() => {
                self.broker.connect_as("watcher", connect().persistent().will(will(LOSS, b"lost"))).await
            }
            _ => self.broker.connect_as("watcher", connect().persistent()).await,
        }
    }

    /// How often the receiver comes back before it is looked at.
    pub(super) fn returns(&self) -> usize {
        match self.row.connection {
            Connection::Fresh => 0,
            Connection::Resumed | Connection::TakenOver | Connection::Lost => 1,
            Connection::Second => 2,
            Connection::Third => 3,
        }
    }

    /// The receiver's connection ends; where it is to be taken over, that is left to its next one.
    pub(super) async fn goes(&self, watcher: &mut Client) -> Result<(), Stop> {
        match self.row.connection {
            Connection::Lost => watcher.drop_connection().await,
            Connection::TakenOver => {}
            _ => watcher.disconnect().await?,
        }
        Ok(())
    }

    /// The receiver's connection ends before what is to be queued is published. The end of a connection is answered by what
    /// carries it, and may be news to the broker for a while: what it sends meanwhile is sent again later, rightly with
    /// DUP 1. Its own word that the loss is known is the receiver's will.
    pub(super) async fn goes_for_the_queue(&self, cast: &mut Cast) -> Result<(), Stop> {
        if self.row.connection != Connection::Lost {
            return self.goes(&mut cast.watcher).await;
        }
        let mut witness = self.broker.connect("witness").await?;
        witness.subscribe(LOSS, QoS::AtLeastOnce).await?;
        self.goes(&mut cast.watcher).await?;
        cast.loss_is_known = match witness.receive(a_message(LOSS, b"lost")).await {
            Err(stop) if stop.is_silence() => false,
            received => received.map(|_| true)?,
        };
        Ok(())
    }

    /// The receiver is back; the last time with the limits of the row.
    pub(super) async fn comes_back(&self, is_last: bool) -> Result<Client, Stop> {
        let draft = connect().persistent();
        let draft = match self.row.limits {
            Limits::ReceiveMaximum if is_last => draft.property(Property::ReceiveMaximum(RECEIVE_MAXIMUM)),
            Limits::PacketSize if is_last => draft.property(Property::MaximumPacketSize(PACKET_SIZE)),
            _ => draft,
        };
        let mut watcher = self.broker.open("watcher").await?;
        if self.row.path == Path::Again && !is_last {
            // From the first packet on: what comes again may come with CONNACK.
            watcher.hold_acknowledgements();
        }
        watcher.send(draft)?;
        watcher.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
        watcher.session_stays()?;
        Ok(watcher)
    }

    /// Every return of the receiver, each followed by a message that shows that it is still subscribed.
    pub(super) async fn goes_and_comes_back(&self, cast: &mut Cast) -> Result<(), Stop> {
        for count in 1..=self.returns() {
            self.goes(&mut cast.watcher).await?;
            cast.watcher = self.comes_back(count == self.returns()).await?;
            cast.has_session = cast.watcher.session_is_present();
            self.is_still_subscribed(cast, count).await?;
        }
        Ok(())
    }

    /// The second of several filters is subscribed to, as a plain message shows.
    pub(super) async fn is_subscribed_at_all(&self, cast: &mut Cast) -> Result<(), Stop> {
        match self.row.subscription {
            Subscription::Several => self.is_still_subscribed(cast, 0).await,
            _ => Ok(()),
        }
    }

    /// Where the QoS of a subscription decides whether anything waits: a live message shows that the right one counts.
    pub(super) async fn has_the_right_qos(&self, cast: &mut Cast) -> Result<(), Stop> {
        let is_at_stake = self.row.is_replaced() || self.row.subscription == Subscription::Overlapping;
        let comes_later = matches!(self.row.path, Path::Queued | Path::Again | Path::Will);
        if !(is_at_stake && comes_later) {
            return Ok(());
        }
        let (topic, payload) = (self.row.first_topic(), b"at the right QoS");
        let draft = publish(topic.as_str(), payload).qos(self.row.published());
        let pattern = self.told(&topic, payload).copy_at(self.row.due_qos(cast.granted));
        let copy = match &mut cast.publisher {
            Some(publisher) => publisher.publish_to(&mut cast.watcher, draft, pattern).await?,
            None => cast.watcher.publish_to_itself(draft, pattern).await?,
        };
        self.is_done_before_it_leaves(&mut cast.watcher, &copy).await
    }

    /// Nothing of this message is left for the time when the receiver is away: neither another copy of it, nor its PUBREL.
    async fn is_done_before_it_leaves(&self, watcher: &mut Client, copy: &Received) -> Result<(), Stop> {
        if self.row.path != Path::Queued {
            return Ok(());
        }
        if matches!(copy.packet(), Packet::Publish(publish) if publish.qos == QoS::ExactlyOnce) {
            watcher.receive(a_pubrel(copy.id())).await?;
        }
        watcher.serves().await
    }

    /// A plain message comes the way of the scene: the subscription is there, whatever the connections before.
    pub(super) async fn is_still_subscribed(&self, cast: &mut Cast, count: usize) -> Result<(), Stop> {
        let (topic, payload) = (self.row.plain_topic(), format!("still subscribed {count}"));
        let draft = publish(topic.as_str(), &payload).qos(QoS::AtLeastOnce);
        let pattern = self.told(&topic, payload.as_bytes());
        let mut other = match &mut cast.publisher {
            Some(publisher) if self.row.path != Path::RetainedWill => {
                let copy = publisher.publish_to(&mut cast.watcher, draft, pattern).await?;
                return self.is_done_before_it_leaves(&mut cast.watcher, &copy).await;
            }
            // Who publishes is dead, or is the receiver, whose own message might be kept from it.
            _ => self.broker.connect("other").await?,
        };
        let copy = other.publish_to(&mut cast.watcher, draft, pattern).await?;
        self.is_done_before_it_leaves(&mut cast.watcher, &copy).await
    }

    /// The subscription before the one that counts, where there was one.
    pub(super) async fn subscribes_before(&self, watcher: &mut Client) -> Result<(), Stop> {
        let Some(qos) = self.row.asked_before() else { return Ok(()) };
        let mut options = SubscriptionOptions::at(qos);
        if self.is_v5() {
            let is_other = self.row.subscription == Subscription::Replaced;
            options.retain_as_published = self.row.options(true).retain_as_published != is_other;
            if self.row.is_retained() && !self.row.due(Version::V5).comes {
                options.retain_handling = RetainHandling::DoNotSend;
            }
        }
        let identifier = if self.row.subscription == Subscription::Replaced { IDENTIFIER + 2 } else { IDENTIFIER };
        let former = self.numbered(subscribe(self.row.filter(), options), identifier);
        granted(watcher, former).await?;
        let comes = self.row.is_retained() && self.row.due(self.broker.version()).comes;
        let comes_now = comes && options.retain_handling == RetainHandling::Send;
        if comes_now && self.row.due_qos(qos) != QoS::AtMostOnce {
            let message = &self.messages[0];
            watcher.receive(self.told(&message.topic, &message.payload)).await?;
            // Its acknowledgement is read before the answer: it need not come again.
            watcher.serves().await?;
        }
        if self.row.subscription == Subscription::Anew {
            watcher.unsubscribe(self.row.filter()).await?;
        }
        Ok(())
    }

    /// The subscription that counts; the QoS that it was granted.
    pub(super) async fn subscribes(&self, watcher: &mut Client) -> Result<QoS, Stop> {
        let (filter, options) = (self.row.filter(), self.row.options(self.is_v5()));
        let aside =
            SubscriptionOptions::at(if options.qos == QoS::AtMostOnce { QoS::AtLeastOnce } else { QoS::AtMostOnce });
        if self.row.is_numbered() && self.is_v5() {
            // Another identifier in the session, which no message of the scene may bear.
            granted(watcher, self.numbered(subscribe("yard/door", aside), IDENTIFIER + 1)).await?;
        }
        if self.row.topic == Topic::Kilobyte {
            granted(watcher, subscribe(BESIDE, QoS::AtLeastOnce)).await?;
        }
        if self.row.subscription == Subscription::Overlapping {
            let lowest = SubscriptionOptions { qos: QoS::AtMostOnce, ..options };
            granted(watcher, self.numbered(subscribe(self.row.overlapping_filter(), lowest), IDENTIFIER)).await?;
        }
        let (draft, place) = match self.row.subscription {
            Subscription::Several => (subscribe("yard/gate", aside).and(filter, options).and("yard/fence", aside), 1),
            _ => (subscribe(filter, options), 0),
        };
        let codes = granted(watcher, self.numbered(draft, IDENTIFIER)).await?;
        codes.get(place).copied().ok_or_else(|| defect("SUBACK has too few codes"))
    }

    fn numbered(&self, draft: Draft, identifier: u32) -> Draft {
        if self.row.is_numbered() { draft.property(Property::SubscriptionIdentifier(identifier)) } else { draft }
    }

    /// All messages, published; what QoS 0 may lose is left to the look at each.
    pub(super) async fn publishes(&self, cast: &mut Cast) -> Result<(), Stop> {
        cast.published_at = Instant::now();
        let drafts: Vec<Draft> = self.messages.iter().map(|message| self.row.draft(message)).collect();
        let sender = cast.publisher.as_mut().unwrap_or(&mut cast.watcher);
        sender.publish_together(drafts).await
    }

    /// The clients with the wills behind the first one: a connection has one will.
    pub(super) async fn mourners(&self) -> Result<Vec<Client>, Stop> {
        let mut mourners = Vec::new();
        for message in self.messages.iter().skip(1) {
            let draft = connect().will(self.row.will_draft(message));
            mourners.push(self.broker.connect_in("mourned-too", self.version_of_publisher(), draft).await?);
        }
        Ok(mourners)
    }

    /// The clients whose wills they are lose their connections.
    pub(super) async fn dies(&self, cast: &mut Cast) {
        cast.published_at = Instant::now();
        for mourned in cast.publisher.iter_mut().chain(&mut cast.mourners) {
            mourned.drop_connection().await;
        }
    }

    /// The messages come, and are left unacknowledged: their packet identifiers, for as many as the broker has on their way at
    /// once.
    pub(super) async fn sent_first(&self, cast: &mut Cast, most: usize) -> Result<Vec<u16>, Stop> {
        let mut ids = Vec::new();
        for message in self.messages.iter().take(most) {
            let pattern = self.told(&message.topic, &message.payload).copy_at(self.row.due_qos(cast.granted));
            if ids.is_empty() {
                ids.push(cast.watcher.receive(pattern).await?.id());
                continue;
            }
            let until = cast.watcher.until_next_trial(Instant::now() + bounds::SET_UP);
            match cast.watcher.receive_one_of(&[pattern], until).await {
                Err(stop) if stop.is_silence() => break,
                received => ids.push(received?.id()),
            }
        }
        Ok(ids)
    }

    /// A message to another subscription with the same options is right: what differs where a subscription was replaced is
    /// the replacement's.
    pub(super) async fn shows_that_the_rest_is_right(&self, cast: &mut Cast) -> Result<(), Stop> {
        if !self.row.is_replaced_in_earnest() || !self.row.due(self.broker.version()).comes {
            return Ok(());
        }
        let beside = self.numbered(subscribe("yard/lamp", self.row.options(self.is_v5())), IDENTIFIER + 3);
        let granted = granted(&mut cast.watcher, beside).await?;
        let qos = self.row.due_qos(granted.first().copied().unwrap_or_default());
        let due = self.row.due(self.broker.version());
        let pattern = a_message("yard/lamp", b"beside").qos(qos).retain(due.retain);
        let pattern = if due.identifier { pattern.identifiers(&[IDENTIFIER + 3]) } else { pattern };
        let draft = self.row.draft(&Message { topic: "yard/lamp".to_owned(), payload: b"beside".to_vec() });
        let any_copy = with_payload(b"beside");
        let first = match &mut cast.publisher {
            Some(publisher) => publisher.publish_to(&mut cast.watcher, draft, any_copy).await?,
            None => cast.watcher.publish_to_itself(draft, any_copy).await?,
        };
        // A broker may look up retained messages behind the SUBACK, and finds this one, too.
        let is_what_was_kept = matches!(first.packet(), Packet::Publish(publish) if publish.retain);
        if is_what_was_kept && !due.retain && self.row.sets_retain() {
            return cast.watcher.receive(pattern).await.map(drop);
        }
        cast.watcher.receive_right(&first, &pattern)
    }

    /// One message that QoS 0 may lose, until it comes.
    pub(super) async fn publishes_until_heard(&self, cast: &mut Cast, message: &Message) -> Result<Received, Stop> {
        let (draft, pattern) = (self.row.draft(message), self.told(&message.topic, &message.payload));
        match &mut cast.publisher {
            Some(publisher) => publisher.publish_to(&mut cast.watcher, draft, pattern).await,
            None => cast.watcher.publish_to_itself(draft, pattern).await,
        }
    }

    /// The messages are stored: a subscriber of their own topics gets each of them.
    pub(super) async fn are_stored(&self) -> Result<(), Stop> {
        let mut early = self.broker.connect("early").await?;
        // At QoS 0 where the content alone may keep a message from others: that is for the scene to decide.
        let qos = if self.row.size == Size::Binary { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        for message in &self.messages {
            // One copy may be a live one that was only late. Of two one is the stored message.
            for _ in 0..2 {
                let stored = self.told(&message.topic, &message.payload);
                early.subscribe_until(message.topic.as_str(), qos, stored).await?;
            }
        }
        Ok(())
    }

    /// The seconds before the delivery pass.
    pub(super) async fn waits(&self) {
        if self.row.wait == Wait::TwoSeconds {
            self.broker.wait(Duration::from_secs(super::SECONDS)).await;
        }
    }

    /// A retained message that QoS 0 may lose: the subscription is made again until it comes.
    pub(super) async fn subscribes_until(&self, cast: &mut Cast, pattern: Pattern) -> Result<Received, Stop> {
        let deadline = Instant::now() + bounds::SET_UP;
        let patterns = [pattern];
        loop {
            cast.granted = self.subscribes(&mut cast.watcher).await?;
            let until = cast.watcher.until_next_trial(deadline);
            match cast.watcher.receive_one_of(&patterns, until).await {
                Err(stop) if stop.is_silence() && Instant::now() < deadline => {}
                received => return received,
            }
        }
    }
}

/// Set-up: a SUBSCRIBE is granted; what was granted to each of its filters.
async fn granted(client: &mut Client, draft: Draft) -> Result<Vec<QoS>, Stop> {
    let id = client.send(draft)?;
    let suback = client.receive(a_suback(id)).await?;
    codes(&suback.packet()).into_iter().map(|code| qos_in(code, client.role(), &suback)).collect()
}

fn qos_in(code: ReasonCode, role: &str, suback: &Received) -> Result<QoS, Stop> {
    match code {
        ReasonCode::SUCCESS => Ok(QoS::AtMostOnce),
        ReasonCode::GRANTED_QOS_1 => Ok(QoS::AtLeastOnce),
        ReasonCode::GRANTED_QOS_2 => Ok(QoS::ExactlyOnce),
        ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        | ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED
        | ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED => Err(Stop::NotOffered(format!("SUBACK: {code}"))),
        _ => Err(Stop::Inconclusive {
            why: format!("{role}: the subscription was not granted (code 0x{:02x})", code.0),
            line: Some(crate::scenario::Seen::line(suback)),
        }),
    }
}

pub(super) fn defect(what: &str) -> Stop {
    Stop::Inconclusive { why: format!("defect of the case: {what}"), line: None }
}

/// The QoS of a message.
pub(super) fn qos_of(packet: &Packet<'_>) -> QoS {
    match packet {
        Packet::Publish(publish) => publish.qos,
        _ => QoS::AtMostOnce,
    }
}
