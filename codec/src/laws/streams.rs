//! Streams: however they are cut, and whoever reads them, what comes out is what went in.

extern crate std;

use alloc::vec::Vec;
use bytes::BufMut;
#[cfg(feature = "tokio")]
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::generate::LegalPacket;
use crate::generate::strategies::packet_of;
use crate::laws::fuzzing::{filled_up, written};
use crate::mutate::Mutation;
use crate::packet::{Context, Limits, Packet, Publish, Sender, Version};
use crate::read::{Decoded, OwnedPacket, decode};
use crate::rule::{DecodeError, Rule};
use crate::stream::{PacketBatch, PacketStream, StreamItem};
use crate::vectors::samples;

const LIMITS: Limits = Limits::NONE;

/// Packets of one version, and sizes of reads.
fn stream() -> impl Strategy<Value = (Vec<LegalPacket>, Vec<usize>)> {
    select(&Version::ALL[..]).prop_flat_map(|version| (vec(packet_of(version), 1..8), vec(1..60_usize, 1..20)))
}

fn context(packets: &[LegalPacket]) -> Context {
    Context::new(packets[0].context.version, Sender::Either)
}

/// The bytes in pieces of these sizes, over and over.
fn reads<'b>(bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

fn joined(packets: &[LegalPacket]) -> Vec<u8> {
    packets.iter().flat_map(LegalPacket::bytes).collect()
}

/// Puts packets together again whose payload came in pieces.
struct Gathered {
    version: Version,
    packets: Vec<Vec<u8>>,
    heads: usize,
    left: usize,
}

impl Gathered {
    const fn of(version: Version) -> Self {
        Self { version, packets: Vec::new(), heads: 0, left: 0 }
    }

    fn take(&mut self, item: StreamItem<'_>) {
        match item {
            StreamItem::Packet { packet, bytes } => {
                assert_eq!(written(packet, self.version), bytes);
                assert_eq!(self.left, 0, "the payload before is not at its end");
                self.packets.push(written(packet, self.version));
            }
            StreamItem::Head(head) => {
                assert_eq!((self.left, head.publish.payload), (0, &[][..]));
                self.packets.push(head.bytes.to_vec());
                self.heads += 1;
                self.left = head.payload_len;
            }
            StreamItem::Payload { bytes, left } => {
                assert_eq!(self.left - bytes.len(), left);
                self.left = left;
                self.packets.last_mut().expect("a head came before").extend_from_slice(bytes);
            }
        }
    }
}

