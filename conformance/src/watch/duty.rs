//! What clients owe beyond the form of a single packet: each duty with the rules that say so.

use mqtt_assay_codec::{QoS, Version};

/// A duty of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// A new packet has an identifier that is not in use.
    FreeIdentifier,
    /// A message that is sent again says so.
    DupOnResend,
    /// A message that is sent for the first time doesn't say that it comes again.
    NoDupAtFirst(QoS),
    /// What was not acknowledged is sent again after a resume.
    Resend,
    /// And at no other time (5).
    ResendOnlyThen,
    /// In the order in which it was first sent.
    ResendInOrder,
    /// But no PUBLISH whose PUBREL has gone out.
    NoPublishAfterPubrel,
    /// Nothing of a session goes into one that is begun anew.
    CleanMeansClean,
    /// Who holds no session leaves where the broker holds one (5).
    LeaveForeignSession,
    /// Who is told that the broker holds none drops his own (5).
    DropLostSession,
    /// No more messages are open than the broker's Receive Maximum (5).
    ReceiveMaximum,
    /// PUBACKs come in the order of the messages.
    PubacksInOrder,
    /// PUBRECs do.
    PubrecsInOrder,
    /// PUBRELs come in the order of the PUBRECs.
    PubrelsInOrder,
    /// Each message is acknowledged.
    Acknowledge,
    /// Each PUBREC has its PUBREL.
    Release,
    /// PUBACK for QoS 1, PUBREC for QoS 2.
    FittingAcknowledgement,
    /// An acknowledgement has the identifier of what it acknowledges.
    IdentifierOfMessage,
    /// PUBCOMP has.
    IdentifierOfPubcomp,
}

impl Duty {
    /// The rule of that version; nothing where the version has none.
    pub(super) const fn rule(self, version: Version) -> Option<&'static str> {
        let (v3_1_1, v5) = match self {
            Self::FreeIdentifier => (Some("MQTT-2.3.1-2"), Some("MQTT-2.2.1-3")),
            Self::DupOnResend => (Some("MQTT-3.3.1-1"), Some("MQTT-3.3.1-1")),
            Self::NoDupAtFirst(QoS::ExactlyOnce) => (Some("MQTT-4.3.3-1"), Some("MQTT-4.3.3-2")),
            Self::NoDupAtFirst(_) => (Some("MQTT-4.3.2-1"), Some("MQTT-4.3.2-2")),
            Self::Resend => (Some("MQTT-4.4.0-1"), Some("MQTT-4.4.0-1")),
            Self::ResendOnlyThen => (None, Some("MQTT-4.4.0-1")),
            Self::ResendInOrder => (Some("MQTT-4.6.0-1"), Some("MQTT-4.6.0-1")),
            Self::NoPublishAfterPubrel => (Some("MQTT-4.3.3-1"), Some("MQTT-4.3.3-6")),
            Self::CleanMeansClean => (Some("MQTT-3.1.2-6"), Some("MQTT-3.1.2-4")),
            Self::LeaveForeignSession => (None, Some("MQTT-3.2.2-4")),
            Self::DropLostSession => (None, Some("MQTT-3.2.2-5")),
            Self::ReceiveMaximum => (None, Some("MQTT-3.3.4-7")),
            Self::PubacksInOrder => (Some("MQTT-4.6.0-2"), Some("MQTT-4.6.0-2")),
            Self::PubrecsInOrder => (Some("MQTT-4.6.0-3"), Some("MQTT-4.6.0-3")),
            Self::PubrelsInOrder => (Some("MQTT-4.6.0-4"), Some("MQTT-4.6.0-4")),
            Self::Acknowledge => (Some("MQTT-4.5.0-2"), Some("MQTT-4.5.0-2")),
            Self::Release => (Some("MQTT-4.3.3-1"), Some("MQTT-4.3.3-4")),
            Self::FittingAcknowledgement => (Some("MQTT-3.3.4-1"), Some("MQTT-3.3.4-1")),
            Self::IdentifierOfMessage => (Some("MQTT-2.3.1-6"), Some("MQTT-2.2.1-5")),
            Self::IdentifierOfPubcomp => (Some("MQTT-4.3.3-2"), Some("MQTT-2.2.1-5")),
        };
        match version {
            Version::V5 => v5,
            _ => v3_1_1,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use mqtt_assay_standard::{self as standard, Binds};

    /// All of them.
    pub(in super::super) const ALL: [Duty; 20] = [
        Duty::FreeIdentifier,
        Duty::DupOnResend,
        Duty::NoDupAtFirst(QoS::AtLeastOnce),
        Duty::NoDupAtFirst(QoS::ExactlyOnce),
        Duty::Resend,
        Duty::ResendOnlyThen,
        Duty::ResendInOrder,
        Duty::NoPublishAfterPubrel,
        Duty::CleanMeansClean,
        Duty::LeaveForeignSession,
        Duty::DropLostSession,
        Duty::ReceiveMaximum,
        Duty::PubacksInOrder,
        Duty::PubrecsInOrder,
        Duty::PubrelsInOrder,
        Duty::Acknowledge,
        Duty::Release,
        Duty::FittingAcknowledgement,
        Duty::IdentifierOfMessage,
        Duty::IdentifierOfPubcomp,
    ];

    #[test]
    fn each_duty_is_a_rule_that_binds_clients() {
        for (duty, version) in ALL.into_iter().flat_map(|duty| [(duty, Version::V3_1_1), (duty, Version::V5)]) {
            let Some(id) = duty.rule(version) else { continue };
            let rule = standard::find(version, id).unwrap_or_else(|| panic!("{id} of {version}")).rule();
            assert_ne!(rule.binds, Binds::Server, "{duty:?}: {id} of {version}");
        }
    }
}
