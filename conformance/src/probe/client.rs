//! A client that asks: it sends, waits for one answer, and says what came in its place. Messages that come meanwhile are
//! acknowledged, unless they are to be counted without.

use crate::broker::Endpoint;
use crate::wire::{Ending, Read, Transport, read};
use bytes::Bytes;
use mqtt_assay_codec::{
    Acknowledgement, Connect, Context, Disconnect, Limits, OwnedPacket, Packet, PacketId, PacketStream, PacketType,
    Properties, PropertiesBuf, Property, Publish, QoS, ReasonCode, Sender, Subscribe, SubscriptionsBuf, Version,
};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

/// How many bytes are read at once.
const READ: usize = 64 << 10;

/// So many bytes are given a second more to arrive.
const SLOW: usize = 4 << 20;

/// How many messages are kept for later.
const ASIDE: usize = 512;

/// How long the broker may take to close a connection that we have left.
const LEAVE: Duration = Duration::from_secs(1);

/// Seconds for which our connections may be silent; each is used more often.
pub(super) const KEEP_ALIVE: u16 = 60;

/// What is said of silence, up to its limit.
pub(super) const NOTHING: &str = "nothing comes within";

/// Why an answer did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gone {
    /// There is no connection.
    Unreachable(String),
    /// The broker's answer is a refusal.
    Refused(PacketType, ReasonCode),
    /// The broker ended the connection, maybe with a reason.
    Ended(Ending, Option<ReasonCode>),
    /// Nothing came in this time.
    Silent(Duration),
    /// What came is no packet.
    Unreadable(String),
    /// An answer came, and not the one that is wanted.
    Otherwise(String),
    /// What was to be sent has no form.
    Unsendable(String),
}

impl Gone {
    /// For people.
    pub(super) fn says(&self, version: Version) -> String {
        let code = |packet: PacketType, code: ReasonCode| {
            let words = code.describe(version, packet).unwrap_or("unknown code");
            format!("{} 0x{:02x} ({})", packet.name(), code.0, words.to_lowercase())
        };
        match self {
            Self::Unreachable(why) => format!("no connection: {why}"),
            Self::Refused(packet, reason) => code(*packet, *reason),
            Self::Ended(_, Some(reason)) => code(PacketType::Disconnect, *reason),
            Self::Ended(Ending::Fin, None) => "the connection is closed".to_owned(),
            Self::Ended(Ending::Reset, None) => "the connection is reset".to_owned(),
            Self::Silent(limit) => format!("{NOTHING} {} s", limit.as_secs()),
            Self::Unreadable(why) => format!("what comes is no packet: {why}"),
            Self::Otherwise(what) => what.clone(),
            Self::Unsendable(why) => format!("it can't be written: {why}"),
        }
    }
}

/// What a CONNECT of ours says.
pub(super) struct Opening<'a> {
    pub(super) client_id: &'a str,
    pub(super) clean_start: bool,
    pub(super) keep_alive: u16,
    pub(super) properties: PropertiesBuf,
    pub(super) credentials: Option<&'a (String, String)>,
}

/// A connection whose CONNECT was accepted.
pub(super) struct Client {
    stream: Box<dyn Transport>,
    packets: PacketStream,
    pub(super) version: Version,
    /// The broker's answer to CONNECT.
    connack: Option<OwnedPacket>,
    limit: Duration,
    last_id: u16,
    /// Messages that came while something else was waited for.
    aside: VecDeque<OwnedPacket>,
    /// Messages are left without their acknowledgement.
    pub(super) holds: bool,
}

impl Client {
    /// Connects, and waits for the broker's yes.
    pub(super) async fn open(
        endpoint: &Endpoint,
        version: Version,
        limit: Duration,
        opening: Opening<'_>,
    ) -> Result<Self, Gone> {
        let stream = timeout(limit, endpoint.open()).await.map_err(|_| Gone::Silent(limit))?;
        let stream = stream.map_err(|error| Gone::Unreachable(error.to_string()))?;
        stream.acknowledge_quickly();
        let packets = PacketStream::new(Context::new(version, Sender::Server), Limits::NONE);
        let mut client =
            Self { stream, packets, version, connack: None, limit, last_id: 0, aside: VecDeque::new(), holds: false };
        let Opening { client_id, clean_start, keep_alive, properties, credentials } = opening;
        let connect = Connect {
            clean_start,
            keep_alive,
            properties: properties.as_properties(),
            client_id,
            will: None,
            user_name: credentials.map(|(user, _)| user.as_str()),
            password: credentials.map(|(_, password)| password.as_bytes()),
        };
        client.send(Packet::Connect(connect)).await?;
        let packet = client.receive(|packet| matches!(packet, Packet::Connack(_) | Packet::Auth(_))).await?;
        match packet.packet() {
            Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS => {}
            Packet::Connack(connack) => return Err(Gone::Refused(PacketType::Connack, connack.reason)),
            other => return Err(Gone::Refused(other.packet_type(), ReasonCode::SUCCESS)),
        }
        client.connack = Some(packet);
        Ok(client)
    }

