//! The field map as text for people: offset, bytes, field, value, one line a field.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::packet::{Context, Cursor, FieldName, PacketType, Part, PropertyId, ReasonCode};
use crate::read::fields::{Field, FieldMap, fields};
use crate::read::kind::FieldKind;

/// Bytes on one line.
const PER_LINE: usize = 8;
/// Most bytes of one field that are shown; of longer ones only the first lines.
const SHOWN: usize = 32;
/// Most characters of a text that are shown.
const TEXT_SHOWN: usize = 64;

/// The packet at the start of `bytes` as annotated hex: one line for each field, with offset, bytes, path and value.
///
/// Works on the start of a packet and on refused bytes too; a last line then says what is missing or which rule is
/// broken, and `!` marks the field at fault. Text from the packet is escaped, long fields are cut. Every line ends with
/// a line break.
///
/// ```
/// use mqtt_assay_codec::{Context, Sender, Version, annotate};
/// let context = Context::new(Version::V3_1_1, Sender::Client);
/// assert_eq!(annotate(b"\x30\x07\x00\x03a/bHi", context), "\
/// PUBLISH, MQTT 3.1.1, from client, 9 bytes
///      0  30                       fixed header / packet type       PUBLISH
///                                  fixed header / flags             dup 0, qos 0, retain 0
///      1  07                       fixed header / remaining length  7
///      2  00 03                    topic name / length              3
///      4  61 2f 62                 topic name                       \"a/b\"
///      7  48 69                    payload                          \"Hi\"
/// ");
/// ```
pub fn annotate(bytes: &[u8], context: Context) -> String {
    let map = fields(bytes, context);
    let page = Page { bytes, context, map: &map, width: width(&map) };
    let mut text = String::new();
    page.title(&mut text);
    let mut shown = None;
    for field in &map.fields {
        page.field(&mut text, field, shown.as_ref() == Some(&field.range));
        shown = Some(field.range.clone());
    }
    page.ending(&mut text);
    text
}

/// Width of the column of paths.
fn width(map: &FieldMap) -> usize {
    map.fields.iter().map(|field| field.path.chars().count()).max().unwrap_or(0)
}

struct Page<'a> {
    bytes: &'a [u8],
    context: Context,
    map: &'a FieldMap,
    width: usize,
}

// Writing to a String cannot fail, so the results of `write!` are dropped here.
impl Page<'_> {
    fn title(&self, text: &mut String) {
        let packet = self.map.packet_type.map_or("unknown packet", PacketType::name);
        let _ = write!(text, "{packet}, MQTT {}, from {}", self.context.version, self.context.from);
        match self.map.packet_len {
            Some(length) => _ = writeln!(text, ", {length} bytes"),
            None => text.push('\n'),
        }
    }

    fn field(&self, text: &mut String, field: &Field, same_bytes: bool) {
        let data = self.bytes.get(field.range.clone()).unwrap_or(&[]);
        let value = self.value(field, data);
        if data.is_empty() {
            return;
        }
        let mark = if self.is_at_fault(field) { '!' } else { ' ' };
        let shown = if data.len() > SHOWN { &data[..SHOWN - PER_LINE] } else { data };
        for (index, line) in shown.chunks(PER_LINE).enumerate() {
            let (path, value) = if index == 0 { (field.path.as_str(), value.as_str()) } else { ("", "") };
            let offset = field.range.start + index * PER_LINE;
            let (offset, hex) = if same_bytes { (None, String::new()) } else { (Some(offset), hex(line)) };
            let mark = if index == 0 { mark } else { ' ' };
            self.line(text, mark, offset, &hex, (path, value));
        }
        if shown.len() < data.len() {
            let rest = alloc::format!("... {} more bytes", data.len() - shown.len());
            self.line(text, ' ', None, &rest, ("", ""));
        }
    }

    fn line(&self, text: &mut String, mark: char, offset: Option<usize>, hex: &str, (path, value): (&str, &str)) {
        let start = text.len();
        let _ = match offset {
            Some(offset) => write!(text, "{mark}{offset:>5}"),
            None => write!(text, "{mark}     "),
        };
        let _ = write!(text, "  {hex:<23}  {path:<width$}  {value}", width = self.width);
        let end = text[start..].trim_end().len();
        text.truncate(start + end);
        text.push('\n');
    }

    fn is_at_fault(&self, field: &Field) -> bool {
        self.map.error.is_some_and(|error| error.field == field.name && field.range.contains(&(error.offset as usize)))
    }

    fn ending(&self, text: &mut String) {
        if let Some(error) = &self.map.error {
            let _ = writeln!(text, "refused: {error}");
        }
        let missing = self.map.packet_len.map(|length| length.saturating_sub(self.bytes.len()));
        match (missing, self.map.error) {
            (Some(1..), _) => _ = writeln!(text, "incomplete: {} more bytes", missing.unwrap_or(0)),
            (None, None) => text.push_str("incomplete: the fixed header is not all there\n"),
            _ => {}
        }
    }

    fn value(&self, field: &Field, data: &[u8]) -> String {
        let mut cursor = Cursor::new(data);
        match field.kind {
            FieldKind::PacketType => self.map.packet_type.map_or("reserved", PacketType::name).into(),
            FieldKind::Flags => self.flags(cursor.u8() & 0x0F),
            FieldKind::Length | FieldKind::TwoByteInteger => alloc::format!("{}", cursor.u16()),
            FieldKind::VariableLength | FieldKind::VariableByteInteger => alloc::format!("{}", cursor.variable()),
            FieldKind::Byte => alloc::format!("{}", cursor.u8()),
            FieldKind::Bits => self.bits(field.name, cursor.u8()),
            FieldKind::FourByteInteger => alloc::format!("{}", cursor.u32()),
            FieldKind::ReasonCode => self.reason(ReasonCode(cursor.u8())),
            FieldKind::PropertyIdentifier => PropertyId(cursor.u8()).name().unwrap_or("unknown property").into(),
            FieldKind::Utf8String | FieldKind::BinaryData => quoted(data),
            FieldKind::Unread => String::new(),
        }
    }

    fn flags(&self, flags: u8) -> String {
        match self.map.packet_type {
            Some(PacketType::Publish) => {
                alloc::format!("dup {}, qos {}, retain {}", flags >> 3, (flags >> 1) & 3, flags & 1)
            }
            _ => alloc::format!("{flags:04b}"),
        }
    }

    fn reason(&self, reason: ReasonCode) -> String {
        let known = self.map.packet_type.and_then(|packet| reason.describe(self.context.version, packet));
        alloc::format!("0x{:02x} {}", reason.0, known.unwrap_or("unknown here"))
    }

    fn bits(&self, name: FieldName, bits: u8) -> String {
        let v5 = self.context.version.has_properties();
        match name.part {
            Part::ConnectFlags => connect_flags(bits, if v5 { "clean start" } else { "clean session" }),
            Part::ConnackFlags => named_bits(bits, &[(1, "session present")]),
            _ => subscription_options(bits, v5),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let _ = write!(text, "{}{byte:02x}", if index == 0 { "" } else { " " });
    }
    text
}

