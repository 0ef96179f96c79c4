//! Mutations out of the table of all, by name or by family.

use crate::mutate::mutation::Mutation;
use crate::mutate::table::MUTATIONS;

/// Names of whole families whose mutations are called otherwise; [`Mutation::find`] knows them.
const ALIASES: &[(&str, &str)] = &[
    ("connect.will-flags-without-will", "connect.will-qos-without-will"),
    ("topic.share-malformed", "filter.share-without-filter"),
];

impl Mutation {
    /// The mutation with this name, or the first one of this family: `topic.wildcard-in-name` finds
    /// `topic.wildcard-in-name.hash`.
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, target)| target);
        let family =
            |mutation: &&Self| mutation.name.strip_prefix(name).is_some_and(|variant| variant.starts_with(['.', '@']));
        let exact = MUTATIONS.iter().find(|mutation| mutation.name == name);
        exact.or_else(|| MUTATIONS.iter().find(family))
    }

    /// The mutation with exactly this name, for constants: a name that does not exist does not compile.
    ///
    /// # Panics
    ///
    /// If there is none, which in a constant is an error of compilation.
    pub const fn named(name: &str) -> Self {
        let mut index = 0;
        while index < MUTATIONS.len() {
            if same(MUTATIONS[index].name.as_bytes(), name.as_bytes()) {
                return MUTATIONS[index];
            }
            index += 1;
        }
        panic!("no mutation has this name")
    }
}

/// Equality of names that works in constants.
const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}
