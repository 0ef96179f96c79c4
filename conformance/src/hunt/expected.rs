//! What a broker has to do with a packet, how a connection ended, and whether the one goes with the other.

use super::trial::{Weight, weight_of};
use mqtt_assay_codec::{PacketType, ReasonCode, Rule, Sender, Version};
use mqtt_assay_standard::{RuleId, find};

/// What a broker has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// It ends the connection, since the packet breaks this rule.
    Refuse(RuleId),
    /// It goes on.
    Accept,
    /// What it likes.
    Either,
    /// It waits for the rest of the packet.
    Waits,
}

impl Expected {
    /// A packet of a client that breaks a rule of form. Where the text fixes no reaction, any will do.
    pub(super) fn refuse(rule: Rule, version: Version, packet: PacketType) -> Self {
        let id = rule.id_from(version, packet, Sender::Client).and_then(|id| find(version, id));
        id.filter(|id| demands_reaction(*id)).map_or(Self::Either, Self::Refuse)
    }

    /// The same where the packet is out of place by this rule, too.
    pub(super) fn or_refuse(self, rule: Option<RuleId>) -> Self {
        match (self, rule) {
            (Self::Refuse(rule), _) | (_, Some(rule)) => Self::Refuse(rule),
            (expected, None) => expected,
        }
    }

    /// In reports.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Refuse(_) => "must refuse",
            Self::Accept => "must accept",
            Self::Either => "may either",
            Self::Waits => "waits",
        }
    }
}

fn demands_reaction(rule: RuleId) -> bool {
    let rule = rule.rule();
    !rule.reaction.is_empty() || rule.observable.can_be_judged()
}

/// How a connection ended after the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum End {
    /// A PINGREQ behind the packet was answered.
    Alive,
    /// The broker ended the connection.
    Closed,
    /// It ended it once our half had ended.
    Waiting,
    /// Not even then.
    Hung,
}

impl End {
    /// In reports.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Alive => "ALIVE",
            Self::Closed => "CLOSED",
            Self::Waiting => "WAITING",
            Self::Hung => "HUNG",
        }
    }
}

/// What came on a connection besides its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// The code of CONNACK.
    pub(super) connack: Option<ReasonCode>,
    /// The code of the broker's DISCONNECT.
    pub(super) disconnect: Option<ReasonCode>,
    /// An acknowledgement has refused something.
    pub(super) has_refused: bool,
    /// Bits of the types that came.
    pub(super) types: u16,
    pub(super) pongs: u32,
}

impl Answers {
    /// Follows a packet of the broker.
    pub(super) fn follow(&mut self, packet: &mqtt_assay_codec::Packet<'_>) {
        use mqtt_assay_codec::Packet;
        self.types |= 1 << packet.packet_type() as u16;
        match packet {
            Packet::Connack(connack) => self.connack = self.connack.or(Some(connack.reason)),
            Packet::Disconnect(disconnect) => self.disconnect = Some(disconnect.reason),
            Packet::Puback(ack) | Packet::Pubrec(ack) => self.has_refused |= ack.reason.is_error(),
            Packet::Suback(suback) => self.has_refused |= suback.reasons.iter().any(ReasonCode::is_error),
            Packet::Unsuback(unsuback) => self.has_refused |= unsuback.reasons.iter().any(ReasonCode::is_error),
            Packet::Pingresp => self.pongs += 1,
            _ => {}
        }
    }

    /// One of this type came.
    pub(super) const fn has_come(&self, packet: PacketType) -> bool {
        self.types & 1 << packet as u16 != 0
    }

    /// Something was answered besides CONNECT, be it this packet or what stood before or behind it.
    fn serve(&self) -> bool {
        use PacketType::{Pingresp, Puback, Pubcomp, Pubrec, Pubrel, Suback, Unsuback};
        [Puback, Pubrec, Pubrel, Pubcomp, Suback, Unsuback, Pingresp].into_iter().any(|packet| self.has_come(packet))
    }

    /// The broker says that it ends the connection for a mistake.
    fn refuse(&self) -> bool {
        self.disconnect.is_some_and(ReasonCode::is_error)
    }

