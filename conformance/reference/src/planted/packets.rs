//! Bugs of those who have read a packet, or have refused it.

use bytes::Bytes;
use mqtt_assay_codec::{DecodeError, PacketType, Publish, QoS, Rule, Subscribe};

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::planted::Planted;
use crate::state::ClientId;
use crate::state::connection::Phase;
use crate::state::session::Outgoing;

/// Levels of a topic filter that are too many for a broker that calls itself for each.
const DEEP: usize = 10_000;

/// How many takeovers of one session are too many.
const TAKEOVERS: u32 = 6;

/// From which UNSUBSCRIBE of a connection on something stays behind.
const UNSUBSCRIBES: u32 = 9;

impl Machine {
    /// Keeps so many bytes for ever.
    pub(crate) fn lose(&mut self, bytes: usize) {
        let account = self.ledger.open(bytes);
        self.planted_state.lost.extend(account);
    }

    /// What follows for a packet that the decoder refused; true where the connection takes no more.
    pub(crate) fn suffers_from(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> bool {
        let Some(planted) = self.settings.planted else { return false };
        let is_of = |packet| error.packet_type == Some(packet);
        match planted {
            Planted::EmptyTopic if error.rule == Rule::TopicNameEmpty => self.crash(),
            Planted::MalformedDisconnect if is_of(PacketType::Disconnect) => self.faulty.is_silent = true,
            Planted::UnterminatedInteger if error.rule == Rule::VariableByteIntegerTooLong => self.freeze(id),
            Planted::ForeignWillProperty if error.rule == Rule::ForeignWillProperty => {
                self.lose(input.len());
                return false;
            }
            Planted::UnreadableProperties if is_of(PacketType::Publish) && is_about_properties(error.rule) => {
                self.lose(input.len());
                return false;
            }
            Planted::ClosesNeighbour if is_of(PacketType::Subscribe) => {
                self.close_neighbour(id);
                return false;
            }
            Planted::SpoilsNextMessage if is_bad_topic(error.rule) => {
                self.planted_state.spoils_next = true;
                return false;
            }
            _ => return false,
        }
        true
    }

    /// The connection stays, and nothing of it is looked at any more.
    fn freeze(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Deaf;
        }
        self.wind(id);
    }

    fn close_neighbour(&mut self, id: ConnectionId) {
        let open = |phase: Phase| phase == Phase::Open;
        let others = self.connections.values().filter(|other| other.id != id && open(other.phase));
        if let Some(other) = others.map(|other| other.id).min() {
            self.end(other, false);
        }
    }

    /// Whether a PUBLISH is the end of the broker.
    pub(crate) fn dies_of_publish(&mut self, id: ConnectionId, publish: &Publish<'_>) -> bool {
        let is_dollar = || publish.topic.starts_with('$') && !publish.topic.starts_with("$SYS");
        let is_early = || {
            let connection = self.connections.get(&id);
            publish.qos == QoS::ExactlyOnce && connection.is_some_and(|connection| !connection.is_told)
        };
        let dies = match self.settings.planted {
            Some(Planted::DollarTopic) => is_dollar(),
            Some(Planted::PublishBeforeConnackRead) => is_early(),
            Some(Planted::ShareWithoutSlash) => self.planted_state.holds_half,
            _ => false,
        };
        if dies {
            self.crash();
        }
        dies
    }

    /// Whether a SUBSCRIBE is.
    pub(crate) fn dies_of_subscribe(&mut self, id: ConnectionId, subscribe: &Subscribe<'_>) -> bool {
        if self.planted(Planted::ClosedBeforeSuback) {
            self.planted_state.subscribed.insert(id);
        }
        let is_deep = |filter: &str| filter.bytes().filter(|byte| *byte == b'/').count() > DEEP;
        let dies = self.planted(Planted::DeepFilter) && subscribe.filters.iter().any(|(filter, _)| is_deep(filter));
        if dies {
            self.crash();
        }
        dies
    }

    /// Whether the end of a client's half is: its SUBACK is to be written yet.
    pub(crate) fn dies_of_half_close(&mut self, id: ConnectionId) -> bool {
        let waits = || self.outflow.unsent_to(id) > 0;
        let has_subscribed = || self.planted_state.subscribed.contains(&id);
        let dies = self.planted(Planted::ClosedBeforeSuback) && has_subscribed() && waits();
        if dies {
            self.crash();
        }
        dies
    }

    /// Whether a takeover is.
    pub(crate) fn dies_of_takeover(&mut self, client_id: &ClientId) -> bool {
        let Some(planted) = self.settings.planted else { return false };
        let dies = match planted {
            Planted::TakeoverInFlight => self
                .sessions
                .get(client_id)
                .is_some_and(|session| session.in_flight.iter().filter(|entry| entry.sent).count() >= 2),
            Planted::TakeoverStorm => {
                let takeovers = self.planted_state.takeovers.entry(ClientId::clone(client_id)).or_default();
                *takeovers += 1;
                *takeovers >= TAKEOVERS
            }
            _ => false,
        };
        if dies {
            self.crash();
        }
        dies
    }

    /// Keeps what an UNSUBSCRIBE was done with.
    pub(crate) fn keep_unsubscribe(&mut self, id: ConnectionId) {
        if !self.planted(Planted::UnsubscribeStorm) {
            return;
        }
        let count = self.planted_state.unsubscribes.entry(id).or_default();
        *count += 1;
        if *count >= UNSUBSCRIBES {
            self.lose(64);
        }
    }

    /// The payload as a broker sends it that counts wrong.
    pub(crate) fn cut_payload(&mut self, outgoing: &Outgoing) -> Option<Bytes> {
        let payload = &outgoing.message.payload;
        let is_cut = match self.settings.planted? {
            Planted::PayloadOf1024 => payload.len() == 1024,
            Planted::SpoilsNextMessage => !payload.is_empty() && std::mem::take(&mut self.planted_state.spoils_next),
            _ => false,
        };
        is_cut.then(|| payload.slice(..payload.len() - 1))
    }
}

fn is_about_properties(rule: Rule) -> bool {
    use Rule::{ForeignProperty, PropertyCutOff, PropertyLengthPastEnd, UnknownProperty, UserPropertyCutOff};
    matches!(rule, ForeignProperty | PropertyCutOff | PropertyLengthPastEnd | UnknownProperty | UserPropertyCutOff)
}

fn is_bad_topic(rule: Rule) -> bool {
    matches!(rule, Rule::TopicNameUtf8 | Rule::TopicNameWildcard | Rule::NulInTopic)
}
