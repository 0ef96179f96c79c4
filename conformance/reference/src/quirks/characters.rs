//! Characters in topics that a receiver may refuse.

/// Whether a string has code points that 5.0 section 1.5.4 advises against.
pub(crate) fn has_control_characters(text: &str) -> bool {
    text.chars().any(is_control)
}

/// Control characters and non-characters, which a receiver may refuse.
pub(crate) fn is_control(character: char) -> bool {
    let code = u32::from(character);
    character.is_control() || (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}
