//! Servers that are no brokers, or bad ones: each on a port of its own on this machine, with threads that end with the
//! test's process. Nothing here waits for a time.

use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Context, Disconnect, Limits, OwnedDecoded, OwnedPacket, Packet, Properties,
    PropertiesBuf, Property, Publish, Sender, Suback, Unsuback, Version,
};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender as Teller;
use std::thread;

/// A CONNACK of 5.0 that accepts, without properties.
const ACCEPTED: [u8; 5] = [0x20, 3, 0, 0, 0];

/// The smallest packet of all.
pub(crate) const PINGRESP: [u8; 2] = [0xd0, 0];

/// The first byte of a PUBLISH with QoS 0 and a Remaining Length of 256 MiB less one byte, the most that it can say.
const QUARTER_GIGABYTE: [u8; 5] = [0x30, 0xff, 0xff, 0xff, 0x7f];

/// Starts a server that does this with every connection, on a thread each; returns `host:port`.
fn server(serve: impl Fn(TcpStream) -> io::Result<()> + Copy + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that has gone ends its connection's thread; that is all there is to say about it.
            thread::spawn(move || drop(serve(stream)));
        }
    });
    address
}

/// Waits until the client has sent something.
fn spoken_to(stream: &mut TcpStream) -> io::Result<()> {
    stream.read(&mut [0; 1024]).map(drop)
}

/// Reads and drops what comes until the client leaves.
fn listen_only(mut stream: &TcpStream) -> io::Result<()> {
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// Says this when it has been spoken to, and then listens only.
pub(crate) fn that_answers(with: &'static [u8]) -> String {
    server(move |mut stream| {
        spoken_to(&mut stream)?;
        stream.write_all(with)?;
        listen_only(&stream)
    })
}

/// Says this at once, and then listens only.
pub(crate) fn that_greets(with: &'static [u8]) -> String {
    server(move |mut stream| {
        stream.write_all(with)?;
        listen_only(&stream)
    })
}

/// Answers as an HTTP server does that doesn't understand, and closes.
pub(crate) fn http() -> String {
    server(|mut stream| {
        spoken_to(&mut stream)?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nServer: example\r\nConnection: close\r\n\r\nBad Request\n")
    })
}

/// Takes connections and never says a word.
pub(crate) fn silent() -> String {
    server(|stream| listen_only(&stream))
}

/// Closes every connection as soon as it has been spoken to: with something unread the close would be a reset.
pub(crate) fn that_closes_at_once() -> String {
    server(|mut stream| spoken_to(&mut stream))
}

/// Sends bytes without sense, the same ones every time.
pub(crate) fn garbage() -> String {
    server(|mut stream| {
        spoken_to(&mut stream)?;
        let mut random = Random(7);
        let bytes: Vec<u8> = (0..4096).map(|_| random.below(256) as u8).collect();
        stream.write_all(&bytes)?;
        listen_only(&stream)
    })
}

/// Accepts the client and then sends this over and over, as fast as it is read.
pub(crate) fn that_never_stops(sending: &'static [u8]) -> String {
    server(move |stream| flood(stream, sending))
}

fn flood(mut stream: TcpStream, sending: &[u8]) -> io::Result<()> {
    spoken_to(&mut stream)?;
    stream.write_all(&ACCEPTED)?;
    let many = sending.repeat((64 << 10) / sending.len());
    loop {
        stream.write_all(&many)?;
    }
}

/// Accepts the client, declares a packet of 256 MiB, and sends it as fast as it is read: this, and then what has no sense.
pub(crate) fn that_sends_a_quarter_gigabyte(begun: &'static [u8]) -> String {
    server(move |mut stream| {
        spoken_to(&mut stream)?;
        stream.write_all(&ACCEPTED)?;
        stream.write_all(&QUARTER_GIGABYTE)?;
        stream.write_all(begun)?;
        let piece = vec![0x61; 64 << 10];
        for _ in 0..(256 << 20) / piece.len() {
            stream.write_all(&piece)?;
        }
        listen_only(&stream)
    })
}

/// Who gets the fences of the case that loses one.
const RECEIVERS: usize = 4;

/// What befalls the connections to a broker that is right by itself.
#[derive(Clone)]
pub(crate) enum Trouble {
    /// At the connection with this number, counted from 1, the broker is gone with all its connections.
    Dies(usize),
    /// From the connection with this number on there is no answer, on no connection; tells when that one has come.
    Freezes(usize, Teller<()>),
    /// From the connection with this number on the client is accepted and then gets this over and over.
    Floods(usize, &'static [u8]),
    /// Loses the first copies, one for each of four receivers, of the second message that is a fence.
    LosesOneFence(Arc<AtomicUsize>),
    /// Every connection whose number can be divided by this is reset when its first packet has come.
    Resets(usize),
    /// Packets of MQTT 5 from the broker say this wherever they may say something.
    Says(&'static str),
    /// Messages come on a topic with this at its end, from the connection with this number on.
    Renames(usize, &'static str),
}

/// Puts itself before the broker at this address, and returns its own.
pub(crate) fn proxy(broker: &str, trouble: Trouble) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let broker = broker.to_owned();
    thread::spawn(move || forward(&listener, &broker, &trouble));
    address
}

fn forward(listener: &TcpListener, broker: &str, trouble: &Trouble) {
    let mut open: Vec<TcpStream> = Vec::new();
    let frozen = Arc::new(AtomicBool::new(false));
    for (number, client) in (1..).zip(listener.incoming().flatten()) {
        match trouble {
            Trouble::Dies(at) if number == *at => {
                // With something unread the close is a reset, every time.
                let _ = client.peek(&mut [0]);
                for stream in &open {
                    let _ = stream.shutdown(Shutdown::Both);
                }
                return;
            }
            Trouble::Freezes(at, reached) if number >= *at => {
                frozen.store(true, Ordering::SeqCst);
                // Whoever waits for it has heard of the first.
                let _ = reached.send(());
                open.push(client);
            }
            Trouble::Floods(from, sending) if number >= *from => {
                let sending = *sending;
                thread::spawn(move || drop(flood(client, sending)));
            }
            Trouble::Resets(every) if number % every == 0 => drop(client.peek(&mut [0])),
            _ => {
                open.extend(client.try_clone());
                let (trouble, frozen) = (trouble.clone(), Arc::clone(&frozen));
                let broker = TcpStream::connect(broker).expect("the broker behind the proxy is there");
                thread::spawn(move || join(&client, broker, &trouble, number, &frozen));
            }
        }
    }
}

/// Carries both ways until one side ends.
fn join(client: &TcpStream, broker: TcpStream, trouble: &Trouble, number: usize, frozen: &AtomicBool) {
    let halves = client.try_clone().and_then(|client| broker.try_clone().map(|broker| (client, broker)));
    let Ok((mut from_client, mut to_broker)) = halves else { return };
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_broker);
        let _ = to_broker.shutdown(Shutdown::Write);
    });
    let _ = carry_back(broker, client, trouble, number, frozen);
    let _ = client.shutdown(Shutdown::Write);
}

