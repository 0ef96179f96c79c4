//! The quirks: one name for each freedom, and what the broker does with it in one sentence.

macro_rules! quirks {
    ($($variant:ident $name:literal $says:literal;)*) => {
        /// One freedom that the standard leaves to a broker.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quirk {
            $(#[doc = $says] $variant,)*
        }

        impl Quirk {
            /// Every quirk.
            pub const ALL: &'static [Quirk] = &[$(Quirk::$variant,)*];

            /// Stable name, as `serve --quirk` takes it.
            pub fn name(self) -> &'static str {
                match self { $(Quirk::$variant => $name,)* }
            }

            /// What the broker does, in one sentence.
            pub fn says(self) -> &'static str {
                match self { $(Quirk::$variant => $says,)* }
            }
        }
    };
}

quirks! {
    ClosesBadConnectAtOnce "closes-bad-connect-at-once"
        "Closes on a CONNECT that it refuses in 5.0 without a CONNACK.";
    AnswersUnknownLevelAs311 "answers-unknown-level-as-3.1.1"
        "Answers every unknown protocol level with a CONNACK 0x01 in the form of 3.1.1.";
    ExtraCopies "extra-copies"
        "Sends one copy of a message for each overlapping subscription.";
    PublishBeforeSuback "publish-before-suback"
        "Sends the retained messages of a new subscription before its SUBACK.";
    GrantsLowerQos "grants-lower-qos"
        "Grants QoS 1 where QoS 2 is asked for.";
    DeliversQos2OnPubrel "delivers-qos2-on-pubrel"
        "Hands a QoS 2 message on when its PUBREL comes, not when its PUBLISH does.";
    ReportsNoSubscribers "reports-no-subscribers"
        "Acknowledges a message that matches no subscription with reason code 0x10 in 5.0.";
    DropsRetainedQos0 "drops-retained-qos0"
        "Never keeps a retained message of QoS 0.";
    DelaysWills "delays-wills"
        "Publishes a will one second after the connection was lost, not at once.";
    OneInFlight "one-in-flight"
        "Has at most one message of QoS 1 or 2 on its way to each client.";
    ReversesAcknowledgements "reverses-acknowledgements"
        "Sends the PUBACKs and PUBRECs for packets that came together in reverse order.";
    ResendsOnTimer "resends-on-timer"
        "Re-sends an unacknowledged PUBLISH after 20 seconds on a live connection of 3.1.1.";
    PatientWithSilence "patient-with-silence"
        "Lets a connection wait 13.25 seconds for its CONNECT before it closes it.";
    ClosesIdleClients "closes-idle-clients"
        "Closes a connection on which nothing came for 60 seconds, also with Keep Alive 0.";
    RefusesLongClientIds "refuses-long-client-ids"
        "Refuses a client identifier of more than 23 bytes in 3.1.1.";
    RefusesControlCharacters "refuses-control-characters"
        "Closes on a topic name or filter with a control character or a non-character such as U+FFFF.";
    BlamesName "blames-name"
        "Says of a topic that is denied that its name or filter is invalid, in 5.0 with 0x90 and 0x8F.";
    LimitsFilters "limits-filters"
        "Refuses the topic filter # alone, and topic filters of more than ten levels.";
    DuplicatesForQos0 "duplicates-for-qos0"
        "Sends a message published at QoS 1 twice to a subscription granted QoS 0.";
    GreetsClients "greets-clients"
        "Sends each client a message that it did not subscribe to, from a subscription made by the broker.";
    HandsOnLater "hands-on-later"
        "Hands each message on 50 milliseconds after it was acknowledged, also where an UNSUBSCRIBE came in between.";
    ShortQueues "short-queues"
        "Keeps at most 10 messages waiting for each session.";
    LimitsSessionTime "limits-session-time"
        "Ends a session one hour after its client has left, in 3.1.1 too.";
    RewritesTopics "rewrites-topics"
        "Puts a level of its own before every topic name that it sends: to be told by the control, so that nothing is judged.";
    DelayPerConnection "delay-per-connection"
        "Delays what it sends by a seeded time for each connection.";
    SingleByteWrites "single-byte-writes"
        "Writes the first 64 KiB of each connection byte by byte.";
    CoalescedWrites "coalesced-writes"
        "Writes several packets at once.";
    LateEnd "late-end"
        "Deals with a DISCONNECT, or with the loss of a connection, three seconds after it came.";
    LateLoss "late-loss"
        "Closes a connection that was lost at once, and takes it for open, and sends on it, for half a second more.";
    AcknowledgesFirst "acknowledges-first"
        "Stores and sends a message 400 milliseconds after it was acknowledged, to those who were subscribed by then.";
    LooksUpRetainedLater "looks-up-retained-later"
        "Looks for the retained messages of a subscription 600 milliseconds after its SUBACK.";
    FansOutInAnyOrder "fans-out-in-any-order"
        "Sends the copies of a message to its receivers in an order that the seed makes up.";
    CopiesApart "copies-apart"
        "Sends one copy of a message for each overlapping subscription, 300 milliseconds after the one before.";
    SlowPackets "slow-packets"
        "Takes 1.2 seconds for each of the first ten packets of a connection.";
    LosesQos0 "loses-qos0"
        "Loses every second message of QoS 0 on its way to a client, the first among them.";
    HoldsQos0AtQuota "holds-qos0-at-quota"
        "Holds messages of QoS 0 back from a client of 5.0 while its Receive Maximum is used up.";
    LongerSessions "longer-sessions"
        "Keeps each session of 5.0 for an hour at least, and says so in CONNACK.";
    SlowLink "slow-link"
        "Reads and writes 100 kB a second on each connection.";
    ResetForFin "reset-for-fin"
        "Resets a connection where others close it in order.";
    TlsSendsNoAlert "tls-sends-no-alert"
        "Ends a handshake of TLS that fails without an alert.";
    TlsIsLate "tls-is-late"
        "Begins each handshake of TLS a second late.";
    TlsOnly12 "tls-only-1.2"
        "Speaks TLS 1.2 and nothing above it.";
}

impl Quirk {
    /// The quirk of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|quirk| quirk.name() == name)
    }

    /// Whether whoever drives the machine does this, not the machine.
    pub fn belongs_to_transport(self) -> bool {
        matches!(
            self,
            Self::DelayPerConnection
                | Self::SingleByteWrites
                | Self::CoalescedWrites
                | Self::SlowLink
                | Self::ResetForFin
        ) || self.is_about_tls()
    }

    /// Whether it shows at the door for TLS alone.
    pub fn is_about_tls(self) -> bool {
        matches!(self, Self::TlsSendsNoAlert | Self::TlsIsLate | Self::TlsOnly12)
    }
}

/// Any number of quirks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuirkSet(Vec<Quirk>);

impl QuirkSet {
    /// Whether the quirk is on.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }

    /// Those that are on, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = Quirk> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Quirk> for QuirkSet {
    fn from_iter<I: IntoIterator<Item = Quirk>>(quirks: I) -> Self {
        Self(quirks.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for quirk in Quirk::ALL {
            assert_eq!(Quirk::from_name(quirk.name()), Some(*quirk));
        }
        assert_eq!(Quirk::from_name("no-such-quirk"), None);
    }
}
