//! The field map as text for people: offset, bytes, field, value, one line a field.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::ops::Range;

use crate::packet::{Context, Cursor, FieldName, PacketType, Part, PropertyId, ReasonCode};
use crate::read::fields::{Field, FieldMap, first_fields};
use crate::read::kind::FieldKind;

/// Bytes on one line.
const PER_LINE: usize = 8;
/// Most bytes of one field that are shown; of longer ones only the first lines.
const SHOWN: usize = 32;
/// Most fields of one packet that are shown, besides the one at fault and what was not read.
const FIELDS_SHOWN: usize = 4096;
/// Most characters of a text that are shown.
const TEXT_SHOWN: usize = 64;

/// The packet at the start of `bytes` as annotated hex: one line for each field, with offset, bytes, path and value.
///
/// Works on the start of a packet and on refused bytes too; a last line then says what is missing or which rule is
/// broken, and `!` marks the field at fault. Text from the packet is escaped, long fields are cut, and of many fields
/// the first are shown. Every line ends with a line break.
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
    let (map, left_out) = first_fields(bytes, context, FIELDS_SHOWN);
    let page = Page { bytes, context, map: &map, width: width(&map) };
    let mut text = String::new();
    page.title(&mut text);
    let mut shown = None;
    for (index, field) in map.fields.iter().enumerate() {
        if index == FIELDS_SHOWN {
            page.line(&mut text, ' ', None, &alloc::format!("... {left_out} more fields"), ("", ""));
        }
        page.field(&mut text, field, shown.as_ref() == Some(&field.range));
        shown = Some(field.range.clone());
    }
    if map.fields.len() <= FIELDS_SHOWN && left_out > 0 {
        page.line(&mut text, ' ', None, &alloc::format!("... {left_out} more fields"), ("", ""));
    }
    page.ending(&mut text);
    text
}

/// One field of a packet in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Offsets from the start of the packet; never empty. Type and flags share byte 0.
    pub range: Range<usize>,
    /// The place: `properties / user property 3 / name`.
    pub path: String,
    /// The value. Text from the packet stands between quotes, escaped, and is cut where it is long.
    pub value: String,
    /// Whether the rule is broken here that the packet is refused for.
    pub is_at_fault: bool,
}

/// What [`annotate`] shows, field by field, for who lays it out otherwise. Of many fields the first, and the one at fault.
pub fn annotations(bytes: &[u8], context: Context) -> Vec<Annotation> {
    let (map, _) = first_fields(bytes, context, FIELDS_SHOWN);
    let page = Page { bytes, context, map: &map, width: 0 };
    let fields = map.fields.iter().filter_map(|field| {
        let data = bytes.get(field.range.clone()).filter(|data| !data.is_empty())?;
        let (path, value) = (field.path.clone(), page.value(field, data));
        Some(Annotation { range: field.range.clone(), path, value, is_at_fault: page.is_at_fault(field) })
    });
    fields.collect()
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