    /// The broker says that it refused for a reason of its own.
    fn are_by_choice(&self) -> bool {
        let is_form = |code: ReasonCode| code.0 == 0x81 || code.0 == 0x82;
        self.connack.is_some_and(|code| code.0 != 0) || self.disconnect.is_some_and(|code| !is_form(code))
    }
}

/// Whether an end is one that was to be expected: if not, how much that says, and in words. `is_whole`: the bytes were all
/// there.
pub(super) fn judge(expected: Expected, end: End, answers: &Answers, is_whole: bool) -> Option<(Weight, String)> {
    match (expected, end) {
        (_, End::Hung) => Some((Weight::Weak, "neither an answer, nor an end after our half had ended".to_owned())),
        (Expected::Refuse(_), End::Alive) if answers.has_refused => {
            Some((Weight::Weak, "refused in an acknowledgement, and the connection goes on".to_owned()))
        }
        (Expected::Refuse(rule), End::Alive) => {
            let seen = "the broker went on: it answered a PINGREQ sent after it";
            Some((weight_of(Some(rule)), seen.to_owned()))
        }
        (Expected::Refuse(_), End::Waiting) if is_whole && !answers.refuse() => {
            let seen = if answers.serve() {
                "not refused until our half had ended; something was answered"
            } else {
                "neither refused nor served until our half had ended"
            };
            Some((Weight::Weak, seen.to_owned()))
        }
        (Expected::Accept, End::Closed) if !answers.are_by_choice() => {
            Some((Weight::Weak, "a legal packet, and the broker ended the connection".to_owned()))
        }
        (Expected::Accept, End::Waiting) => {
            Some((Weight::Weak, "a legal packet, and no answer to a PINGREQ behind it".to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> RuleId {
        find(Version::V5, "MQTT-3.3.2-2").expect("in the catalog")
    }

    fn weight(expected: Expected, end: End, answers: Answers) -> Option<Weight> {
        judge(expected, end, &answers, true).map(|(weight, _)| weight)
    }

    #[test]
    fn what_must_be_refused_and_is_served_fails() {
        let refusing = Answers { has_refused: true, ..Answers::default() };
        assert_eq!(weight(Expected::Refuse(rule()), End::Alive, Answers::default()), Some(Weight::Fail));
        assert_eq!(weight(Expected::Refuse(rule()), End::Alive, refusing), Some(Weight::Weak));
        assert_eq!(weight(Expected::Refuse(rule()), End::Closed, Answers::default()), None);
    }

    #[test]
    fn what_waits_for_its_rest_is_no_refusal() {
        let half = judge(Expected::Refuse(rule()), End::Waiting, &Answers::default(), false);
        assert_eq!(half, None);
        assert_eq!(weight(Expected::Waits, End::Waiting, Answers::default()), None);
        assert_eq!(weight(Expected::Waits, End::Hung, Answers::default()), Some(Weight::Weak));
    }

    #[test]
    fn who_says_that_it_refuses_has_not_waited() {
        let said = |code| Answers { disconnect: Some(ReasonCode(code)), ..Answers::default() };
        assert_eq!(weight(Expected::Refuse(rule()), End::Waiting, said(0x81)), None);
        assert_eq!(weight(Expected::Refuse(rule()), End::Waiting, said(0)), Some(Weight::Weak));
        let seen =
            |types| judge(Expected::Refuse(rule()), End::Waiting, &Answers { types, ..Answers::default() }, true);
        let words = |types| seen(types).map(|(_, words)| words).unwrap_or_default();
        assert!(words(1 << PacketType::Pingresp as u16).contains("something was answered"));
        assert!(words(1 << PacketType::Connack as u16).contains("neither refused nor served"));
    }

    #[test]
    fn a_refusal_by_choice_is_the_brokers_right() {
        let choice = Answers { disconnect: Some(ReasonCode(0x97)), ..Answers::default() };
        let form = Answers { disconnect: Some(ReasonCode(0x82)), ..Answers::default() };
        assert_eq!(weight(Expected::Accept, End::Closed, choice), None);
        assert_eq!(weight(Expected::Accept, End::Closed, form), Some(Weight::Weak));
        assert_eq!(weight(Expected::Either, End::Closed, form), None);
    }
}
