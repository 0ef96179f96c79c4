//! Reading and judging each packet behind its fixed header: variable header and payload.

use crate::packet::topic::{self, FilterFault};
use crate::packet::{FieldName, PacketType, PropertyHome, PropertyId, ReasonCode, Version};
use crate::read::kind::FieldKind;
use crate::read::reader::{Observer, Reader, Stop};
use crate::rule::Rule;

/// Bits of the connect flags (section 3.1.2.3).
mod connect_flag {
    pub(super) const RESERVED: u8 = 1;
    pub(super) const CLEAN_SESSION: u8 = 1 << 1;
    pub(super) const WILL: u8 = 1 << 2;
    pub(super) const WILL_QOS: u8 = 3 << 3;
    pub(super) const WILL_RETAIN: u8 = 1 << 5;
    pub(super) const PASSWORD: u8 = 1 << 6;
    pub(super) const USER_NAME: u8 = 1 << 7;
}

impl<O: Observer> Reader<'_, '_, O> {
    /// Reads the whole packet, or its head if there is no more.
    pub(crate) fn packet(&mut self) -> Result<(), Stop> {
        let packet_type = self.fixed_header()?;
        match packet_type {
            PacketType::Publish => self.publish()?,
            PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => {
                self.acknowledgement(packet_type)?;
            }
            PacketType::Connect => self.connect()?,
            PacketType::Connack => self.connack()?,
            PacketType::Subscribe => self.subscribe()?,
            PacketType::Suback => self.suback()?,
            PacketType::Unsubscribe => self.unsubscribe()?,
            PacketType::Unsuback => self.unsuback()?,
            PacketType::Pingreq | PacketType::Pingresp => self.at_most(0)?,
            PacketType::Disconnect => self.disconnect()?,
            PacketType::Auth => self.auth()?,
        }
        if self.bytes.len() < self.end { Err(Stop::Short(self.end)) } else { Ok(()) }
    }

    fn connect(&mut self) -> Result<(), Stop> {
        self.protocol()?;
        let flags = self.connect_flags()?;
        self.two_bytes(FieldName::KEEP_ALIVE, FieldKind::TwoByteInteger, Rule::Truncated)?;
        if self.is_v5() {
            let end = self.property_length(FieldName::PROPERTY_LENGTH)?;
            self.head_ends()?;
            let start = self.position;
            let seen = self.property_block(PropertyHome::Packet(PacketType::Connect), end)?;
            if seen.has(PropertyId::AUTHENTICATION_DATA) && !seen.has(PropertyId::AUTHENTICATION_METHOD) {
                let name = FieldName::property(PropertyId::AUTHENTICATION_DATA);
                self.broken(Rule::AuthenticationDataWithoutMethod, name, start)?;
            }
        }
        self.head_ends()?;
        self.payload = self.position;
        self.client_id(flags)?;
        if flags & connect_flag::WILL != 0 {
            self.will()?;
        }
        if flags & connect_flag::USER_NAME != 0 {
            self.user_name()?;
        }
        if flags & connect_flag::PASSWORD != 0 {
            self.password()?;
        }
        self.finish()
    }

    /// Protocol name and level.
    fn protocol(&mut self) -> Result<(), Stop> {
        let name = FieldName::PROTOCOL_NAME;
        let start = self.position;
        let length = usize::from(self.two_bytes(name.length(), FieldKind::Length, Rule::Truncated)?);
        if start + 2 + length > self.end {
            return Err(self.refusal(Rule::StringPastEnd, name.length(), start));
        }
        let expected = self.context.version.protocol_name().as_bytes();
        if length != expected.len() {
            self.broken(Rule::ProtocolName, name.length(), start)?;
        }
        let (from, to) = self.prefixed_data(name, FieldKind::Utf8String, length, Rule::StringPastEnd, start)?;
        if length == expected.len() && &self.bytes[from..to] != expected {
            self.broken(Rule::ProtocolName, name, from)?;
        }
        let at = self.position;
        let level = self.byte(FieldName::PROTOCOL_LEVEL, FieldKind::Byte, Rule::Truncated)?;
        if level != self.context.version.level() {
            self.broken(Rule::ProtocolLevel, FieldName::PROTOCOL_LEVEL, at)?;
        }
        Ok(())
    }

