//! Reads bytes that the decoder has accepted. Past the end it yields zeros and empty slices instead of failing, so
//! that a packet which was accepted under a waived rule cannot bring anything down.

use crate::text;

/// Position in accepted bytes.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// A variable byte integer of at most four bytes.
    #[inline]
    pub(crate) fn variable(&mut self) -> u32 {
        match *self.rest {
            [byte, ref rest @ ..] if byte < 0x80 => {
                self.rest = rest;
                u32::from(byte)
            }
            _ => self.long_variable(),
        }
    }

    fn long_variable(&mut self) -> u32 {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.u8();
            value |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    /// The next bytes, fewer if there are not so many.
    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Data behind its two-byte length.
    #[expect(clippy::inline_always, reason = "a call costs as much as a short string")]
    #[inline(always)]
    pub(crate) fn binary(&mut self) -> &'a [u8] {
        let length = usize::from(self.u16());
        self.take(length)
    }

    /// A string behind its two-byte length; up to the first ill-formed byte, where that rule was waived.
    #[expect(clippy::inline_always, reason = "a call costs as much as a short string")]
    #[inline(always)]
    pub(crate) fn string(&mut self) -> &'a str {
        text::of(self.binary())
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        match self.rest.split_first_chunk::<N>() {
            Some((array, rest)) => {
                self.rest = rest;
                *array
            }
            None => self.cut_array(),
        }
    }

    /// What there is of an array, with zeros behind it.
    #[cold]
    fn cut_array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }
}
