//! The faults made by hand: one switch for each thing that a case could catch, each asked at the one branch where the rule
//! is kept. After the sentence: the rules broken in 3.1.1, then those broken in 5.0, twins left out.

use mqtt_assay_codec::{Mutation, Rule};

macro_rules! faults {
    ($($variant:ident $name:literal $says:literal [$($v311:literal)*] [$($v5:literal)*];)*) => {
        /// One thing that the broker does wrong on purpose.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            /// Drops a packet that breaks the rule and keeps the connection.
            Tolerates(Rule),
            /// Does what a packet says that breaks the rule.
            ActsOn(Rule),
            /// Sends packets with this mistake wherever they have a place for it.
            Sends(Mutation),
            $(#[doc = $says] $variant,)*
        }

        impl Fault {
            /// Every fault made by hand; the parametric ones take any rule of the codec.
            pub const ALL: &'static [Fault] = &[$(Fault::$variant,)*];

            pub(super) fn unit(self) -> Option<Unit> {
                match self {
                    Fault::Tolerates(_) | Fault::ActsOn(_) | Fault::Sends(_) => None,
                    $(Fault::$variant => Some(Unit {
                        name: $name, says: $says, v311: &[$($v311),*], v5: &[$($v5),*],
                    }),)*
                }
            }
        }
    };
}

/// What there is to know about a fault made by hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) v311: &'static [&'static str],
    pub(super) v5: &'static [&'static str],
}

