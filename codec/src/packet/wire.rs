//! The small encodings that everything is made of: length prefixes and variable byte integers.

use bytes::BufMut;

/// Largest value of a variable byte integer: four bytes of seven bits (5.0 section 1.5.5).
pub(crate) const MAX_VARIABLE_BYTE_INTEGER: u32 = 268_435_455;

/// Whether data can have a two-byte length before it.
pub(crate) const fn fits(data: &[u8]) -> bool {
    data.len() <= u16::MAX as usize
}

/// Bytes that a variable byte integer takes in its shortest form.
pub(crate) const fn variable_len(value: u32) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// Writes a variable byte integer in its shortest form; `value` is at most [`MAX_VARIABLE_BYTE_INTEGER`].
pub(crate) fn put_variable(buffer: &mut impl BufMut, mut value: u32) {
    while value > 0x7F {
        buffer.put_u8((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    buffer.put_u8(value as u8);
}

/// Writes data behind its two-byte length; the caller has seen that it [`fits`].
pub(crate) fn put_prefixed(buffer: &mut impl BufMut, data: &[u8]) {
    buffer.put_u16(data.len() as u16);
    buffer.put_slice(data);
}