proptest! {
    #[test]
    fn packets_come_one_by_one((packets, sizes) in stream()) {
        let bytes = joined(&packets);
        let mut stream = PacketStream::new(context(&packets), LIMITS);
        let (version, mut got) = (stream.context().version, Vec::new());
        for read in reads(&bytes, &sizes) {
            stream.buffer().extend_from_slice(read);
            while let Some(packet) = stream.next_packet()? {
                got.push(written(packet, version));
            }
        }
        let sent: Vec<_> = packets.iter().map(LegalPacket::bytes).collect();
        prop_assert_eq!((got, stream.pending()), (sent, 0));
    }

    #[test]
    fn packets_come_with_a_share_of_the_buffer((packets, sizes) in stream()) {
        let bytes = joined(&packets);
        let mut stream = PacketStream::new(context(&packets), LIMITS);
        let mut got = Vec::new();
        for read in reads(&bytes, &sizes) {
            stream.buffer().extend_from_slice(read);
            while let Some(packet) = stream.next_owned()? {
                got.push(packet);
            }
        }
        let sent: Vec<_> = packets.iter().map(LegalPacket::packet).collect();
        prop_assert_eq!((got.iter().map(OwnedPacket::packet).collect::<Vec<_>>(), stream.pending()), (sent, 0));
    }

    #[test]
    fn packets_come_in_batches((packets, sizes) in stream()) {
        let bytes = joined(&packets);
        let mut stream = PacketStream::new(context(&packets), LIMITS);
        let version = stream.context().version;
        let (mut borrowed, mut owned) = (Vec::new(), Vec::new());
        for read in reads(&bytes, &sizes) {
            stream.buffer().extend_from_slice(read);
            while let Some(batch) = stream.next_batch()? {
                for packet in batch.packets() {
                    borrowed.push(written(packet?, version));
                }
                owned.extend(batch.owned_packets().collect::<Result<Vec<OwnedPacket>, DecodeError>>()?);
            }
        }
        let sent: Vec<_> = packets.iter().map(LegalPacket::bytes).collect();
        let owned: Vec<_> = owned.iter().map(|packet| packet.bytes().to_vec()).collect();
        prop_assert_eq!((&borrowed, &owned), (&sent, &sent));
    }

    #[test]
    fn payloads_in_pieces_are_whole_in_the_end((packets, sizes) in stream(), whole_up_to in 0..200_usize) {
        let bytes = joined(&packets);
        let mut stream = PacketStream::new(context(&packets), LIMITS);
        let mut got = Gathered::of(stream.context().version);
        for read in reads(&bytes, &sizes) {
            stream.buffer().extend_from_slice(read);
            while let Some(item) = stream.next_item(whole_up_to)? {
                got.take(item);
            }
        }
        let sent: Vec<_> = packets.iter().map(LegalPacket::bytes).collect();
        prop_assert_eq!((got.packets, got.left), (sent, 0));
    }

    #[test]
    fn an_error_is_the_one_of_the_decoder((packets, sizes) in stream(), at in any::<proptest::sample::Index>(), bits in 1..=255_u8) {
        let mut bytes = joined(&packets);
        let place = at.index(bytes.len().min(200));
        bytes[place] ^= bits;
        let context = context(&packets);
        // When a packet that is cut off at the end is found to be wrong depends on the reads, so it is filled up first.
        let (start, _) = read_by_decoder(&bytes, context);
        let bytes = filled_up(context, &bytes, start);
        let (_, wanted) = read_by_decoder(&bytes, context);
        prop_assert_eq!(error_of(&bytes, &sizes, context, |stream| stream.next_packet().map(|packet| packet.is_some())), wanted);
        prop_assert_eq!(error_of(&bytes, &sizes, context, |stream| stream.next_item(20).map(|item| item.is_some())), wanted);
        let batches = error_of(&bytes, &sizes, context, |stream| {
            let batch = stream.next_batch()?;
            batch.iter().flat_map(PacketBatch::packets).try_for_each(|packet| packet.map(drop))?;
            Ok(batch.is_some())
        });
        prop_assert_eq!(batches, wanted);
    }
}

proptest! {
    #[test]
    fn a_stream_refuses_with_the_byte_with_which_the_decoder_does(
        (context, bytes) in wrong_at_its_end(),
        sizes in vec(1..60_usize, 1..20),
        whole_up_to in 0..200_usize,
    ) {
        refused_with_the_same_byte(context, &bytes, &[1], whole_up_to)?;
        refused_with_the_same_byte(context, &bytes, &sizes, whole_up_to)?;
    }
}

/// A legal packet or two, the last of them with one byte changed near its start.
fn wrong_at_its_end() -> impl Strategy<Value = (Context, Vec<u8>)> {
    let version = select(&Version::ALL[..]);
    let packets = version.prop_flat_map(|version| vec(packet_of(version), 1..3));
    (packets, any::<proptest::sample::Index>(), 1..=255_u8).prop_map(|(packets, at, bits)| {
        let mut bytes = joined(&packets);
        let last = packets.last().map_or(0, |packet| packet.bytes().len());
        let place = bytes.len() - last + at.index(last.clamp(1, 12).min(last));
        bytes[place] ^= bits;
        (context(&packets), bytes)
    })
}

