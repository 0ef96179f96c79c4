//! The cases, one file a chapter.
//!
//! Uses `scenario`, whose page lists the words of a case, by way of `prelude`; where it needs one, `link` and `broker`.

mod again;
mod announced;
mod authentication;
mod connect;
mod connections;
mod counts;
mod deliveries;
mod delivery;
mod disconnect;
mod dollar;
mod each_connection;
mod expiry;
mod explained_ends;
mod explanations;
mod family;
mod flow_limits;
mod held;
mod identifiers;
mod in_use;
mod invariants;
mod keep_alive;
mod liberties;
mod life;
mod malformed;
mod matching;
mod moved;
mod order;
mod outgoing;
mod overlaps;
mod prelude;
mod publish;
mod qos;
mod renewed;
mod restart;
mod resumes;
mod retain;
mod second_place;
mod second_time;
mod segments;
mod session;
mod shared;
mod shares;
mod store;
mod strings;
mod subscribe;
mod takeover;
mod tls;
mod topic_alias;
mod topics;
mod ways;
mod websocket;
mod will;
mod will_ways;
mod wills;

pub use moved::{home_of, moved};

use crate::scenario::{Case, Chapter, Instance};
use mqtt_assay_codec::Version;

/// The chapters that are written by hand, in the order of the standard.
const CHAPTERS: &[Chapter] = &[
    Chapter { name: "connect", cases: connect::CASES },
    Chapter { name: "connect", cases: connect::refused::CASES },
    Chapter { name: "connect", cases: connect::protocol_name::CASES },
    Chapter { name: "connect", cases: connect::client_ids::CASES },
    Chapter { name: "authentication", cases: authentication::CASES },
    Chapter { name: "publish", cases: publish::CASES },
    Chapter { name: "qos", cases: qos::CASES },
    Chapter { name: "delivery", cases: delivery::CASES },
    Chapter { name: "outgoing", cases: outgoing::CASES },
    Chapter { name: "flow-limits", cases: flow_limits::CASES },
    Chapter { name: "counts", cases: counts::CASES },
    Chapter { name: "explanations", cases: explanations::CASES },
    Chapter { name: "explanations", cases: explained_ends::CASES },
    Chapter { name: "order", cases: order::CASES },
    Chapter { name: "expiry", cases: expiry::CASES },
    Chapter { name: "topic-alias", cases: topic_alias::CASES },
    Chapter { name: "retain", cases: retain::CASES },
    Chapter { name: "store", cases: store::REPLACED },
    Chapter { name: "store", cases: store::REPLACED_BY_WILL },
    Chapter { name: "store", cases: store::PLAIN },
    Chapter { name: "store", cases: store::CLEARED },
    Chapter { name: "store", cases: store::OUTLIVES },
    Chapter { name: "store", cases: store::EXPIRED },
    Chapter { name: "store", cases: store::TO_SHARES },
    Chapter { name: "store", cases: store::SENT_AGAIN },
    Chapter { name: "store", cases: store::HANDLING_1 },
    Chapter { name: "store", cases: store::FLAGGED },
    Chapter { name: "subscribe", cases: subscribe::CASES },
    Chapter { name: "held", cases: held::REPLACED },
    Chapter { name: "held", cases: held::RENUMBERED },
    Chapter { name: "held", cases: held::LOSES_NOTHING },
    Chapter { name: "held", cases: held::GOES_ON },
    Chapter { name: "held", cases: held::ANSWERED },
    Chapter { name: "held", cases: held::ENDED },
    Chapter { name: "held", cases: held::NO_LOCAL },
    Chapter { name: "second-time", cases: second_time::CASES },
    Chapter { name: "identifiers", cases: identifiers::CASES },
    Chapter { name: "overlaps", cases: overlaps::CASES },
    Chapter { name: "overlaps", cases: overlaps::AT_QOS_0 },
    Chapter { name: "in-use", cases: in_use::CASES },
    Chapter { name: "shared", cases: shared::CASES },
    Chapter { name: "shares", cases: shares::TO_ONE },
    Chapter { name: "shares", cases: shares::OWN_IDENTIFIER },
    Chapter { name: "shares", cases: shares::LEFT },
    Chapter { name: "shares", cases: shares::REFUSED },
    Chapter { name: "shares", cases: shares::HALF_DONE },
    Chapter { name: "topics", cases: topics::CASES },
    Chapter { name: "topics", cases: dollar::BY_WILDCARD },
    Chapter { name: "topics", cases: dollar::BY_SHARE },
    Chapter { name: "topics", cases: dollar::BY_NAME },
    Chapter { name: "matching", cases: matching::CASES },
    Chapter { name: "session", cases: session::CASES },
    Chapter { name: "resumes", cases: resumes::CASES },
    Chapter { name: "resumes", cases: renewed::CASES },
    Chapter { name: "takeover", cases: takeover::CASES },
    Chapter { name: "each-connection", cases: each_connection::CASES },
    Chapter { name: "announced", cases: announced::CASES },
    Chapter { name: "will", cases: will::CASES },
    Chapter { name: "ways", cases: ways::PUBLISHED },
    Chapter { name: "ways", cases: ways::PINGED },
    Chapter { name: "ways", cases: ways::SUBSCRIBED },
    Chapter { name: "ways", cases: ways::SUBSCRIBED_SHAPES },
    Chapter { name: "ways", cases: ways::UNSUBSCRIBED },
    Chapter { name: "ways", cases: ways::UNSUBSCRIBED_SHAPES },
    Chapter { name: "ways", cases: ways::SHARES },
    Chapter { name: "ways", cases: will_ways::LOST },
    Chapter { name: "ways", cases: will_ways::ENDED },
    Chapter { name: "ways", cases: will_ways::DISCARDED },
    Chapter { name: "ways", cases: will_ways::MANY_TIMES },
    Chapter { name: "wills", cases: wills::SILENT },
    Chapter { name: "wills", cases: wills::MANY_TIMES },
    Chapter { name: "wills", cases: wills::DISPLACES },
    Chapter { name: "wills", cases: wills::NOT_RETAINED },
    Chapter { name: "wills", cases: wills::RETAINED },
    Chapter { name: "wills", cases: wills::DELAYED },
    Chapter { name: "wills", cases: wills::WITH_SESSION },
    Chapter { name: "wills", cases: wills::PROPERTIES },
    Chapter { name: "wills", cases: wills::CANCELLED },
    Chapter { name: "wills", cases: wills::ONCE },
    Chapter { name: "wills", cases: wills::OVERLAPPING },
    Chapter { name: "keep-alive", cases: keep_alive::CASES },
    Chapter { name: "segments", cases: segments::CASES },
    Chapter { name: "disconnect", cases: disconnect::CASES },
    Chapter { name: "liberties", cases: liberties::CASES },
    Chapter { name: "malformed", cases: malformed::CASES },
    Chapter { name: "malformed-connect", cases: malformed::connect::CASES },
    Chapter { name: "malformed-subscribe", cases: malformed::subscribe::CASES },
    Chapter { name: "malformed-properties", cases: malformed::properties::CASES },
    Chapter { name: "second-place", cases: second_place::CASES },
    Chapter { name: "strings", cases: strings::CASES },
    Chapter { name: "websocket", cases: websocket::CASES },
    Chapter { name: "tls", cases: tls::CASES },
    Chapter { name: "invariants", cases: invariants::CASES },
    Chapter { name: "restart", cases: restart::CASES },
    Chapter { name: "life", cases: life::CASES },
];

