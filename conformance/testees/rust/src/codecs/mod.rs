//! The codecs, each behind the same two questions.

mod mqttrs2;
mod ours;
mod rumqttc;
mod rumqttc_v4;
mod rumqttc_v5;

/// Version and sender of the bytes, in the words of the protocol.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `3.1`, `3.1.1` or `5`.
    pub(crate) version: &'a str,
    /// `client` or `server`.
    pub(crate) sender: &'a str,
}

/// What a codec says of the bytes that it has.
pub(crate) enum Verdict {
    /// A packet of so many bytes.
    Packet {
        /// Bytes that it took.
        consumed: usize,
        /// Its values, as a line.
        values: String,
    },
    /// No packet yet, and at least so many bytes to come, where the codec knows.
    Wants(Option<usize>),
    /// The bytes are refused.
    Refused {
        /// For what, in a word of the protocol.
        kind: &'static str,
        /// The reason code to answer with, where the codec has one.
        reason: Option<u8>,
        /// What it says.
        text: String,
    },
}

/// A codec.
pub(crate) trait Testee {
    /// Name, version and capabilities.
    fn greeting(&self) -> String;
    /// The packet at the start of these bytes; `None`: it doesn't have this version or sender.
    fn decode(&self, asked: Asked<'_>, bytes: &[u8]) -> Option<Verdict>;
    /// A fresh incremental decoder.
    fn stream(&self, asked: Asked<'_>) -> Option<Box<dyn Incremental>>;
}

/// A decoder that bytes are given to as they come.
pub(crate) trait Incremental {
    /// Takes more bytes.
    fn feed(&mut self, piece: &[u8]);
    /// What it says of the bytes that are left.
    fn next(&mut self) -> Verdict;
}

/// The codec of this name.
pub(crate) fn testee(name: &str) -> Option<Box<dyn Testee>> {
    Some(match name {
        "ours" => Box::new(ours::Ours),
        "rumqttc" => Box::new(rumqttc::Rumqttc),
        "mqttrs2" => Box::new(mqttrs2::Mqttrs2),
        _ => return None,
    })
}

/// The version of a dependency, as the lock file has it.
fn version_of(dependency: &str) -> &'static str {
    let (_, behind) =
        include_str!("../../Cargo.lock").split_once(&format!("\"{dependency}\"\nversion = \"")).unwrap_or_default();
    behind.split('"').next().unwrap_or_default()
}
