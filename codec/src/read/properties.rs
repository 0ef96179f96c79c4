//! Reading and judging a block of properties (5.0 section 2.2.2).

use crate::packet::{FieldName, PacketType, Piece, PropertyHome, PropertyId, PropertyType, Sender, topic};
use crate::read::kind::FieldKind;
use crate::read::reader::{Observer, Reader, Stop};
use crate::rule::{Rule, broken_value_rule, duplicate_rule, may_repeat};

/// The identifiers that a block has, one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen(u64);

impl Seen {
    pub(crate) const fn has(self, id: PropertyId) -> bool {
        id.0 < 64 && self.0 & (1 << id.0) != 0
    }

    fn add(&mut self, id: PropertyId) {
        self.0 |= 1 << (id.0 & 63);
    }
}

impl<O: Observer> Reader<'_, '_, O> {
    /// Reads the Property Length; yields where the block ends.
    pub(super) fn property_length(&mut self, name: FieldName) -> Result<usize, Stop> {
        let start = self.position;
        let length = self.variable(name, FieldKind::VariableLength, Rule::PropertyLengthMissing)?;
        let end = self.position + length as usize;
        if end > self.end {
            return Err(self.refusal(Rule::PropertyLengthPastEnd, name, start));
        }
        Ok(end)
    }

    /// Reads the properties up to `end`.
    pub(super) fn property_block(&mut self, home: PropertyHome, end: usize) -> Result<Seen, Stop> {
        let mut seen = Seen::default();
        let mut user_properties = 0;
        self.observer.enter();
        self.limit = end;
        while self.position < end {
            let start = self.position;
            let id = self.property(home, &mut seen)?;
            if id == PropertyId::USER_PROPERTY {
                user_properties += 1;
                if user_properties > self.limits.max_user_properties {
                    let name = property_name(home, id);
                    return Err(self.refusal(Rule::TooManyUserProperties, name, start));
                }
            }
        }
        self.limit = self.end;
        self.observer.leave();
        Ok(seen)
    }

    fn property(&mut self, home: PropertyHome, seen: &mut Seen) -> Result<PropertyId, Stop> {
        let start = self.position;
        self.need(1, Rule::PropertyCutOff, property_name(home, PropertyId(0)), start)?;
        let id = PropertyId(self.bytes[start]);
        let name = property_name(home, id);
        self.position = start + 1;
        self.observer.field(name.piece(Piece::Identifier), FieldKind::PropertyIdentifier, start, start + 1);
        let Some(value_type) = id.value_type() else {
            self.broken(Rule::UnknownProperty, name, start)?;
            self.skip_unknown(name)?;
            return Ok(id);
        };
        self.check_place(home, id, name, start)?;
        if seen.has(id) && !may_repeat(home, id) {
            self.broken(duplicate_rule(id), name, start)?;
        }
        seen.add(id);
        self.property_value(home, id, value_type, name)?;
        Ok(id)
    }

    /// Passes over the rest of the block: the length of an unknown property cannot be told.
    fn skip_unknown(&mut self, name: FieldName) -> Result<(), Stop> {
        let start = self.position;
        self.need(self.limit - start, Rule::PropertyCutOff, name, start)?;
        self.position = self.limit;
        self.observer.field(name, FieldKind::Unread, start, self.limit);
        Ok(())
    }

    /// Whether the property may stand here, coming from this side.
    fn check_place(&mut self, home: PropertyHome, id: PropertyId, name: FieldName, at: usize) -> Result<(), Stop> {
        if !id.allowed_in(home) {
            let rule = if home == PropertyHome::Will { Rule::ForeignWillProperty } else { Rule::ForeignProperty };
            return self.broken(rule, name, at);
        }
        match (home, id, self.context.from) {
            (PropertyHome::Packet(PacketType::Publish), PropertyId::SUBSCRIPTION_IDENTIFIER, Sender::Client) => {
                self.broken(Rule::SubscriptionIdentifierFromClient, name, at)
            }
            (PropertyHome::Packet(PacketType::Disconnect), PropertyId::SESSION_EXPIRY_INTERVAL, Sender::Server) => {
                self.broken(Rule::SessionExpiryFromServer, name, at)
            }
            _ => Ok(()),
        }
    }

    fn property_value(
        &mut self,
        home: PropertyHome,
        id: PropertyId,
        value_type: PropertyType,
        name: FieldName,
    ) -> Result<(), Stop> {
        let cut = Rule::PropertyCutOff;
        let start = self.position;
        let number = match value_type {
            PropertyType::Byte => u32::from(self.byte(name, FieldKind::Byte, cut)?),
            PropertyType::TwoByteInteger => u32::from(self.two_bytes(name, FieldKind::TwoByteInteger, cut)?),
            PropertyType::FourByteInteger => self.four_bytes(name, cut)?,
            PropertyType::VariableByteInteger => self.variable(name, FieldKind::VariableByteInteger, cut)?,
            PropertyType::BinaryData => {
                self.prefixed(name, FieldKind::BinaryData, cut, cut)?;
                return Ok(());
            }
            PropertyType::Utf8String => return self.string_property(id, name),
            PropertyType::Utf8StringPair => return self.user_property(home),
        };
        match broken_value_rule(id, number) {
            Some(rule) => self.broken(rule, name, start),
            None => Ok(()),
        }
    }

    fn string_property(&mut self, id: PropertyId, name: FieldName) -> Result<(), Stop> {
        let cut = Rule::PropertyCutOff;
        let range = self.prefixed(name, FieldKind::Utf8String, cut, cut)?;
        match id {
            PropertyId::RESPONSE_TOPIC => {
                self.check_text(range, name, Rule::ResponseTopicUtf8, Rule::NulInTopic)?;
                let rules = (Rule::ResponseTopicEmpty, Rule::ResponseTopicWildcard);
                self.check_topic_name(range, name, rules)
            }
            PropertyId::CONTENT_TYPE => self.check_text(range, name, Rule::ContentTypeUtf8, Rule::NulInString),
            _ => self.check_text(range, name, Rule::StringUtf8, Rule::NulInString),
        }
    }

    fn user_property(&mut self, home: PropertyHome) -> Result<(), Stop> {
        let cut = Rule::UserPropertyCutOff;
        for piece in [Piece::Name, Piece::Value] {
            let name = property_name(home, PropertyId::USER_PROPERTY).piece(piece);
            let range = self.prefixed(name, FieldKind::Utf8String, cut, cut)?;
            self.check_text(range, name, Rule::UserPropertyUtf8, Rule::NulInString)?;
        }
        Ok(())
    }

    /// A topic name that stands for itself: not empty, no wildcards.
    pub(super) fn check_topic_name(
        &mut self,
        (start, end): (usize, usize),
        name: FieldName,
        (empty, wildcard): (Rule, Rule),
    ) -> Result<(), Stop> {
        if start == end {
            self.broken(empty, name.length(), start - 2)?;
        }
        match topic::wildcard_in(&self.bytes[start..end]) {
            Some(at) => self.broken(wildcard, name, start + at),
            None => Ok(()),
        }
    }
}

const fn property_name(home: PropertyHome, id: PropertyId) -> FieldName {
    match home {
        PropertyHome::Will => FieldName::will_property(id),
        PropertyHome::Packet(_) => FieldName::property(id),
    }
}
