//! A place in a buffer that a whole packet fits in: its pieces are put there one after the other, and the buffer is told of them
//! at the end, once. `BufMut::put_slice` asks for room and tells of the bytes at every piece, which is more work than copying
//! most pieces is.
//!
//! What is unsafe is telling a buffer how many bytes it has got. Here that number is what [`Place`] has been given, however many
//! its user meant to give it: it is never trusted, only counted. The safe twin uses `put_slice`.

#[cfg(not(mqtt_assay_safe))]
pub(crate) use counted::{Place, fill};
#[cfg(mqtt_assay_safe)]
pub(crate) use piecewise::{Place, fill};

#[cfg(not(mqtt_assay_safe))]
#[allow(unsafe_code, reason = "writing a small PUBLISH takes 1.75 times the instructions with the safe twin")]
mod counted {
    use core::mem::MaybeUninit;

    use bytes::BufMut;

    /// What is left of the place. Only [`fill`] makes one.
    pub(crate) struct Place<'a> {
        rest: &'a mut [MaybeUninit<u8>],
    }

    /// Has `write` put at most `length` bytes at the end of the buffer. False: the buffer has no such place in one piece, and
    /// nothing is written.
    #[expect(clippy::inline_always, reason = "the closure is the caller's code")]
    #[inline(always)]
    pub(crate) fn fill<B: BufMut>(buffer: &mut B, length: usize, write: impl FnOnce(&mut Place<'_>)) -> bool {
        // SAFETY: nothing but bytes that have a value is written to it, by `Place`.
        let room = unsafe { buffer.chunk_mut().as_uninit_slice_mut() };
        let Some(rest) = room.get_mut(..length) else { return false };
        let mut place = Place { rest };
        write(&mut place);
        let filled = length - place.rest.len();
        // SAFETY: `rest` was the first `length` bytes of the buffer's room; it is moved forward by `Place` alone, each time over
        // bytes that have just been written. `write` can't put another place in its stead: it knows no other of this lifetime.
        unsafe { buffer.advance_mut(filled) };
        true
    }

    impl Place<'_> {
        /// Puts bytes. Where there is no room for them nothing is put, and nothing counted.
        #[expect(clippy::inline_always, reason = "a piece of known length is a store or two")]
        #[inline(always)]
        pub(crate) fn put(&mut self, bytes: &[u8]) {
            self.put_with(bytes.len(), |place| _ = place.write_copy_of_slice(bytes));
        }

        /// As [`put`](Self::put), for what is short most of the time: that is copied without a call.
        #[expect(clippy::inline_always, reason = "a call is what this saves")]
        #[inline(always)]
        pub(crate) fn put_short(&mut self, bytes: &[u8]) {
            self.put_with(bytes.len(), |place| {
                if bytes.len() > 32 || !(copy_ends::<16>(bytes, place) || copy_ends::<8>(bytes, place)) {
                    place.write_copy_of_slice(bytes);
                }
            });
        }

        /// `copy` writes all of the place that it is given, which has this length.
        #[expect(clippy::inline_always, reason = "see `put`")]
        #[inline(always)]
        fn put_with(&mut self, length: usize, copy: impl FnOnce(&mut [MaybeUninit<u8>])) {
            let rest = core::mem::take(&mut self.rest);
            if rest.len() < length {
                self.rest = rest;
                return;
            }
            let (place, rest) = rest.split_at_mut(length);
            copy(place);
            self.rest = rest;
        }
    }

    /// Copies the first `N` bytes and the last, which are all where there are `N` to twice as many. False: there are fewer, and
    /// nothing is copied.
    #[expect(clippy::inline_always, reason = "it is four instructions")]
    #[inline(always)]
    fn copy_ends<const N: usize>(bytes: &[u8], place: &mut [MaybeUninit<u8>]) -> bool {
        debug_assert_eq!(bytes.len(), place.len());
        let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else { return false };
        let Some(to) = place.first_chunk_mut::<N>() else { return false };
        *to = first.map(MaybeUninit::new);
        let Some(to) = place.last_chunk_mut::<N>() else { return false };
        *to = last.map(MaybeUninit::new);
        true
    }
}

/// The safe twin.
#[cfg(mqtt_assay_safe)]
mod piecewise {
    use bytes::BufMut;

    /// A buffer that has room.
    pub(crate) struct Place<'a> {
        buffer: &'a mut dyn BufMut,
    }

    /// As its unsafe twin; the place need not be in one piece.
    #[inline]
    pub(crate) fn fill<B: BufMut>(buffer: &mut B, length: usize, write: impl FnOnce(&mut Place<'_>)) -> bool {
        let fits = buffer.remaining_mut() >= length;
        if fits {
            write(&mut Place { buffer });
        }
        fits
    }

    impl Place<'_> {
        /// Puts bytes.
        #[inline]
        pub(crate) fn put(&mut self, bytes: &[u8]) {
            self.buffer.put_slice(bytes);
        }

        /// Puts bytes.
        #[inline]
        pub(crate) fn put_short(&mut self, bytes: &[u8]) {
            self.put(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use bytes::{BufMut, BytesMut};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Pieces of all lengths that are copied in another way, and how long the place is: for all of them, more, or less.
    fn pieces() -> impl Strategy<Value = (Vec<Vec<u8>>, usize)> {
        vec(vec(any::<u8>(), 0..70), 0..6).prop_flat_map(|pieces| {
            let length: usize = pieces.iter().map(Vec::len).sum();
            (Just(pieces), prop_oneof![Just(length), 0..length + 20])
        })
    }

    fn put_all(pieces: &[Vec<u8>], buffer: &mut impl BufMut, length: usize) -> bool {
        fill(buffer, length, |place| {
            for (number, piece) in pieces.iter().enumerate() {
                if number % 2 == 0 { place.put(piece) } else { place.put_short(piece) }
            }
        })
    }

    /// The pieces for which there is room; the safe twin is told the true length and has room for all.
    fn fitting(pieces: &[Vec<u8>], length: usize) -> Vec<u8> {
        pieces.iter().fold(Vec::new(), |mut fitting, piece| {
            if fitting.len() + piece.len() <= length {
                fitting.extend_from_slice(piece);
            }
            fitting
        })
    }

    proptest! {
        #[test]
        fn a_buffer_gets_what_was_put_there_and_is_told_of_no_more((pieces, length) in pieces(), room in 0..500_usize) {
            let expected = fitting(&pieces, length);
            prop_assume!(!cfg!(mqtt_assay_safe) || expected == pieces.concat());
            let mut bytes = [0xEE; 500];
            let mut slice = &mut bytes[..room];
            let filled = put_all(&pieces, &mut slice, length);
            prop_assert_eq!(filled, length <= room);
            prop_assert_eq!(slice.len(), if filled { room - expected.len() } else { room });
            prop_assert_eq!(&bytes[..if filled { expected.len() } else { 0 }], if filled { &expected[..] } else { &[] });
        }

        #[test]
        fn a_growing_buffer_keeps_what_it_has((pieces, length) in pieces(), before in vec(any::<u8>(), 0..50)) {
            let expected = [&before[..], &fitting(&pieces, length)].concat();
            prop_assume!(!cfg!(mqtt_assay_safe) || expected.len() == before.len() + pieces.concat().len());
            let mut buffer = BytesMut::from(&before[..]);
            buffer.reserve(length);
            prop_assert!(put_all(&pieces, &mut buffer, length));
            prop_assert_eq!(&buffer[..], &expected[..]);
        }
    }
}
