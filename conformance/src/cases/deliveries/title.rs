//! A row as a sentence.

use super::row::{
    Connection, Count, Flag, Limits, Load, Options, Path, Publisher, Row, Sent, Size, Subscription, Topic, Versions,
    Wait,
};
use mqtt_assay_codec::Version;

/// What a conforming broker does in this scene.
pub(super) fn of(row: &Row) -> String {
    let parts = [
        what(row),
        content(row),
        topic(row).to_owned(),
        publisher(row),
        path(row),
        format!("by {} at QoS {}", subscription(row), row.asked() as u8),
        options(row).to_owned(),
        connection(row).to_owned(),
        limits(row).to_owned(),
        wait(row).to_owned(),
    ];
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join(" ")
}

fn what(row: &Row) -> String {
    let size = match row.size {
        Size::Small => "",
        Size::Empty => "empty ",
        Size::Binary => "binary ",
        Size::TwoKib => "large ",
        Size::LongTopic => "long-named ",
        Size::TwentyKib => "very large ",
        Size::Clearing => "clearing ",
    };
    let (article, noun) = match row.count {
        Count::One if row.size == Size::Empty => ("An", "message"),
        Count::One => ("A", "message"),
        Count::Three => ("Three", "messages"),
        Count::Twelve => ("Twelve", "messages"),
    };
    format!("{article} {size}{noun} of QoS {}", row.published() as u8)
}

fn content(row: &Row) -> String {
    let properties = match row.properties {
        Load::None => "",
        Load::Format => "a payload format",
        Load::Expiry => "an expiry interval",
        Load::OfType => "a content type",
        Load::Request => "response topic and correlation data",
        Load::User => "user properties",
        Load::All => "all properties",
    };
    let flag = if row.retain == Flag::Set { "RETAIN 1" } else { "" };
    let dup = if row.sent == Sent::WithDup { "DUP 1" } else { "" };
    let all: Vec<&str> = [properties, flag, dup].into_iter().filter(|part| !part.is_empty()).collect();
    if all.is_empty() { String::new() } else { format!("with {}", all.join(" and ")) }
}

fn topic(row: &Row) -> &'static str {
    match row.topic {
        Topic::Usual => "",
        Topic::Odd => "on a topic with U+FEFF and an empty level",
        Topic::Control => "on a topic with control characters",
        Topic::Kilobyte => "on a topic of more than a kilobyte",
        Topic::Edges => "on an empty level for + and the parent of #",
        Topic::Unmatched => "on a topic that differs from the filter by letter case or by what follows",
        Topic::BelowPlus => "on a level below that of +",
    }
}

fn publisher(row: &Row) -> String {
    match (row.publisher, row.versions) {
        (Publisher::Itself, _) => "of its receiver's own".to_owned(),
        (_, Versions::Other) => "from a client of the other version".to_owned(),
        _ => String::new(),
    }
}

fn path(row: &Row) -> String {
    let comes = match (row.count, row.due(Version::V5).comes) {
        (_, false) if row.is_unmatched() => "stays away",
        (_, false) => "stays away in 5.0",
        (Count::One, true) => "comes",
        (_, true) => "come",
    };
    let way = match row.path {
        Path::Live => "live",
        Path::Retained => "retained",
        Path::Queued => "out of the queue",
        Path::Again => "again",
        Path::Will => "as a will",
        Path::RetainedWill => "as a retained will",
        Path::Shared => "through a share",
    };
    format!("{comes} {way}")
}

fn subscription(row: &Row) -> &'static str {
    match row.subscription {
        Subscription::Exact => "its name",
        Subscription::Plus => "a + in the filter",
        Subscription::Hash => "a # in the filter",
        Subscription::PlusHash => "+ and # in one filter",
        Subscription::Share => "a share",
        Subscription::Several => "the second of three filters",
        Subscription::Overlapping => "overlapping filters",
        Subscription::Upwards => "a subscription raised",
        Subscription::Downwards => "a subscription lowered",
        Subscription::Replaced => "a subscription replaced",
        Subscription::Anew => "a subscription made anew",
    }
}

fn options(row: &Row) -> &'static str {
    match row.options {
        Options::None => "",
        Options::NoLocal => "with No Local",
        Options::AsPublished => "with Retain As Published",
        Options::Handling1 => "with Retain Handling 1",
        Options::Handling2 => "with Retain Handling 2",
        Options::Identifier => "with an identifier",
    }
}

fn connection(row: &Row) -> &'static str {
    match row.connection {
        Connection::Fresh => "",
        Connection::Resumed => "on a resumed session",
        Connection::Second => "on a session resumed twice",
        Connection::Third => "on a session resumed three times",
        Connection::TakenOver => "after a takeover",
        Connection::Lost => "after a loss",
    }
}

fn limits(row: &Row) -> &'static str {
    match row.limits {
        Limits::None => "",
        Limits::ReceiveMaximum => "under a Receive Maximum of 2",
        Limits::PacketSize => "under a Maximum Packet Size of 1,024",
    }
}

fn wait(row: &Row) -> &'static str {
    match row.wait {
        Wait::None => "",
        Wait::TwoSeconds => "two seconds later",
    }
}
