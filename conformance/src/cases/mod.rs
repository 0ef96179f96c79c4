//! The cases, one file a chapter.

mod connect;
mod prelude;
mod publish;

use crate::case::{Chapter, Instance};
use mqtt_assay_codec::Version;

/// Every chapter, in the order of the standard.
pub const CHAPTERS: &[Chapter] =
    &[Chapter { name: "connect", cases: connect::CASES }, Chapter { name: "publish", cases: publish::CASES }];

/// Every case in every version it exists in, in the order of the chapters.
pub fn all() -> impl Iterator<Item = Instance> {
    [Version::V3_1_1, Version::V5].into_iter().flat_map(|version| {
        CHAPTERS.iter().flat_map(move |chapter| {
            chapter.cases.iter().filter_map(move |case| {
                case.rules(version).map(|rules| Instance { chapter: chapter.name, case, version, rules })
            })
        })
    })
}
