//! Invariants of a packet among the others of its connection: its order, which the auditor judges.

use crate::auditor::Point;
use crate::scenario::{Holding, Observation};
use mqtt_assay_codec::{PacketType, Rule};

macro_rules! by_auditor {
    ($($check:ident: $point:ident;)*) => {$(
        pub(super) fn $check(observation: &Observation<'_>) -> Holding {
            observation.audit.of(Point::$point)
        }
    )*};
}

by_auditor! {
    connack_first: ConnackFirst;
    connack_once: ConnackOnce;
    authentication_unasked: AuthenticationUnasked;
    problem_information: ProblemInformation;
    nothing_after_disconnect: NothingAfterDisconnect;
    pubrel_after_pubrec: PubrelAfterPubrec;
    answered_once: AnsweredOnce;
    one_suback: OneSuback;
    one_unsuback: OneUnsuback;
    suback_count: SubackCodes;
    unsuback_count: UnsubackCodes;
    dup_of_first: DupOfFirst;
    fresh_identifier: FreshIdentifier;
    granted_qos: GrantedQos;
    qos1_once: Qos1Once;
    qos2_once: Qos2Once;
    topic_unaltered: TopicUnaltered;
    payload_unaltered: PayloadUnaltered;
    matching_subscription: MatchingSubscription;
    removed_subscription: RemovedSubscription;
    discarded_session: DiscardedSession;
    ended_session: EndedSession;
    replaced_subscription: Replaced;
    replaced_identifier: IdentifierReplaced;
    no_local: NoLocal;
    live_retain: LiveRetain;
    retain_as_published: RetainAsPublished;
    retained_flag: RetainedFlag;
    plain_retained: PlainRetained;
    retained_replaced: RetainedReplaced;
    retain_handling_never: RetainHandlingNever;
    retain_handling_if_new: RetainHandlingIfNew;
    retained_to_share: RetainedToShare;
    qos_owed: QosOwed;
    will_qos: WillQos;
    payload_format_indicator: PayloadFormat;
    response_topic: ResponseTopic;
    correlation_data: CorrelationData;
    user_properties: UserProperties;
    user_property_order: UserPropertyOrder;
    will_user_property_order: WillPropertyOrder;
    content_type: ContentType;
    message_expiry_interval: ExpiryPassedOn;
    will_expiry_interval: WillExpiry;
    expired_message: Expired;
    expired_retained_message: RetainedExpired;
    subscription_identifier: ForeignIdentifier;
    subscription_identifier_there: IdentifierMissing;
    message_order: Order;
    qos2_copies: CopiesOfQos2;
    will_once: WillOnce;
    will_deleted: WillDeleted;
    shared_once: SharedOnce;
    no_subscribers: NoSubscribers;
    owed_message: Owed;
    no_session_at_clean_start: NoSessionAtCleanStart;
    no_session_where_none: NoSessionWhereNone;
    session_where_kept: SessionWhereKept;
    dup_after_resume: DupAfterResume;
    unchanged_after_resume: UnchangedAfterResume;
    order_after_resume: OrderAfterResume;
    order_of_pubrels: OrderOfPubrels;
    qos1_settled: Qos1Settled;
    qos2_received: Qos2Received;
    qos2_settled: Qos2Settled;
    refused_settled: RefusedSettled;
    owed_after_resume: OwedAfterResume;
    owed_pubrel: OwedPubrel;
    receive_maximum: ReceiveMaximum;
    packet_size: PacketSize;
    no_alias: NoAlias;
    alias_maximum: AliasMaximum;
    alias_known: AliasKnown;
    response_information: ResponseInformation;
    assigned_to_one: AssignedToOne;
    fitting_code: FittingCode;
    keep_alive_code: KeepAliveCode;
}

pub(super) fn acknowledgement_identifier(observation: &Observation<'_>) -> Holding {
    identifier(
        observation,
        Point::AcknowledgementIdentifier,
        &[PacketType::Puback, PacketType::Pubrec, PacketType::Pubrel],
    )
}

pub(super) fn completion_identifier(observation: &Observation<'_>) -> Holding {
    identifier(observation, Point::CompletionIdentifier, &[PacketType::Pubcomp])
}

pub(super) fn request_identifier(observation: &Observation<'_>) -> Holding {
    identifier(observation, Point::RequestIdentifier, &[PacketType::Suback, PacketType::Unsuback])
}

/// An identifier that is not 0, and one that the client knows.
fn identifier(observation: &Observation<'_>, point: Point, packets: &[PacketType]) -> Holding {
    let is_zero = |packet_type| packets.contains(&packet_type);
    // Who answers our own 0 with 0 repeats the identifier that was sent.
    let zero = observation.error.filter(|error| error.rule == Rule::PacketIdZero && !observation.audit.is_tainted());
    match zero {
        Some(error) if error.packet_type.is_some_and(is_zero) => Holding::Broken(error.to_string()),
        _ => observation.audit.of(point),
    }
}
