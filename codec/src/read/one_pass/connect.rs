//! CONNECT in one pass.

use crate::packet::{Connect, PacketType, Properties, PropertyHome, PropertyId, QoS, Version, Will};
use crate::read::one_pass::properties::properties;
use crate::read::one_pass::strings::{prefixed, string, topic_name};
use crate::read::one_pass::{Judging, Visit};

impl Judging<'_> {
    /// A function of its own, which makes the packet where it is to be: in one with the other packets there are too few
    /// registers for it.
    #[inline(never)]
    pub(super) fn connect_or<'a, V: Visit<'a>, T>(
        self,
        body: &'a [u8],
        visit: &mut V,
        complete: impl FnOnce(Connect<'a>) -> T,
        otherwise: impl FnOnce(&mut V) -> T,
    ) -> T {
        match self.connect(body, visit) {
            Some(connect) => complete(connect),
            None => otherwise(visit),
        }
    }

    /// 3.1, which has another name and rules of its own, is left to the reader.
    #[expect(clippy::inline_always, reason = "made where it is to be")]
    #[inline(always)]
    fn connect<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Connect<'a>> {
        let v5 = self.has_properties();
        let (&[name @ .., level, flags, high, low], mut rest) = body.split_first_chunk::<10>()?;
        let [clean_start, with_will, with_user_name, with_password] =
            [flags & 1 << 1 != 0, flags & 1 << 2 != 0, flags & 1 << 7 != 0, flags & 1 << 6 != 0];
        let will_flags = if with_will { flags & 0x18 != 0x18 } else { flags & 0x38 == 0 };
        let version = self.context.version;
        let named = name == *b"\0\x04MQTT" && level == version.level() && version != Version::V3_1;
        if !named || flags & 1 != 0 || !will_flags || (with_password && !with_user_name && !v5) {
            return None;
        }
        let mut block = Properties::EMPTY;
        if v5 {
            let (found, behind) = properties(rest, PropertyHome::Packet(PacketType::Connect), self, visit)?;
            if found.has(PropertyId::AUTHENTICATION_DATA) && !found.has(PropertyId::AUTHENTICATION_METHOD) {
                return None;
            }
            block = found.block;
            rest = behind;
        }
        let client_id;
        (client_id, rest) = string(rest, self.limits)?;
        if client_id.is_empty() && !clean_start && !v5 {
            return None;
        }
        let (mut will, mut user_name, mut password) = (None, None, None);
        if with_will {
            let (found, behind) = self.will(rest, flags, visit)?;
            (will, rest) = (Some(found), behind);
        }
        if with_user_name {
            let (text, behind) = string(rest, self.limits)?;
            (user_name, rest) = (Some(text), behind);
        }
        if with_password {
            let (data, behind) = prefixed(rest)?;
            (password, rest) = (Some(data), behind);
        }
        let keep_alive = u16::from_be_bytes([high, low]);
        let connect = Connect { clean_start, keep_alive, properties: block, client_id, will, user_name, password };
        rest.is_empty().then_some(connect)
    }

    /// The will at the start of `rest`, and what follows it.
    #[expect(clippy::inline_always, reason = "made where it is to be")]
    #[inline(always)]
    fn will<'a>(self, mut rest: &'a [u8], flags: u8, visit: &mut impl Visit<'a>) -> Option<(Will<'a>, &'a [u8])> {
        let mut block = Properties::EMPTY;
        if self.has_properties() {
            let (found, behind) = properties(rest, PropertyHome::Will, self, visit)?;
            (block, rest) = (found.block, behind);
        }
        let (topic, rest) = topic_name(rest, self.limits)?;
        let (payload, rest) = prefixed(rest)?;
        let (qos, retain) = (QoS::from_accepted_bits(flags >> 3), flags & 1 << 5 != 0);
        let will = Will { qos, retain, properties: block, topic, payload };
        (!topic.is_empty()).then_some((will, rest))
    }
}
