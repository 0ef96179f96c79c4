//! Which packets can break which rule: what the vectors are held against, so that none is forgotten.

use crate::packet::{Context, PacketType, PropertyHome, PropertyId, PropertyType, Sender, Version};
use crate::rule::property::{broken_value_rule, duplicate_rule, holds, may_repeat};
use crate::rule::table::Rule;

impl Rule {
    /// Whether a packet of this type can break the rule in this version, coming from this side.
    ///
    /// `None` stands for packets whose type the version does not have: those break
    /// [`ReservedPacketType`](Self::ReservedPacketType) and nothing else.
    ///
    /// ```
    /// use mqtt_assay_codec::{Context, PacketType, Rule, Sender, Version};
    /// let client = Context::new(Version::V5, Sender::Client);
    /// assert!(Rule::TopicAliasZero.applies_to(PacketType::Publish, client));
    /// assert!(!Rule::TopicAliasZero.applies_to(PacketType::Subscribe, client));
    /// ```
    pub fn applies_to(self, packet: impl Into<Option<PacketType>>, context: Context) -> bool {
        let Some(packet) = packet.into() else { return self == Self::ReservedPacketType };
        if !packet.exists_in(context.version) {
            return false;
        }
        let sent = context.from.may_be(packet.sent_by(context.version));
        match self {
            Self::ReservedPacketType => false,
            Self::WrongDirection => !sent,
            _ if !sent => false,
            _ => self.applies_to_form(packet, context.version) || self.applies_to_property(packet, context),
        }
    }

    /// Rules about anything but the values of properties.
    fn applies_to_form(self, packet: PacketType, version: Version) -> bool {
        use PacketType::{Auth, Connack, Connect, Disconnect, Pingreq, Pingresp, Publish, Suback, Subscribe};
        use PacketType::{Unsuback, Unsubscribe};
        let v5 = version.has_properties();
        let ping = matches!(packet, Pingreq | Pingresp);
        let filters = matches!(packet, Subscribe | Unsubscribe);
        match self {
            Self::VariableByteIntegerTooLong | Self::PacketTooLarge => true,
            Self::NonMinimalVariableByteInteger => v5,
            Self::FixedHeaderFlags => packet != Publish,
            Self::Truncated => !ping && !matches!(packet, Disconnect | Auth),
            Self::TrailingBytes => match packet {
                Publish | Subscribe | Suback | Unsubscribe => false,
                Unsuback => !v5,
                _ => true,
            },
            Self::StringPastEnd | Self::NulInTopic => filters || matches!(packet, Connect | Publish),
            Self::StringTooLong => filters || matches!(packet, Connect | Publish) || v5 && !ping,
            Self::NulInString => packet == Connect || v5 && !ping,
            Self::PropertyLengthMissing
            | Self::PropertyLengthPastEnd
            | Self::UnknownProperty
            | Self::ForeignProperty
            | Self::UserPropertyCutOff
            | Self::UserPropertyUtf8
            | Self::TooManyUserProperties => v5 && !ping,
            Self::PacketIdZero => !ping && !matches!(packet, Connect | Connack | Disconnect | Auth),
            Self::PublishQos3
            | Self::DupWithQos0
            | Self::TopicNameUtf8
            | Self::TopicNameEmpty
            | Self::TopicNameWildcard => packet == Publish,
            Self::UndefinedReasonCode => match packet {
                Connack | Suback => true,
                _ => v5 && !ping && !filters && !matches!(packet, Connect | Publish),
            },
            Self::ReasonCodeFromWrongSide => matches!(packet, Disconnect | Auth) && v5,
            Self::ConnackFlags | Self::SessionPresentWithError => packet == Connack,
            Self::TooManyTopicFilters
            | Self::TopicFilterUtf8
            | Self::TopicFilterEmpty
            | Self::NoTopicFilter
            | Self::MultiLevelWildcard
            | Self::SingleLevelWildcard => filters,
            Self::ShareNameEmpty | Self::ShareName => filters && v5,
            Self::RequestedQos3 | Self::SubscriptionReservedBits => packet == Subscribe,
            Self::RetainHandling3 | Self::NoLocalShared => packet == Subscribe && v5,
            Self::NoReasonCodes => packet == Suback || packet == Unsuback && v5,
            Self::AuthenticationMethodMissing => packet == Auth,
            _ => packet == Connect && self.applies_to_connect(version),
        }
    }

    /// Rules about CONNECT alone, its properties apart.
    fn applies_to_connect(self, version: Version) -> bool {
        match self {
            Self::BinaryPastEnd
            | Self::ProtocolName
            | Self::ProtocolLevel
            | Self::WillQosWithoutWill
            | Self::WillRetainWithoutWill
            | Self::WillQos3
            | Self::ClientIdMissing
            | Self::ClientIdUtf8
            | Self::WillMissing
            | Self::WillTopicUtf8
            | Self::WillTopicEmpty
            | Self::WillTopicWildcard
            | Self::UserNameUtf8 => true,
            Self::ConnectReservedFlag | Self::UserNameMissing | Self::PasswordMissing => version != Version::V3_1,
            Self::PasswordWithoutUserName => !version.has_properties(),
            Self::ClientIdLength => version == Version::V3_1,
            Self::EmptyClientId => version == Version::V3_1_1,
            Self::AuthenticationDataWithoutMethod | Self::ForeignWillProperty => version.has_properties(),
            _ => false,
        }
    }

    /// Rules about the values of properties, about those that come twice or from the wrong side.
    fn applies_to_property(self, packet: PacketType, context: Context) -> bool {
        if !context.version.has_properties() {
            return false;
        }
        let held = |id: PropertyId| homes(packet).any(|home| holds(home, id, context.from));
        let any =
            |breaks: fn(Rule, PropertyId) -> bool| PropertyId::ALL.into_iter().any(|id| breaks(self, id) && held(id));
        match self {
            Self::SubscriptionIdentifierFromClient => packet == PacketType::Publish && context.from != Sender::Server,
            Self::SessionExpiryFromServer => packet == PacketType::Disconnect && context.from != Sender::Client,
            Self::ResponseTopicUtf8 | Self::ResponseTopicEmpty | Self::ResponseTopicWildcard => {
                held(PropertyId::RESPONSE_TOPIC)
            }
            Self::ContentTypeUtf8 => held(PropertyId::CONTENT_TYPE),
            Self::StringUtf8 => any(|_, id| {
                let own_rule = matches!(id, PropertyId::RESPONSE_TOPIC | PropertyId::CONTENT_TYPE);
                id.value_type() == Some(PropertyType::Utf8String) && !own_rule
            }),
            Self::PropertyCutOff => any(|_, id| id != PropertyId::USER_PROPERTY),
            _ if any(|rule, id| [0, 2].into_iter().any(|value| broken_value_rule(id, value) == Some(rule))) => true,
            _ => homes(packet).any(|home| {
                let twice = |id| duplicate_rule(id) == self && !may_repeat(home, id) && holds(home, id, context.from);
                PropertyId::ALL.into_iter().any(twice)
            }),
        }
    }
}

/// The blocks of properties that the packet has.
fn homes(packet: PacketType) -> impl Iterator<Item = PropertyHome> {
    let will = (packet == PacketType::Connect).then_some(PropertyHome::Will);
    [PropertyHome::Packet(packet)].into_iter().chain(will)
}