/// The names of the bits that are set; bits without a name as `bit 3`.
fn named_bits(bits: u8, names: &[(u8, &str)]) -> String {
    let mut words: Vec<String> = Vec::new();
    for bit in 0..8 {
        if bits & 1 << bit != 0 {
            let name = names.iter().find(|(mask, _)| *mask == 1 << bit);
            words.push(name.map_or_else(|| alloc::format!("reserved bit {bit}"), |(_, name)| (*name).into()));
        }
    }
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

fn connect_flags(bits: u8, clean: &str) -> String {
    let names =
        [(1 << 1, clean), (1 << 2, "will"), (1 << 5, "will retain"), (1 << 6, "password"), (1 << 7, "user name")];
    let mut text = named_bits(bits & !(3 << 3), &names);
    if bits & (1 << 2 | 3 << 3) != 0 {
        let _ = write!(text, ", will qos {}", (bits >> 3) & 3);
    }
    text
}

fn subscription_options(bits: u8, v5: bool) -> String {
    let mut text = alloc::format!("qos {}", bits & 3);
    let (rest, names): (u8, &[(u8, &str)]) =
        if v5 { (bits & 0xCC, &[(1 << 2, "no local"), (1 << 3, "retain as published")]) } else { (bits & 0xFC, &[]) };
    if rest != 0 {
        let _ = write!(text, ", {}", named_bits(rest, names));
    }
    if v5 {
        let _ = write!(text, ", retain handling {}", (bits >> 4) & 3);
    }
    text
}

/// Text or bytes between quotes: whatever does not print is escaped, what is too long is cut.
fn quoted(data: &[u8]) -> String {
    let mut text = String::from("\"");
    let mut left = TEXT_SHOWN;
    for chunk in data.utf8_chunks() {
        for character in chunk.valid().chars() {
            if left == 0 {
                break;
            }
            left -= 1;
            text.extend(character.escape_debug());
        }
        for byte in chunk.invalid().iter().take(left) {
            left -= 1;
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text.push('"');
    if left == 0 {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutate::Mutation;
    use crate::packet::{Sender, Version};
    use crate::vectors::{all_samples, samples};

    fn client(version: Version) -> Context {
        Context::new(version, Sender::Client)
    }

    fn sample(version: Version, title: &str) -> crate::vectors::Sample {
        samples(version).into_iter().find(|sample| sample.title == title).expect("a sample of this title")
    }

    #[test]
    fn a_packet_is_explained_field_by_field() {
        let sample = sample(Version::V5, "subscribe with everything");
        let expected = r#"SUBSCRIBE, MQTT 5, from client, 53 bytes
     0  82                       fixed header / packet type                         SUBSCRIBE
                                 fixed header / flags                               0010
     1  33                       fixed header / remaining length                    51
     2  00 0b                    packet identifier                                  11
     4  0a                       property length                                    10
     5  0b                       properties / subscription identifier / identifier  subscription identifier
     6  c8 01                    properties / subscription identifier               200
     8  26                       properties / user property / identifier            user property
     9  00 01                    properties / user property / name length           1
    11  61                       properties / user property / name                  "a"
    12  00 01                    properties / user property / value length          1
    14  62                       properties / user property / value                 "b"
    15  00 14                    topic filter / length                              20
    17  24 73 68 61 72 65 2f 67  topic filter                                       "$share/group/sport/#"
    25  72 6f 75 70 2f 73 70 6f
    33  72 74 2f 23
    37  2a                       subscription options                               qos 2, retain as published, retain handling 2
    38  00 0c                    topic filter 2 / length                            12
    40  73 70 6f 72 74 2f 74 65  topic filter 2                                     "sport/tennis"
    48  6e 6e 69 73
    52  2e                       subscription options 2                             qos 2, no local, retain as published, retain handling 2
"#;
        assert_eq!(annotate(&sample.bytes, sample.context), expected);
    }

    #[test]
    fn refused_bytes_are_explained_to_the_end() {
        let sample = sample(Version::V3_1_1, "connect");
        let mutated = Mutation::named("connect.reserved-bit").apply(&sample.bytes, sample.context).expect("applies");
        let expected = r#"CONNECT, MQTT 3.1.1, from client, 21 bytes
     0  10                       fixed header / packet type       CONNECT
                                 fixed header / flags             0000
     1  13                       fixed header / remaining length  19
     2  00 04                    protocol name / length           4
     4  4d 51 54 54              protocol name                    "MQTT"
     8  04                       protocol level                   4
!    9  03                       connect flags                    reserved bit 0, clean session
    10  00 3c                    keep alive                       60
    12  00 07                    client identifier / length       7
    14  77 61 74 63 68 65 72     client identifier                "watcher"
refused: MQTT-3.1.2-3 (connect-reserved-flag): CONNECT, connect flags at byte 9: Bit 0 of the connect flags is 0.
"#;
        assert_eq!(annotate(&mutated.bytes, sample.context), expected);
    }

    #[test]
    fn hostile_text_is_escaped_and_long_fields_are_cut() {
        let mut bytes = b"\x30\x90\x01\x00\x09\x1b[31m\xff\xe2\x80\xae".to_vec();
        bytes.resize(147, 0);
        let expected = r#"PUBLISH, MQTT 3.1.1, from client, 147 bytes
     0  30                       fixed header / packet type       PUBLISH
                                 fixed header / flags             dup 0, qos 0, retain 0
     1  90 01                    fixed header / remaining length  144
     3  00 09                    topic name / length              9
!    5  1b 5b 33 31 6d ff e2 80  topic name                       "\u{1b}[31m\xff\u{202e}"
    13  ae
    14  00 00 00 00 00 00 00 00  payload                          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"...
    22  00 00 00 00 00 00 00 00
    30  00 00 00 00 00 00 00 00
        ... 109 more bytes
refused: MQTT-3.3.2-1 (topic-name-utf8): PUBLISH, topic name at byte 10: The topic name is well-formed UTF-8.
"#;
        assert_eq!(annotate(&bytes, client(Version::V3_1_1)), expected);
    }

    #[test]
    fn the_start_of_a_packet_is_explained_as_far_as_it_goes() {
        let expected = r"PUBLISH, MQTT 3.1.1, from client, 8 bytes
     0  30                       fixed header / packet type       PUBLISH
                                 fixed header / flags             dup 0, qos 0, retain 0
     1  06                       fixed header / remaining length  6
     2  00 03                    topic name / length              3
     4  61                       incomplete
incomplete: 3 more bytes
";
        assert_eq!(annotate(b"\x30\x06\x00\x03a", client(Version::V3_1_1)), expected);
        assert!(annotate(b"", client(Version::V5)).ends_with("incomplete: the fixed header is not all there\n"));
    }

    #[test]
    fn the_fields_of_a_legal_packet_cover_it_without_gap_or_overlap() {
        for sample in all_samples() {
            let map = fields(&sample.bytes, sample.context);
            let mut end = 0;
            for field in map.fields.iter().filter(|field| field.name != FieldName::FLAGS) {
                assert_eq!(field.range.start, end, "{}: {field:?}", sample.title);
                end = field.range.end;
            }
            assert_eq!(end, sample.bytes.len());
            assert_eq!(map.error, None);
        }
    }

    #[test]
    fn lengths_cover_what_they_say() {
        for sample in all_samples() {
            let map = fields(&sample.bytes, sample.context);
            for (index, length) in map.fields.iter().enumerate().filter(|(_, field)| field.kind.is_length()) {
                let covered: usize = map
                    .fields
                    .iter()
                    .filter(|field| field.enclosing.contains(&index))
                    .map(|field| field.range.len())
                    .sum();
                let mut cursor = Cursor::new(&sample.bytes[length.range.clone()]);
                let said = if length.kind == FieldKind::Length {
                    usize::from(cursor.u16())
                } else {
                    cursor.variable() as usize
                };
                assert_eq!(covered, said, "{} of {}", length.path, sample.title);
            }
        }
    }
}
