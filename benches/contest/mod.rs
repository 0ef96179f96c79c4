//! The contest: which codec reads or writes which packets, made ready apart from what is measured.

mod cases;
mod entries;
mod mqtt5_protocol;
mod mqtt_protocol_core;
mod mqttbytes;
mod mqttrs;
mod mqttrs2;
mod mqute;
mod ntex;
mod ours;
mod rmqtt;
mod rumqttc;
pub(crate) mod table;

use mqtt_assay_codec::Version;
use std::hint::black_box;
use std::slice::Chunks;

pub(crate) use entries::{entries, groups};

/// The words on the command line that choose cases: all that hold one of them, or all cases if there is none.
pub(crate) fn chosen_by_arguments() -> impl Fn(&str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    move |name| words.is_empty() || words.iter().any(|word| name.contains(word))
}

/// Packets in a run: what is counted is divided by it.
pub(crate) const PACKETS: usize = 1_000;

/// Bytes that a stream yields at once, in case g.
const READ: usize = 4_096;

/// One codec in one version, by its fastest way to do each thing.
pub(crate) trait Codec: 'static {
    /// What packets are read from.
    type Input;
    /// A packet that can be written.
    type Packet;
    /// What packets are written to.
    type Output;

    /// Packets to be read, one behind the other.
    fn input(bytes: &'static [u8]) -> Self::Input;
    /// Reads all packets; each goes through [`black_box`] and is dropped. Returns how many.
    fn read(input: &mut Self::Input) -> usize;
    /// As `read`, out of a buffer that bytes are appended to read by read.
    fn stream(reads: Chunks<'static, u8>) -> usize;
    /// The packets in these bytes, to be written.
    fn packets(bytes: &'static [u8]) -> Vec<Self::Packet>;
    /// Room for so many bytes.
    fn output(capacity: usize) -> Self::Output;
    /// Writes all packets. An interface that wants them by value takes them out.
    fn write(packets: &mut Vec<Self::Packet>, output: &mut Self::Output);
    /// What was written.
    fn written(output: Self::Output) -> Vec<u8>;
}

/// What is measured.
pub(crate) trait Job {
    /// Makes ready what a run uses up. Not measured.
    fn prepare(&mut self);
    /// Reads or writes all packets; returns how many. Measured.
    fn run(&mut self) -> usize;
    /// Control: whether the run did what it should. Not measured.
    fn done_right(&mut self) -> bool;
}

/// A way of the packets through a codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Bytes that are all there to packets.
    Decode,
    /// Bytes that come in reads to packets.
    Stream,
    /// Packets to bytes.
    Encode,
}

/// Packets that all codecs are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// Letter, and what the packets are.
    pub(crate) name: &'static str,
    pub(crate) version: Version,
    pub(crate) way: Way,
    /// Packets one behind the other.
    pub(crate) bytes: &'static [u8],
    /// How many.
    pub(crate) packets: usize,
}

/// A codec at a case.
pub(crate) struct Entry {
    pub(crate) codec: &'static str,
    pub(crate) job: Box<dyn Job>,
}

fn job<C: Codec>(codec: &'static str, case: &Case) -> Entry {
    let Case { bytes, packets, .. } = *case;
    let job: Box<dyn Job> = match case.way {
        Way::Decode => Box::new(Decode::<C> { bytes, packets, input: C::input(&[]), read: 0 }),
        Way::Stream => Box::new(Stream::<C> { bytes, packets, read: 0, codec: core::marker::PhantomData }),
        Way::Encode => Box::new(Encode::<C> { case: *case, packets: Vec::new(), output: C::output(0) }),
    };
    Entry { codec, job }
}

struct Decode<C: Codec> {
    bytes: &'static [u8],
    packets: usize,
    input: C::Input,
    read: usize,
}

impl<C: Codec> Job for Decode<C> {
    fn prepare(&mut self) {
        self.input = C::input(self.bytes);
    }

    fn run(&mut self) -> usize {
        self.read = C::read(&mut self.input);
        self.read
    }

    fn done_right(&mut self) -> bool {
        self.read == self.packets
    }
}

struct Stream<C: Codec> {
    bytes: &'static [u8],
    packets: usize,
    read: usize,
    codec: core::marker::PhantomData<C>,
}

impl<C: Codec> Job for Stream<C> {
    fn prepare(&mut self) {}

    fn run(&mut self) -> usize {
        self.read = C::stream(self.bytes.chunks(READ));
        self.read
    }

    fn done_right(&mut self) -> bool {
        self.read == self.packets
    }
}

struct Encode<C: Codec> {
    case: Case,
    packets: Vec<C::Packet>,
    output: C::Output,
}

impl<C: Codec> Job for Encode<C> {
    fn prepare(&mut self) {
        if self.packets.is_empty() {
            self.packets = C::packets(self.case.bytes);
        }
        self.output = C::output(self.case.bytes.len() + SPARE);
    }

    fn run(&mut self) -> usize {
        let count = self.packets.len();
        C::write(&mut self.packets, &mut self.output);
        black_box(&mut self.output);
        count
    }

    /// As many packets follow one another in what was written. They are not held against ours: peers order properties in
    /// another way, write acknowledgements in their long form, or (rumqttc and mqttbytes) set the flags of a CONNECT right
    /// only at the start of a buffer.
    fn done_right(&mut self) -> bool {
        let written = C::written(std::mem::replace(&mut self.output, C::output(0)));
        let mut rest = &written[..];
        let mut count = 0;
        while let Some((_, length)) = frame(rest) {
            rest = &rest[length..];
            count += 1;
        }
        rest.is_empty() && count == self.case.packets
    }
}

/// Bytes of room behind the packets, so that nobody moves all of them to get a few more.
const SPARE: usize = 256;

/// Length of the packet at the start, header and all; for interfaces that leave it to the user. `None`: not all there.
#[inline]
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (index, &byte) in bytes.get(1..)?.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            let header = index + 2;
            return (header + length <= bytes.len()).then_some((header, header + length));
        }
    }
    None
}

/// A growing buffer with these bytes and some room.
fn filled(bytes: &[u8]) -> bytes::BytesMut {
    let mut buffer = bytes::BytesMut::with_capacity(bytes.len() + SPARE);
    buffer.extend_from_slice(bytes);
    buffer
}

/// Appends each read to one buffer and reads what it has.
fn stream_of(reads: Chunks<'static, u8>, mut read_all: impl FnMut(&mut bytes::BytesMut) -> usize) -> usize {
    let mut buffer = bytes::BytesMut::with_capacity(2 * READ);
    let mut count = 0;
    for read in reads {
        buffer.extend_from_slice(read);
        count += read_all(&mut buffer);
    }
    count
}
