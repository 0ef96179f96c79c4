//! Values as the files hold them: an object of JSON, from which one rule makes the line.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::packet::{PacketType, PropertyId};
use crate::vectors::json::{Json, unhex};
use crate::vectors::values::{Value, Values, property_name};

impl Values {
    /// The values as an object of JSON, without the type.
    ///
    /// Numbers are numbers, text and binary data hexadecimal digits. What can repeat is a list: `topic-filters`, the
    /// `reason-codes` of SUBACK and UNSUBACK, `properties` and `will-properties`. The line of [`Display`](core::fmt::Display)
    /// is made from it by one rule: a list is one field for each item under the name without its `s`, the parts of an item
    /// joined by colons; an item of `properties` begins with its own name, which in `will-properties` has `will.` before it.
    ///
    /// ```
    /// use mqtt_assay_codec::vectors::Values;
    /// use mqtt_assay_codec::{Packet, PropertiesBuf, Property, Publish, Version};
    /// let properties = PropertiesBuf::new().with(Property::UserProperty("k", "v"));
    /// let publish = Publish { topic: "a", properties: properties.as_properties(), ..Publish::default() };
    /// let values = Values::of(&Packet::Publish(publish), Version::V5);
    /// assert_eq!(
    ///     values.json(),
    ///     r#"{"dup":0,"qos":0,"retain":0,"topic":"61","properties":[["user-property","6b","76"]],"payload":""}"#
    /// );
    /// ```
    pub fn json(&self) -> String {
        let mut members: Vec<String> = Vec::new();
        let mut open = None;
        for (name, value) in &self.fields {
            let (list, item) = self.member(name, value);
            match members.last_mut() {
                Some(last) if list.is_some() && list == open => {
                    last.pop();
                    last.push_str(&format!(",{item}]"));
                }
                _ if list.is_some() => members.push(format!("\"{}\":[{item}]", list.unwrap_or_default())),
                _ => members.push(format!("\"{name}\":{item}")),
            }
            open = list;
        }
        format!("{{{}}}", members.join(","))
    }

    /// The list that a field belongs to, if it can repeat, and the field as JSON.
    fn member(&self, name: &str, value: &Value) -> (Option<&'static str>, String) {
        let parts = parts(value).join(",");
        let of_codes = matches!(self.packet, PacketType::Suback | PacketType::Unsuback);
        match (name, value) {
            ("topic-filter", Value::Filter(..)) => (Some("topic-filters"), format!("[{parts}]")),
            ("topic-filter", _) => (Some("topic-filters"), parts),
            ("reason-code", _) if of_codes => (Some("reason-codes"), parts),
            _ if let Some(name) = name.strip_prefix("will.") => {
                (Some("will-properties"), format!("[\"{name}\",{parts}]"))
            }
            _ if is_property(name) => (Some("properties"), format!("[\"{name}\",{parts}]")),
            _ => (None, parts),
        }
    }

    /// Reads what [`json`](Self::json) has written of a packet of this type.
    pub(super) fn read(packet: PacketType, object: &Json<'_>) -> Option<Self> {
        let Json::Object(members) = object else { return None };
        let mut fields = Vec::new();
        for (key, value) in members {
            match value {
                Json::List(items) => {
                    for item in items {
                        fields.push(listed(key, item)?);
                    }
                }
                _ => fields.push(((*key).to_string(), of_parts(core::slice::from_ref(value))?)),
            }
        }
        Some(Self { packet, fields })
    }
}

/// Name and value of an item of a list.
fn listed(key: &str, item: &Json<'_>) -> Option<(String, Value)> {
    let own = core::slice::from_ref(item);
    let parts = if matches!(item, Json::List(_)) { item.list() } else { own };
    let Some(of) = key.strip_suffix("properties") else {
        return Some((key.strip_suffix('s')?.to_string(), of_parts(parts)?));
    };
    let (name, parts) = parts.split_first()?;
    Some((format!("{}{}", of.replace('-', "."), name.text()?), of_parts(parts)?))
}

fn of_parts(parts: &[Json<'_>]) -> Option<Value> {
    Some(match parts {
        [Json::Number(number)] => Value::Number(*number),
        [Json::Text(digits)] => Value::Bytes(unhex(digits)),
        [Json::Text(name), Json::Text(value)] => Value::Pair(unhex(name), unhex(value)),
        [Json::Text(filter), options @ ..] => {
            let options: Option<Vec<u8>> = options.iter().map(|option| option.number()?.try_into().ok()).collect();
            Value::Filter(unhex(filter), options?)
        }
        _ => return None,
    })
}

/// The parts of a value, each as JSON.
fn parts(value: &Value) -> Vec<String> {
    let line = value.to_string();
    match value {
        Value::Number(_) => [line].into(),
        Value::Filter(..) => {
            let part = |(index, part): (usize, &str)| if index == 0 { format!("\"{part}\"") } else { part.into() };
            line.split(':').enumerate().map(part).collect()
        }
        _ => line.split(':').map(|part| format!("\"{part}\"")).collect(),
    }
}

fn is_property(name: &str) -> bool {
    PropertyId::ALL.into_iter().any(|id| property_name(id) == name)
}
