//! The repeated parts of payloads: subscriptions, topic filters, reason codes. Each is the encoded slice with an
//! iterator; the builders write the same encoding.

use alloc::vec::Vec;
use core::fmt;

use crate::packet::code::ReasonCode;
use crate::packet::cursor::Cursor;
use crate::packet::encode_error::EncodeError;
use crate::packet::listed::listed;
use crate::packet::options::SubscriptionOptions;
use crate::packet::wire;

/// What a list of topic filters has, whatever stands beside each of them. The literals are words of its documentation: what
/// is iterated over, and the packet whose payload it is.
macro_rules! filter_list {
    ($list:ident, $iter:ident, $item:ty, $yields:literal, $packet:literal) => {
        impl<'a> $list<'a> {
            #[doc = concat!($yields, ", in order.")]
            pub fn iter(&self) -> $iter<'a> {
                $iter { cursor: Cursor::new(self.bytes) }
            }

            /// Number of topic filters; counts them.
            pub fn len(&self) -> usize {
                self.iter().count()
            }

            #[doc = concat!("Whether there are none, which no legal ", $packet, " has.")]
            pub const fn is_empty(&self) -> bool {
                self.bytes.is_empty()
            }

            /// The encoded payload.
            pub const fn as_bytes(&self) -> &'a [u8] {
                self.bytes
            }

            #[inline]
            pub(crate) const fn error(&self) -> Option<EncodeError> {
                if self.too_long { Some(EncodeError::TopicFilterTooLong) } else { None }
            }
        }

        listed! { $list, $iter, $item }
    };
}

/// Appends a topic filter; remembers one that cannot be encoded.
#[inline]
fn put_filter(filter: &str, bytes: &mut Vec<u8>, too_long: &mut bool) -> Result<(), EncodeError> {
    if !wire::fits(filter.as_bytes()) {
        *too_long = true;
        return Err(EncodeError::TopicFilterTooLong);
    }
    wire::put_prefixed(bytes, filter.as_bytes());
    Ok(())
}

/// The payload of SUBSCRIBE: topic filters, each with its options.
#[derive(Clone, Copy)]
pub struct Subscriptions<'a> {
    bytes: &'a [u8],
    /// Whether the builder was given a filter that it could not encode.
    too_long: bool,
    /// Whether it is known that there is a QoS behind every filter and nothing else.
    qos_only: bool,
}

impl<'a> Subscriptions<'a> {
    /// A payload that the decoder accepted; `qos_only`: in a version without other options.
    pub(crate) const fn from_payload(bytes: &'a [u8], qos_only: bool) -> Self {
        Self { bytes, too_long: false, qos_only }
    }

    /// Whether there is a QoS behind every filter and nothing else.
    #[inline]
    pub(crate) fn have_qos_only(&self) -> bool {
        self.qos_only || self.options().all(|options| options.to_byte() <= 2)
    }

    /// The options alone: passes over the topic filters without reading them.
    fn options(&self) -> impl Iterator<Item = SubscriptionOptions> + use<'a> {
        let mut cursor = Cursor::new(self.bytes);
        core::iter::from_fn(move || {
            (!cursor.is_empty()).then(|| {
                cursor.binary();
                SubscriptionOptions::from_accepted_byte(cursor.u8())
            })
        })
    }
}

impl PartialEq for Subscriptions<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes, self.too_long) == (other.bytes, other.too_long)
    }
}

impl Eq for Subscriptions<'_> {}

filter_list! {
    Subscriptions, SubscriptionsIter, (&'a str, SubscriptionOptions), "Topic filters with their options", "SUBSCRIBE"
}

/// Iterator over [`Subscriptions`].
#[derive(Debug, Clone)]
pub struct SubscriptionsIter<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for SubscriptionsIter<'a> {
    type Item = (&'a str, SubscriptionOptions);

    #[expect(clippy::inline_always, reason = "a call costs as much as reading a filter")]
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_empty() {
            return None;
        }
        let filter = self.cursor.string();
        Some((filter, SubscriptionOptions::from_accepted_byte(self.cursor.u8())))
    }
}

/// Builds the payload of a SUBSCRIBE.
///
/// A filter above 65,535 bytes is left out and remembered: encoding a packet with this payload fails.
///
/// ```
/// use mqtt_assay_codec::{QoS, SubscriptionsBuf};
/// let filters: SubscriptionsBuf = [("sport/#", QoS::AtLeastOnce)].into_iter().collect();
/// assert_eq!(filters.as_subscriptions().iter().next(), Some(("sport/#", QoS::AtLeastOnce.into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriptionsBuf {
    bytes: Vec<u8>,
    too_long: bool,
    more_than_qos: bool,
}