/// After each read a stream has refused what has come if the decoder refuses it; and only then, but for the head of a
/// PUBLISH whose payload comes in pieces: that is read as it comes.
fn refused_with_the_same_byte(
    context: Context,
    bytes: &[u8],
    sizes: &[usize],
    whole_up_to: usize,
) -> Result<(), TestCaseError> {
    let mut streams = [(); 3].map(|()| PacketStream::new(context, LIMITS));
    let mut come = 0;
    for read in reads(bytes, sizes) {
        come += read.len();
        let wanted = read_by_decoder(&bytes[..come], context).1;
        for stream in &mut streams {
            stream.buffer().extend_from_slice(read);
        }
        let [single, batches, pieces] = &mut streams;
        let found = drained(|| single.next_packet().map(|packet| packet.is_some()));
        prop_assert_eq!(found, wanted, "one by one, {} of {:02x?}", come, bytes);
        let found = drained(|| {
            let batch = batches.next_batch()?;
            batch.iter().flat_map(PacketBatch::packets).try_for_each(|packet| packet.map(drop))?;
            Ok(batch.is_some())
        });
        prop_assert_eq!(found, wanted, "in batches, {} of {:02x?}", come, bytes);
        let found = drained(|| pieces.next_item(whole_up_to).map(|item| item.is_some()));
        prop_assert!(found == wanted || wanted.is_none(), "in pieces: {:?}, {} of {:02x?}", found, come, bytes);
        if wanted.is_some() || found.is_some() {
            break;
        }
    }
    Ok(())
}

/// The error that ends what there is, if one does.
fn drained(mut step: impl FnMut() -> Result<bool, DecodeError>) -> Option<Rule> {
    loop {
        match step() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(error.rule),
        }
    }
}

/// A property length past the end of an UNSUBACK: five bytes show it, of the twenty-four that are promised.
#[test]
fn a_length_past_the_end_is_refused_before_the_rest_has_come() {
    let context = Context::new(Version::V5, Sender::Server);
    let mut stream = PacketStream::new(context, LIMITS);
    for byte in [0xB0, 0x16, 0x00, 0x11] {
        stream.buffer().put_u8(byte);
        assert_eq!(stream.next_packet(), Ok(None));
    }
    stream.buffer().put_u8(0x1F);
    assert_eq!(stream.next_packet().map_err(|error| error.rule), Err(Rule::PropertyLengthPastEnd));
}

/// Where the decoder stops, and the error that it stops at, if it is one.
fn read_by_decoder(bytes: &[u8], context: Context) -> (usize, Option<Rule>) {
    let mut start = 0;
    while start < bytes.len() {
        match decode(&bytes[start..], context, &LIMITS) {
            Ok(Decoded::Complete { len, .. }) => start += len,
            Ok(Decoded::Partial { .. }) => break,
            Err(error) => return (start, Some(error.rule)),
        }
    }
    (start, None)
}

/// The first error that reading the stream this way meets.
fn error_of(
    bytes: &[u8],
    sizes: &[usize],
    context: Context,
    mut step: impl FnMut(&mut PacketStream) -> Result<bool, DecodeError>,
) -> Option<Rule> {
    let mut stream = PacketStream::new(context, LIMITS);
    for read in reads(bytes, sizes) {
        stream.buffer().extend_from_slice(read);
        loop {
            match step(&mut stream) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Some(error.rule),
            }
        }
    }
    None
}

#[test]
fn a_large_payload_is_never_in_memory_as_a_whole() {
    let payload = alloc::vec![7; 1 << 20];
    let publish = Packet::Publish(Publish { topic: "t", payload: &payload, ..Publish::default() });
    let bytes = publish.to_bytes(Version::V5).expect("can be written");
    let mut stream = PacketStream::new(Context::new(Version::V5, Sender::Client), LIMITS);
    let mut got = Gathered::of(Version::V5);
    for read in bytes.chunks(1000) {
        stream.buffer().put_slice(read);
        while let Some(item) = stream.next_item(4096).expect("legal") {
            got.take(item);
        }
        assert!(stream.buffer().capacity() < 16_384, "{}", stream.buffer().capacity());
    }
    assert_eq!((got.heads, got.left, &got.packets[0][..]), (1, 0, &bytes[..]));
}