    /// What the broker announces.
    pub(super) fn announced(&self) -> Properties<'_> {
        self.connack.as_ref().map(|connack| connack.packet().properties()).unwrap_or_default()
    }

    /// Whether the broker has a session of this client.
    pub(super) fn session_present(&self) -> bool {
        let connack = self.connack.as_ref().map(OwnedPacket::packet);
        matches!(connack, Some(Packet::Connack(connack)) if connack.session_present)
    }

    /// Writes a packet. A stream that is ended while it is written is no mistake yet: what the broker says of it is read next.
    pub(super) async fn send(&mut self, packet: Packet<'_>) -> Result<(), Gone> {
        let bytes = packet.to_bytes(self.version).map_err(|error| Gone::Unsendable(error.to_string()))?;
        self.write(&bytes).await
    }

    async fn write(&mut self, bytes: &Bytes) -> Result<(), Gone> {
        let limit = self.limit_of(bytes.len());
        match timeout(limit, self.stream.write_all(bytes)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Gone::Silent(limit)),
        }
    }

    /// How long may be waited for something of this size.
    fn limit_of(&self, bytes: usize) -> Duration {
        self.limit + Duration::from_secs((bytes / SLOW) as u64)
    }

    /// The next packet that is meant; others are passed over, and messages acknowledged.
    pub(super) async fn receive(&mut self, is_meant: impl Fn(&Packet<'_>) -> bool) -> Result<OwnedPacket, Gone> {
        self.receive_within(self.limit, is_meant).await
    }

    /// The same, with a limit of its own.
    pub(super) async fn receive_within(
        &mut self,
        limit: Duration,
        is_meant: impl Fn(&Packet<'_>) -> bool,
    ) -> Result<OwnedPacket, Gone> {
        if let Some(at) = self.aside.iter().position(|packet| is_meant(&packet.packet())) {
            return self.aside.remove(at).ok_or(Gone::Silent(limit));
        }
        let deadline = Instant::now() + limit;
        loop {
            let packet = match timeout_at(deadline, self.next()).await {
                Ok(next) => next?,
                Err(_) => return Err(Gone::Silent(limit)),
            };
            let is_it = is_meant(&packet.packet());
            match packet.packet() {
                Packet::Publish(publish) if !self.holds => self.acknowledge(publish.qos, publish.packet_id).await?,
                Packet::Pubrel(pubrel) => {
                    self.send(Packet::Pubcomp(Acknowledgement::success(pubrel.packet_id))).await?;
                }
                Packet::Disconnect(end) if !is_it => return Err(Gone::Ended(Ending::Fin, Some(end.reason))),
                _ => {}
            }
            if is_it {
                return Ok(packet);
            }
            if packet.packet_type() == PacketType::Publish && self.aside.len() < ASIDE {
                self.aside.push_back(packet);
            }
        }
    }

    async fn acknowledge(&mut self, qos: QoS, id: Option<PacketId>) -> Result<(), Gone> {
        match (qos, id) {
            (QoS::AtLeastOnce, Some(id)) => self.send(Packet::Puback(Acknowledgement::success(id))).await,
            (QoS::ExactlyOnce, Some(id)) => self.send(Packet::Pubrec(Acknowledgement::success(id))).await,
            _ => Ok(()),
        }
    }

    async fn next(&mut self) -> Result<OwnedPacket, Gone> {
        let mut buffer = vec![0; READ];
        loop {
            match self.packets.next_owned() {
                Ok(Some(packet)) => return Ok(packet),
                Ok(None) => {}
                Err(error) => return Err(Gone::Unreadable(error.to_string())),
            }
            match read(self.stream.as_mut(), &mut buffer).await {
                Read::Bytes(count) => self.packets.buffer().extend_from_slice(&buffer[..count]),
                Read::Ended(ending) => return Err(Gone::Ended(ending, None)),
            }
        }
    }

    /// A packet identifier that is free.
    pub(super) fn next_id(&mut self) -> PacketId {
        self.last_id = if self.last_id == u16::MAX { 1 } else { self.last_id + 1 };
        PacketId::new(self.last_id).unwrap_or(PacketId::MIN)
    }

    /// Publishes, and waits until the broker has taken the message as its QoS wants. Of QoS 0 a PINGRESP tells that the
    /// connection has outlived it.
    pub(super) async fn publish(&mut self, publish: Publish<'_>) -> Result<(), Gone> {
        let packet_id = (publish.qos != QoS::AtMostOnce).then(|| self.next_id());
        let packet = Packet::Publish(Publish { packet_id, ..publish });
        let size = packet.encoded_len(self.version).unwrap_or_default();
        self.send(packet).await?;
        let Some(id) = packet_id else { return self.ping().await };
        let answers = |packet: &Packet<'_>| match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => ack.packet_id == id,
            _ => false,
        };
        let answer = self.receive_within(self.limit_of(size), answers).await?;
        match answer.packet() {
            Packet::Puback(ack) | Packet::Pubrec(ack) if ack.reason.is_error() => {
                Err(Gone::Refused(answer.packet_type(), ack.reason))
            }
            Packet::Pubrec(_) => {
                self.send(Packet::Pubrel(Acknowledgement::success(id))).await?;
                self.receive(|packet| matches!(packet, Packet::Pubcomp(ack) if ack.packet_id == id)).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Subscribes to all these filters; what the broker grants for each.
    pub(super) async fn subscribe(
        &mut self,
        filters: &[String],
        qos: QoS,
        identifier: Option<u32>,
    ) -> Result<Vec<ReasonCode>, Gone> {
        let unsendable = |error: mqtt_assay_codec::EncodeError| Gone::Unsendable(error.to_string());
        let mut subscriptions = SubscriptionsBuf::new();
        for filter in filters {
            subscriptions.push(filter, qos).map_err(unsendable)?;
        }
        let properties = identifier.map_or_else(PropertiesBuf::new, |identifier| {
            PropertiesBuf::new().with(Property::SubscriptionIdentifier(identifier))
        });
        let id = self.next_id();
        let subscribe = Subscribe {
            packet_id: id,
            properties: properties.as_properties(),
            filters: subscriptions.as_subscriptions(),
        };
        self.send(Packet::Subscribe(subscribe)).await?;
        let answer = self.receive(|packet| matches!(packet, Packet::Suback(suback) if suback.packet_id == id)).await?;
        match answer.packet() {
            Packet::Suback(suback) => Ok(suback.reasons.iter().collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// Subscribes to one filter, which must be granted.
    pub(super) async fn subscribe_to(&mut self, filter: &str, qos: QoS) -> Result<ReasonCode, Gone> {
        let granted = self.subscribe(&[filter.to_owned()], qos, None).await?;
        match granted.first() {
            Some(code) if !code.is_error() => Ok(*code),
            Some(code) => Err(Gone::Refused(PacketType::Suback, *code)),
            None => Err(Gone::Unreadable("a SUBACK without codes".to_owned())),
        }
    }

    /// Asks whether the broker is there.
    pub(super) async fn ping(&mut self) -> Result<(), Gone> {
        self.send(Packet::Pingreq).await?;
        self.receive(|packet| matches!(packet, Packet::Pingresp)).await.map(drop)
    }

    /// Leaves as a client should; a session is not kept.
    pub(super) async fn leave(mut self) {
        let properties = match self.version {
            Version::V5 => PropertiesBuf::new().with(Property::SessionExpiryInterval(0)),
            _ => PropertiesBuf::new(),
        };
        self.part(properties).await;
    }

    /// Leaves, and whatever session there is stays.
    pub(super) async fn leave_session(mut self) {
        self.part(PropertiesBuf::new()).await;
    }

    async fn part(&mut self, properties: PropertiesBuf) {
        let end = Disconnect { reason: ReasonCode::SUCCESS, properties: properties.as_properties() };
        // Whoever doesn't hear it sees the end of the stream.
        let _ = self.send(Packet::Disconnect(end)).await;
        let _ = timeout(LEAVE, async { while self.next().await.is_ok() {} }).await;
    }
}
