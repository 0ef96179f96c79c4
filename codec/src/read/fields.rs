//! The field map: what each byte of a packet is, field by field, from the same reader that judges packets.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::ops::Range;

use crate::packet::{Context, FieldName, Limits, PacketType, Part, PropertyId};
use crate::read::kind::FieldKind;
use crate::read::reader::{Observer, Reader, Stop, packet_len};
use crate::rule::{DecodeError, Rule};

/// One field of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The place.
    pub name: FieldName,
    /// The place with the number of a repeated part: `topic filter 2 / length`, `properties / user property 3 / name`.
    pub path: String,
    /// How to read the bytes.
    pub kind: FieldKind,
    /// Offsets from the start of the packet. Type and flags share byte 0. Empty where a string has no characters.
    pub range: Range<usize>,
    /// The length fields that cover this one, outermost first, as indexes into [`FieldMap::fields`].
    pub enclosing: Vec<usize>,
}

/// All fields of one packet, in the order of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMap {
    /// The fields, as far as the bytes can be explained.
    pub fields: Vec<Field>,
    /// The first rule that the bytes break: what [`decode`](crate::decode) says of them.
    pub error: Option<DecodeError>,
    /// Type of the packet, if it is one of the version's.
    pub packet_type: Option<PacketType>,
    /// Length of the whole packet in bytes, if its fixed header can be read.
    pub packet_len: Option<usize>,
}

impl FieldMap {
    /// The first field of this name.
    pub fn find(&self, name: FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field with this path.
    pub fn at_path(&self, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.path == path)
    }
}

/// Explains the packet at the start of `bytes` field by field.
///
/// Works on the start of a packet, and on packets that are refused: explains as far as it goes. Bytes behind the end
/// of the packet are not looked at.
pub fn fields(bytes: &[u8], context: Context) -> FieldMap {
    first_fields(bytes, context, usize::MAX).0
}

/// As [`fields`], but of many fields only the first and the one at fault; and how many are left out.
pub(super) fn first_fields(bytes: &[u8], context: Context, most: usize) -> (FieldMap, usize) {
    let mut recorder = Recorder { most, ..Recorder::default() };
    let mut reader = Reader::new(bytes, context, &Limits::NONE, &mut recorder);
    let stop = reader.packet();
    let packet_type = reader.packet_type;
    if let Err(Stop::Refused(error)) = stop {
        recorder.note(error);
    }
    recorder.keep_the_one_at_fault();
    let packet_len = packet_len(bytes).map(|length| length as usize);
    recorder.explain_rest(packet_len.unwrap_or(usize::MAX).min(bytes.len()));
    let left_out = recorder.left_out;
    (FieldMap { fields: recorder.fields, error: recorder.error, packet_type, packet_len }, left_out)
}

/// Writes down what the reader finds, and reads on after every breach that lets it.
#[derive(Default)]
struct Recorder {
    fields: Vec<Field>,
    enclosing: Vec<usize>,
    error: Option<DecodeError>,
    /// Whether bytes follow the last field.
    surplus: bool,
    topic_filters: usize,
    user_properties: usize,
    /// How many fields are kept.
    most: usize,
    left_out: usize,
    /// Where the last field ends that was read, kept or not.
    end: usize,
    /// The last field that was left out.
    latest: Option<Field>,
    /// The one before the first breach, if it was left out.
    at_fault: Option<Field>,
}

impl Recorder {
    /// Covers the bytes that no field covers: the start of a field that is cut, or what follows a breach.
    fn explain_rest(&mut self, end: usize) {
        let start = self.end;
        if start < end {
            let name = if self.surplus { FieldName::SURPLUS } else { FieldName::INCOMPLETE };
            self.most = usize::MAX;
            self.field(name, FieldKind::Unread, start, end);
        }
    }

    /// The first breach counts.
    fn note(&mut self, error: DecodeError) {
        if self.error.is_none() {
            self.error = Some(error);
            self.at_fault = self.latest.take();
        }
    }

    fn keep_the_one_at_fault(&mut self) {
        if let Some(field) = self.at_fault.take() {
            self.left_out -= 1;
            self.fields.push(field);
        }
    }

    fn count(&mut self, name: FieldName) {
        match (name.part, name.property_id()) {
            (Part::TopicFilter, _) if name == FieldName::TOPIC_FILTER.length() => self.topic_filters += 1,
            (_, Some(PropertyId::USER_PROPERTY)) if name.suffix() == " / identifier" => self.user_properties += 1,
            // Those of the packet and those of the will are counted apart.
            (Part::WillPropertyLength | Part::PropertyLength, _) => self.user_properties = 0,
            _ => {}
        }
    }

    fn path(&self, name: FieldName) -> String {
        let mut path = name.part_name().to_string();
        match (name.part, name.property_id()) {
            (Part::TopicFilter | Part::SubscriptionOptions, _) => numbered(&mut path, self.topic_filters),
            (_, Some(id)) => {
                // Writing to a String cannot fail.
                let _ = write!(path, " / {id}");
                if id == PropertyId::USER_PROPERTY {
                    numbered(&mut path, self.user_properties);
                }
            }
            _ => {}
        }
        path.push_str(name.suffix());
        path
    }
}

fn numbered(path: &mut String, number: usize) {
    if number > 1 {
        let _ = write!(path, " {number}");
    }
}

impl Observer for Recorder {
    const READS_PREFIXES: bool = true;

    fn field(&mut self, name: FieldName, kind: FieldKind, start: usize, end: usize) {
        self.count(name);
        self.end = self.end.max(end);
        if self.fields.len() < self.most {
            let path = self.path(name);
            self.fields.push(Field { name, path, kind, range: start..end, enclosing: self.enclosing.clone() });
        } else {
            self.left_out += 1;
            if self.error.is_none() {
                self.latest =
                    Some(Field { name, path: self.path(name), kind, range: start..end, enclosing: Vec::new() });
            }
        }
    }

    fn enter(&mut self) {
        self.enclosing.push(self.fields.len().saturating_sub(1));
    }

    fn leave(&mut self) {
        self.enclosing.pop();
    }

    fn waives(&mut self, error: &DecodeError) -> bool {
        self.note(*error);
        self.surplus |= error.rule == Rule::TrailingBytes;
        true
    }
}