#[test]
fn mistakes_in_a_head_are_found_before_the_payload() {
    let samples = samples(Version::V5);
    let legal = samples.iter().find(|sample| sample.title == "publish with everything").expect("a sample");
    for name in ["prop.zero-forbidden@topic-alias", "utf8.nul@topic-name", "topic.wildcard-in-name.hash"] {
        let mutated = Mutation::named(name).apply(&legal.bytes, legal.context).expect("applies");
        let head = &mutated.bytes[..mutated.bytes.len() - 3];
        let mut stream = PacketStream::new(legal.context, LIMITS);
        stream.buffer().extend_from_slice(head);
        let error = stream.next_item(0).expect_err(name);
        assert_eq!(Some(error.rule), mutated.rule, "{name}");
        assert_eq!(stream.next_item(0), Err(error), "the stream stays where it is");
    }
}

#[test]
fn a_payload_that_nobody_wants_is_passed_over() {
    let mut stream = PacketStream::new(Context::new(Version::V3_1_1, Sender::Client), LIMITS);
    stream.buffer().extend_from_slice(b"\x30\x0B\x00\x01tabc");
    assert!(matches!(stream.next_item(4), Ok(Some(StreamItem::Head(_)))));
    assert_eq!(stream.next_packet(), Ok(None));
    stream.buffer().extend_from_slice(b"defgh\xC0\x00");
    assert!(stream.next_packet().is_ok_and(|packet| packet.is_some()));
    assert_eq!(stream.pending(), 0);
}

#[test]
fn what_a_length_promises_is_not_allocated() {
    let mut stream = PacketStream::new(Context::new(Version::V3_1_1, Sender::Client), LIMITS);
    stream.buffer().extend_from_slice(b"\x30\xFF\xFF\xFF\x7F\x00\x01t");
    assert_eq!(stream.next_packet(), Ok(None));
    assert!(stream.buffer().capacity() < 1000);
}

#[cfg(feature = "tokio")]
mod tokio {
    use super::*;
    use crate::stream::tokio::{BatchCodec, PacketCodec};
    use tokio_util::codec::{Decoder, Encoder};

    proptest! {
        #[test]
        fn the_codecs_refuse_with_the_byte_with_which_the_decoder_does((context, bytes) in wrong_at_its_end()) {
            let (mut one_by_one, mut batches) = (PacketCodec::new(context, LIMITS), BatchCodec::new(context, LIMITS));
            let (mut left, mut right) = (BytesMut::new(), BytesMut::new());
            for come in 1..=bytes.len() {
                let refused = read_by_decoder(&bytes[..come], context).1.is_some();
                left.put_u8(bytes[come - 1]);
                right.put_u8(bytes[come - 1]);
                prop_assert_eq!(one_by_one.decode(&mut left).is_err(), refused, "{} of {:02x?}", come, bytes);
                let batch = batches.decode(&mut right);
                let is_refused = batch.map_or(true, |batch| batch.iter().flat_map(PacketBatch::packets).any(|packet| packet.is_err()));
                prop_assert_eq!(is_refused, refused, "{} of {:02x?}", come, bytes);
                if refused {
                    break;
                }
            }
        }

        #[test]
        fn the_codecs_read_what_they_write((packets, sizes) in stream()) {
            let mut one_by_one = PacketCodec::new(context(&packets), LIMITS);
            let mut batches = BatchCodec::new(context(&packets), LIMITS);
            let mut bytes = BytesMut::new();
            for packet in &packets {
                one_by_one.encode(packet.packet(), &mut bytes).expect("can be written");
            }
            prop_assert_eq!(&bytes[..], &joined(&packets)[..]);
            let (mut single, mut together) = (Vec::new(), Vec::new());
            let (mut left, mut right) = (BytesMut::new(), BytesMut::new());
            for read in reads(&bytes, &sizes) {
                left.extend_from_slice(read);
                while let Some(packet) = one_by_one.decode(&mut left).expect("legal") {
                    single.push(packet);
                }
                right.extend_from_slice(read);
                while let Some(batch) = batches.decode(&mut right).expect("legal") {
                    together.extend(batch.owned_packets().map(|packet| packet.expect("legal")));
                }
            }
            prop_assert_eq!(single.len(), packets.len());
            prop_assert_eq!(&single, &together);
            let mut again = BytesMut::new();
            for packet in single {
                batches.encode(packet, &mut again).expect("can be written");
            }
            prop_assert_eq!(again, bytes);
        }
    }
}
