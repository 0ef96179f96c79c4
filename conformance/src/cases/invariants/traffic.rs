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
