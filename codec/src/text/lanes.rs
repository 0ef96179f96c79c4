//! Sixteen bytes compared at once: by SSE2 where the target has it, by two words everywhere else.
//!
//! The functions of SSE2 only compute; bytes get into a register by way of integers. They are unsafe to call for one reason:
//! the processor might not have them. Here it has, for the module is compiled for targets only whose every processor does.
//! With the safe twin, two words, judging takes 1.5 times (a short PUBLISH) to 2.3 times (a SUBSCRIBE) the instructions. Both
//! forms are held against each other and against single bytes.

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(mqtt_assay_safe)))]
pub(crate) use sse2::{Lanes, Marks};
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2", not(mqtt_assay_safe))))]
pub(crate) use words::{Lanes, Marks};

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(mqtt_assay_safe)))]
#[allow(
    unsafe_code,
    reason = "the functions of SSE2 are unsafe to call from functions that do not name SSE2 themselves"
)]
mod sse2 {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8, _mm_setzero_si128,
    };

    /// Sixteen bytes.
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes(__m128i);

    /// Some of sixteen bytes: those whose highest bit is set.
    #[derive(Clone, Copy)]
    pub(crate) struct Marks(__m128i);

    impl Lanes {
        /// The bytes of two words, lowest first.
        #[inline]
        pub(crate) fn of_words(low: u64, high: u64) -> Self {
            // SAFETY: the target has SSE2, see above. The same holds for all that follows.
            Self(unsafe { _mm_set_epi64x(high.cast_signed(), low.cast_signed()) })
        }

        /// The bytes above 127.
        #[inline]
        pub(crate) fn high(self) -> Marks {
            Marks(self.0)
        }

        /// The bytes that are `byte`.
        #[inline]
        pub(crate) fn equal(self, byte: u8) -> Marks {
            Marks(unsafe { _mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte.cast_signed())) })
        }

        /// Sets these bits in every byte.
        #[inline]
        pub(crate) fn with_bits(self, bits: u8) -> Self {
            Self(unsafe { _mm_or_si128(self.0, _mm_set1_epi8(bits.cast_signed())) })
        }
    }

    impl Marks {
        /// No byte.
        #[inline]
        pub(crate) fn none() -> Self {
            Self(unsafe { _mm_setzero_si128() })
        }

        /// What is in either.
        #[inline]
        pub(crate) fn or(self, other: Self) -> Self {
            Self(unsafe { _mm_or_si128(self.0, other.0) })
        }

        /// One bit a byte, the first byte lowest.
        #[inline]
        pub(crate) fn bits(self) -> u64 {
            u64::from(unsafe { _mm_movemask_epi8(self.0) }.cast_unsigned())
        }
    }
}

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2", not(mqtt_assay_safe)))))]
mod words {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = 0x80 * ONES;

    /// Sixteen bytes.
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes(u64, u64);

    /// Some of sixteen bytes: those whose highest bit is set.
    #[derive(Clone, Copy)]
    pub(crate) struct Marks(u64, u64);

    impl Lanes {
        /// The bytes of two words, lowest first.
        #[inline]
        pub(crate) const fn of_words(low: u64, high: u64) -> Self {
            Self(low, high)
        }

        /// The bytes above 127.
        #[inline]
        pub(crate) const fn high(self) -> Marks {
            Marks(self.0, self.1)
        }

        /// The bytes that are `byte`.
        #[inline]
        pub(crate) const fn equal(self, byte: u8) -> Marks {
            let pattern = ONES * byte as u64;
            Marks(zero_bytes(self.0 ^ pattern), zero_bytes(self.1 ^ pattern))
        }

        /// Sets these bits in every byte.
        #[inline]
        pub(crate) const fn with_bits(self, bits: u8) -> Self {
            Self(self.0 | (ONES * bits as u64), self.1 | (ONES * bits as u64))
        }
    }

    impl Marks {
        /// No byte.
        #[inline]
        pub(crate) const fn none() -> Self {
            Self(0, 0)
        }

        /// What is in either.
        #[inline]
        pub(crate) const fn or(self, other: Self) -> Self {
            Self(self.0 | other.0, self.1 | other.1)
        }

        /// One bit a byte, the first byte lowest.
        #[inline]
        pub(crate) const fn bits(self) -> u64 {
            high_bits(self.0) | high_bits(self.1) << 8
        }
    }

    /// The high bit of each byte that is 0.
    #[inline]
    const fn zero_bytes(word: u64) -> u64 {
        !((word & !HIGH_BITS).wrapping_add(!HIGH_BITS) | word) & HIGH_BITS
    }

    /// The high bits of the bytes, side by side.
    #[inline]
    const fn high_bits(word: u64) -> u64 {
        ((word & HIGH_BITS) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use proptest::prelude::*;

    use super::words::{Lanes as TwinLanes, Marks as TwinMarks};
    use super::{Lanes, Marks};

    fn bits_where(bytes: [u8; 16], chosen: impl Fn(u8) -> bool) -> u64 {
        bytes.iter().rev().fold(0, |bits, &byte| bits << 1 | u64::from(chosen(byte)))
    }

    proptest! {
        #[test]
        fn both_forms_see_what_is_there(bytes: [u8; 16], common: u8, places: u16, bits: u8) {
            // Some bytes alike, so that there is something to be found.
            let mut bytes = bytes;
            (0..16).filter(|at| places & 1 << at != 0).for_each(|at| bytes[at] = common);
            let [low, high] = [0, 8].map(|at| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")));
            let (lanes, twin) = (Lanes::of_words(low, high), TwinLanes::of_words(low, high));
            let equal = bits_where(bytes, |byte| byte == common);
            prop_assert_eq!((lanes.equal(common).bits(), twin.equal(common).bits()), (equal, equal));
            let above = bits_where(bytes, |byte| byte > 127);
            prop_assert_eq!((lanes.high().bits(), twin.high().bits()), (above, above));
            let set = bits_where(bytes, |byte| byte | bits == common | bits);
            let (with, twin_with) = (lanes.with_bits(bits), twin.with_bits(bits));
            prop_assert_eq!((with.equal(common | bits).bits(), twin_with.equal(common | bits).bits()), (set, set));
            prop_assert_eq!(lanes.equal(common).or(lanes.high()).bits(), equal | above);
            prop_assert_eq!(twin.equal(common).or(twin.high()).bits(), equal | above);
            prop_assert_eq!((Marks::none().bits(), TwinMarks::none().bits()), (0, 0));
        }
    }
}
