//! Topic filters and topics, in groups: which filter matches which topics was set by hand. Whatever stands in a group and is
//! not named with a filter is not matched by it.
//!
//! The order of the filters counts: where one shows two peculiarities at once, each alone has come before.

/// Filters and topics that are held against each other.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) topics: &'static [&'static str],
    /// Each filter with the topics that it matches.
    pub(super) filters: &'static [(&'static str, &'static [&'static str])],
}

macro_rules! of_22_bytes {
    ($rest:literal) => {
        concat!("abcdefghijklmnopqrstuv", $rest)
    };
}

macro_rules! of_200_bytes {
    ($rest:literal) => {
        concat!(
            "a-topic-whose-name-is-long-and-differs-from-its-neighbours-only-where-few-would-look-for-a-difference-",
            "and-the-second-half-of-it-goes-on-like-the-first-until-two-hundred-bytes-are-written-down-at-last-",
            $rest
        )
    };
}

/// All groups.
pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "parents",
        topics: &["a", "a/b", "a/b/c", "b", "a/", "ab", "a/b/"],
        filters: &[
            ("a/#", &["a", "a/b", "a/b/c", "a/", "a/b/"]),
            ("a/b/#", &["a/b", "a/b/c", "a/b/"]),
            ("a/b/c/#", &["a/b/c"]),
            ("b/#", &["b"]),
            ("a/+", &["a/b", "a/"]),
            ("+/b/#", &["a/b", "a/b/c", "a/b/"]),
            ("a/+/#", &["a/b", "a/b/c", "a/", "a/b/"]),
        ],
    },
    Group {
        name: "levels",
        topics: &["a", "a/b", "a/b/c", "a/c", "b/a", "a/b/c/d", "x"],
        filters: &[
            ("+", &["a", "x"]),
            ("a/+", &["a/b", "a/c"]),
            ("+/b", &["a/b"]),
            ("+/+", &["a/b", "a/c", "b/a"]),
            ("a/+/c", &["a/b/c"]),
            ("+/b/+", &["a/b/c"]),
            ("+/+/+/d", &["a/b/c/d"]),
        ],
    },
    Group {
        name: "empty-levels",
        topics: &["a/b", "a//b", "a/", "/a", "a", "//", "/", "a/b/"],
        filters: &[
            ("a/+", &["a/b", "a/"]),
            ("a/+/b", &["a//b"]),
            ("+/a", &["/a"]),
            ("a//b", &["a//b"]),
            ("+", &["a"]),
            ("+/+", &["a/b", "a/", "/a", "/"]),
            ("/", &["/"]),
            ("//", &["//"]),
            ("/+", &["/a", "/"]),
            ("a/+/", &["a/b/"]),
            ("a/+/+", &["a//b", "a/b/"]),
            ("+/+/+", &["a//b", "//", "a/b/"]),
        ],
    },
    Group {
        name: "signs",
        topics: &["a.b", "a/b", "a*b", "a>b", "a?b", "a[b]", "ab", "a*", "a"],
        filters: &[
            ("a.b", &["a.b"]),
            ("a*b", &["a*b"]),
            ("a?b", &["a?b"]),
            ("a[b]", &["a[b]"]),
            ("a*", &["a*"]),
            ("a>b", &["a>b"]),
            ("a", &["a"]),
            ("*", &[]),
            ("a/>", &[]),
        ],
    },
    Group {
        name: "letters",
        topics: &["News", "news", "NEWS", "news ", " news", "news/Today", "news/today"],
        filters: &[
            ("News", &["News"]),
            ("news", &["news"]),
            ("NEWS", &["NEWS"]),
            ("news ", &["news "]),
            ("news/Today", &["news/Today"]),
            ("+/today", &["news/today"]),
            ("news/#", &["news", "news/Today", "news/today"]),
        ],
    },
    Group {
        name: "dollar",
        topics: &["a/$b", "a/b", "a/$SYS", "$a", "a/$b/c"],
        filters: &[
            ("a/$b", &["a/$b"]),
            ("a/+", &["a/$b", "a/b", "a/$SYS"]),
            ("a/#", &["a/$b", "a/b", "a/$SYS", "a/$b/c"]),
            ("+/$b/c", &["a/$b/c"]),
            ("$a", &["$a"]),
            ("+", &["$a"]),
        ],
    },
    Group {
        name: "long-names",
        topics: &[
            of_22_bytes!(""),
            of_22_bytes!("1"),
            of_22_bytes!("2"),
            of_22_bytes!("1/x"),
            of_200_bytes!("1"),
            of_200_bytes!("2"),
        ],
        filters: &[
            (of_22_bytes!("1"), &[of_22_bytes!("1")]),
            (of_22_bytes!("2"), &[of_22_bytes!("2")]),
            (of_22_bytes!(""), &[of_22_bytes!("")]),
            (of_200_bytes!("1"), &[of_200_bytes!("1")]),
            (of_200_bytes!("2"), &[of_200_bytes!("2")]),
            (of_22_bytes!("1/+"), &[of_22_bytes!("1/x")]),
        ],
    },
    Group {
        name: "unicode",
        topics: &[
            "a\u{feff}b",
            "ab",
            "caf\u{e9}",
            "cafe\u{301}",
            "cafe",
            "\u{1f600}",
            "\u{1f601}",
            "\u{212b}",
            "\u{c5}",
        ],
        filters: &[
            ("a\u{feff}b", &["a\u{feff}b"]),
            ("ab", &["ab"]),
            ("caf\u{e9}", &["caf\u{e9}"]),
            ("cafe\u{301}", &["cafe\u{301}"]),
            ("\u{1f600}", &["\u{1f600}"]),
            ("\u{212b}", &["\u{212b}"]),
            ("\u{c5}", &["\u{c5}"]),
        ],
    },
    Group {
        name: "first-level",
        topics: &["/own/x", "own/x", "//own", "/own"],
        filters: &[
            ("+/own/x", &["/own/x"]),
            ("own/x", &["own/x"]),
            ("/own/#", &["/own/x", "/own"]),
            ("/own", &["/own"]),
            ("/+/own", &["//own"]),
        ],
    },
];

/// The group whose filters and topics stand as they are on the wire; `own` in them is a name of the case's own.
pub(super) const BEYOND_THE_PREFIX: &str = "first-level";
