//! What reading 16 MiB costs, in pieces of a given size: to be counted, for example by
//! `valgrind --tool=callgrind target/debug/examples/stream_pieces small 65536`.
//!
//! Arguments: `small` (PUBLISH packets of 85 bytes) or `large` (one PUBLISH), the size of the pieces, and `none` to only
//! copy the pieces, which is what the rest has to be compared with.

use std::hint::black_box;

use mqtt_assay_codec::{Context, Limits, Packet, PacketStream, Publish, Sender, StreamItem, Version};

const SIZE: usize = 16 << 20;

fn stream(kind: &str) -> Vec<u8> {
    let payload = vec![b'p'; if kind == "large" { SIZE } else { 64 }];
    let packet = Packet::Publish(Publish { topic: "sport/tennis/set", payload: &payload, ..Publish::default() });
    let bytes = packet.to_bytes(Version::V5).expect("can be written");
    bytes.repeat(SIZE.div_ceil(bytes.len()))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kind = arguments.first().map_or("small", String::as_str);
    let piece = arguments.get(1).and_then(|size| size.parse().ok()).unwrap_or(65_536);
    let way = arguments.get(2).map_or("packets", String::as_str);
    let mut stream = PacketStream::new(Context::new(Version::V5, Sender::Client), Limits::default());
    let mut count = 0;
    for read in self::stream(kind).chunks(piece) {
        stream.buffer().extend_from_slice(read);
        match way {
            "none" => stream.buffer().clear(),
            "batches" => {
                while let Some(batch) = stream.next_batch().expect("legal") {
                    count += batch.packets().map(black_box).count();
                }
            }
            "pieces" => {
                while let Some(item) = stream.next_item(4096).expect("legal") {
                    count += usize::from(!matches!(black_box(item), StreamItem::Payload { .. }));
                }
            }
            _ => {
                while let Some(packet) = stream.next_packet().expect("legal") {
                    black_box(packet);
                    count += 1;
                }
            }
        }
    }
    println!("{count} packets in pieces of {piece} bytes, {way}");
}
