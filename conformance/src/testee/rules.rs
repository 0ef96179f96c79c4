//! What is asked of a decoder besides the statements of the standard, under ids of its own, as the page of the book has them.

/// A rule of a decoder: its id, and what it asks.
type OwnRule = (&'static str, &'static str);

/// It answers at all.
pub(super) const SURVIVES: &str = "decoder-survives";
/// Of a whole legal packet.
pub(super) const ACCEPTS: &str = "decoder-accepts";
/// Of a breach that no statement of this version has an id for.
pub(super) const REFUSES: &str = "decoder-refuses";
/// Of a packet that it accepts.
pub(super) const VALUES: &str = "decoder-values";
/// Of a packet that it accepts.
pub(super) const LENGTH: &str = "decoder-length";
/// Of the start of a packet.
pub(super) const WAITS: &str = "decoder-waits";
/// Of a stream.
pub(super) const PIECES: &str = "decoder-pieces";

/// All of them.
pub(super) const OWN: [OwnRule; 7] = [
    (SURVIVES, "Answers every question in a line of the protocol: it does not crash, hang or take all memory."),
    (ACCEPTS, "Accepts a whole legal packet."),
    (REFUSES, "Refuses bytes that are no legal packet of their version, where no statement has an id for it."),
    (VALUES, "Hands out what an accepted packet says: its type, and every field with its value."),
    (LENGTH, "Takes exactly the bytes of an accepted packet."),
    (WAITS, "Waits for more where the start of a legal packet has come."),
    (PIECES, "Says of a stream the same however it is cut: each packet once, with the piece that completes it."),
];

/// What a rule of this id asks.
pub(crate) fn says(id: &str) -> Option<&'static str> {
    OWN.iter().find(|(known, _)| *known == id).map(|(_, says)| *says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_protocol_has_each_with_its_words() {
        let page = include_str!("../../book/src/testee.md");
        for (id, says) in OWN {
            assert!(page.contains(&format!("| `{id}` | {says} |")), "{id}");
        }
        assert_eq!(says(SURVIVES), Some(OWN[0].1));
        assert_eq!(says("decoder-other"), None);
    }
}
