//! Properties of 5.0: the table of them, one with its value, and a block of them in its encoded form.

mod block;
mod property;
mod rows;

pub use block::{Properties, PropertiesBuf, PropertiesIter};
pub(crate) use property::RawValue;
pub use property::{Property, PropertyHome, PropertyId, PropertyType};