faults! {
    // CONNECT and CONNACK
    SessionPresentNever "session-present-never" "Says Session Present 0 although it resumes a session."
        ["MQTT-3.2.2-2"] ["MQTT-3.2.2-3"];
    SessionPresentAlways "session-present-always" "Says Session Present 1 in every CONNACK that accepts."
        ["MQTT-3.2.2-1" "MQTT-3.2.2-3" "MQTT-2.3.1-4"] ["MQTT-3.2.2-2" "MQTT-3.2.2-3" "MQTT-2.2.1-4"];
    SessionPresentOnRefusal "session-present-on-refusal" "Says Session Present 1 in a CONNACK that refuses."
        ["MQTT-3.2.2-4"] ["MQTT-3.2.2-6"];
    ConnackReservedFlags "connack-reserved-flags" "Sets a reserved flag in every CONNACK."
        ["U3-08"] ["MQTT-3.2.2-1"];
    ConnackInventsCode "connack-invents-code" "Refuses with a CONNACK code that is in no table."
        ["U3-09" "MQTT-3.2.2-6" "MQTT-3.1.2-2" "MQTT-3.1.3-8" "MQTT-3.1.3-9"] ["MQTT-3.2.2-8"];
    ConnackTwice "connack-twice" "Sends the CONNACK that accepts twice." ["U3-26"] ["MQTT-3.2.0-2"];
    TakesWillFirst "takes-will-first" "Passes over a CONNECT whose will payload stands where the client identifier belongs."
        ["MQTT-3.1.3-1" "MQTT-1.5.3-1"] ["MQTT-3.1.3-1" "MQTT-3.1.4-1"];
    NoConnack "no-connack" "Accepts a CONNECT with Keep Alive 65535 without a CONNACK."
        ["MQTT-3.1.4-4" "MQTT-3.2.0-1"] ["MQTT-3.1.4-5" "MQTT-3.2.0-1"];
    WantsConnectInOnePiece "wants-connect-in-one-piece" "Closes where the rest of a CONNECT isn't there yet."
        ["MQTT-3.1.4-4" "MQTT-6.0.0-2"] ["MQTT-3.1.4-5" "MQTT-6.0.0-2"];
    DemandsExtension "demands-extension" "Serves only clients of 3.1.1 whose client identifier bears the mark of its maker."
        ["MQTT-7.0.0-2" "MQTT-3.1.4-4" "MQTT-3.1.3-5"] [];
    SendsNothing "sends-nothing" "Loses all that it sends to clients of 3.1.1 on the way."
        ["MQTT-7.1.1-1" "MQTT-3.1.4-4" "MQTT-3.1.3-8" "MQTT-3.1.3-9"] [];
    RefusalStaysOpen "refusal-stays-open" "Refuses a CONNECT with a CONNACK and leaves the connection open."
        ["MQTT-3.2.2-5" "MQTT-3.1.2-2" "MQTT-3.1.3-8" "MQTT-3.1.3-9" "U3-07"]
        ["MQTT-3.2.2-7" "MQTT-4.13.2-1" "MQTT-3.1.4-2" "MQTT-3.1.4-1" "MQTT-3.1.2-1" "MQTT-3.1.2-2" "MQTT-3.1.3-8"
         "MQTT-2.1.3-1" "MQTT-3.1.2-16" "MQTT-3.1.2-18" "MQTT-3.1.3-1" "MQTT-3.2.2-12" "MQTT-3.2.2-13" "MQTT-4.12.0-1" "MQTT-4.12.0-3" "MQTT-4.12.0-4"
         "MQTT-4.12.0-5" "U5-208" "MQTT-3.1.2-30" "MQTT-3.1.0-2" "MQTT-3.15.2-1" "MQTT-4.13.1-1"];
    RefusesWithoutConnack "refuses-without-connack" "Closes without the CONNACK that 3.1.1 demands for a refused CONNECT."
        ["MQTT-3.1.2-2" "MQTT-3.1.3-8" "MQTT-3.1.3-9" "U3-07"] [];
    ConnackForMalformedConnect "connack-for-malformed-connect" "Answers a malformed CONNECT of 3.1.1 before it closes."
        ["MQTT-3.1.4-1"] [];
    DisconnectBeforeConnack "disconnect-before-connack" "Refuses a CONNECT of 5.0 with a DISCONNECT."
        [] ["MQTT-3.14.0-1" "MQTT-3.2.0-1"];
    PublishBeforeConnack "publish-before-connack" "Sends the messages of a resumed session before the CONNACK."
        ["MQTT-3.2.0-1"] ["MQTT-3.2.0-1"];
    ServesBeforeConnect "serves-before-connect" "Serves PINGREQ and PUBLISH on a connection without a CONNECT."
        ["MQTT-3.1.0-1" "MQTT-4.8.0-1" "MQTT-3.2.0-1"] ["MQTT-3.1.0-1" "MQTT-4.13.1-1" "MQTT-3.2.0-1"];
    IgnoresBeforeConnect "ignores-before-connect" "Drops what comes before the CONNECT and keeps the connection."
        ["MQTT-3.1.0-1" "MQTT-4.8.0-1"] ["MQTT-3.1.0-1" "MQTT-4.13.1-1"];
    AnswersSecondConnect "answers-second-connect" "Answers a second CONNECT with another CONNACK."
        ["MQTT-3.1.0-2" "MQTT-4.8.0-1"] ["MQTT-3.1.0-2" "MQTT-4.13.1-1" "MQTT-3.2.0-2"];
    IgnoresSecondConnect "ignores-second-connect" "Drops a second CONNECT and keeps the connection."
        ["MQTT-3.1.0-2" "MQTT-4.8.0-1"] ["MQTT-3.1.0-2" "MQTT-4.13.1-1"];
    NeverClosesSilentConnection "never-closes-silent-connection" "Waits for ever for a CONNECT." ["U3-06"] ["U5-078"];
    TakeoverLeavesOldOpen "takeover-leaves-old-open" "Keeps the old connection when its client connects again."
        ["MQTT-3.1.4-2" "MQTT-4.5.0-1" "MQTT-4.4.0-1"] ["MQTT-3.1.4-3" "U5-080" "MQTT-4.5.0-1" "MQTT-4.4.0-1"];
    TakeoverWithoutDisconnect "takeover-without-disconnect" "Closes a connection that is taken over without DISCONNECT 0x8E."
        [] ["U5-080"];
    IgnoresPassword "ignores-password" "Lets in whoever gives a known user name, whatever the password."
        ["U3-07"] ["MQTT-3.1.4-2"];
    ProcessesAfterRefusal "processes-after-refusal" "Publishes what follows a refused CONNECT."
        ["MQTT-3.1.4-5"] ["MQTT-3.1.4-6" "MQTT-4.5.0-1"];
    AcceptsEmptyClientId "accepts-empty-client-id" "Accepts an empty client identifier for a stored session of 3.1.1."
        ["MQTT-3.1.3-8"] [];
    AssignedIdMissing "assigned-id-missing" "Doesn't tell a client the identifier that it assigned."
        [] ["MQTT-3.1.3-7" "MQTT-3.2.2-16"];
    AssignedIdReused "assigned-id-reused" "Assigns the same client identifier to everybody."
        ["MQTT-3.1.3-6"] ["MQTT-3.1.3-6" "MQTT-3.2.2-16"];
    RefusesClientIdOf23 "refuses-client-id-of-23" "Refuses a client identifier of 23 to 1000 bytes."
        ["MQTT-3.1.3-5"] ["MQTT-3.1.3-5"];
    RefusesUnusualClientIds "refuses-unusual-client-ids" "Refuses client identifiers of more than 1000 bytes or with other characters than letters, digits and hyphens, the long ones without a close, the others without a CONNACK in 3.1.1 and without a close in 5.0."
        ["MQTT-3.1.3-9" "MQTT-3.2.2-5"] ["MQTT-3.1.3-8" "MQTT-3.2.2-7"];
    ResumesForeignSession "resumes-foreign-session" "Gives a client without a session one that another client left."
        ["MQTT-3.1.3-2" "MQTT-3.2.2-3" "MQTT-3.3.2-3"] ["MQTT-3.1.3-2" "MQTT-3.1.2-6" "MQTT-3.2.2-3" "MQTT-3.3.2-3"];
    AcceptsUnknownMethod "accepts-unknown-method" "Accepts a CONNECT with an authentication method that it doesn't know."
        [] ["MQTT-4.12.0-1" "MQTT-4.12.0-5"];
    AuthenticationMethodUnasked "authentication-method-unasked" "Names an authentication method in every CONNACK."
        [] ["MQTT-4.12.0-6"];
    AuthUnasked "auth-unasked" "Sends an AUTH to a client that named no authentication method." [] ["MQTT-4.12.0-6"];
    AcceptsAuthWithoutMethod "accepts-auth-without-method" "Ignores an AUTH of a client that named no authentication method."
        [] ["MQTT-4.12.0-7" "U5-192" "U5-208" "MQTT-4.13.1-1"];
    AuthAsksWithSuccess "auth-asks-with-success" "Asks for the next answer of an authentication by AUTH 0x00."
        [] ["MQTT-4.12.0-2"];
    AuthInventsCode "auth-invents-code" "Asks for the next answer of an authentication by AUTH 0x19, which is for clients."
        [] ["MQTT-3.15.2-1" "MQTT-4.12.0-2"];
    AuthWithoutMethod "auth-without-method" "Asks for the next answer of an authentication by AUTH without a method."
        [] ["MQTT-4.12.0-5"];
    AuthNamesOtherMethod "auth-names-other-method" "Asks for the next answer of an authentication by AUTH with another method."
        [] ["MQTT-4.12.0-5"];
    ConnackWithoutMethod "connack-without-method" "Accepts a client that has authenticated without the method in CONNACK."
        [] ["MQTT-4.12.0-5"];
    AuthCodeIgnored "auth-code-ignored" "Goes on with an authentication whatever code AUTH has."
        [] ["MQTT-4.12.0-3" "U5-208" "MQTT-4.13.1-1"];
    AcceptsOtherMethod "accepts-other-method" "Goes on with an authentication whatever method AUTH names."
        [] ["MQTT-4.12.0-5" "MQTT-4.12.1-1" "MQTT-4.13.1-1"];
    AcceptsAuthUnasked "accepts-auth-unasked" "Ignores an AUTH 0x18 where no authentication is under way."
        [] ["U5-208" "MQTT-4.13.1-1"];
    ServesWhileAuthenticating "serves-while-authenticating" "Serves PINGREQ and PUBLISH before the CONNACK of a client that authenticates."
        [] ["MQTT-3.1.2-30" "MQTT-3.1.0-2" "MQTT-4.13.1-1" "MQTT-3.2.0-1"];
    IgnoresWhileAuthenticating "ignores-while-authenticating" "Drops other packets before the CONNACK of a client that authenticates, and goes on."
        [] ["MQTT-3.1.2-30" "MQTT-3.1.0-2" "MQTT-4.13.1-1"];
    BlocksWhileAuthenticating "blocks-while-authenticating" "Loses whatever else a client sends while it authenticates again."
        [] ["U5-209"];
    FailedAgainStaysOpen "failed-again-stays-open" "Goes on with a client that failed to authenticate again." [] ["MQTT-4.12.1-2"];
    ResponseInformationUnasked "response-information-unasked" "Sends Response Information to who didn't ask for it."
        [] ["MQTT-3.1.2-28"];
    ServerKeepAliveIgnored "server-keep-alive-ignored" "Announces a keep alive and goes by the client's."
        [] ["MQTT-3.1.2-21" "MQTT-3.1.2-22"];
    MaximumQosUnannounced "maximum-qos-unannounced" "Doesn't announce that it serves no QoS 2." [] ["MQTT-3.2.2-9"];
    RefusesHighQosSubscribe "refuses-high-qos-subscribe" "Closes on a SUBSCRIBE for a QoS above the announced maximum."
        [] ["MQTT-3.2.2-10"];
    AcceptsWillQos "accepts-will-qos" "Accepts a will above the announced maximum QoS." [] ["MQTT-3.2.2-12"];
    AcceptsWillRetain "accepts-will-retain" "Accepts a retained will although it retains nothing." [] ["MQTT-3.2.2-13"];
    SessionExpiryUnannounced "session-expiry-unannounced" "Shortens a session without telling the client." [] ["U5-083" "MQTT-3.2.2-3"];
    RefusesPasswordAlone "refuses-password-alone" "Refuses a password without a user name in 5.0." [] ["U5-049"];
    RefusesEmptyIdToResume "refuses-empty-id-to-resume" "Calls a CONNECT of 5.0 malformed that has no client identifier and Clean Start 0."
        [] ["U5-066"];
    RefusesUnsortedProperties "refuses-unsorted-properties" "Refuses properties that aren't sorted by identifier." [] ["U5-045"];
    RefusesAckWithCode "refuses-ack-with-code" "Refuses an acknowledgement that spells out reason code 0x00."
        [] ["U5-143" "U5-147" "U5-151" "U5-156"];
    RefusesDisconnectWithCode "refuses-disconnect-with-code" "Takes a DISCONNECT with a reason code and no more for malformed."
        [] ["U5-182"];
    ServerReferenceAlways "server-reference-always" "Names another server in every CONNACK that accepts." [] ["U5-115"];
    RefusesBinaryWill "refuses-binary-will" "Refuses a CONNECT whose will has a payload with control characters, or one that is no text."
        ["MQTT-3.1.4-4"] ["MQTT-3.1.4-5"];
    RefusesManyProperties "refuses-many-properties" "Refuses a CONNECT with more than 30 user properties, or a will with as many."
        [] ["MQTT-3.1.4-5" "U5-061"];
    RefusesRepeatedUserProperty "refuses-repeated-user-property" "Refuses a CONNECT with two user properties of one name."
        [] ["U5-061"];

    // Session
    CleanStartKeepsSession "clean-start-keeps-session" "Keeps the old session when a client asks for a clean one."
        ["MQTT-3.1.2-6" "MQTT-4.5.0-1"] ["MQTT-3.1.2-4" "MQTT-3.1.4-4" "MQTT-4.5.0-1"];
    EndedSessionStays "ended-session-stays" "Keeps a session that ends with its connection."
        ["MQTT-3.1.2-6" "MQTT-3.2.2-3"] ["MQTT-4.1.0-2" "MQTT-3.2.2-3" "MQTT-3.1.2-8" "U5-186"];
    ForgetsSession "forgets-session" "Stores no session after the connection is closed."
        ["MQTT-3.1.2-4" "MQTT-4.1.0-1" "MQTT-3.1.2-5" "MQTT-3.2.2-2" "MQTT-4.4.0-1" "MQTT-3.10.4-3"]
        ["MQTT-3.1.2-5" "MQTT-3.1.2-23" "MQTT-3.1.4-4" "MQTT-3.2.2-3" "MQTT-4.4.0-1" "U5-171" "MQTT-3.10.4-3" "MQTT-3.3.1-10"
            "MQTT-3.1.2-8"];
    ForgetsCleanlyBegun "forgets-cleanly-begun" "Ends a session that began with Clean Start 1 with its connection, whatever its expiry interval."
        [] ["MQTT-3.1.2-23" "MQTT-3.2.2-3"];
    ForgetsSubscriptions "forgets-subscriptions" "Resumes a session without its subscriptions."
        ["MQTT-3.1.2-4" "MQTT-4.1.0-1" "MQTT-4.5.0-1"] ["MQTT-3.1.2-5" "MQTT-3.1.2-23" "MQTT-3.1.4-4" "U5-171" "MQTT-4.5.0-1" "MQTT-3.3.1-10"];
    ForgetsReceived "forgets-received" "Resumes a session without the QoS 2 exchanges that its client had begun."
        ["MQTT-3.1.2-4" "MQTT-4.1.0-1" "MQTT-4.3.3-2"] ["MQTT-3.1.2-5" "MQTT-3.1.2-23" "MQTT-3.1.4-4" "MQTT-4.3.3-10"];
    DropsForAbsent "drops-for-absent" "Queues nothing for a client that isn't connected."
        ["MQTT-3.1.2-5" "MQTT-4.5.0-1"] ["MQTT-3.1.2-5" "MQTT-3.1.2-23" "MQTT-4.5.0-1"];
    SessionNeverExpires "session-never-expires" "Keeps a session past its expiry interval." [] ["MQTT-4.1.0-2" "MQTT-3.1.2-8" "MQTT-3.2.2-3"];
    SessionExpiresEarly "session-expires-early" "Ends a session after half of its expiry interval." [] ["MQTT-3.1.2-23" "MQTT-3.2.2-3"];
    ExpiryFromConnect "expiry-from-connect" "Counts the session expiry interval from when the connection was opened, not from its end."
        [] ["MQTT-3.1.2-23" "MQTT-4.1.0-1"];
    DisconnectExpiryIgnored "disconnect-expiry-ignored" "Ignores the session expiry interval of a DISCONNECT." [] ["U5-186" "MQTT-3.2.2-3" "MQTT-4.1.0-2"];
    AcceptsExpiryAfterZero "accepts-expiry-after-zero" "Accepts a session expiry at DISCONNECT of a session that had none."
        [] ["U5-185" "MQTT-4.13.1-1"];
    PingForgetsSubscriptions "ping-forgets-subscriptions" "Discards the subscriptions of a connected client on PINGREQ."
        ["MQTT-4.1.0-1" "MQTT-4.1.0-2" "MQTT-4.5.0-1" "MQTT-3.1.2-8"] ["MQTT-4.1.0-1" "MQTT-4.5.0-1" "MQTT-3.1.2-8"];

    // Keep alive
    KeepAliveNotEnforced "keep-alive-not-enforced" "Never closes for a keep alive."
        ["MQTT-3.1.2-24"] ["MQTT-3.1.2-22" "MQTT-3.2.2-22" "MQTT-3.1.2-21"];
    KeepAliveEarly "keep-alive-early" "Disconnects with 0x8D after half of the keep alive." [] ["MQTT-3.1.2-22" "MQTT-3.2.2-22" "U5-050"];
    KeepAliveBlamesQuota "keep-alive-blames-quota" "Says of a client that was silent that it exceeded Receive Maximum." [] ["U5-210"];
    KeepAliveProlonged "keep-alive-prolonged" "Begins to count the keep alive anew with each message that it sends to the client."
        ["MQTT-3.1.2-24"] ["MQTT-3.1.2-22" "MQTT-3.2.2-22"];
    PingEndsKeepAlive "ping-ends-keep-alive" "Closes for no keep alive any more once the client has sent a PINGREQ."
        ["MQTT-3.1.2-24"] ["MQTT-3.1.2-22" "MQTT-3.2.2-22" "MQTT-3.1.2-21"];
    PingUnanswered "ping-unanswered" "Doesn't answer PINGREQ." ["MQTT-3.12.4-1"] ["MQTT-3.12.4-1"];
    AnswersOnePingOfSegment "answers-one-ping-of-segment" "Answers the first of the PINGREQs that come in one segment, and no other."
        ["MQTT-3.12.4-1"] ["MQTT-3.12.4-1"];
    PingrespWithPayload "pingresp-with-payload" "Sends a PINGRESP with one byte of payload." ["U3-04"] ["U5-216"];
    SendsPingreq "sends-pingreq" "Sends a PINGREQ of its own before each PINGRESP." ["U3-25"] ["U5-217"];
    PingrespReservedFlags "pingresp-reserved-flags" "Sets a reserved flag in PINGRESP." ["MQTT-2.2.2-1"] ["MQTT-2.1.3-1"];

    // QoS, from the client
    NoPuback "no-puback" "Doesn't acknowledge QoS 1 where the packet identifier is 4096 or more."
        ["MQTT-3.3.4-1" "MQTT-4.3.2-2" "MQTT-3.3.5-2"] ["MQTT-3.3.4-1" "MQTT-4.3.2-4"];
    WrongPubackId "wrong-puback-id" "Sends PUBACK with another packet identifier where the right one is 4096 or more."
        ["MQTT-2.3.1-6" "MQTT-4.3.2-2" "MQTT-3.3.4-1"] ["MQTT-2.2.1-5" "MQTT-4.3.2-4" "MQTT-3.3.4-1"];
    DropsThirdOfSegment "drops-third-of-segment" "Drops a PUBLISH of QoS 1, and all behind it, that is the third packet of a segment or later."
        ["MQTT-3.3.4-1" "MQTT-4.3.2-2"] ["MQTT-3.3.4-1" "MQTT-4.3.2-4"];
    NoPubrec "no-pubrec" "Doesn't answer the PUBLISH of QoS 2."
        ["MQTT-3.3.4-1" "MQTT-4.3.3-2" "MQTT-3.3.5-2"] ["MQTT-3.3.4-1" "MQTT-4.3.3-8" "MQTT-4.3.3-10"];
    WrongPubrecId "wrong-pubrec-id" "Sends PUBREC with another packet identifier."
        ["MQTT-2.3.1-6" "MQTT-4.3.3-2" "MQTT-3.3.4-1"] ["MQTT-2.2.1-5" "MQTT-4.3.3-8" "MQTT-3.3.4-1" "MQTT-4.3.3-10"];
    NoPubcomp "no-pubcomp" "Doesn't answer PUBREL." ["MQTT-4.3.3-2"] ["MQTT-4.3.3-11"];
    WrongPubcompId "wrong-pubcomp-id" "Sends PUBCOMP with another packet identifier."
        ["MQTT-4.3.3-2"] ["MQTT-2.2.1-5" "MQTT-4.3.3-11"];
    DeliversQos2Again "delivers-qos2-again" "Delivers a QoS 2 message again when its PUBLISH is re-sent."
        ["MQTT-4.3.3-2"] ["MQTT-4.3.3-10"];
    NoPubrecForResent "no-pubrec-for-resent" "Doesn't answer a re-sent PUBLISH of QoS 2."
        ["MQTT-4.3.3-2"] ["MQTT-4.3.3-10"];
    RemembersAfterPuback "remembers-after-puback" "Takes a QoS 1 PUBLISH for a repetition if its identifier was used before."
        ["MQTT-4.3.2-2" "MQTT-4.5.0-1"] ["MQTT-4.3.2-5" "MQTT-4.5.0-1"];
    RemembersAfterPubcomp "remembers-after-pubcomp" "Takes a QoS 2 PUBLISH for a repetition although it was completed."
        ["MQTT-4.3.3-2" "MQTT-4.5.0-1"] ["MQTT-4.3.3-12" "U5-153" "MQTT-4.5.0-1"];
    RemembersAfterRefusal "remembers-after-refusal" "Takes the next PUBLISH for a repetition after a PUBREC that refused."
        [] ["MQTT-4.3.3-9" "MQTT-4.5.0-1"];
    UnknownPubrelUnanswered "unknown-pubrel-unanswered" "Doesn't answer a PUBREL for an unknown packet identifier."
        ["MQTT-4.3.3-2"] ["U5-153" "MQTT-4.3.3-11"];
    UnknownPubrecUnanswered "unknown-pubrec-unanswered" "Doesn't answer a PUBREC for an unknown packet identifier."
        [] ["U5-158"];
    AcceptsWrongAck "accepts-wrong-ack" "Takes any acknowledgement for the one that it waits for."
        [] ["U5-201" "MQTT-4.13.1-1"];
    ExpiryEndsExchange "expiry-ends-exchange" "Doesn't answer the PUBREL of a message that has expired." [] ["MQTT-4.3.3-13"];
    NackCloses "nack-closes" "Closes on an acknowledgement with an error code." [] ["U5-213"];
    AcceptsPastReceiveMaximum "accepts-past-receive-maximum" "Accepts more open exchanges than its Receive Maximum."
        [] ["MQTT-3.3.4-7" "U5-141" "MQTT-4.13.1-1"];
    Qos0CountsAsOpen "qos0-counts-as-open" "Counts QoS 0 messages against its Receive Maximum." [] ["U5-142" "U5-210"];
    AcceptsQosAboveMaximum "accepts-qos-above-maximum" "Serves a PUBLISH above the announced maximum QoS."
        [] ["MQTT-3.2.2-11" "U5-088" "MQTT-4.13.1-1"];
    AcceptsLargePackets "accepts-large-packets" "Serves packets above the announced maximum packet size."
        [] ["MQTT-3.2.2-15" "U5-095" "MQTT-4.13.1-1"];
    AcknowledgesZero "acknowledges-zero" "Sends PUBACK with packet identifier 0 where the right one is 4096 or more."
        ["MQTT-2.3.1-6" "MQTT-4.3.2-2" "MQTT-3.3.4-1"] ["MQTT-2.2.1-5" "MQTT-4.3.2-4" "MQTT-3.3.4-1"];
    PubackTwice "puback-twice" "Sends PUBACK twice where the packet identifier is 2 or more." ["U3-26"] ["U5-218"];
    PubackInventsCode "puback-invents-code" "Sends PUBACK with a reason code that it hasn't." [] ["MQTT-3.4.2-1"];
    PubrecInventsCode "pubrec-invents-code" "Sends PUBREC with a reason code that it hasn't." [] ["MQTT-3.5.2-1"];
    PubrelInventsCode "pubrel-invents-code" "Sends PUBREL with a reason code that it hasn't." [] ["MQTT-3.6.2-1" "U5-158"];
    PubcompInventsCode "pubcomp-invents-code" "Sends PUBCOMP with a reason code that it hasn't." [] ["MQTT-3.7.2-1" "U5-153"];

    // QoS, to the client
    NoPubrel "no-pubrel" "Doesn't answer PUBREC." ["MQTT-4.3.3-1"] ["MQTT-4.3.3-4" "MQTT-4.5.0-1"];
    WrongPubrelId "wrong-pubrel-id" "Sends PUBREL with another packet identifier."
        ["MQTT-4.3.3-1" "MQTT-2.3.1-6" "U3-26" "MQTT-4.4.0-1" "MQTT-4.6.0-6" "MQTT-3.1.2-4"]
        ["MQTT-4.3.3-4" "MQTT-2.2.1-5" "U5-218" "U5-158" "MQTT-4.4.0-1" "MQTT-4.3.3-5" "MQTT-3.1.2-5" "MQTT-4.5.0-1"];
    PubrelReservedFlags "pubrel-reserved-flags" "Sends PUBREL with flags 0000."
        ["MQTT-3.6.1-1" "MQTT-2.2.2-1"] ["MQTT-3.6.1-1" "MQTT-2.1.3-1"];
    ReusesIdInFlight "reuses-id-in-flight" "Sends every message under packet identifier 1."
        ["MQTT-2.3.1-4" "MQTT-4.3.2-1" "MQTT-4.3.3-1" "MQTT-4.4.0-1"] ["MQTT-2.2.1-4" "MQTT-4.4.0-1"];
    DupOnFirstDelivery "dup-on-first-delivery" "Sets DUP on first deliveries of QoS 1 and 2."
        ["MQTT-3.3.1-3" "MQTT-4.3.2-1" "MQTT-4.3.3-1"] ["MQTT-3.3.1-3" "MQTT-4.3.2-2" "MQTT-4.3.3-2"];
    DupOnQos0 "dup-on-qos0" "Sets DUP on QoS 0."
        ["MQTT-3.3.1-2" "MQTT-4.3.1-1" "MQTT-3.3.1-3"] ["MQTT-3.3.1-2" "MQTT-4.3.1-1" "MQTT-3.3.1-3"];
    DupPropagated "dup-propagated" "Sends DUP to subscribers as it came from the publisher."
        ["MQTT-3.3.1-3" "MQTT-4.3.2-1" "MQTT-4.3.3-1"] ["MQTT-3.3.1-3" "MQTT-4.3.2-2" "MQTT-4.3.3-2"];
    DupMissingOnRedelivery "dup-missing-on-redelivery" "Re-sends without DUP."
        ["MQTT-3.3.1-1" "MQTT-3.3.1-3"] ["MQTT-3.3.1-1" "MQTT-3.3.1-3" "U5-205"];
    NoRedeliveryQos1 "no-redelivery-qos1" "Forgets unacknowledged QoS 1 messages at a reconnect."
        ["MQTT-4.4.0-1" "MQTT-4.3.2-1" "MQTT-3.10.4-3"] ["MQTT-4.4.0-1" "MQTT-4.3.2-3" "MQTT-3.10.4-3"];
    NoRedeliveryQos2 "no-redelivery-qos2" "Forgets unacknowledged QoS 2 messages at a reconnect."
        ["MQTT-4.4.0-1" "MQTT-4.3.3-1"] ["MQTT-4.4.0-1" "MQTT-4.3.3-3" "MQTT-4.8.2-4"];
    NoRedeliveryPubrel "no-redelivery-pubrel" "Doesn't re-send PUBREL at a reconnect."
        ["MQTT-4.4.0-1" "MQTT-4.3.3-1"] ["MQTT-4.4.0-1" "MQTT-4.3.3-5"];
    RedeliversUnderNewId "redelivers-under-new-id" "Re-sends a PUBLISH under another packet identifier."
        ["MQTT-4.4.0-1" "MQTT-2.3.1-4"] ["MQTT-4.4.0-1"];
    RedeliversAcknowledged "redelivers-acknowledged" "Sends an acknowledged QoS 1 message again at a reconnect."
        ["MQTT-4.3.2-1" "MQTT-4.6.0-6"] ["MQTT-4.3.2-3" "MQTT-4.4.0-1"];
    RedeliversCompleted "redelivers-completed" "Sends the PUBREL of a completed QoS 2 message again at a reconnect."
        ["MQTT-4.3.3-1"] ["MQTT-4.3.3-5" "MQTT-4.4.0-1" "U5-207" "MQTT-4.5.0-1"];
    ResendsAltered "resends-altered" "Re-sends a PUBLISH at a reconnect without the first byte of its payload."
        ["MQTT-4.4.0-1" "MQTT-4.5.0-1" "MQTT-4.3.2-1" "MQTT-4.3.3-1"] ["MQTT-4.4.0-1" "MQTT-4.5.0-1" "MQTT-4.3.2-3" "MQTT-4.3.3-3" "MQTT-4.8.2-4"];
    RedeliversRefused "redelivers-refused" "Sends a message again that the client refused with PUBACK or PUBREC."
        [] ["MQTT-4.4.0-2"];
    RedeliversAfterPubrec "redelivers-after-pubrec" "Re-sends the PUBLISH of QoS 2 although it sent PUBREL."
        ["MQTT-4.3.3-1" "MQTT-4.6.0-6"] ["MQTT-4.3.3-6" "MQTT-4.6.0-5" "MQTT-4.6.0-6"];
    RedeliveryReversed "redelivery-reversed" "Re-sends PUBLISH packets in reverse order."
        ["MQTT-4.6.0-1" "MQTT-4.6.0-6"] ["MQTT-4.6.0-5" "MQTT-4.6.0-6"];
    PubrelsReversed "pubrels-reversed" "Re-sends PUBREL packets in reverse order." ["MQTT-4.6.0-4" "MQTT-4.6.0-6"] [];
    AcksOldest "acks-oldest" "Takes a PUBACK for the oldest message that waits for one, whatever its packet identifier."
        ["MQTT-4.3.2-1" "MQTT-4.4.0-1" "MQTT-4.6.0-6"] ["MQTT-4.3.2-3" "MQTT-4.4.0-1" "MQTT-4.6.0-6"];
    QueueBeforeOld "queue-before-old" "Sends what waited for a client before what it sends again."
        ["MQTT-4.6.0-6" "MQTT-4.6.0-5"] ["MQTT-4.6.0-5" "MQTT-4.6.0-6"];
    QueueReversed "queue-reversed" "Sends the newest of the waiting messages first."
        ["MQTT-4.6.0-6" "MQTT-4.6.0-5" "MQTT-4.5.0-1"] ["MQTT-4.6.0-5" "MQTT-4.6.0-6" "MQTT-4.5.0-1"];
    SwapsPairs "swaps-pairs" "Sends two messages of a topic and QoS in reverse order if they come together."
        ["MQTT-4.6.0-6" "MQTT-4.6.0-5" "MQTT-4.5.0-1"] ["MQTT-4.6.0-5" "MQTT-4.6.0-6" "MQTT-4.5.0-1"];
    SendsDoneAgain "sends-done-again" "Sends the live message of QoS 1 that a client acknowledged last once more behind the next SUBACK or UNSUBACK."
        ["MQTT-4.3.2-1"] ["MQTT-4.4.0-1"];
    ReleasesDoneAgain "releases-done-again" "Sends the PUBREL of the message that a client completed last once more behind the next PINGRESP."
        ["MQTT-4.3.3-1"] ["MQTT-4.4.0-1" "MQTT-4.3.3-5"];
    PubrelUnasked "pubrel-unasked" "Sends a PUBREL right behind a message of QoS 2 whose packet identifier is 2 or more, besides the one that it owes."
        ["U3-26" "MQTT-4.3.3-1"] ["U5-218" "MQTT-4.4.0-1"];
    ResendsOnLive "resends-on-live" "Re-sends an unacknowledged PUBLISH after 4 seconds on a live connection of 5.0."
        [] ["MQTT-4.4.0-1"];
    PastReceiveMaximum "past-receive-maximum" "Sends more than the client's Receive Maximum."
        [] ["MQTT-3.3.4-9" "MQTT-4.9.0-1"];
    QuotaBlocksAll "quota-blocks-all" "Answers no PINGREQ while the send quota is used up."
        [] ["MQTT-3.3.4-10" "MQTT-3.12.4-1"];
    QuotaNotRestored "quota-not-restored" "Doesn't give back send quota for a PUBREC that refuses." [] ["U5-207" "MQTT-4.4.0-2"];
    QuotaBackAtPubrec "quota-back-at-pubrec" "Takes the PUBREC of a QoS 2 message for the end of its place in the client's Receive Maximum."
        [] ["MQTT-3.3.4-9" "U5-207"];
    PastMaximumPacketSize "past-maximum-packet-size" "Sends messages above the client's maximum packet size."
        [] ["MQTT-3.1.2-24"];
    LeavesOutWhatFits "leaves-out-what-fits" "Leaves out a message of exactly the client's maximum packet size."
        [] ["MQTT-4.5.0-1" "MQTT-4.4.0-1" "MQTT-3.3.1-9" "MQTT-3.1.2-8"];
    StallsOnTooLarge "stalls-on-too-large" "Waits for ever for the acknowledgement of a message that it was not allowed to send."
        [] ["MQTT-3.1.2-25" "MQTT-4.5.0-1"];

    // Packets and segments
    WantsPacketsInOnePiece "wants-packets-in-one-piece" "Closes an open connection where the rest of a packet of less than 1000 bytes isn't there yet."
        ["MQTT-4.5.0-1" "MQTT-3.3.4-1" "MQTT-3.8.4-1" "MQTT-3.10.4-4" "MQTT-4.3.3-2" "MQTT-3.12.4-1" "MQTT-6.0.0-2"]
        ["MQTT-4.5.0-1" "MQTT-3.3.4-1" "MQTT-3.8.4-1" "MQTT-3.10.4-4" "MQTT-4.3.3-11" "MQTT-3.12.4-1" "MQTT-6.0.0-2"];
    LosesBehindSubscribe "loses-behind-subscribe" "Loses what comes behind a SUBSCRIBE in its segment."
        ["MQTT-3.3.4-1" "MQTT-3.12.4-1" "MQTT-3.10.4-4"] ["MQTT-3.3.4-1" "MQTT-3.12.4-1" "MQTT-3.10.4-4" "MQTT-3.3.4-10" "MQTT-4.2-1"];
    LosesBehindConnect "loses-behind-connect" "Loses what comes behind a CONNECT in its segment."
        ["MQTT-3.8.4-1" "MQTT-3.12.4-1"] ["MQTT-3.8.4-1" "MQTT-3.12.4-1" "MQTT-4.2-1"];

    // Delivery
    PayloadChanged "payload-changed" "Ends a payload at its first zero byte."
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-4.4.0-1"]
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-4.4.0-1"];
    CutsLongPayloads "cuts-long-payloads" "Ends a payload after 16,000 bytes."
        ["MQTT-4.5.0-1" "MQTT-4.4.0-1"] ["MQTT-4.5.0-1" "MQTT-4.4.0-1"];
    LosesEmpty "loses-empty" "Delivers no message that has no payload and is not retained."
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8"] ["MQTT-4.5.0-1" "MQTT-3.1.2-8"];
    LosesLongTopics "loses-long-topics" "Delivers nothing on topics of more than ten levels or a thousand bytes."
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-6" "MQTT-3.8.4-3"]
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-9" "MQTT-3.3.1-10" "MQTT-3.8.4-4"];
    IdentifiersShared "identifiers-shared" "Takes a QoS 2 PUBLISH for a repetition if another client has its identifier in use."
        ["MQTT-4.5.0-1"] ["MQTT-4.5.0-1"];
    DeliversAtOtherQos "delivers-at-other-qos" "Delivers live messages of QoS 1 and 2 one lower than it owes, those of QoS 0 at QoS 1."
        ["MQTT-3.8.4-6" "MQTT-3.8.4-3" "MQTT-3.1.2-9" "MQTT-3.3.5-1" "MQTT-3.10.4-3"]
        ["MQTT-3.8.4-8" "MQTT-3.8.4-3" "MQTT-3.3.4-2" "MQTT-4.8.2-3" "MQTT-3.10.4-3"];
    TopicNormalized "topic-normalized" "Takes empty levels out of topic names."
        ["MQTT-4.7.3-4" "U3-20" "U3-19" "MQTT-3.3.2-3" "U3-18" "MQTT-4.4.0-1"]
        ["MQTT-4.7.3-4" "U5-204" "U5-203" "MQTT-3.3.2-3" "U5-202" "MQTT-4.4.0-1"];
    StripsByteOrderMark "strips-byte-order-mark" "Takes U+FEFF out of topic names."
        ["MQTT-1.5.3-3" "MQTT-4.7.3-4" "MQTT-4.4.0-1"] ["MQTT-1.5.4-3" "MQTT-4.7.3-4" "MQTT-4.4.0-1"];
    StripsControlCharacters "strips-control-characters" "Takes control characters and non-characters out of topic names."
        ["MQTT-4.7.3-4" "MQTT-4.4.0-1"] ["MQTT-4.7.3-4" "MQTT-4.4.0-1"];
    AboveGrantedQos "above-granted-qos" "Delivers at the published QoS whatever was granted."
        ["MQTT-3.8.4-6" "MQTT-3.3.5-1"] ["MQTT-3.8.4-8" "MQTT-3.3.4-2" "MQTT-4.8.2-3"];
    AbovePublishedQos "above-published-qos" "Delivers at the granted QoS whatever was published."
        ["MQTT-3.8.4-6" "MQTT-3.1.2-9" "MQTT-3.8.4-3"] ["MQTT-3.8.4-8" "MQTT-3.8.4-3"];
    OverlapTakesLowestQos "overlap-takes-lowest-qos" "Delivers at the lowest QoS of overlapping subscriptions."
        ["MQTT-3.3.5-1" "MQTT-4.5.0-1"] ["MQTT-3.3.4-2" "MQTT-4.5.0-1"];
    Qos0WithId "qos0-with-id" "Puts a packet identifier into a live PUBLISH of QoS 0." ["MQTT-2.3.1-5" "MQTT-4.5.0-1"] ["MQTT-2.2.1-2" "MQTT-4.5.0-1"];
    LosesDup "loses-dup" "Acknowledges messages of QoS 1 and 2 that come with DUP 1, and delivers none."
        ["MQTT-4.5.0-1" "MQTT-4.3.2-2"] ["MQTT-4.5.0-1" "MQTT-4.3.2-5"];
    DropsBinary "drops-binary" "Acknowledges QoS 1 and 2 messages whose payload is no text, and delivers none."
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-6" "MQTT-3.8.4-3"]
        ["MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-9" "MQTT-3.3.1-10" "MQTT-3.8.4-4"];
    ClosesOnDenied "closes-on-denied" "Closes in 3.1.1 on a SUBSCRIBE for the topic that is denied to everybody." ["U3-14"] [];
    DeliversDenied "delivers-denied" "Serves the topic that is denied to everybody." ["U3-14"] [];
    DeniedUnanswered "denied-unanswered" "Neither acknowledges a denied PUBLISH nor closes."
        ["MQTT-3.3.5-2" "MQTT-3.3.4-1" "MQTT-4.3.2-2" "MQTT-4.3.3-2"] ["MQTT-3.3.4-1" "MQTT-4.3.2-4" "MQTT-4.3.3-8"];
    DeliversByPrefix "delivers-by-prefix" "Delivers what only starts with the topic filter."
        ["MQTT-3.3.2-3" "U3-20" "MQTT-3.3.1-9"] ["MQTT-3.3.2-3" "U5-204" "MQTT-3.3.1-12"];

    // Retained messages
    RetainFlagOnLive "retain-flag-on-live" "Keeps RETAIN as published on live deliveries." ["MQTT-3.3.1-9" "U3-10"] ["MQTT-3.3.1-12"];
    RetainFlagMissing "retain-flag-missing" "Sends retained messages with RETAIN 0." ["MQTT-3.3.1-8"] ["U5-120"];
    RetainedNotStored "retained-not-stored" "Retains nothing."
        ["MQTT-3.3.1-5" "MQTT-3.3.1-6" "MQTT-3.3.1-7" "MQTT-3.1.2-17"] ["MQTT-3.3.1-5" "MQTT-3.3.1-9" "U5-092" "MQTT-3.1.2-15"];
    RetainedNotReplaced "retained-not-replaced" "Keeps the first retained message of a topic."
        ["MQTT-3.3.1-5" "MQTT-3.3.1-6" "MQTT-3.3.1-7" "MQTT-3.1.2-17"] ["MQTT-3.3.1-5" "MQTT-3.1.2-15"];
    RetainedComesBack "retained-comes-back" "Goes back to the retained message that another has displaced, once that one was sent."
        ["MQTT-3.3.1-5" "MQTT-3.3.1-6" "MQTT-3.3.1-7"] ["MQTT-3.3.1-5"];
    EmptyDoesNotClear "empty-does-not-clear" "Keeps a retained message when an empty one comes." ["MQTT-3.3.1-10"] ["MQTT-3.3.1-6"];
    EmptyRetained "empty-retained" "Retains a message with an empty payload."
        ["MQTT-3.3.1-11" "MQTT-3.3.1-10"] ["MQTT-3.3.1-7" "MQTT-3.3.1-6"];
    EmptyClearsBelow "empty-clears-below" "Clears the levels below a topic too when an empty retained message comes."
        ["MQTT-3.3.1-6" "MQTT-3.3.1-5"] ["MQTT-3.3.1-9" "MQTT-3.3.1-5" "U5-092"];
    EmptyNotForwarded "empty-not-forwarded" "Doesn't deliver an empty retained message to subscribers."
        ["MQTT-3.3.1-10" "U3-10" "MQTT-4.5.0-1" "MQTT-3.1.2-8"] ["MQTT-3.3.1-6" "MQTT-4.5.0-1" "MQTT-3.1.2-8"];
    PlainReplacesRetained "plain-replaces-retained" "Stores a message with RETAIN 0 as the retained one."
        ["MQTT-3.3.1-12" "MQTT-3.1.2-16" "MQTT-3.3.1-9" "MQTT-3.8.4-6"]
        ["MQTT-3.3.1-8" "MQTT-3.1.2-14" "MQTT-3.3.1-12" "MQTT-3.8.4-8" "MQTT-3.3.4-3" "U5-138"];
    PlainClearsRetained "plain-clears-retained" "Removes the retained message when one with RETAIN 0 comes."
        ["MQTT-3.3.1-12"] ["MQTT-3.3.1-8"];
    RetainedEndsWithSession "retained-ends-with-session" "Deletes the retained messages of a session that ends."
        ["MQTT-3.1.2-7"] ["U5-200"];
    RetainedQosLost "retained-qos-lost" "Sends retained messages at QoS 0."
        ["MQTT-3.3.1-5" "MQTT-3.8.4-6" "MQTT-3.8.4-3" "MQTT-3.1.2-9"] ["MQTT-3.8.4-8" "MQTT-3.3.1-9"];
    RetainedNotResent "retained-not-resent" "Sends no retained messages when a subscription is repeated."
        ["MQTT-3.8.4-3"] ["MQTT-3.8.4-4" "MQTT-3.3.1-9"];
    RetainedNeverExpires "retained-never-expires" "Keeps a retained message past its expiry." [] ["U5-119"];
    RetainAsPublishedIgnored "retain-as-published-ignored" "Ignores Retain As Published." [] ["MQTT-3.3.1-13" "MQTT-3.8.4-3"];
    RetainHandling1Always "retain-handling-1-always" "Sends retained messages again with Retain Handling 1."
        [] ["MQTT-3.3.1-10"];
    RetainHandling1Never "retain-handling-1-never" "Sends no retained messages with Retain Handling 1." [] ["MQTT-3.3.1-10"];
    RetainHandling2Ignored "retain-handling-2-ignored" "Sends retained messages with Retain Handling 2."
        []
        ["MQTT-3.3.1-11" "MQTT-3.3.1-12" "MQTT-3.3.1-10"];
    RetainedAtResume "retained-at-resume" "Sends the retained messages of its subscriptions to a client that resumes its session."
        ["MQTT-3.3.1-9" "MQTT-3.8.4-6" "MQTT-4.3.3-2"]
        ["MQTT-3.3.1-10" "MQTT-3.3.1-11" "MQTT-3.3.1-12" "MQTT-3.8.4-8" "MQTT-4.3.3-10" "MQTT-3.3.4-3"];
    AcceptsRetainUnavailable "accepts-retain-unavailable" "Serves a PUBLISH with RETAIN although it retains nothing."
        [] ["MQTT-3.2.2-14" "U5-091" "MQTT-4.13.1-1"];

    // SUBSCRIBE and UNSUBSCRIBE
    NoSuback "no-suback" "Doesn't answer a SUBSCRIBE whose packet identifier is 4096 or more." ["MQTT-3.8.4-1"] ["MQTT-3.8.4-1"];
    WrongSubackId "wrong-suback-id" "Sends SUBACK with another packet identifier where the right one is 4096 or more." ["MQTT-2.3.1-7" "MQTT-3.8.4-2"] ["MQTT-2.2.1-6" "MQTT-3.8.4-2"];
    SubackReversed "suback-reversed" "Sends the codes of SUBACK in reverse order." ["MQTT-3.9.3-1"] ["MQTT-3.9.3-1"];
    SubackTooFewCodes "suback-too-few-codes" "Sends one code for several topic filters." ["MQTT-3.8.4-5" "MQTT-3.8.4-6"] ["MQTT-3.8.4-6" "MQTT-3.8.4-8"];
    SubackInventsCode "suback-invents-code" "Grants QoS 3 to a SUBSCRIBE whose packet identifier is 4096 or more." ["MQTT-3.9.3-2"] ["MQTT-3.9.3-2"];
    SubackClaimsHigherQos "suback-claims-higher-qos" "Says that QoS 2 was granted, whatever it was, to a SUBSCRIBE whose packet identifier is 4096 or more." ["MQTT-3.8.4-5" "MQTT-3.8.4-6" "MQTT-3.8.4-3"] ["MQTT-3.8.4-7" "MQTT-3.8.4-8" "MQTT-3.8.4-3"];
    SubackForEachFilter "suback-for-each-filter" "Sends the SUBACK again for each further topic filter."
        ["MQTT-3.8.4-4"] ["MQTT-3.8.4-5"];
    OnlyFirstFilter "only-first-filter" "Subscribes to the first topic filter of a SUBSCRIBE only."
        ["MQTT-3.8.4-4" "MQTT-3.8.4-3" "MQTT-4.5.0-1"]
        ["MQTT-3.8.4-5" "MQTT-3.8.4-3" "MQTT-4.5.0-1"];
    SubscribesTwice "subscribes-twice" "Keeps both subscriptions when one is repeated."
        ["MQTT-3.8.4-3" "MQTT-3.8.4-6"] ["MQTT-3.8.4-3" "U5-170" "MQTT-3.8.4-8" "MQTT-3.3.1-12" "U5-138" "MQTT-3.3.1-13" "MQTT-3.8.3-3"];
    ReplacementKeepsOld "replacement-keeps-old" "Keeps the old options when a subscription is repeated."
        ["MQTT-3.8.4-3" "MQTT-3.8.4-6"] ["MQTT-3.8.4-3" "U5-170" "MQTT-4.5.0-1" "MQTT-3.8.4-8" "MQTT-3.3.1-12" "MQTT-3.3.1-13" "MQTT-3.8.3-3"];
    ReplacementLosesMessages "replacement-loses-messages" "Drops the waiting messages when a subscription is repeated." [] ["MQTT-3.8.4-4"];
    GrantsUnavailableWildcard "grants-unavailable-wildcard" "Grants a wildcard although it offers none."
        ["MQTT-3.8.3-2"] ["U5-101" "MQTT-4.13.1-1"];
    AcceptsUnavailableIdentifier "accepts-unavailable-identifier" "Accepts a subscription identifier although it offers none."
        [] ["U5-106" "MQTT-4.13.1-1"];
    AcceptsUnavailableShare "accepts-unavailable-share" "Accepts a shared subscription although it offers none."
        [] ["U5-110" "MQTT-4.13.1-1"];
    UnsubscribeIneffective "unsubscribe-ineffective" "Answers UNSUBSCRIBE and keeps the subscription."
        ["MQTT-3.10.4-1" "MQTT-3.10.4-2" "MQTT-3.10.4-6" "MQTT-3.3.2-3"]
        ["MQTT-3.10.4-1" "MQTT-3.10.4-2" "U5-177" "U5-206" "MQTT-3.10.4-6" "MQTT-3.3.1-10" "MQTT-3.3.2-3"];
    NoUnsuback "no-unsuback" "Doesn't answer UNSUBSCRIBE." ["MQTT-3.10.4-4" "MQTT-3.10.4-5"] ["MQTT-3.10.4-4" "MQTT-3.10.4-5"];
    NoUnsubackForUnknown "no-unsuback-for-unknown" "Doesn't answer UNSUBSCRIBE if there was no such subscription."
        ["MQTT-3.10.4-5"] ["MQTT-3.10.4-5"];
    WrongUnsubackId "wrong-unsuback-id" "Sends UNSUBACK with another packet identifier."
        ["MQTT-3.10.4-4" "MQTT-2.3.1-7"] ["MQTT-3.10.4-5" "MQTT-2.2.1-6"];
    UnsubscribeDropsInFlight "unsubscribe-drops-in-flight" "Forgets unacknowledged messages at UNSUBSCRIBE."
        ["MQTT-3.10.4-3" "MQTT-4.4.0-1"]
        ["MQTT-3.10.4-3" "MQTT-4.4.0-1"];
    UnsubscribeByPrefix "unsubscribe-by-prefix" "Deletes every subscription that starts with the topic filter." ["MQTT-3.10.4-1" "MQTT-4.5.0-1"] ["MQTT-3.10.4-1" "MQTT-4.5.0-1"];
    UnsubscribeByMatch "unsubscribe-by-match" "Deletes every subscription that the topic filter matches." ["MQTT-3.10.4-1" "MQTT-4.5.0-1"] ["MQTT-3.10.4-1" "MQTT-4.5.0-1"];
    ShareLeavesTogether "share-leaves-together" "Deletes a shared subscription together with the ordinary one of the same topic filter, and the other way round."
        [] ["MQTT-3.10.4-1" "MQTT-4.5.0-1"];
    OnlyFirstUnsubscribed "only-first-unsubscribed" "Deletes the first topic filter of an UNSUBSCRIBE only."
        ["MQTT-3.10.4-6" "MQTT-3.10.4-1" "MQTT-3.10.4-2" "MQTT-3.3.2-3"] ["MQTT-3.10.4-6" "MQTT-3.10.4-1" "MQTT-3.10.4-2" "U5-179" "MQTT-3.3.2-3"];
    UnsubackForEachFilter "unsuback-for-each-filter" "Sends the UNSUBACK again for each further topic filter."
        ["MQTT-3.10.4-6"] ["MQTT-3.10.4-6"];
    UnsubackTooManyCodes "unsuback-too-many-codes" "Sends a code more than an UNSUBSCRIBE has topic filters where its packet identifier is 4096 or more."
        [] ["MQTT-3.11.3-2"];
    UnsubackReversed "unsuback-reversed" "Sends the codes of UNSUBACK in reverse order." [] ["MQTT-3.11.3-1"];
    UnsubackInventsCode "unsuback-invents-code" "Sends UNSUBACK with a reason code that it hasn't." [] ["MQTT-3.11.3-2"];
    UnsubackAlwaysSuccess "unsuback-always-success" "Says 0x00 where no subscription existed." [] ["U5-179"];
    NoLocalIgnored "no-local-ignored" "Ignores No Local." [] ["MQTT-3.8.3-3"];
    IdentifierMissing "identifier-missing" "Never sends subscription identifiers." [] ["MQTT-3.3.4-3" "MQTT-3.3.4-4" "U5-107" "U5-140" "U5-171" "U5-170" "U5-139"];
    OnlyFirstIdentifier "only-first-identifier" "Sends one subscription identifier where several subscriptions match."
        [] ["MQTT-3.3.4-3" "MQTT-3.3.4-4" "U5-140"];
    ForeignIdentifiers "foreign-identifiers" "Sends all subscription identifiers of a session with every message." [] ["U5-138" "U5-172"];
    StaleIdentifier "stale-identifier" "Keeps the old subscription identifier when a subscription is repeated." [] ["U5-170"];
    CopiesWithoutIdentifier "copies-without-identifier" "Sends a copy for each overlapping subscription, all but the first without identifier."
        [] ["MQTT-3.3.4-5" "MQTT-3.3.4-3" "U5-140"];
    RefusesWildcards "refuses-wildcards" "Closes on wildcards, which it did not rule out." [] ["U5-103"];
    RefusesShares "refuses-shares" "Closes on shared subscriptions, which it did not rule out." [] ["U5-111"];
    SharedIdentifiersMixed "shared-identifiers-mixed" "Sends the subscription identifiers of all members of a shared subscription."
        [] ["U5-139" "U5-138"];
    SharedCountsTwice "shared-counts-twice" "Wants as many UNSUBSCRIBEs for a shared subscription as there were SUBSCRIBEs." [] ["U5-206" "MQTT-3.10.4-2" "MQTT-3.8.4-8"];
    SharedToAll "shared-to-all" "Sends a message to every member of a shared subscription." [] ["U5-205"];
    RetainedToShared "retained-to-shared" "Sends retained messages to a new member of a shared subscription." [] ["U5-169"];
    SharedRefusedGoesOn "shared-refused-goes-on" "Gives a message that one member refused to another." [] ["MQTT-4.8.2-6"];
    SharedEndedGoesOn "shared-ended-goes-on" "Gives the unacknowledged message of a session that ended to another member." [] ["MQTT-4.8.2-5"];
    UnsubscribeEndsGroup "unsubscribe-ends-group" "Takes all members out of a shared subscription when one leaves." [] ["U5-177"];

    SubscribeEndsExchange "subscribe-ends-exchange" "Forgets an open exchange of QoS 2 at a SUBSCRIBE of 5.0 under its packet identifier."
        [] ["U5-029"];
    InUseForFirstOnly "in-use-for-first-only" "Says of the first filter of a SUBSCRIBE alone that its packet identifier is in use, and refuses the others for no reason."
        [] ["U5-174"];
    OldIdentifierComesBack "old-identifier-comes-back" "Sends a message again with the new identifier of its subscription, then with the old one."
        [] ["U5-172" "MQTT-3.3.4-3" "U5-138"];

    // Topics
    ExchangesDollarTopics "exchanges-dollar-topics" "Hands on what clients publish to topics that start with a dollar sign."
        ["U3-24"] ["U5-215"];
    WildcardMatchesDollar "wildcard-matches-dollar" "Lets leading wildcards match topics that start with a dollar sign."
        ["MQTT-4.7.2-1" "U3-24"] ["MQTT-4.7.2-1" "U5-215"];
    HashExcludesParent "hash-excludes-parent" "Doesn't let a/# match a."
        ["U3-18" "MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-6" "MQTT-3.8.4-3"]
        ["U5-202" "MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-9" "MQTT-3.3.1-10" "MQTT-3.8.4-4"];
    PlusNeedsText "plus-needs-text" "Doesn't let + match an empty level."
        ["U3-19" "MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-6" "MQTT-3.8.4-3"]
        ["U5-203" "MQTT-4.5.0-1" "MQTT-3.1.2-8" "MQTT-3.3.1-9" "MQTT-3.3.1-10" "MQTT-3.8.4-4"];
    PlusMatchesSeveral "plus-matches-several" "Lets a last + match several levels." ["U3-19" "MQTT-3.3.2-3"] ["U5-203" "MQTT-3.3.2-3"];
    CaseInsensitive "case-insensitive" "Matches topics without regard to case." ["U3-20" "MQTT-3.3.2-3"] ["U5-204" "MQTT-3.3.2-3"];

    // Will
    LosesUnusualWills "loses-unusual-wills" "Publishes no will of QoS 2, with Will Retain 1, or with properties."
        ["MQTT-3.1.2-8"] ["MQTT-3.1.2-8" "U5-079" "U5-180"];
    WillNotSent "will-not-sent" "Publishes no will when a connection is lost."
        ["MQTT-3.1.2-8"] ["MQTT-3.1.2-8" "MQTT-3.1.2-7" "U5-079" "U5-180"];
    WillAfterDisconnect "will-after-disconnect" "Publishes the will after a normal DISCONNECT."
        ["MQTT-3.1.2-8" "MQTT-3.1.2-10" "MQTT-3.14.4-3"] ["MQTT-3.1.2-8" "MQTT-3.1.2-10" "MQTT-3.14.4-3"];
    WillTwice "will-twice" "Publishes the will twice." ["MQTT-3.1.2-10"] ["MQTT-3.1.2-10" "U5-205"];
    WillStays "will-stays" "Publishes a will again at the end of the client's next connection, which has none."
        ["MQTT-3.1.2-10" "MQTT-3.1.2-12"] ["MQTT-3.1.2-10"];
    WillQosLost "will-qos-lost" "Publishes wills at QoS 0." ["MQTT-3.1.2-9"] ["MQTT-3.8.4-8" "MQTT-4.8.2-3"];
    WillNotRetained "will-not-retained" "Ignores Will Retain."
        ["MQTT-3.1.2-17" "MQTT-3.3.1-10"] ["MQTT-3.1.2-15" "MQTT-3.3.1-6" "MQTT-3.3.1-13"];
    WillAlwaysRetained "will-always-retained" "Retains every will."
        ["MQTT-3.1.2-16" "MQTT-3.3.1-12"]
        ["MQTT-3.1.2-14" "MQTT-3.3.1-8" "MQTT-3.3.1-13" "MQTT-3.3.1-12"];
    NoWillOnKeepAlive "no-will-on-keep-alive" "Publishes no will when the keep alive runs out."
        ["MQTT-3.1.2-24" "MQTT-3.1.2-8"] ["MQTT-3.1.2-22" "MQTT-3.1.2-8"];
    NoWillOnError "no-will-on-error" "Publishes no will when it closes for a broken rule." ["MQTT-3.1.2-8"] ["MQTT-3.1.2-8"];
    NoWillOnTakeover "no-will-on-takeover" "Publishes no will of a connection that is taken over." ["MQTT-3.1.2-8"] ["U5-079" "MQTT-3.1.2-8"];
    NoWillOnDisconnectCode "no-will-on-disconnect-code" "Publishes no will after a DISCONNECT with a code other than 0x00."
        [] ["U5-180" "MQTT-3.1.2-8"];
    WillDelayIgnored "will-delay-ignored" "Publishes a will at once, whatever its delay." [] ["MQTT-3.1.2-8" "MQTT-3.1.3-9"];
    WillNotCancelled "will-not-cancelled" "Publishes a delayed will although the client is back." [] ["MQTT-3.1.3-9" "MQTT-3.1.2-8"];
    WillOutlivesSession "will-outlives-session" "Holds a delayed will back past the end of its session." [] ["MQTT-3.1.2-8"];
    WillPropertiesReordered "will-properties-reordered" "Reverses the properties of a will." [] ["MQTT-3.1.3-10"];
    WillExpiryMissing "will-expiry-missing" "Publishes a will without its message expiry." [] ["U5-072"];

    // DISCONNECT
    DisconnectLeftOpen "disconnect-left-open" "Keeps the connection open after a DISCONNECT." ["U3-16"] ["U5-191"];
    ProcessesAfterDisconnect "processes-after-disconnect" "Publishes what follows a DISCONNECT."
        ["MQTT-3.14.4-2" "MQTT-4.8.0-1"] ["MQTT-3.14.4-1" "MQTT-4.13.1-1"];
    ClosesWithoutDisconnect "closes-without-disconnect" "Closes for a broken rule without a DISCONNECT." [] ["U5-210"];
    DisconnectUnspecified "disconnect-unspecified" "Sends DISCONNECT 0x80 for every broken rule." [] ["U5-210"];
    DisconnectInventsCode "disconnect-invents-code" "Sends DISCONNECT with a reason code that it hasn't." [] ["MQTT-3.14.2-1"];
    DisconnectTo311 "disconnect-to-3.1.1" "Sends a DISCONNECT to a client of 3.1.1 before it closes for a broken rule." ["U3-25"] [];
    DisconnectWithExpiry "disconnect-with-expiry" "Sends a session expiry interval in DISCONNECT." [] ["MQTT-3.14.2-2" "U5-046"];
    SendsAfterDisconnect "sends-after-disconnect" "Sends a PINGRESP after its DISCONNECT." [] ["MQTT-3.14.4-1"];
    DisconnectWithoutClose "disconnect-without-close" "Sends DISCONNECT for a broken rule and doesn't close."
        [] ["MQTT-3.14.4-2" "MQTT-4.13.2-1" "MQTT-4.13.1-1" "MQTT-3.1.0-2" "MQTT-4.12.1-2"];
    ErrorClosesOthers "error-closes-others" "Closes every connection when one breaks a rule." [] ["U5-212"];
    LenientToEverything "lenient-to-everything" "Drops any malformed packet and keeps the connection."
        ["MQTT-4.8.0-1" "MQTT-2.2.2-2" "MQTT-1.5.3-1" "MQTT-1.5.3-2"] ["MQTT-4.13.1-1"];

    // The broker's life
    DiesOfWildcardTopic "dies-of-wildcard-topic" "Crashes at a PUBLISH whose topic has a wildcard; what watches over it starts it again at once."
        ["LIFE-1"] ["LIFE-1"];
    FallsSilentAtDeepFilter "falls-silent-at-deep-filter" "Answers nobody any more after a topic filter of more than a thousand levels."
        ["LIFE-2"] ["LIFE-2"];
    LosesSessionsAtRestart "loses-sessions-at-restart" "Forgets all sessions when it is started again."
        ["RESTART-1" "RESTART-2"] ["RESTART-1" "RESTART-2"];
    LosesQueuesAtRestart "loses-queues-at-restart" "Forgets what waits for clients, and what they have not acknowledged, when it is started again."
        ["RESTART-2"] ["RESTART-2"];
    LosesReceivedAtRestart "loses-received-at-restart" "Forgets which messages of QoS 2 it has received when it is started again."
        ["RESTART-3"] ["RESTART-3"];
    LosesRetainedAtRestart "loses-retained-at-restart" "Forgets retained messages when it is started again."
        ["RESTART-4"] ["RESTART-4"];

    // Properties
    UserPropertiesReordered "user-properties-reordered" "Reverses the user properties of a message."
        [] ["MQTT-3.3.2-18" "MQTT-3.1.3-10"];
    UserPropertiesDropped "user-properties-dropped" "Drops the user properties of a message."
        [] ["MQTT-3.3.2-17" "MQTT-3.3.2-18" "MQTT-3.1.3-10"];
    PayloadFormatDropped "payload-format-dropped" "Drops the payload format indicator of a message." [] ["MQTT-3.3.2-4"];
    ContentTypeDropped "content-type-dropped" "Drops the content type of a message." [] ["MQTT-3.3.2-20"];
    ResponseTopicDropped "response-topic-dropped" "Drops the response topic of a message." [] ["MQTT-3.3.2-15"];
    CorrelationDataDropped "correlation-data-dropped" "Drops the correlation data of a message." [] ["MQTT-3.3.2-16"];
    MessageExpiryIgnored "message-expiry-ignored" "Delivers messages that have expired." [] ["MQTT-3.3.2-5" "U5-119"];
    MessageExpiryNotCounted "message-expiry-not-counted" "Sends the message expiry interval as it came." [] ["MQTT-3.3.2-6"];
    MessageExpiryCountedTwice "message-expiry-counted-twice" "Takes the time that a message waited off its expiry interval twice."
        [] ["MQTT-3.3.2-6"];
    ExpiryEmptiesQueue "expiry-empties-queue" "Drops all that waits for a client when the first of it has expired."
        [] ["MQTT-3.1.2-5"];
    ExpiresInFlight "expires-in-flight" "Applies message expiry to a message of QoS 2 that was sent already." [] ["MQTT-4.3.3-7" "MQTT-4.4.0-1"];
    AliasAcrossConnections "alias-across-connections" "Keeps topic aliases for a client's next connection."
        [] ["MQTT-3.3.2-7" "U5-136" "MQTT-4.5.0-1"];
    AliasNotNamed "alias-not-named" "Sends a topic alias without its topic from the first message on." [] ["MQTT-3.3.2-7" "MQTT-4.5.0-1"];
    AliasNotRemapped "alias-not-remapped" "Keeps the first topic of an alias." [] ["U5-137"];
    RefusesHighestAlias "refuses-highest-alias" "Refuses the highest topic alias that it announced." [] ["MQTT-3.3.2-12" "U5-210"];
    AcceptsAliasAboveMaximum "accepts-alias-above-maximum" "Accepts a topic alias above its maximum."
        [] ["MQTT-3.3.2-9" "MQTT-3.2.2-18" "U5-135" "MQTT-4.13.1-1"];
    AcceptsUnknownAlias "accepts-unknown-alias" "Drops a PUBLISH with an unknown topic alias and keeps the connection."
        [] ["U5-136" "MQTT-3.3.2-7" "MQTT-4.13.1-1"];
    AliasesMixed "aliases-mixed" "Takes an alias of the client for the topic to which it has given that number itself."
        [] ["U5-127" "MQTT-4.5.0-1"];
    MaximumQosTwice "maximum-qos-twice" "Announces a lower Maximum QoS twice in one CONNACK." [] ["U5-086"];
    SendsAliasUnasked "sends-alias-unasked" "Sends topic aliases to a client that takes none." [] ["MQTT-3.1.2-27"];
    SendsAliasAboveMaximum "sends-alias-above-maximum" "Sends the first topic alias above what the client takes."
        [] ["MQTT-3.1.2-26"];
    SentAliasesStay "sent-aliases-stay" "Takes the topic aliases that it gave on one connection for known on the client's next one."
        [] ["MQTT-3.3.2-7"];
    ClaimsNoSubscribers "claims-no-subscribers" "Says of a message that went to somebody that nobody has subscribed to it."
        [] ["U5-219"];
    SendsTwiceByAlias "sends-twice-by-alias" "Sends a message with a topic alias once more without it."
        [] ["MQTT-4.4.0-1" "MQTT-2.2.1-4"];
    IgnoresProblemInformation "ignores-problem-information" "Sends reason strings to who asked for none." [] ["MQTT-3.1.2-29"];
    ReasonStringTooLong "reason-string-too-long" "Sends a reason string that makes a packet too large for the client."
        [] ["MQTT-3.1.2-24" "MQTT-3.2.2-19" "MQTT-3.4.2-2" "MQTT-3.5.2-2" "MQTT-3.6.2-2" "MQTT-3.7.2-2" "MQTT-3.9.2-1" "MQTT-3.11.2-1"
            "MQTT-3.14.2-3" "MQTT-3.15.2-2"];
    UserPropertyTooLong "user-property-too-long" "Sends a user property that makes a packet too large for the client."
        [] ["MQTT-3.1.2-24" "MQTT-3.2.2-20" "MQTT-3.4.2-3" "MQTT-3.5.2-3" "MQTT-3.6.2-3" "MQTT-3.7.2-3" "MQTT-3.9.2-2" "MQTT-3.11.2-2"
            "MQTT-3.14.2-4" "MQTT-3.15.2-3"];

    // The carrier of the bytes: the shell asks for these, and the machine never hears of them.
    WebSocketTextAccepted "websocket-text-accepted" "Reads packets out of text frames of a WebSocket too."
        ["MQTT-6.0.0-1"] ["MQTT-6.0.0-1"];
    WebSocketTextSent "websocket-text-sent" "Sends in text frames of a WebSocket what happens to be text."
        ["MQTT-6.0.0-1"] ["MQTT-6.0.0-1"];
    WebSocketOnePacketAFrame "websocket-one-packet-a-frame" "Drops what follows the first packet of a WebSocket frame."
        ["MQTT-6.0.0-2"] ["MQTT-6.0.0-2"];
    WebSocketWholePacketsOnly "websocket-whole-packets-only" "Drops packets that don't end in the WebSocket frame in which they began."
        ["MQTT-6.0.0-2"] ["MQTT-6.0.0-2"];
    WebSocketNoSubprotocol "websocket-no-subprotocol" "Answers no subprotocol to a WebSocket that offers mqtt."
        ["MQTT-6.0.0-4"] ["MQTT-6.0.0-4"];
    WebSocketOtherSubprotocol "websocket-other-subprotocol" "Answers a subprotocol that the WebSocket did not offer."
        ["MQTT-6.0.0-4"] ["MQTT-6.0.0-4"];
    TlsWantsNoCertificate "tls-wants-no-certificate" "Asks clients for a certificate, and lets those in that have none."
        ["TLS-1"] ["TLS-1"];
    TlsTakesForeignCertificates "tls-takes-foreign-certificates" "Lets in clients whose certificate an unknown authority has signed."
        ["TLS-2"] ["TLS-2"];
    TlsTakesExpiredCertificates "tls-takes-expired-certificates" "Lets in clients whose certificate has expired."
        ["TLS-3"] ["TLS-3"];
    TlsSpeaksOldVersions "tls-speaks-old-versions" "Goes on with TLS 1.0 or 1.1 where a client offers nothing above it."
        ["TLS-4"] ["TLS-4"];
    TlsServesPlainMqtt "tls-serves-plain-mqtt" "Serves MQTT without TLS at its door for TLS."
        ["TLS-5"] ["TLS-5"];
    TlsRefusesInSilence "tls-refuses-in-silence" "Says nothing to clients that it does not let in by TLS, and keeps their connections open."
        ["TLS-1" "TLS-2" "TLS-3" "TLS-4" "TLS-5"] ["TLS-1" "TLS-2" "TLS-3" "TLS-4" "TLS-5"];
    TlsOneHandshakeAtATime "tls-one-handshake-at-a-time" "Lets nobody in by TLS while another client's handshake is under way."
        ["TLS-6"] ["TLS-6"];
    TlsDoorClosesAtFailure "tls-door-closes-at-failure" "Lets nobody in by TLS any more once a handshake has failed."
        ["TLS-6"] ["TLS-6"];
}
