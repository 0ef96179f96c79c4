//! Packets of MQTT 3.1, 3.1.1 and 5.0 to bytes and back: strict, borrowing, without an allocation in any decode.
//!
//! * **Strict.** Every rule of the standards that can be judged from one packet is judged, from the flags of the fixed header
//!   to the share name of a topic filter. [`rules`] lists them, packet by packet.
//! * **Exact about it.** A refusal names the rule, the statement of the standard, the field, the offset and the reason code to
//!   answer with, in an error that is `Copy` and holds no strings.
//! * **Frugal.** What comes out borrows from what went in. Decoding allocates nothing, for no packet, and needs no operating
//!   system (`no_std` with `alloc`). Two small files have `unsafe` code, each beside a safe twin that it is held against;
//!   `RUSTFLAGS="--cfg mqtt_assay_safe"` builds the twins.
//! * **Shown.** Thousands of test vectors as JSON (folder `vectors`), property tests, and a catalogue of
//!   [mutations](MUTATIONS) hold the decoder to the standards, and can hold yours.
//!
//! # What to use
//!
//! | to do | use |
//! |---|---|
//! | read a packet that borrows from the bytes | [`decode`] |
//! | read its properties in the same pass | [`decode_visiting`] |
//! | read a packet that owns its bytes | [`OwnedPacket::decode`] |
//! | read packets from a stream | [`PacketStream`]; with the feature `tokio`: `tokio::PacketCodec` |
//! | take a payload of 256 MiB in pieces | [`PacketStream::next_item`] |
//! | write a packet | [`Packet::encode`], [`Packet::encode_head`] (payload apart), [`Packet::to_bytes`] |
//! | build properties, topic filters | [`PropertiesBuf`], [`SubscriptionsBuf`], [`TopicFiltersBuf`] |
//! | know which rule bytes break, and where | [`DecodeError`], [`Rule`], [`rules`] |
//! | limit what a peer may send | [`Limits`] |
//! | explain bytes field by field | [`fields`], [`annotate()`] |
//! | make bytes with exactly one mistake | [`Mutation`], [`MUTATIONS`] |
//! | be lenient on purpose | [`decode_waiving`] |
//! | match topics | [`topic_matches`], [`split_shared`] |
//! | test a decoder | the features `vectors`, `arbitrary`, `proptest` |
//!
//! Version and sender are arguments, packed into a [`Context`]; one struct a packet serves all versions.
//!
//! # Write and read
//!
//! ```
//! use mqtt_assay_codec::{
//!     Context, Decoded, Limits, Packet, PropertiesBuf, Property, Publish, QoS, Sender, Version, decode,
//! };
//!
//! let properties = PropertiesBuf::new().with(Property::ContentType("text/plain"));
//! let publish = Publish {
//!     qos: QoS::AtLeastOnce,
//!     topic: "sport/tennis",
//!     packet_id: 10.try_into().ok(),
//!     properties: properties.as_properties(),
//!     payload: b"3-0",
//!     ..Publish::default()
//! };
//! let bytes = Packet::Publish(publish).to_bytes(Version::V5)?;
//!
//! let context = Context::new(Version::V5, Sender::Client);
//! match decode(&bytes, context, &Limits::default())? {
//!     Decoded::Complete { packet, len } => {
//!         assert_eq!((packet, len), (Packet::Publish(publish), bytes.len()));
//!     }
//!     Decoded::Partial { needed } => println!("nothing can be said before {needed} more bytes"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To want more bytes is no error but [`Decoded::Partial`]. What cannot become legal any more is refused early, and an error
//! never changes when more bytes come.
//!
//! # Refusals
//!
//! ```
//! use mqtt_assay_codec::{Context, Limits, ReasonCode, Rule, Sender, Version, decode};
//! // A PUBLISH of 5.0 whose topic alias is 0.
//! let bytes = b"\x30\x08\x00\x02ab\x03\x23\x00\x00";
//! let error = decode(bytes, Context::new(Version::V5, Sender::Client), &Limits::default()).unwrap_err();
//! assert_eq!((error.rule, error.id(), error.offset), (Rule::TopicAliasZero, Some("MQTT-3.3.2-8"), 8));
//! assert_eq!(error.reason, ReasonCode::TOPIC_ALIAS_INVALID);
//! assert_eq!(
//!     error.to_string(),
//!     "MQTT-3.3.2-8 (topic-alias-zero): PUBLISH, properties / topic alias at byte 8: A Topic Alias is not 0."
//! );
//! ```
//!
//! # A connection
//!
//! A server learns the version from CONNECT: [`Context`] can be changed at any time. Packets borrow from the stream's buffer.
//!
//! ```
//! use mqtt_assay_codec::{Connack, Context, DecodeError, Limits, Packet, PacketStream, Sender, Version};
//!
//! /// Reads what a client has sent; yields what to answer.
//! fn serve(stream: &mut PacketStream, read: &[u8]) -> Result<Vec<u8>, DecodeError> {
//!     let mut answer = Vec::new();
//!     stream.buffer().extend_from_slice(read);
//!     let version = stream.context().version;
//!     while let Some(packet) = stream.next_packet()? {
//!         let reply = match packet {
//!             Packet::Connect(_) => Packet::Connack(Connack::default()),
//!             Packet::Pingreq => Packet::Pingresp,
//!             _ => continue,
//!         };
//!         reply.encode(version, &mut answer).expect("fits");
//!     }
//!     Ok(answer)
//! }
//!
//! let limits = Limits { max_packet_size: 65_536, ..Limits::default() };
//! let mut stream = PacketStream::new(Context::new(Version::V3_1_1, Sender::Client), limits);
//! assert_eq!(serve(&mut stream, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a\xc0")?, b"\x20\x02\x00\x00");
//! assert_eq!(serve(&mut stream, b"\x00")?, b"\xd0\x00");
//! # Ok::<_, DecodeError>(())
//! ```
//!
//! # Features
//!
//! None is on by default; `bytes` is the only crate that is always needed.
//!
//! | feature | what it adds |
//! |---|---|
//! | `tokio` | `tokio::PacketCodec` and `tokio::BatchCodec` for `tokio_util::codec::Framed` |
//! | `vectors` | `vectors::all()` and `vectors::streams()`: what is in the folder `vectors` as data |
//! | `arbitrary` | `Arbitrary` for [`OwnedPacket`] and `LegalPacket`: every legal packet, for fuzzers |
//! | `proptest` | `strategies`: every legal packet, for property tests |
//!
//! # Decisions
//!
//! Where the standards are silent or at odds, the decoder does this:
//!
//! * A variable byte integer that is longer than need be is refused in 5.0 and accepted before; five bytes are refused
//!   in every version.
//! * AUTH has a short form, yet must name its authentication method: the short form can be read, and is always a
//!   Protocol Error ([`Rule::AuthenticationMethodMissing`]).
//! * Control characters, non-characters such as U+FFFF, and U+FEFF are text like any other.
//! * A response topic is a topic name: it is neither empty nor has it wildcards.
//! * A wildcard in the wrong place of a topic filter is refused, and so is a shared subscription without share name, without
//!   the slash behind it, or without a topic filter. Before 5.0 `$share` is a level like any other.
//! * A property that comes twice is refused wherever the text does not let it repeat, also where it only implies that.
//! * A password without user name is refused before 5.0 and accepted in 5.0.
//! * An empty client identifier without Clean Session is refused in 3.1.1 and accepted in 5.0. It is the one refusal
//!   of 3.1.1 besides that of an unknown level which the standard wants answered: with `0x02`.
//! * A payload that is not UTF-8 although its Payload Format Indicator is 1, and a Server Reference beside another code
//!   than `0x9C` and `0x9D`, are accepted: the standard lets receivers judge them or not.
//! * Reason code `0x8C` is accepted in a server's DISCONNECT, where the tables of the standard disagree: 2.4 has it, 3.14.2.1
//!   has not.
//! * The reason codes of PUBACK and PUBREC, `0x10` among them, are accepted from either side.
//! * 3.1 is read as 3.1.1, with protocol name `MQIsdp` and level 3; bit 0 of the connect flags is not looked at, a
//!   CONNECT may end before the user name and password that its flags announce, DUP may be set on PUBREL, SUBSCRIBE and
//!   UNSUBSCRIBE, a client identifier has 1 to 23 characters, and SUBACK has no code `0x80`.
//!
//! What one packet alone cannot show (aliases without mapping, identifiers in use, announced limits, the order of
//! packets) is not the codec's to judge.
#![no_std]
extern crate alloc;