fn carry_back(
    mut broker: TcpStream,
    mut client: &TcpStream,
    trouble: &Trouble,
    number: usize,
    frozen: &AtomicBool,
) -> io::Result<()> {
    let change: Box<dyn Fn(&Packet<'_>) -> Bytes> = match *trouble {
        Trouble::Freezes(..) => {
            Box::new(|packet| if frozen.load(Ordering::SeqCst) { Bytes::new() } else { encoded(packet) })
        }
        Trouble::Says(text) => Box::new(move |packet| saying(packet, text)),
        Trouble::LosesOneFence(ref lost) => {
            let lost = Arc::clone(lost);
            Box::new(move |packet| {
                if is_second_fence(packet) && lost.fetch_add(1, Ordering::SeqCst) < RECEIVERS {
                    Bytes::new()
                } else {
                    encoded(packet)
                }
            })
        }
        Trouble::Renames(from, text) if number >= from => Box::new(move |packet| renamed(packet, text)),
        _ => return io::copy(&mut broker, &mut client).map(drop),
    };
    let context = Context::new(Version::V5, Sender::Server);
    let mut buffer = BytesMut::new();
    let mut chunk = [0; 4096];
    while let count @ 1.. = broker.read(&mut chunk)? {
        buffer.extend_from_slice(&chunk[..count]);
        while let Ok(OwnedDecoded::Complete(packet)) =
            OwnedPacket::decode(&Bytes::copy_from_slice(&buffer), context, &Limits::default())
        {
            buffer.advance(packet.bytes().len());
            client.write_all(&change(&packet.packet()))?;
        }
    }
    Ok(())
}

/// The message behind which a case sees for the second time what has not come.
fn is_second_fence(packet: &Packet<'_>) -> bool {
    let Packet::Publish(publish) = packet else { return false };
    let is_fence = publish.payload.starts_with(b"fence-") && publish.payload.ends_with(b"-2");
    is_fence && publish.topic.ends_with("/state")
}

fn encoded(packet: &Packet<'_>) -> Bytes {
    packet.to_bytes(Version::V5).expect("a packet of MQTT 5")
}

/// The packet with a reason string and a user property more, where it may have them.
fn saying(packet: &Packet<'_>, text: &str) -> Bytes {
    let more = |properties: Properties<'_>| {
        let said = [Property::ReasonString(text), Property::UserProperty(text, text)];
        properties.iter().chain(said).collect::<PropertiesBuf>()
    };
    match *packet {
        Packet::Connack(ack) => {
            let properties = more(ack.properties);
            encoded(&Packet::Connack(Connack { properties: properties.as_properties(), ..ack }))
        }
        Packet::Suback(ack) => {
            let properties = more(ack.properties);
            encoded(&Packet::Suback(Suback { properties: properties.as_properties(), ..ack }))
        }
        Packet::Unsuback(ack) => {
            let properties = more(ack.properties);
            encoded(&Packet::Unsuback(Unsuback { properties: properties.as_properties(), ..ack }))
        }
        Packet::Puback(ack) => {
            let properties = more(ack.properties);
            encoded(&Packet::Puback(Acknowledgement { properties: properties.as_properties(), ..ack }))
        }
        Packet::Disconnect(goodbye) => {
            let properties = more(goodbye.properties);
            encoded(&Packet::Disconnect(Disconnect { properties: properties.as_properties(), ..goodbye }))
        }
        ref other => encoded(other),
    }
}

/// A message under a longer topic name, as long as the standard allows; other packets as they are.
fn renamed(packet: &Packet<'_>, text: &str) -> Bytes {
    match *packet {
        Packet::Publish(publish) => {
            let longest = usize::from(u16::MAX) - publish.topic.len();
            let topic = format!("{}{}", publish.topic, &text[..text.floor_char_boundary(longest)]);
            encoded(&Packet::Publish(Publish { topic: &topic, ..publish }))
        }
        ref other => encoded(other),
    }
}

/// A small generator whose numbers are the same on every machine (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number from 0 to `end` - 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
