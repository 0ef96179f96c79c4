//! How connections and sessions end: in order, for a broken rule, by time; and the wills that follow.
//!
//! Floors, from below: `breach` names rules, `will`, `end`, `refuse`.
//! May use: the machine and its state, and `delivery`, by which wills go out.

pub(crate) mod breach;
pub(crate) mod end;
pub(crate) mod refuse;
pub(crate) mod will;