#[cfg(any(test, feature = "arbitrary", feature = "proptest"))]
mod generate;
#[cfg(any(test, feature = "fuzzing"))]
mod laws;
mod mutate;
mod packet;
mod read;
mod rule;
mod stream;
mod text;
#[cfg(any(test, feature = "vectors"))]
pub mod vectors;
mod write;
#[doc = include_str!("../RULES.md")]
pub mod rules {}
/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(any(test, feature = "arbitrary", feature = "proptest"))]
pub use generate::LegalPacket;
#[cfg(any(test, feature = "proptest"))]
pub use generate::strategies;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub use laws::fuzzing;
pub use mutate::{Expectation, MUTATIONS, Mutated, Mutation};
pub use packet::{
    Acknowledgement, Auth, Connack, Connect, Context, Disconnect, EncodeError, FieldName, FilterFault, InvalidQoS,
    Limits, Packet, PacketId, PacketType, Properties, PropertiesBuf, PropertiesIter, Property, PropertyHome,
    PropertyId, PropertyType, Publish, QoS, ReasonCode, ReasonCodes, RetainHandling, Sender, Suback, Subscribe,
    SubscriptionOptions, Subscriptions, SubscriptionsBuf, SubscriptionsIter, TopicFilters, TopicFiltersBuf,
    TopicFiltersIter, UnknownVersion, Unsuback, Unsubscribe, Version, Will, check_filter, is_shared, split_shared,
    topic_matches,
};
pub use read::{
    Annotation, Decoded, Field, FieldKind, FieldMap, OwnedDecoded, OwnedPacket, PublishHead, annotate, annotations,
    decode, decode_visiting, decode_waiving, fields, packet_len,
};
pub use rule::{DecodeError, ErrorKind, Layer, Rule};
#[cfg(feature = "tokio")]
pub use stream::tokio;
pub use stream::{PacketBatch, PacketStream, StreamItem};
