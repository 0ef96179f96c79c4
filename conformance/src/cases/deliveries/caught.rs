//! Faults that a row must catch: what its looks would not let pass.

use super::row::{Connection, Limits, Options, Path, Row, Sent, Size, Subscription, Topic, Wait};
use super::rules::Aspect;
use mqtt_assay_codec::{QoS, Version};
use mqtt_assay_reference::Fault;

/// The faults that show on the way of this row, in each version that it exists in.
pub(super) fn by(row: &Row) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for version in [Version::V5, Version::V3_1_1] {
        for aspect in row.aspects(version).into_iter().filter(|aspect| !row.is_open(*aspect)) {
            for fault in shown_by(row, aspect) {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
    }
    faults
}

/// Each fault that this look shows, where the scene gives it an occasion.
fn shown_by(row: &Row, aspect: Aspect) -> Vec<Fault> {
    let table = match aspect {
        Aspect::Comes => of_coming(row),
        Aspect::StaysAway => of_absence(row),
        Aspect::Topic | Aspect::Payload => of_text(row, aspect),
        Aspect::QosAtMost | Aspect::Qos | Aspect::HighestQos | Aspect::Replaced => of_qos(row, aspect),
        Aspect::Retain | Aspect::Dup | Aspect::PacketId => of_flags(row, aspect),
        of_properties => of_content(row, of_properties),
    };
    table.into_iter().filter(|(has_occasion, _)| *has_occasion).map(|(_, fault)| fault).collect()
}

type Occasions = Vec<(bool, Fault)>;

fn of_coming(row: &Row) -> Occasions {
    let at_1 = row.published().min(row.asked()) == QoS::AtLeastOnce;
    let is_plain = matches!(row.path, Path::Live | Path::Queued | Path::Shared);
    // Where it has to come more than once, all but the last time are set-up.
    let returns_once = !matches!(row.connection, Connection::Second | Connection::Third);
    let comes_again = row.path == Path::Again && returns_once;
    vec![
        (is_plain && row.size == Size::Binary, Fault::DropsBinary),
        (is_plain && row.size == Size::Empty, Fault::LosesEmpty),
        (is_plain && row.size == Size::Clearing, Fault::EmptyNotForwarded),
        (row.sent == Sent::WithDup && !row.is_replaced_in_earnest(), Fault::LosesDup),
        (row.path == Path::Live && row.topic == Topic::Kilobyte, Fault::LosesLongTopics),
        (row.path == Path::Live && row.topic == Topic::Edges, Fault::HashExcludesParent),
        (row.path == Path::Live && row.topic == Topic::Edges, Fault::PlusNeedsText),
        (row.path == Path::Queued, Fault::DropsForAbsent),
        (comes_again && at_1, Fault::NoRedeliveryQos1),
        (comes_again && !at_1, Fault::NoRedeliveryQos2),
        (row.path == Path::Will, Fault::WillNotSent),
    ]
}

fn of_absence(row: &Row) -> Occasions {
    let is_too_large = row.limits == Limits::PacketSize && row.is_large();
    if row.is_unmatched() {
        let is_exact = row.topic == Topic::Unmatched && row.subscription != Subscription::Plus;
        return vec![
            (row.topic == Topic::Unmatched, Fault::CaseInsensitive),
            (is_exact, Fault::DeliversByPrefix),
            (row.topic == Topic::BelowPlus, Fault::PlusMatchesSeveral),
        ];
    }
    vec![
        (is_too_large, Fault::PastMaximumPacketSize),
        (!is_too_large && row.options == Options::NoLocal, Fault::NoLocalIgnored),
        (!is_too_large && row.options == Options::Handling1, Fault::RetainHandling1Always),
        (!is_too_large && row.options == Options::Handling2, Fault::RetainHandling2Ignored),
    ]
}

/// What is taken out of the topic, or cut off the payload.
fn of_text(row: &Row, aspect: Aspect) -> Occasions {
    let is_whole = aspect == Aspect::Payload;
    vec![
        (is_whole, Fault::CutsLongPayloads),
        (!is_whole && matches!(row.topic, Topic::Odd | Topic::Edges), Fault::TopicNormalized),
        (!is_whole && row.topic == Topic::Odd, Fault::StripsByteOrderMark),
        (!is_whole && row.topic == Topic::Control, Fault::StripsControlCharacters),
    ]
}

fn of_qos(row: &Row, aspect: Aspect) -> Occasions {
    let (published, asked) = (row.published(), row.asked());
    // A message before has shown what is wrong with it: the scene itself is inconclusive.
    let is_shown_first = row.path == Path::Again
        || row.is_replaced()
        || row.subscription == Subscription::Overlapping && row.path != Path::Live;
    match aspect {
        Aspect::QosAtMost => vec![
            (published > asked && !is_shown_first, Fault::AboveGrantedQos),
            (published < asked && !is_shown_first && !row.is_will(), Fault::AbovePublishedQos),
        ],
        Aspect::HighestQos => vec![(row.path == Path::Live && !row.may_be_lost(), Fault::OverlapTakesLowestQos)],
        Aspect::Qos => vec![(row.path == Path::Shared, Fault::DeliversAtOtherQos)],
        _ => vec![(true, Fault::ReplacementKeepsOld)],
    }
}

fn of_flags(row: &Row, aspect: Aspect) -> Occasions {
    let as_published = row.options == Options::AsPublished;
    // Where a subscription is replaced, a message by another one shows the flag first.
    let is_live = row.path == Path::Live && row.sets_retain() && !row.is_replaced();
    match aspect {
        Aspect::Retain => vec![
            (row.is_retained(), Fault::RetainFlagMissing),
            (is_live && as_published, Fault::RetainAsPublishedIgnored),
            (is_live && !as_published, Fault::RetainFlagOnLive),
        ],
        Aspect::Dup => vec![
            (row.path == Path::Again, Fault::DupMissingOnRedelivery),
            (row.path == Path::Live && !row.may_be_lost(), Fault::DupOnFirstDelivery),
            (row.path == Path::Live && row.may_be_lost(), Fault::DupOnQos0),
            (row.sent == Sent::WithDup && !row.may_be_lost(), Fault::DupPropagated),
        ],
        _ => vec![(true, Fault::RedeliversUnderNewId)],
    }
}

fn of_content(row: &Row, aspect: Aspect) -> Occasions {
    let is_kept = row.wait == Wait::TwoSeconds && matches!(row.path, Path::Retained | Path::Queued);
    // A retained message has the identifier of its SUBSCRIBE, and a replaced one is shown by another subscription first.
    let is_shown_first = row.path == Path::Live && row.is_replaced();
    let is_apart = row.is_retained() || row.subscription == Subscription::Replaced || is_shown_first;
    match aspect {
        Aspect::Format => vec![(true, Fault::PayloadFormatDropped)],
        Aspect::Expiry => vec![(is_kept, Fault::MessageExpiryNotCounted), (is_kept, Fault::MessageExpiryCountedTwice)],
        Aspect::WillExpiry => vec![(true, Fault::WillExpiryMissing)],
        Aspect::ContentType => vec![(true, Fault::ContentTypeDropped)],
        Aspect::Response => vec![(true, Fault::ResponseTopicDropped)],
        Aspect::Correlation => vec![(true, Fault::CorrelationDataDropped)],
        Aspect::UserProperties => vec![(true, Fault::UserPropertiesDropped)],
        Aspect::UserOrder => {
            vec![(true, Fault::UserPropertiesReordered), (row.is_will(), Fault::WillPropertiesReordered)]
        }
        Aspect::Identifier => vec![(!is_shown_first, Fault::IdentifierMissing)],
        Aspect::NoOtherIdentifier => vec![(!is_apart, Fault::ForeignIdentifiers)],
        _ => Vec::new(),
    }
}
