//! Names of the places in a packet, as errors, field maps and mutations use them.

use core::fmt;

use crate::packet::properties::PropertyId;

/// A place in a packet, such as `topic name`, `properties / topic alias` or `fixed header / flags`.
///
/// Small and `Copy`; [`Display`](fmt::Display) gives the name. Where a part repeats (topic filters, user properties)
/// the name is that of the kind; the path in a [`FieldMap`](crate::FieldMap) counts them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName {
    pub(crate) part: Part,
    pub(crate) property: PropertyId,
    pub(crate) piece: Piece,
}

/// The part of the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    PacketType,
    Flags,
    RemainingLength,
    ProtocolName,
    ProtocolLevel,
    ConnectFlags,
    KeepAlive,
    ConnackFlags,
    ReasonCode,
    PacketId,
    PropertyLength,
    Property,
    ClientId,
    WillPropertyLength,
    WillProperty,
    WillTopic,
    WillPayload,
    UserName,
    Password,
    TopicName,
    Payload,
    TopicFilter,
    SubscriptionOptions,
    Surplus,
    Incomplete,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::PacketType => "fixed header / packet type",
            Self::Flags => "fixed header / flags",
            Self::RemainingLength => "fixed header / remaining length",
            Self::ProtocolName => "protocol name",
            Self::ProtocolLevel => "protocol level",
            Self::ConnectFlags => "connect flags",
            Self::KeepAlive => "keep alive",
            Self::ConnackFlags => "connect acknowledge flags",
            Self::ReasonCode => "reason code",
            Self::PacketId => "packet identifier",
            Self::PropertyLength => "property length",
            Self::Property => "properties",
            Self::ClientId => "client identifier",
            Self::WillPropertyLength => "will property length",
            Self::WillProperty => "will properties",
            Self::WillTopic => "will topic",
            Self::WillPayload => "will payload",
            Self::UserName => "user name",
            Self::Password => "password",
            Self::TopicName => "topic name",
            Self::Payload => "payload",
            Self::TopicFilter => "topic filter",
            Self::SubscriptionOptions => "subscription options",
            Self::Surplus => "surplus bytes",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Which bytes of the part: the length before it, the identifier of a property, or the thing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Piece {
    Whole,
    Length,
    Identifier,
    Name,
    NameLength,
    Value,
    ValueLength,
}

impl Piece {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Length => " / length",
            Self::Identifier => " / identifier",
            Self::Name => " / name",
            Self::NameLength => " / name length",
            Self::Value => " / value",
            Self::ValueLength => " / value length",
        }
    }

    /// The piece that holds the length of this one.
    pub(crate) const fn length(self) -> Self {
        match self {
            Self::Name => Self::NameLength,
            Self::Value => Self::ValueLength,
            _ => Self::Length,
        }
    }
}

const NO_PROPERTY: PropertyId = PropertyId(0);

macro_rules! names {
    ($($(#[$doc:meta])* $constant:ident = $part:ident;)*) => {
        impl FieldName {
            $($(#[$doc])* pub const $constant: Self = Self::of(Part::$part);)*
        }
    };
}

names! {
    /// Upper four bits of the first byte.
    PACKET_TYPE = PacketType;
    /// Lower four bits of the first byte.
    FLAGS = Flags;
    /// Length of all that follows it.
    REMAINING_LENGTH = RemainingLength;
    /// Protocol name of CONNECT.
    PROTOCOL_NAME = ProtocolName;
    /// Protocol level (protocol version) of CONNECT.
    PROTOCOL_LEVEL = ProtocolLevel;
    /// Connect flags of CONNECT.
    CONNECT_FLAGS = ConnectFlags;
    /// Keep alive of CONNECT.
    KEEP_ALIVE = KeepAlive;
    /// Connect acknowledge flags of CONNACK.
    CONNACK_FLAGS = ConnackFlags;
    /// Reason code or return code.
    REASON_CODE = ReasonCode;
    /// Packet identifier.
    PACKET_ID = PacketId;
    /// Length of the properties.
    PROPERTY_LENGTH = PropertyLength;
    /// Client identifier.
    CLIENT_ID = ClientId;
    /// Length of the will properties.
    WILL_PROPERTY_LENGTH = WillPropertyLength;
    /// Topic of the will.
    WILL_TOPIC = WillTopic;
    /// Payload of the will.
    WILL_PAYLOAD = WillPayload;
    /// User name.
    USER_NAME = UserName;
    /// Password.
    PASSWORD = Password;
    /// Topic name of PUBLISH.
    TOPIC_NAME = TopicName;
    /// Application message of PUBLISH; or all topic filters, or all reason codes.
    PAYLOAD = Payload;
    /// A topic filter.
    TOPIC_FILTER = TopicFilter;
    /// Options (in 3.1.1: requested QoS) of one subscription.
    SUBSCRIPTION_OPTIONS = SubscriptionOptions;
    /// Bytes after the last field.
    SURPLUS = Surplus;
    /// The start of a field whose rest has not come, or bytes that cannot be told apart.
    INCOMPLETE = Incomplete;
}

impl FieldName {
    pub(crate) const fn of(part: Part) -> Self {
        Self { part, property: NO_PROPERTY, piece: Piece::Whole }
    }

    /// A property of the packet itself.
    pub const fn property(id: PropertyId) -> Self {
        Self { part: Part::Property, property: id, piece: Piece::Whole }
    }

    /// A property of the will.
    pub const fn will_property(id: PropertyId) -> Self {
        Self { part: Part::WillProperty, property: id, piece: Piece::Whole }
    }

    /// The property that this place belongs to.
    pub fn property_id(self) -> Option<PropertyId> {
        matches!(self.part, Part::Property | Part::WillProperty).then_some(self.property)
    }

    pub(crate) const fn piece(self, piece: Piece) -> Self {
        Self { piece, ..self }
    }

    /// The length before this string or binary data.
    #[must_use]
    pub const fn length(self) -> Self {
        self.piece(self.piece.length())
    }

    /// Name without what belongs to a repeated part's number: the part before it.
    pub(crate) const fn part_name(self) -> &'static str {
        self.part.name()
    }

    pub(crate) const fn suffix(self) -> &'static str {
        self.piece.suffix()
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.part.name())?;
        if let Some(id) = self.property_id() {
            write!(f, " / {id}")?;
        }
        f.write_str(self.piece.suffix())
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
