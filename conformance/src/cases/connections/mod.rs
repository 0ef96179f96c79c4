//! What holds of a client's first connection holds of each: of one that resumes a session, for the first time or the third,
//! of one that takes over, and of one that takes over with a clean start. The steps are mostly those of other chapters; here
//! each is taken on connections of the kinds that its members name.

mod aliases;
mod exchanges;
mod in_flight;
mod served;
mod sessions;

use super::prelude::*;
use crate::scenario::Client;

/// How a kind of connection is told in a title.
macro_rules! in_words {
    ("fresh") => {
        "on a connection that begins a session"
    };
    ("resumed") => {
        "on a connection that resumes a session"
    };
    ("second-time") => {
        "on the second connection that resumes a session"
    };
    ("third-time") => {
        "on the third connection that resumes a session"
    };
    ("taken-over") => {
        "on a connection that takes a session over"
    };
    ("eleventh") => {
        "as the eleventh of its connection"
    };
    ("high-identifier") => {
        "under packet identifiers above 32,767"
    };
    ("taken-over-clean") => {
        "on a connection that takes over with a clean start"
    };
}

/// A row of the table: the same steps on each of these kinds of connection.
macro_rules! on_each {
    ($name:ident = $function:ident [$($kind:tt)*] $title:literal, $rest:tt) => {
        pub(super) const $name: &[Case] = &[$(on_one!($function, $kind, $title, $rest)),*];
    };
}

macro_rules! on_one {
    ($function:ident, $kind:tt, $title:literal, { $($rest:tt)* }) => {
        case!($function[$kind]: concat!($title, ", ", in_words!($kind)), $($rest)*)
    };
}

/// How the way of a message is told in a title.
macro_rules! way_in_words {
    ("live") => {
        "that comes live"
    };
    ("queued") => {
        "that waited for its client"
    };
    ("retained") => {
        "that was retained"
    };
    ("will") => {
        "that is a will"
    };
    ("retained-will") => {
        "that is a retained will"
    };
    ("shared") => {
        "that comes by a shared subscription"
    };
    ("other-version") => {
        "from a client of the other version"
    };
    ("eleventh") => {
        "that comes behind ten others"
    };
    ("resumed") => {
        "that comes behind a resume"
    };
    ("second-time") => {
        "that comes behind a second resume"
    };
    ("third-time") => {
        "when its client comes back for the third time"
    };
    ("taken-over") => {
        "whose connection is taken over"
    };
    ("overlapping") => {
        "that two subscriptions bring"
    };
    ("replaced") => {
        "whose subscription was replaced"
    };
    ("plus") => {
        "that a filter with + brings"
    };
    ("live.qos0") => {
        "that comes live at QoS 0"
    };
    ("live.qos2") => {
        "that comes live at QoS 2"
    };
}

/// A row of the table: the same steps for messages that come in each of these ways.
macro_rules! on_ways {
    ($name:ident = $function:ident [$($way:tt)*] $before:literal .. $after:literal, $rest:tt) => {
        pub(super) const $name: &[Case] = &[$(on_one_way!($function, $way, $before, $after, $rest)),*];
    };
}

macro_rules! on_one_way {
    ($function:ident, $way:tt, $before:literal, $after:literal, { $($rest:tt)* }) => {
        $crate::cases::connections::on_its_way($way, case!($function[$way]: concat!($before, way_in_words!($way), $after), $($rest)*))
    };
}

use {in_words, on_each, on_one, on_one_way, on_ways, way_in_words};

/// The row with what its way needs, beside QoS 2 where it needs that.
const fn on_its_way(way: &str, case: Case) -> Case {
    let is_at_qos2 = match case.needs {
        [] => false,
        [only] if matches!(only.as_bytes(), b"qos2") => true,
        _ => return case,
    };
    let needs: &'static [&'static str] = match (way.as_bytes(), is_at_qos2) {
        (b"retained", false) => &["retain"],
        (b"retained", true) => &["qos2", "retain"],
        (b"will", false) => &["will"],
        (b"will", true) => &["qos2", "will"],
        (b"retained-will", false) => &["will", "retain"],
        (b"retained-will", true) => &["qos2", "will", "retain"],
        (b"shared", false) => &["shared-subscriptions"],
        (b"shared", true) => &["qos2", "shared-subscriptions"],
        _ => case.needs,
    };
    Case { needs, ..case }
}

/// All rows.
pub(super) fn groups() -> impl Iterator<Item = &'static [Case]> {
    [served::GROUPS, sessions::GROUPS, exchanges::GROUPS, in_flight::GROUPS, aliases::GROUPS]
        .into_iter()
        .flatten()
        .copied()
}

/// The kind of connection that the case is about.
fn kind(broker: &Subject) -> Joining {
    Joining::named_in(broker.member())
}

/// Set-up: the connection of a client that comes behind this one as that one came.
async fn next_alike(broker: &Subject, mut before: Client, draft: Draft) -> Result<Client, Stop> {
    match kind(broker) {
        Joining::TakenOver => {
            let next = super::again::back(broker, before.role(), draft).await?;
            before.ended().await.map(|()| next)
        }
        Joining::TakenOverClean => {
            let next = broker.connect_as(before.role(), draft.cleanly()).await?;
            before.ended().await.map(|()| next)
        }
        _ => {
            before.drop_connection().await;
            super::again::back(broker, before.role(), draft).await
        }
    }
}

/// How the message comes: the first part of the member's name.
fn way(broker: &Subject) -> &'static str {
    broker.member().split('.').next().unwrap_or_default()
}

/// The broker, with `sleeper` back in its session as often as the member says.
fn resumed_as_told(broker: &Subject) -> Subject {
    let joining = match kind(broker) {
        Joining::Resumed(times) => Joining::Resumed(times),
        _ => Joining::Fresh,
    };
    broker.joined(&["sleeper"], joining)
}
