//! What is asked of each packet of a broker, and the answers.

/// One thing that a packet may keep or break. Which rule that is, by version, say the cases of the chapter `invariants`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The first packet of a connection is CONNACK, where it is not AUTH (3.2).
    ConnackFirst,
    /// A connection sees one CONNACK (3.2).
    ConnackOnce,
    /// Without an authentication method in CONNECT there is no AUTH, and no method in CONNACK (4.12).
    AuthenticationUnasked,
    /// Only PUBLISH, CONNACK and DISCONNECT explain themselves to who wants no problem information (3.1.2.11.7).
    ProblemInformation,
    /// Nothing follows a DISCONNECT (3.14.4).
    NothingAfterDisconnect,
    /// PUBACK, PUBREC and PUBREL have the identifier of a PUBLISH (2.2.1; 2.3.1 in 3.1.1).
    AcknowledgementIdentifier,
    /// PUBCOMP has the identifier of a PUBREL (4.3.3).
    CompletionIdentifier,
    /// SUBACK and UNSUBACK have the identifier of a request (2.2.1; 2.3.1 in 3.1.1).
    RequestIdentifier,
    /// Each answer has its question, and a question no second answer.
    AnsweredOnce,
    /// A SUBSCRIBE of several topic filters has one SUBACK (3.8.4).
    OneSuback,
    /// An UNSUBSCRIBE of several topic filters has one UNSUBACK (3.10.4).
    OneUnsuback,
    /// PUBREL comes after a PUBREC (4.3.3).
    PubrelAfterPubrec,
    /// SUBACK has a code for each topic filter (3.8.4).
    SubackCodes,
    /// UNSUBACK has a code for each topic filter (3.11.3).
    UnsubackCodes,
    /// The first delivery of a message has DUP 0 (3.3.1.1).
    DupOfFirst,
    /// A new message has an identifier that is not in use (2.2.1; 2.3.1 in 3.1.1).
    FreshIdentifier,
    /// A message of QoS 1 does not come again after its PUBACK (4.3.2). That it comes again before, without a reconnect, is
    /// observed in 5.0, which forbids it (4.4): whether it does so depends on how long somebody waits.
    Qos1Once,
    /// A message of QoS 2 does not come again once it is released, its PUBREL not after PUBCOMP (4.3.3). Before that as
    /// with QoS 1.
    Qos2Once,
    /// No message has a higher QoS than was granted (3.8.4).
    GrantedQos,
    /// A message comes on the topic on which it was published (4.7.3).
    TopicUnaltered,
    /// A message comes with the payload with which it was published (4.5).
    PayloadUnaltered,
    /// A message matches a subscription of the client that it comes to (3.3.2.1).
    MatchingSubscription,
    /// Nothing that is published after UNSUBACK comes by the subscription that was removed (3.10.4).
    RemovedSubscription,
    /// Nothing comes by the subscriptions of a session that was thrown away (3.1.2.4).
    DiscardedSession,
    /// Nor by those of one that ended with its connection (4.1).
    EndedSession,
    /// A subscription takes the place of the one before with the same filter (3.8.4).
    Replaced,
    /// Its identifier does too (3.8.4).
    IdentifierReplaced,
    /// With No Local a client does not get its own messages (3.8.3.1).
    NoLocal,
    /// A live message has RETAIN 0, where the subscription does not ask for what was published (3.3.1.3).
    LiveRetain,
    /// With Retain As Published it has what was published (3.3.1.3).
    RetainAsPublished,
    /// The answer to a SUBSCRIBE has RETAIN 1 (3.3.1.3).
    RetainedFlag,
    /// What was published with RETAIN 0 is not retained (3.3.1.3).
    PlainRetained,
    /// What another message has displaced is not retained any more (3.3.1.3).
    RetainedReplaced,
    /// Retain Handling 2: nothing that is retained comes (3.3.1.3).
    RetainHandlingNever,
    /// Retain Handling 1: only to a new subscription (3.3.1.3).
    RetainHandlingIfNew,
    /// Nothing that is retained comes to a shared subscription (3.8.4).
    RetainedToShare,
    /// A message comes at the lower of the QoS published and granted (3.8.4).
    QosOwed,
    /// A will comes at its QoS, as far as that was granted (3.1.2.6).
    WillQos,
    /// The payload format indicator is passed on (3.3.2.3.2).
    PayloadFormat,
    /// The response topic is passed on (3.3.2.3.5).
    ResponseTopic,
    /// The correlation data are passed on (3.3.2.3.6).
    CorrelationData,
    /// The user properties are passed on (3.3.2.3.7).
    UserProperties,
    /// They keep their order (3.3.2.3.7).
    UserPropertyOrder,
    /// So do those of a will (3.1.3.2.8).
    WillPropertyOrder,
    /// The content type is passed on (3.3.2.3.9).
    ContentType,
    /// The message expiry interval is passed on, less the time that the message has waited (3.3.2.3.3).
    ExpiryPassedOn,
    /// A will has its message expiry interval (3.1.3.2.4).
    WillExpiry,
    /// A message does not come after its expiry (3.3.2.3.3).
    Expired,
    /// A retained one neither (3.3.1.3).
    RetainedExpired,
    /// A subscription identifier is one of a subscription that the message matches (3.3.4).
    ForeignIdentifier,
    /// It is there if these subscriptions have one (3.3.4).
    IdentifierMissing,
    /// Messages of one publisher, topic and QoS come in order (4.6).
    Order,
    /// Of a message of QoS 2 comes one copy a subscription (4.3.3).
    CopiesOfQos2,
    /// A will is published once (3.1.2.5).
    WillOnce,
    /// The DISCONNECT of its client deletes it (3.14.4).
    WillDeleted,
    /// One member of a group gets a message (4.8.2).
    SharedOnce,
    /// 0x10 says that nobody has subscribed (3.4.2.1).
    NoSubscribers,
    /// What the broker owns comes to whoever has subscribed (4.5).
    Owed,
    /// After a clean start CONNACK says that there is no session (3.2.2.2; 3.2.2.1.1 in 5.0).
    NoSessionAtCleanStart,
    /// So it does where the broker can have none.
    NoSessionWhereNone,
    /// It says that there is one where one was to be kept.
    SessionWhereKept,
    /// What comes again on a connection that takes a session up has DUP 1 (3.3.1.1).
    DupAfterResume,
    /// It is the message that was sent under its identifier before (4.4).
    UnchangedAfterResume,
    /// It comes in the order of its first sending (4.6 of 3.1.1).
    OrderAfterResume,
    /// PUBRELs come again in the order of their PUBRECs (4.6 of 3.1.1).
    OrderOfPubrels,
    /// A message of QoS 1 does not come again on a later connection once its PUBACK was read (4.3.2).
    Qos1Settled,
    /// A message of QoS 2 does not, once its PUBREC was read (4.3.3).
    Qos2Received,
    /// Its PUBREL does not, once its PUBCOMP was read (4.3.3).
    Qos2Settled,
    /// A message that was refused does not come again (4.4).
    RefusedSettled,
    /// A message that was not acknowledged comes again on the next connection (4.4).
    OwedAfterResume,
    /// So does a PUBREL.
    OwedPubrel,
    /// No more messages are open than the Receive Maximum of this connection (3.3.4, 4.9).
    ReceiveMaximum,
    /// No packet is larger than the Maximum Packet Size of this connection (3.1.2.11.4).
    PacketSize,
    /// Who takes no topic alias on this connection gets none (3.1.2.11.5).
    NoAlias,
    /// No topic alias is higher than this connection's maximum (3.1.2.11.5).
    AliasMaximum,
    /// An alias that stands for a topic was given it on this connection (3.3.2.3.4).
    AliasKnown,
    /// CONNACK has Response Information only if this CONNECT asked for it (3.1.2.11.6).
    ResponseInformation,
    /// A client identifier that the broker chooses is that of nobody else (3.2.2.3.7).
    AssignedToOne,
    /// DISCONNECT says nothing of the client that its packets contradict (3.14.2.1).
    FittingCode,
    /// DISCONNECT 0x8D does not come before 1.5 times the keep alive (3.1.2.10).
    KeepAliveCode,
}

