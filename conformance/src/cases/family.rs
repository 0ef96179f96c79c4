//! Rows for all members of a family at once: what they have in common is written once.

/// A case for each member: its name, what it adds to the title, and what it needs beyond the others.
macro_rules! family {
    ($function:ident : $title:literal, $common:tt, [$($member:literal $adds:literal $needs:tt),* $(,)?]) => {
        &[$($crate::cases::family::member!($function, $member, concat!($title, $adds), $common, $needs)),*]
    };
}

/// One of them.
macro_rules! member {
    ($function:ident, $member:literal, $title:expr, {$($common:tt)*}, $needs:tt) => {
        case!($function[$member]: $title, $($common)*, needs: &$needs)
    };
}

pub(super) use {family, member};
