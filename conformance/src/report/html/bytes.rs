//! Annotated hex: the fields of a packet with their bytes, for the cases that somebody will want to see in full.

use crate::link::parse_hex;
use mqtt_assay_codec::{Context, Sender, Version, annotations};
use serde::Serialize;
use std::collections::BTreeMap;

/// Fields of one packet that are shown.
const FIELDS: usize = 48;

/// Where the digits of a long packet are cut.
const CUT: &str = "[..]";

/// Offset, length, number of the path, value, and whether the rule is broken there.
#[derive(Serialize)]
pub(super) struct Field(usize, usize, usize, String, u8);

/// The paths of all fields, each once.
#[derive(Default)]
pub(super) struct Paths {
    places: BTreeMap<String, usize>,
    all: Vec<String>,
}

impl Paths {
    fn place(&mut self, path: String) -> usize {
        *self.places.entry(path).or_insert_with_key(|path| {
            self.all.push(path.clone());
            self.all.len() - 1
        })
    }

    /// In the order of their numbers.
    pub(super) fn all(&self) -> &[String] {
        &self.all
    }
}

/// The fields of a packet from its digits; of one that was cut those of its start. None where a password was taken out.
pub(super) fn fields(hex: &str, version: Version, from: Sender, paths: &mut Paths) -> Vec<Field> {
    let start = hex.split(CUT).next().unwrap_or_default();
    let Ok(bytes) = parse_hex(start) else { return Vec::new() };
    let all = annotations(&bytes, Context::new(version, from));
    let count = all.len();
    let shown = all.into_iter().enumerate().filter(|(index, field)| *index < FIELDS || field.is_at_fault);
    let mut fields: Vec<Field> = shown
        .map(|(_, field)| {
            let (start, length) = (field.range.start, field.range.len());
            Field(start, length, paths.place(field.path), field.value, u8::from(field.is_at_fault))
        })
        .collect();
    if count > fields.len() {
        let rest = paths.place(format!("{} more fields", count - fields.len()));
        fields.push(Field(bytes.len(), 0, rest, String::new(), 0));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(hex: &str) -> serde_json::Value {
        let mut paths = Paths::default();
        let fields = fields(hex, Version::V3_1_1, Sender::Client, &mut paths);
        serde_json::json!([fields, paths.all()])
    }

    #[test]
    fn each_field_is_told_and_the_one_at_fault_is_marked() {
        assert_eq!(
            told("c100").to_string(),
            r#"[[[0,1,0,"PINGREQ",0],[0,1,1,"0001",1],[1,1,2,"0",0]],["fixed header / packet type","fixed header / flags","fixed header / remaining length"]]"#
        );
    }

    #[test]
    fn a_packet_that_is_cut_or_has_a_password_is_told_as_far_as_it_goes() {
        assert_eq!(told("10********00"), serde_json::json!([[], []]));
        let cut = told("30ff7f000161[..]16386 bytes, mark 0[..]00");
        assert!(cut.to_string().contains(r#""topic name""#), "{cut}");
        assert_eq!(told("3"), serde_json::json!([[], []]));
    }

    #[test]
    fn of_many_fields_the_first_are_told() {
        let filters: String = (0..100).map(|_| "00016100").collect();
        let subscribe = told(&format!("829203000a{filters}"));
        let count = subscribe[0].as_array().expect("fields").len();
        assert_eq!(count, FIELDS + 1, "{subscribe}");
        assert!(subscribe[1].to_string().contains("more fields"), "{subscribe}");
    }
}