/// What a packet says of a point, or of an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// It is not about such a packet, or the thing was not there to be broken.
    NotThere,
    /// It was there, and holds.
    Kept,
    /// It does not hold, but this is not where that is decided; what was seen.
    Observed(String),
    /// It does not hold, and why.
    Broken(String),
}

/// What one packet says of all points.
#[derive(Debug, Default)]
pub struct Audit {
    said: Vec<(Point, Holding)>,
    /// It is the same message again, sent on the same connection before it can be known to have been acknowledged.
    pub(super) repeats: bool,
    /// The client has broken the standard on the connection before.
    pub(super) is_tainted: bool,
}

impl Audit {
    /// Nothing said yet of a packet; `is_tainted` where the client has broken the standard before.
    pub(super) fn on(is_tainted: bool) -> Self {
        Self { is_tainted, ..Self::default() }
    }

    /// What says this of one point, and nothing else.
    pub fn saying(point: Point, holding: Holding) -> Self {
        Self { said: vec![(point, holding)], ..Self::default() }
    }

    /// What it says of this one: the worst, where it is said more than once.
    pub fn of(&self, point: Point) -> Holding {
        let said = || self.said.iter().filter(|(about, _)| *about == point).map(|(_, holding)| holding);
        let worst = said().find(|holding| matches!(holding, Holding::Broken(_))).or_else(|| said().next());
        worst.cloned().unwrap_or(Holding::NotThere)
    }

    /// True for a PUBLISH or PUBREL that comes again on its connection before its acknowledgement is known to have been
    /// read: neither a second message nor a second delivery. 3.1.1 permits it (section 4.4), 5.0 does not.
    pub fn is_repetition(&self) -> bool {
        self.repeats
    }

    /// True where the client has broken the standard on the connection before, so that odd answers are no wonder.
    pub fn is_tainted(&self) -> bool {
        self.is_tainted
    }

    /// True where anything is broken.
    pub fn finds(&self) -> bool {
        self.said.iter().any(|(_, holding)| matches!(holding, Holding::Broken(_)))
    }

    /// True where this point is broken.
    pub(super) fn breaks(&self, point: Point) -> bool {
        self.said.iter().any(|(about, holding)| *about == point && matches!(holding, Holding::Broken(_)))
    }

    pub(super) fn kept(&mut self, point: Point) {
        self.said.push((point, Holding::Kept));
    }

    pub(super) fn observed(&mut self, point: Point, seen: impl Into<String>) {
        self.said.push((point, Holding::Observed(seen.into())));
    }

    pub(super) fn broken(&mut self, point: Point, why: impl Into<String>) {
        self.said.push((point, Holding::Broken(why.into())));
    }

    /// Keeps of what was said only what no packet of the client can excuse.
    pub(super) fn only(&mut self, points: &[Point]) {
        self.said.retain(|(about, _)| points.contains(about));
    }
}
