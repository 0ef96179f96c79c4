//! The packets whose payload is a list, in one pass: SUBSCRIBE, UNSUBSCRIBE and their acknowledgements.

use crate::packet::{
    PacketType, ReasonCodes, Suback, Subscribe, Subscriptions, TopicFilters, Unsuback, Unsubscribe, topic,
};
use crate::read::one_pass::strings::prefixed;
use crate::read::one_pass::{Judging, Visit, identifier};
use crate::text::scan;

impl Judging<'_> {
    #[inline]
    pub(super) fn subscribe<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Subscribe<'a>> {
        let (packet_id, rest) = identifier(body)?;
        let (properties, payload) = self.properties(PacketType::Subscribe, rest, visit)?;
        self.filters_with_options(payload)?;
        Some(Subscribe { packet_id, properties, filters: Subscriptions::from_payload(payload, !self.has_properties()) })
    }

    /// Judges topic filters, each with a byte of options behind it.
    #[inline(never)]
    fn filters_with_options(self, mut rest: &[u8]) -> Option<()> {
        let v5 = self.has_properties();
        let mut count = 0;
        while !rest.is_empty() {
            let (filter, behind) = self.topic_filter(rest)?;
            let (&options, behind) = behind.split_first()?;
            if options > 2 && !(v5 && are_legal_options(options, filter)) {
                return None;
            }
            rest = behind;
            count += 1;
        }
        (1..=self.limits.max_topic_filters).contains(&count).then_some(())
    }

    /// The topic filter at the start of `rest`, and what follows it.
    #[expect(clippy::inline_always, reason = "the body of a loop")]
    #[inline(always)]
    fn topic_filter(self, rest: &[u8]) -> Option<(&[u8], &[u8])> {
        let v5 = self.has_properties();
        let (filter, behind) = prefixed(rest)?;
        let fine = match filter.first()? {
            b'$' if v5 => is_unusual_filter(filter, v5),
            _ => match scan::plain_wildcards(filter) {
                Some(wildcards) => topic::wildcards_stand_alone(filter, wildcards),
                None => is_unusual_filter(filter, v5),
            },
        };
        (fine && filter.len() <= usize::from(self.limits.max_string_len)).then_some((filter, behind))
    }

    #[inline]
    pub(super) fn unsubscribe<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Unsubscribe<'a>> {
        let (packet_id, rest) = identifier(body)?;
        let (properties, payload) = self.properties(PacketType::Unsubscribe, rest, visit)?;
        let mut count = 0;
        let mut rest = payload;
        while !rest.is_empty() {
            rest = self.topic_filter(rest)?.1;
            count += 1;
        }
        let fine = (1..=self.limits.max_topic_filters).contains(&count);
        fine.then_some(Unsubscribe { packet_id, properties, filters: TopicFilters::from_payload(payload) })
    }

    #[inline]
    pub(super) fn suback<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Suback<'a>> {
        let (packet_id, rest) = identifier(body)?;
        let (properties, rest) = self.properties(PacketType::Suback, rest, visit)?;
        Some(Suback { packet_id, properties, reasons: self.reasons(PacketType::Suback, rest)? })
    }

    /// Before 5.0 it has a packet identifier and nothing else.
    #[inline]
    pub(super) fn unsuback<'a>(self, body: &'a [u8], visit: &mut impl Visit<'a>) -> Option<Unsuback<'a>> {
        let (packet_id, rest) = identifier(body)?;
        let (properties, rest) = self.properties(PacketType::Unsuback, rest, visit)?;
        let reasons = match rest {
            [] if !self.has_properties() => ReasonCodes::from(rest),
            _ if !self.has_properties() => return None,
            _ => self.reasons(PacketType::Unsuback, rest)?,
        };
        Some(Unsuback { packet_id, properties, reasons })
    }

    #[inline]
    fn reasons(self, packet_type: PacketType, rest: &[u8]) -> Option<ReasonCodes<'_>> {
        let fine = !rest.is_empty() && rest.iter().all(|&byte| self.reason(packet_type, byte).is_some());
        fine.then(|| ReasonCodes::from(rest))
    }
}

/// Whether it is a legal topic filter of plain characters, of any length, shared or not.
#[inline(never)]
fn is_unusual_filter(filter: &[u8], v5: bool) -> bool {
    scan::is_plain(filter) && topic::check_filter(filter, v5).is_ok()
}

/// Whether these options of 5.0 may stand behind this topic filter.
#[inline]
fn are_legal_options(options: u8, filter: &[u8]) -> bool {
    let not_its_own_messages = options & 4 != 0;
    options & 0xC0 == 0
        && options & 3 != 3
        && options & 0x30 != 0x30
        && !(not_its_own_messages && filter.starts_with(b"$share/"))
}