    fn connect_flags(&mut self) -> Result<u8, Stop> {
        let at = self.position;
        let name = FieldName::CONNECT_FLAGS;
        let flags = self.byte(name, FieldKind::Bits, Rule::Truncated)?;
        if flags & connect_flag::RESERVED != 0 && self.context.version != Version::V3_1 {
            self.broken(Rule::ConnectReservedFlag, name, at)?;
        }
        if flags & connect_flag::WILL == 0 {
            if flags & connect_flag::WILL_QOS != 0 {
                self.broken(Rule::WillQosWithoutWill, name, at)?;
            }
            if flags & connect_flag::WILL_RETAIN != 0 {
                self.broken(Rule::WillRetainWithoutWill, name, at)?;
            }
        } else if flags & connect_flag::WILL_QOS == connect_flag::WILL_QOS {
            self.broken(Rule::WillQos3, name, at)?;
        }
        if !self.is_v5() && flags & connect_flag::PASSWORD != 0 && flags & connect_flag::USER_NAME == 0 {
            self.broken(Rule::PasswordWithoutUserName, name, at)?;
        }
        Ok(flags)
    }

    fn client_id(&mut self, flags: u8) -> Result<(), Stop> {
        let name = FieldName::CLIENT_ID;
        if self.at_end() {
            return Err(self.refusal(Rule::ClientIdMissing, name, self.position));
        }
        let range = self.prefixed(name, FieldKind::Utf8String, Rule::Truncated, Rule::StringPastEnd)?;
        self.check_text(range, name, Rule::ClientIdUtf8, Rule::NulInString)?;
        let resumes = flags & connect_flag::CLEAN_SESSION == 0;
        if range.0 == range.1 && resumes && self.context.version == Version::V3_1_1 {
            self.broken(Rule::EmptyClientId, name.length(), range.0 - 2)?;
        }
        if self.context.version == Version::V3_1 {
            // Characters, counted by the bytes that begin one.
            let characters = self.bytes[range.0..range.1].iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
            if !(1..=23).contains(&characters) {
                self.broken(Rule::ClientIdLength, name, range.0)?;
            }
        }
        Ok(())
    }

    fn will(&mut self) -> Result<(), Stop> {
        if self.at_end() {
            return Err(self.refusal(Rule::WillMissing, FieldName::WILL_TOPIC, self.position));
        }
        if self.is_v5() {
            let end = self.property_length(FieldName::WILL_PROPERTY_LENGTH)?;
            self.property_block(PropertyHome::Will, end)?;
        }
        let name = FieldName::WILL_TOPIC;
        let range = self.prefixed(name, FieldKind::Utf8String, Rule::Truncated, Rule::StringPastEnd)?;
        self.check_text(range, name, Rule::WillTopicUtf8, Rule::NulInTopic)?;
        self.check_topic_name(range, name, (Rule::WillTopicEmpty, Rule::WillTopicWildcard))?;
        self.prefixed(FieldName::WILL_PAYLOAD, FieldKind::BinaryData, Rule::Truncated, Rule::BinaryPastEnd)?;
        Ok(())
    }

    fn user_name(&mut self) -> Result<(), Stop> {
        let name = FieldName::USER_NAME;
        if self.at_end() {
            return self.missing(Rule::UserNameMissing, name);
        }
        let range = self.prefixed(name, FieldKind::Utf8String, Rule::Truncated, Rule::StringPastEnd)?;
        self.check_text(range, name, Rule::UserNameUtf8, Rule::NulInString)
    }

    fn password(&mut self) -> Result<(), Stop> {
        let name = FieldName::PASSWORD;
        if self.at_end() {
            return self.missing(Rule::PasswordMissing, name);
        }
        self.prefixed(name, FieldKind::BinaryData, Rule::Truncated, Rule::BinaryPastEnd)?;
        Ok(())
    }

    /// A field that a flag promises is not there. 3.1 lets the packet end before it.
    fn missing(&mut self, rule: Rule, name: FieldName) -> Result<(), Stop> {
        if self.context.version == Version::V3_1 { Ok(()) } else { self.broken(rule, name, self.position) }
    }

