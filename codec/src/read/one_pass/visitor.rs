//! Who is shown the properties of a packet while they are judged.

use crate::packet::{Property, PropertyHome, PropertyId, RawValue};

/// Is shown each property as soon as it is judged, in the order of the bytes.
pub(crate) trait Visit<'a> {
    /// A property of the variable header, or of the will.
    fn property(&mut self, home: PropertyHome, id: PropertyId, value: RawValue<'a>);
}

/// Nobody: the properties stay a block, whose values are read when asked for.
pub(crate) struct Unvisited;

impl Visit<'_> for Unvisited {
    #[inline]
    fn property(&mut self, _: PropertyHome, _: PropertyId, _: RawValue<'_>) {}
}

/// A caller's function. Counts what it has been shown: the reader, if the packet goes to it, shows the rest.
pub(crate) struct Visiting<F> {
    pub(crate) show: F,
    pub(crate) shown: usize,
}

impl<'a, F: FnMut(PropertyHome, Property<'a>)> Visit<'a> for Visiting<F> {
    // A value of known type leaves few identifiers to choose from.
    #[expect(clippy::inline_always, reason = "what is known of the value is settled by the compiler")]
    #[inline(always)]
    fn property(&mut self, home: PropertyHome, id: PropertyId, value: RawValue<'a>) {
        self.shown += 1;
        // The value was judged by its identifier: they fit.
        let shown = Property::hand_over(id, value, |property| (self.show)(home, property));
        debug_assert!(shown.is_some(), "{id}");
    }
}
