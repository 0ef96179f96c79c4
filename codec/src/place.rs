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
#[allow(unsafe_code, reason = "writing a CONNECT takes twice the instructions with the safe twin")]
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
            let rest = core::mem::take(&mut self.rest);
            if rest.len() < bytes.len() {
                self.rest = rest;
                return;
            }
            let (place, rest) = rest.split_at_mut(bytes.len());
            place.write_copy_of_slice(bytes);
            self.rest = rest;
        }
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
    }
}