    fn connack(&mut self) -> Result<(), Stop> {
        if !self.is_v5() {
            self.at_most(2)?;
        }
        let at = self.position;
        let flags = self.byte(FieldName::CONNACK_FLAGS, FieldKind::Bits, Rule::Truncated)?;
        if flags & 0xFE != 0 {
            self.broken(Rule::ConnackFlags, FieldName::CONNACK_FLAGS, at)?;
        }
        let reason = self.reason_code(PacketType::Connack)?;
        if flags & 1 != 0 && reason.0 != 0 {
            self.broken(Rule::SessionPresentWithError, FieldName::CONNACK_FLAGS, at)?;
        }
        if self.is_v5() {
            self.properties(PacketType::Connack)?;
            self.finish()?;
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), Stop> {
        let name = FieldName::TOPIC_NAME;
        let start = self.position;
        let length = usize::from(self.two_bytes(name.length(), FieldKind::Length, Rule::Truncated)?);
        let identified = self.flags & 0b0110 != 0;
        self.publish_fits(start + 2 + length, identified, start)?;
        self.check_string_len(length, name, start)?;
        self.head_ends()?;
        let range = self.prefixed_data(name, FieldKind::Utf8String, length, Rule::StringPastEnd, start)?;
        self.check_characters(range, name, Rule::TopicNameUtf8, Rule::NulInTopic)?;
        if let Some(at) = topic::wildcard_in(&self.bytes[range.0..range.1]) {
            self.broken(Rule::TopicNameWildcard, name, range.0 + at)?;
        }
        if identified {
            self.packet_id()?;
        }
        let mut aliased = false;
        if self.is_v5() {
            let end = self.property_length(FieldName::PROPERTY_LENGTH)?;
            let seen = self.property_block(PropertyHome::Packet(PacketType::Publish), end)?;
            aliased = seen.has(PropertyId::TOPIC_ALIAS);
        }
        if length == 0 && !aliased {
            self.broken(Rule::TopicNameEmpty, name.length(), start)?;
        }
        self.payload = self.position;
        self.observer.field(FieldName::PAYLOAD, FieldKind::BinaryData, self.position, self.end.min(self.bytes.len()));
        Ok(())
    }

    /// Whether what must follow a topic name that ends at `topic_end` still fits: known from the first bytes.
    fn publish_fits(&mut self, topic_end: usize, identified: bool, length_at: usize) -> Result<(), Stop> {
        if topic_end > self.end {
            return Err(self.refusal(Rule::StringPastEnd, FieldName::TOPIC_NAME.length(), length_at));
        }
        let identifier_end = topic_end + if identified { 2 } else { 0 };
        if identifier_end > self.end {
            return Err(self.refusal(Rule::Truncated, FieldName::PACKET_ID, topic_end));
        }
        if self.is_v5() && identifier_end == self.end {
            return Err(self.refusal(Rule::PropertyLengthMissing, FieldName::PROPERTY_LENGTH, identifier_end));
        }
        Ok(())
    }

    fn packet_id(&mut self) -> Result<(), Stop> {
        let at = self.position;
        self.packet_id = self.two_bytes(FieldName::PACKET_ID, FieldKind::TwoByteInteger, Rule::Truncated)?;
        if self.packet_id == 0 { self.broken(Rule::PacketIdZero, FieldName::PACKET_ID, at) } else { Ok(()) }
    }

    /// Property Length, end of the head, properties.
    fn properties(&mut self, packet_type: PacketType) -> Result<(), Stop> {
        let end = self.property_length(FieldName::PROPERTY_LENGTH)?;
        self.head_ends()?;
        self.property_block(PropertyHome::Packet(packet_type), end)?;
        Ok(())
    }

    fn reason_code(&mut self, packet_type: PacketType) -> Result<ReasonCode, Stop> {
        let at = self.position;
        let name = FieldName::REASON_CODE;
        let reason = ReasonCode(self.byte(name, FieldKind::ReasonCode, Rule::Truncated)?);
        if !reason.allowed_in(self.context.version, packet_type) {
            self.broken(Rule::UndefinedReasonCode, name, at)?;
        } else if !self.context.from.may_be(reason.sent_by(packet_type)) {
            self.broken(Rule::ReasonCodeFromWrongSide, name, at)?;
        }
        Ok(reason)
    }

    fn acknowledgement(&mut self, packet_type: PacketType) -> Result<(), Stop> {
        if !self.is_v5() {
            self.at_most(2)?;
            return self.packet_id();
        }
        self.packet_id()?;
        self.ending(packet_type)
    }

    /// Reason code and properties, each of which may be left out (acknowledgements and DISCONNECT of 5.0).
    fn ending(&mut self, packet_type: PacketType) -> Result<(), Stop> {
        if self.at_end() {
            return Ok(());
        }
        self.reason_code(packet_type)?;
        if self.at_end() {
            return Ok(());
        }
        self.properties(packet_type)?;
        self.finish()
    }

    /// Packet identifier and, in 5.0, properties; then the payload begins.
    fn identified(&mut self, packet_type: PacketType) -> Result<(), Stop> {
        self.packet_id()?;
        if self.is_v5() {
            self.properties(packet_type)?;
        }
        self.head_ends()?;
        self.payload = self.position;
        Ok(())
    }

    fn subscribe(&mut self) -> Result<(), Stop> {
        self.identified(PacketType::Subscribe)?;
        let mut count = 0;
        while !self.at_end() {
            let (start, end) = self.topic_filter(&mut count)?;
            let at = self.position;
            let name = FieldName::SUBSCRIPTION_OPTIONS;
            let options = self.byte(name, FieldKind::Bits, Rule::Truncated)?;
            // All that is legal in every version, and then some, is settled at once.
            if matches!(options, 0..=2) {
                continue;
            }
            let shared = self.bytes[start..end].starts_with(b"$share/");
            for rule in broken_option_rules(options, self.is_v5(), shared).into_iter().flatten() {
                self.broken(rule, name, at)?;
            }
        }
        self.some_filter(count)
    }

    fn unsubscribe(&mut self) -> Result<(), Stop> {
        self.identified(PacketType::Unsubscribe)?;
        let mut count = 0;
        while !self.at_end() {
            self.topic_filter(&mut count)?;
        }
        self.some_filter(count)
    }

    fn some_filter(&mut self, count: u32) -> Result<(), Stop> {
        if count > 0 { Ok(()) } else { self.broken(Rule::NoTopicFilter, FieldName::TOPIC_FILTER, self.position) }
    }

    fn topic_filter(&mut self, count: &mut u32) -> Result<(usize, usize), Stop> {
        let name = FieldName::TOPIC_FILTER;
        *count += 1;
        if *count > self.limits.max_topic_filters {
            return Err(self.refusal(Rule::TooManyTopicFilters, name, self.position));
        }
        let past_end = Rule::StringPastEnd;
        let (start, end) = self.prefixed(name, FieldKind::Utf8String, past_end, past_end)?;
        self.check_text((start, end), name, Rule::TopicFilterUtf8, Rule::NulInTopic)?;
        if let Err(fault) = topic::check_filter(&self.bytes[start..end], self.is_v5()) {
            let (rule, name, at) = match fault {
                FilterFault::Empty => (Rule::TopicFilterEmpty, name.length(), start - 2),
                FilterFault::MultiLevelWildcard(at) => (Rule::MultiLevelWildcard, name, start + at),
                FilterFault::SingleLevelWildcard(at) => (Rule::SingleLevelWildcard, name, start + at),
                FilterFault::EmptyShareName(at) => (Rule::ShareNameEmpty, name, start + at),
                FilterFault::ShareName(at) => (Rule::ShareName, name, start + at),
            };
            self.broken(rule, name, at)?;
        }
        Ok((start, end))
    }

    fn suback(&mut self) -> Result<(), Stop> {
        self.identified(PacketType::Suback)?;
        self.reason_codes(PacketType::Suback)
    }

    fn unsuback(&mut self) -> Result<(), Stop> {
        if !self.is_v5() {
            self.at_most(2)?;
            self.packet_id()?;
            self.payload = self.end;
            return Ok(());
        }
        self.identified(PacketType::Unsuback)?;
        self.reason_codes(PacketType::Unsuback)
    }

    fn reason_codes(&mut self, packet_type: PacketType) -> Result<(), Stop> {
        if self.at_end() {
            return self.broken(Rule::NoReasonCodes, FieldName::REASON_CODE, self.position);
        }
        while !self.at_end() {
            self.reason_code(packet_type)?;
        }
        Ok(())
    }

    fn disconnect(&mut self) -> Result<(), Stop> {
        if self.is_v5() { self.ending(PacketType::Disconnect) } else { self.at_most(0) }
    }

    /// The standard has a short form of AUTH, and a rule that an authentication method is always there: so the short
    /// form can be read, and is always a Protocol Error.
    fn auth(&mut self) -> Result<(), Stop> {
        let mut named = false;
        if !self.at_end() {
            self.reason_code(PacketType::Auth)?;
        }
        if !self.at_end() {
            let end = self.property_length(FieldName::PROPERTY_LENGTH)?;
            self.head_ends()?;
            let seen = self.property_block(PropertyHome::Packet(PacketType::Auth), end)?;
            named = seen.has(PropertyId::AUTHENTICATION_METHOD);
        }
        if !named {
            let name = FieldName::property(PropertyId::AUTHENTICATION_METHOD);
            self.broken(Rule::AuthenticationMethodMissing, name, self.position)?;
        }
        self.finish()
    }
}

/// The rules that this byte behind a topic filter breaks.
fn broken_option_rules(options: u8, v5: bool, shared: bool) -> [Option<Rule>; 4] {
    let reserved = if v5 { 0xC0 } else { 0xFC };
    [
        (options & reserved != 0).then_some(Rule::SubscriptionReservedBits),
        (options & 3 == 3).then_some(Rule::RequestedQos3),
        (v5 && options & 0x30 == 0x30).then_some(Rule::RetainHandling3),
        (v5 && shared && options & 4 != 0).then_some(Rule::NoLocalShared),
    ]
}
