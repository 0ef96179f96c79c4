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

    /// What says that this point is broken, and nothing else.
    pub fn finding(point: Point, why: String) -> Self {
        Self { said: vec![(point, Holding::Broken(why))], ..Self::default() }
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