/// The chapters whose cases are made from data.
const MADE: &[MadeChapter] = &[MadeChapter { name: "deliveries", cases: deliveries::cases }];

/// A chapter whose cases are made when they are first asked for.
struct MadeChapter {
    name: &'static str,
    cases: fn() -> &'static [Case],
}

/// Every chapter.
pub fn chapters() -> impl Iterator<Item = Chapter> {
    let made = MADE.iter().map(|made| Chapter { name: made.name, cases: (made.cases)() });
    let connections = connections::groups().map(|cases| Chapter { name: "connections", cases });
    CHAPTERS.iter().copied().chain(connections).chain(made)
}

/// Every case in every version it exists in, in the order of the chapters.
pub fn all() -> impl Iterator<Item = Instance> {
    [Version::V3_1_1, Version::V5].into_iter().flat_map(|version| {
        chapters().flat_map(move |chapter| {
            chapter.cases.iter().filter_map(move |case| {
                case.rules(version).map(|rules| Instance { chapter: chapter.name, case, version, rules })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::scenario::{Instance, Names, RunNames};
    use mqtt_assay_standard::Level;
    use std::collections::BTreeSet;

    #[test]
    fn a_case_that_no_fault_shows_is_about_a_permission() {
        let unproven = all().filter(|instance| instance.case.caught.is_empty() && instance.level() != Level::May);
        let unproven: Vec<String> = unproven.map(|instance| instance.id()).collect();
        assert_eq!(unproven, Vec::<String>::new());
    }

    #[test]
    fn no_two_cases_have_the_same_names() {
        let run = RunNames { topic_prefix: "mqtt-assay".into(), client_id_prefix: "ma".into(), run: "k3x9q2".into() };
        let topic = |instance: Instance| Names::new(&run, &instance.id()).topic(&"t".into());
        let topics: BTreeSet<String> = all().map(topic).collect();
        assert_eq!(topics.len(), all().count());
    }
}
