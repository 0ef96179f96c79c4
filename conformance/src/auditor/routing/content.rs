//! What of a message is passed on unaltered beside its topic and payload: the properties that belong to its application
//! (5.0 sections 3.3.2.3.2 to 3.3.2.3.9, 3.1.3.2.3 to 3.1.3.2.8).

use super::judged::Judged;
use crate::auditor::Point;
use mqtt_assay_codec::Properties;

/// These properties of a PUBLISH, or of a will.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Content {
    payload_format: u8,
    media_type: Box<str>,
    response_topic: Box<str>,
    correlation_data: Box<[u8]>,
    user: Vec<(Box<str>, Box<str>)>,
}

impl Content {
    /// Takes them from a block. One that is left out counts as an empty one, and the format 0 as none.
    pub(super) fn of(properties: Properties<'_>) -> Self {
        Self {
            payload_format: properties.payload_format_indicator().unwrap_or_default(),
            media_type: properties.content_type().unwrap_or_default().into(),
            response_topic: properties.response_topic().unwrap_or_default().into(),
            correlation_data: properties.correlation_data().unwrap_or_default().into(),
            user: properties.user_properties().map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }

    /// How many bytes the properties take at most.
    pub(super) fn most_as_properties(&self) -> usize {
        let texts = self.media_type.len() + self.response_topic.len() + self.correlation_data.len();
        let user: usize = self.user.iter().map(|(name, value)| 5 + name.len() + value.len()).sum();
        2 + 3 * 3 + texts + user
    }

    /// Holds what was delivered against what was published.
    pub(super) fn judge(&self, delivered: &Self, is_will: bool, judged: &mut Judged) {
        self.judge_format(delivered, judged);
        let texts = [
            (Point::ContentType, "content type", self.media_type.as_bytes(), delivered.media_type.as_bytes()),
            (
                Point::ResponseTopic,
                "response topic",
                self.response_topic.as_bytes(),
                delivered.response_topic.as_bytes(),
            ),
            (Point::CorrelationData, "correlation data", &self.correlation_data, &delivered.correlation_data),
        ];
        for (point, name, published, came) in texts {
            match (published.is_empty(), published == came) {
                (true, true) => {}
                (true, false) => judged.observed(point, format!("a {name} that nobody published")),
                (false, true) => judged.kept(point),
                (false, false) if came.is_empty() => judged.broken(point, format!("the {name} is missing")),
                (false, false) => judged.broken(point, format!("another {name} than was published")),
            }
        }
        self.judge_user_properties(delivered, is_will, judged);
    }

    fn judge_format(&self, delivered: &Self, judged: &mut Judged) {
        let (published, came) = (self.payload_format, delivered.payload_format);
        match (published, came) {
            (0, 0) => {}
            (0, _) => judged.observed(Point::PayloadFormat, "a payload format indicator that nobody published"),
            _ if published == came => judged.kept(Point::PayloadFormat),
            _ => judged.broken(
                Point::PayloadFormat,
                format!("payload format indicator {came} of a message published with {published}"),
            ),
        }
    }

    /// All that were published are there, in their order; others may stand between them.
    fn judge_user_properties(&self, delivered: &Self, is_will: bool, judged: &mut Judged) {
        let order = if is_will { Point::WillPropertyOrder } else { Point::UserPropertyOrder };
        let mut came = delivered.user.iter();
        let in_order = self.user.iter().all(|wanted| came.any(|pair| pair == wanted));
        if delivered.user.len() > self.user.len() && in_order {
            judged.observed(Point::UserProperties, "a user property that nobody published");
            return;
        }
        if self.user.is_empty() {
            return;
        }
        if in_order {
            judged.kept(Point::UserProperties);
            if self.user.len() > 1 {
                judged.kept(order);
            }
        } else if sorted(&self.user) == sorted(&delivered.user) {
            judged.broken(order, "the user properties came in another order");
        } else {
            let (published, came) = (self.user.len(), delivered.user.len());
            judged.broken(
                Point::UserProperties,
                format!("{came} user properties of a message published with {published}, or others"),
            );
        }
    }
}

fn sorted(pairs: &[(Box<str>, Box<str>)]) -> Vec<&(Box<str>, Box<str>)> {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_unstable();
    sorted
}
