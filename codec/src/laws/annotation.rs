//! What is said of bytes field by field, word by word; and that the fields cover them.

use crate::mutate::Mutation;
use crate::packet::{Context, Cursor, FieldName, Sender, Version};
use crate::read::{FieldKind, annotate, annotations, fields};
use crate::vectors::{Sample, all_samples, samples};
use alloc::vec::Vec;

fn client(version: Version) -> Context {
    Context::new(version, Sender::Client)
}

fn sample(version: Version, title: &str) -> Sample {
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
fn annotations_are_what_the_text_shows() {
    for sample in all_samples() {
        let mut bytes = sample.bytes.to_vec();
        // The last byte too many, so that something is at fault.
        bytes.push(0);
        if let Some(length) = bytes.get_mut(1).filter(|length| **length < 0x7f) {
            *length += 1;
        }
        for bytes in [&sample.bytes[..], &bytes] {
            let text = annotate(bytes, sample.context);
            let lines: Vec<&str> =
                text.lines().skip(1).filter(|line| line.get(33..).is_some_and(|path| !path.is_empty())).collect();
            let shown = annotations(bytes, sample.context);
            let marked = lines.iter().filter(|line| line.starts_with('!')).count();
            assert_eq!(shown.iter().filter(|one| one.is_at_fault).count(), marked, "{text}");
            let mut lines = lines.into_iter();
            for one in &shown {
                assert!(!one.range.is_empty() && one.range.end <= bytes.len(), "{one:?}");
                let is_told = |line: &str| line.contains(one.path.as_str()) && line.contains(one.value.as_str());
                assert!(lines.any(is_told), "{one:?} is not in its place in {text}");
            }
        }
    }
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

/// A SUBACK of so many reason codes that not all are shown: the one at fault is.
#[test]
fn of_many_fields_the_first_are_shown_and_the_one_at_fault() {
    let mut bytes = b"\x90\x92\x4e\x00\x01".to_vec();
    bytes.resize(10_005, 1);
    let text = annotate(&bytes[..], Context::new(Version::V3_1_1, Sender::Server));
    assert!(text.lines().count() < 5000 && text.ends_with("... 5908 more fields\n"), "{}", &text[text.len() - 200..]);
    bytes[9_000] = 3;
    let text = annotate(&bytes[..], Context::new(Version::V3_1_1, Sender::Server));
    let end: Vec<&str> = text.lines().rev().take(3).collect();
    assert!(end[0].starts_with("refused:") && end[0].contains("at byte 9000"), "{end:?}");
    assert!(end[1].starts_with("! 9000  03 "), "{end:?}");
    assert!(end[2].contains("... 5907 more fields"), "{end:?}");
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
            let covered: usize =
                map.fields.iter().filter(|field| field.enclosing.contains(&index)).map(|field| field.range.len()).sum();
            let mut cursor = Cursor::new(&sample.bytes[length.range.clone()]);
            let said =
                if length.kind == FieldKind::Length { usize::from(cursor.u16()) } else { cursor.variable() as usize };
            assert_eq!(covered, said, "{} of {}", length.path, sample.title);
        }
    }
}