impl SubscriptionsBuf {
    /// No subscriptions yet.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), too_long: false, more_than_qos: false }
    }

    /// Appends a topic filter with its options, or with a QoS alone.
    pub fn push(&mut self, filter: &str, options: impl Into<SubscriptionOptions>) -> Result<&mut Self, EncodeError> {
        put_filter(filter, &mut self.bytes, &mut self.too_long)?;
        let options = options.into().to_byte();
        self.more_than_qos |= options > 2;
        self.bytes.push(options);
        Ok(self)
    }

    /// The payload, for a packet.
    pub fn as_subscriptions(&self) -> Subscriptions<'_> {
        Subscriptions { bytes: &self.bytes, too_long: self.too_long, qos_only: !self.more_than_qos }
    }
}

impl<'f, O: Into<SubscriptionOptions>> FromIterator<(&'f str, O)> for SubscriptionsBuf {
    fn from_iter<I: IntoIterator<Item = (&'f str, O)>>(filters: I) -> Self {
        let mut built = Self::new();
        for (filter, options) in filters {
            // The error is kept and comes back when a packet is encoded.
            drop(built.push(filter, options));
        }
        built
    }
}

/// The payload of UNSUBSCRIBE: topic filters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TopicFilters<'a> {
    bytes: &'a [u8],
    /// Whether the builder was given a filter that it could not encode.
    too_long: bool,
}

impl<'a> TopicFilters<'a> {
    pub(crate) const fn from_payload(bytes: &'a [u8]) -> Self {
        Self { bytes, too_long: false }
    }
}

filter_list! { TopicFilters, TopicFiltersIter, &'a str, "Topic filters", "UNSUBSCRIBE" }

/// Iterator over [`TopicFilters`].
#[derive(Debug, Clone)]
pub struct TopicFiltersIter<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for TopicFiltersIter<'a> {
    type Item = &'a str;

    #[expect(clippy::inline_always, reason = "a call costs as much as reading a filter")]
    #[inline(always)]
    fn next(&mut self) -> Option<&'a str> {
        (!self.cursor.is_empty()).then(|| self.cursor.string())
    }
}

/// Builds the payload of an UNSUBSCRIBE.
///
/// A filter above 65,535 bytes is left out and remembered: encoding a packet with this payload fails.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicFiltersBuf {
    bytes: Vec<u8>,
    too_long: bool,
}

impl TopicFiltersBuf {
    /// No filters yet.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), too_long: false }
    }

    /// Appends a topic filter.
    pub fn push(&mut self, filter: &str) -> Result<&mut Self, EncodeError> {
        put_filter(filter, &mut self.bytes, &mut self.too_long)?;
        Ok(self)
    }

    /// The payload, for a packet.
    pub fn as_topic_filters(&self) -> TopicFilters<'_> {
        TopicFilters { bytes: &self.bytes, too_long: self.too_long }
    }
}

impl<'f> FromIterator<&'f str> for TopicFiltersBuf {
    fn from_iter<I: IntoIterator<Item = &'f str>>(filters: I) -> Self {
        let mut built = Self::new();
        for filter in filters {
            drop(built.push(filter));
        }
        built
    }
}

/// The payload of SUBACK and UNSUBACK: one reason code for each topic filter.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ReasonCodes<'a>(&'a [u8]);

impl<'a> ReasonCodes<'a> {
    /// No codes, as in UNSUBACK of 3.1.1.
    pub const EMPTY: Self = Self(&[]);

    /// The codes, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ReasonCode> + DoubleEndedIterator + use<'a> {
        self.0.iter().map(|&code| ReasonCode(code))
    }

    /// The code of the topic filter at `index`.
    pub fn get(&self, index: usize) -> Option<ReasonCode> {
        self.0.get(index).map(|&code| ReasonCode(code))
    }

    /// Number of codes.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The codes as bytes.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> From<&'a [u8]> for ReasonCodes<'a> {
    fn from(codes: &'a [u8]) -> Self {
        Self(codes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for ReasonCodes<'a> {
    fn from(codes: &'a [u8; N]) -> Self {
        Self(codes)
    }
}

impl fmt::Debug for ReasonCodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
