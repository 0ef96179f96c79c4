//! Faults that a row must catch: what its looks would not let pass.

use super::row::{Connection, Flag, Limits, Options, Path, Row, Size, Subscription, Wait};
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
        (row.path == Path::Queued, Fault::DropsForAbsent),
        (comes_again && at_1, Fault::NoRedeliveryQos1),
        (comes_again && !at_1, Fault::NoRedeliveryQos2),
        (row.path == Path::Will, Fault::WillNotSent),
    ]
}

fn of_absence(row: &Row) -> Occasions {
    let is_too_large = row.limits == Limits::PacketSize && row.size == Size::TwoKib;
    vec![
        (is_too_large, Fault::PastMaximumPacketSize),
        (!is_too_large && row.options == Options::NoLocal, Fault::NoLocalIgnored),
        (!is_too_large && row.options == Options::Handling1, Fault::RetainHandling1Always),
        (!is_too_large && row.options == Options::Handling2, Fault::RetainHandling2Ignored),
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
    let is_live = row.path == Path::Live && row.retain == Flag::Set && !row.is_replaced();
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
