//! How a delivery may have come about: which message it is the copy of, on which way, by which subscriptions. It is judged
//! by the explanation that leaves least to blame.

use super::blame::Habits;
use super::content::Content;
use super::delivered::Delivered;
use super::judged::Judged;
use super::publications::{Publication, Publications};
use super::sessions::{Link, Session};
use super::subscriptions::{Subscription, Unasked};
use crate::auditor::{Conn, Moment, Point};
use mqtt_assay_codec::{QoS, Version};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a delivery is held against.
pub(super) struct Scene<'a> {
    pub(super) publications: &'a Publications,
    pub(super) links: &'a BTreeMap<Conn, Box<Link>>,
    pub(super) session: &'a Session,
    pub(super) session_number: usize,
    pub(super) conn: Conn,
    pub(super) link: &'a Link,
    pub(super) delivered: &'a Delivered,
    pub(super) habits: &'a Habits,
    pub(super) now: Moment,
}

/// How a message comes to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// Because a subscription was there.
    Live,
    /// Because it was subscribed, from what is retained.
    Retained,
}

/// One way that a delivery may have come about.
#[derive(Debug)]
pub(super) struct Explanation {
    pub(super) publication: usize,
    pub(super) path: Path,
    /// The subscriptions that may have brought it, by their numbers.
    pub(super) by: Vec<usize>,
    pub(super) judged: Judged,
    /// No other message says the same on its topic.
    pub(super) is_alone: bool,
    /// It may as well have come on the other way.
    pub(super) is_open: bool,
    /// What it shows of subscriptions whose place another has taken.
    pub(super) shown: Vec<(usize, Shown)>,
}

/// What a delivery shows of a subscription whose place another has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It still brings messages.
    Stays,
    /// It doesn't: the delivery is as the new one asks, and the old one would have brought another.
    Gone,
}

/// A second's margin, where lateness itself is the breach.
const MARGIN: Duration = Duration::from_secs(1);

/// How long a broker may take to look up what is retained, the SUBACK apart.
const LOOKUP: Duration = Duration::from_secs(2);

impl Scene<'_> {
    /// The best explanation; without one, what that says.
    pub(super) fn explain(&self) -> Result<Explanation, Judged> {
        let delivered = self.delivered;
        let candidates = self.publications.candidates(&delivered.topic, delivered.print, delivered.length);
        if candidates.is_empty() {
            return Err(self.unknown());
        }
        let Some(mut best) = self.best(&candidates, false) else { return Err(self.unmatched(&candidates)) };
        let is_sound = best.judged.breaches() == 0;
        if is_sound && best.path == Path::Live && self.is_surplus(&best) && self.blame_share(&mut best) {
            return Ok(best);
        }
        if is_sound {
            best.is_open = match best.path {
                Path::Retained => self.may_be(Path::Live, best.publication),
                Path::Live => self.delivered.retain && self.may_be(Path::Retained, best.publication),
            };
            best.shown = self.displaced(&best).into_iter().map(|number| (number, Shown::Gone)).collect();
        } else {
            self.blame_cause(&candidates, &mut best);
        }
        Ok(best)
    }

    /// `with_replaced`: also by subscriptions whose place another has taken.
    pub(super) fn best(&self, candidates: &[usize], with_replaced: bool) -> Option<Explanation> {
        let paths = if self.delivered.retain { [Path::Retained, Path::Live] } else { [Path::Live, Path::Retained] };
        let ways = paths.into_iter().flat_map(|path| candidates.iter().map(move |&publication| (path, publication)));
        let explanations = ways.filter_map(|(path, publication)| {
            let by = self.by(path, publication, with_replaced);
            let judged = (!by.is_empty()).then(|| self.judge(path, publication, &by))?;
            Some(Explanation {
                publication,
                path,
                by,
                judged,
                is_alone: candidates.len() == 1,
                is_open: false,
                shown: Vec::new(),
            })
        });
        // The first of the best. Who looks up late what an old subscription asked for has not sent it once too often.
        explanations.min_by_key(|explained| {
            let has_wrong_flag =
                explained.judged.broken_points().any(|point| matches!(point, Point::LiveRetain | Point::RetainedFlag));
            let is_odd = (self.is_by_gone(explained), has_wrong_flag, !self.is_marked_so(explained));
            // What a broker may have added does not count, and yet another publication may have had it.
            let is_other = self.link.version == Version::V5
                && self.publications.get(explained.publication).content != self.delivered.content;
            let breaches = (explained.judged.breaches(), self.is_surplus(explained));
            (breaches, is_odd, is_other, self.is_full(explained), !self.is_likely(explained))
        })
    }

    /// Whether it may have come on this way without a breach.
    fn may_be(&self, path: Path, publication: usize) -> bool {
        let by = self.by(path, publication, false);
        !by.is_empty() && self.judge(path, publication, &by).breaches() == 0
    }

    /// Whoever had subscribed gets a live message, whoever subscribes later a retained one.
    fn is_likely(&self, explained: &Explanation) -> bool {
        let written = self.publications.get(explained.publication).written.seq;
        let stood = explained.by.iter().all(|&number| self.session.subscriptions[number].stood(written));
        stood == (explained.path == Path::Live)
    }

    /// Whatever may bring it was gone before it was written.
    fn is_by_gone(&self, explained: &Explanation) -> bool {
        let written = self.publications.get(explained.publication).written.seq;
        explained.by.iter().all(|&number| !self.session.subscriptions[number].may_bring(written))
    }

    /// It has the identifiers of what would bring it, or none where one of those has none.
    fn is_marked_so(&self, explained: &Explanation) -> bool {
        let came = &self.delivered.identifiers;
        let mut by = explained.by.iter().map(|&number| self.session.subscriptions[number].identifier);
        let known: Vec<Option<u32>> = by.by_ref().collect();
        if came.is_empty() { known.contains(&None) } else { came.iter().all(|one| known.contains(&Some(*one))) }
    }

    /// Of a message that comes once for each subscription on this way, one copy more than those.
    fn is_surplus(&self, explained: &Explanation) -> bool {
        let publication = self.publications.get(explained.publication);
        let is_certain = !publication.is_uncertain && !self.session.is_mixed;
        is_certain && comes_once(publication, self.delivered.qos) && self.is_full(explained)
    }

    /// As many copies of it have come as it has subscriptions.
    fn is_full(&self, explained: &Explanation) -> bool {
        let copies = self.session.copies.get(&explained.publication).copied().unwrap_or_default();
        let due = self.session.count(&explained.by);
        let (came, most) = match explained.path {
            Path::Live if comes_once(self.publications.get(explained.publication), self.delivered.qos) => {
                (copies.once, due)
            }
            Path::Live => (copies.live, due),
            Path::Retained => (copies.retained, due + self.bringers(explained.publication)),
        };
        !self.delivered.is_again && came as usize >= most
    }

    /// How many subscriptions have certainly brought this one as what is retained.
    fn bringers(&self, publication: usize) -> usize {
        let has_brought = |one: &&Subscription| {
            one.brought.get(&self.delivered.topic).is_some_and(|&(brought, _)| brought == publication)
        };
        self.session.subscriptions.iter().filter(has_brought).count()
    }

    /// The subscriptions that may bring this message on this way.
    fn by(&self, path: Path, number: usize, with_replaced: bool) -> Vec<usize> {
        let publication = self.publications.get(number);
        let visible = self.session.visible(self.conn, self.link.floor);
        let matching = visible.filter(|(_, subscription)| subscription.matches(&self.delivered.topic));
        let may = matching.filter(|(_, subscription)| {
            let is_there = subscription.may_bring(publication.written.seq) || with_replaced && subscription.is_replaced;
            match path {
                Path::Live => is_there && self.may_be_live(publication, subscription),
                Path::Retained => self.may_be_retained(number, subscription).is_ok(),
            }
        });
        may.map(|(number, _)| number).collect()
    }

    pub(super) fn may_be_live(&self, publication: &Publication, subscription: &Subscription) -> bool {
        let is_own = subscription.withholds(publication, self.session_number);
        let is_later = publication.seen.is_some_and(|seen| seen.seq < subscription.asked.seq);
        !is_own && !is_later
    }

    fn may_be_retained(&self, number: usize, subscription: &Subscription) -> Result<(), NotRetained> {
        let publication = self.publications.get(number);
        if !publication.retain || publication.length == 0 {
            return Err(NotRetained::Never);
        }
        subscription.asks_for_retained().map_err(NotRetained::Unasked)?;
        // Looked up once.
        if self.end_of_lookup(subscription, publication).is_some_and(|end| end < publication.written.seq) {
            return Err(NotRetained::Never);
        }
        // A will is published when the connection has ended that it was left on.
        if publication.is_will && publication.conn == subscription.conn {
            return Err(NotRetained::Never);
        }
        match subscription.brought.get(&self.delivered.topic) {
            Some(_) if self.delivered.is_again => Ok(()),
            // At QoS 0 one of QoS 1 may come twice.
            Some(&(same, 1)) if same == number && self.is_lowered(publication) => Ok(()),
            Some(_) => Err(NotRetained::Brought),
            None => Ok(()),
        }
    }

    /// Until when retained messages are looked up for a subscription: until the connection of its SUBSCRIBE ends. What is not
    /// answered by then may be read later, and what was asked for just before may be looked up later, but before the client is
    /// let in again.
    fn end_of_lookup(&self, subscription: &Subscription, publication: &Publication) -> Option<u64> {
        let link = self.links.get(&subscription.conn)?;
        let is_soon = publication.written.at < subscription.stands.unwrap_or(subscription.asked).at + LOOKUP;
        let is_other = subscription.conn != self.conn;
        let may_be_late = is_other && (is_soon || !subscription.is_answered);
        match may_be_late.then(|| self.let_in_after(subscription)).flatten() {
            Some(let_in) if subscription.is_answered => Some(let_in),
            Some(let_in) => link.broker_end.or(Some(let_in)),
            None if is_other => link.end(),
            // Whoever has ended his half is served all the same.
            None => link.broker_end,
        }
    }

    /// When the client of a subscription was first let in again after it had asked.
    fn let_in_after(&self, subscription: &Subscription) -> Option<u64> {
        let of_session = self.links.values().filter(|link| link.session == Some(self.session_number));
        let let_in = of_session.filter_map(|link| Some(link.accepted?.seq));
        let_in.filter(|let_in| *let_in > subscription.asked.seq).min()
    }

    /// It was published at QoS 1 and comes at QoS 0.
    fn is_lowered(&self, publication: &Publication) -> bool {
        publication.qos == QoS::AtLeastOnce && self.delivered.qos == QoS::AtMostOnce
    }

    pub(super) fn judge(&self, path: Path, publication: usize, by: &[usize]) -> Judged {
        let by: Vec<&Subscription> = by.iter().map(|&number| &self.session.subscriptions[number]).collect();
        self.judge_by(path, self.publications.get(publication), &by)
    }

    /// The same by subscriptions that need not be those of the session.
    pub(super) fn judge_by(&self, path: Path, publication: &Publication, by: &[&Subscription]) -> Judged {
        let mut judged = Judged::default();
        if publication.is_uncertain {
            return judged;
        }
        match path {
            Path::Live => self.judge_live_retain(publication, by, &mut judged),
            Path::Retained => self.judge_retained(publication, by, &mut judged),
        }
        if publication.deleted.is_some_and(|deleted| publication.seen.is_none_or(|seen| seen.seq > deleted.seq)) {
            judged.broken(Point::WillDeleted, "the will of a client that had left with DISCONNECT");
        }
        self.judge_qos(publication, by, &mut judged);
        if self.link.version == Version::V5 {
            let published = if publication.version == Version::V5 { &publication.content } else { &Content::default() };
            published.judge(&self.delivered.content, publication.is_will, &mut judged);
            self.judge_expiry(path, publication, by, &mut judged);
            self.judge_identifiers(path, publication, by, &mut judged);
        }
        self.note_kept(&mut judged);
        judged
    }

    /// What holds by being explained at all.
    fn note_kept(&self, judged: &mut Judged) {
        for point in [Point::MatchingSubscription, Point::TopicUnaltered, Point::PayloadUnaltered] {
            judged.kept(point);
        }
        let all = &self.session.subscriptions;
        if all.iter().any(|one| one.gone.is_some() && !one.is_replaced) {
            judged.kept(Point::RemovedSubscription);
        }
        if all.iter().any(|one| one.conn != self.conn && one.asked.seq < self.link.floor) {
            judged.kept(if self.link.is_clean { Point::DiscardedSession } else { Point::EndedSession });
        }
        for one in all.iter().filter(|one| one.conn == self.conn && one.matches(&self.delivered.topic)) {
            Self::note_options(one, judged);
        }
    }

    /// What a subscription for the topic would have let come otherwise.
    fn note_options(subscription: &Subscription, judged: &mut Judged) {
        if subscription.is_replaced && subscription.gone.is_some() {
            judged.kept(Point::Replaced);
            judged.kept(Point::IdentifierReplaced);
        }
        if subscription.options.no_local {
            judged.kept(Point::NoLocal);
        }
        match subscription.asks_for_retained() {
            Ok(()) => {}
            Err(Unasked::Never) => judged.kept(Point::RetainHandlingNever),
            Err(Unasked::NotNew) => judged.kept(Point::RetainHandlingIfNew),
            Err(Unasked::Shared) => judged.kept(Point::RetainedToShare),
        }
    }

    fn judge_live_retain(&self, publication: &Publication, by: &[&Subscription], judged: &mut Judged) {
        let retain = self.delivered.retain;
        let wants = |subscription: &&&Subscription| subscription.options.retain_as_published && publication.retain;
        let wanting = by.iter().filter(wants).count();
        let is_right = if retain { wanting > 0 } else { wanting < by.len() };
        let stood = by.iter().all(|subscription| subscription.stood(publication.written.seq));
        match (is_right, retain) {
            (true, true) => judged.kept(Point::RetainAsPublished),
            (true, false) if publication.retain => judged.kept(Point::LiveRetain),
            (true, false) => {}
            (false, false) => judged.broken(Point::RetainAsPublished, "RETAIN 0 of a message published with 1"),
            (false, true) if publication.retain || stood => {
                judged.broken(Point::LiveRetain, "RETAIN 1 for a subscription that was there");
            }
            (false, true) => judged.broken(Point::PlainRetained, not_to_retain(publication)),
        }
    }

    fn judge_retained(&self, publication: &Publication, by: &[&Subscription], judged: &mut Judged) {
        if self.delivered.retain {
            judged.kept(Point::RetainedFlag);
        } else {
            judged.broken(Point::RetainedFlag, "RETAIN 0 in the answer to a SUBSCRIBE");
        }
        judged.kept(Point::PlainRetained);
        let Some(asked) = by.iter().map(|subscription| subscription.asked.seq).min() else { return };
        let Some(retained) = publication.retained() else { return };
        let replaced = self.publications.on(&self.delivered.topic).any(|later| {
            later.retain
                && later.written.seq > retained.seq
                && later.stored.is_some_and(|stored| stored.seq < asked)
                && !self.delivered.is_again
        });
        if replaced {
            judged.broken(Point::RetainedReplaced, "a retained message that another had displaced");
        } else {
            judged.kept(Point::RetainedReplaced);
        }
    }

    fn judge_qos(&self, publication: &Publication, by: &[&Subscription], judged: &mut Judged) {
        let came = self.delivered.qos as u8;
        let is_owed = by.iter().any(|subscription| subscription.qos_for(publication.qos).any(|qos| qos == came));
        if is_owed {
            judged.kept(if publication.is_will { Point::WillQos } else { Point::QosOwed });
            return;
        }
        let mut owed: Vec<u8> = by.iter().flat_map(|subscription| subscription.qos_for(publication.qos)).collect();
        owed.sort_unstable();
        owed.dedup();
        let published = publication.qos as u8;
        let is_low = owed.iter().all(|&qos| came < qos);
        let point = if publication.is_will && is_low { Point::WillQos } else { Point::QosOwed };
        judged.broken(point, format!("QoS {came} of a message published at {published} and owed at {owed:?}"));
    }

    /// The message expiry interval: there if it was published, less what it has waited, never more.
    fn judge_expiry(&self, path: Path, publication: &Publication, by: &[&Subscription], judged: &mut Judged) {
        let waited = self.waited(path, publication, by);
        let (published, came) = match (publication.expiry, self.delivered.expiry) {
            (Some(published), Some(came)) => (published, came),
            // Sent again when nothing is left of it: what the interval is then, no sentence says.
            (Some(published), None)
                if self.delivered.is_again && waited.most >= Duration::from_secs(published.into()) =>
            {
                return judged
                    .observed(Point::ExpiryPassedOn, "no message expiry interval on what is sent again expired");
            }
            (Some(_), None) if publication.is_will => {
                return judged.broken(Point::WillExpiry, "the message expiry interval of the will is missing");
            }
            (Some(_), None) => return judged.broken(Point::ExpiryPassedOn, "the message expiry interval is missing"),
            (None, Some(_)) => {
                return judged.observed(Point::ExpiryPassedOn, "a message expiry interval that nobody published");
            }
            (None, None) => return,
        };
        if waited.least >= Duration::from_secs(published.into()) + MARGIN {
            let point = if path == Path::Live { Point::Expired } else { Point::RetainedExpired };
            let seconds = waited.least.as_secs_f32();
            judged.broken(point, format!("{seconds:.1} s after a message whose expiry was {published} s"));
            return;
        }
        let least = waited.least.as_secs().saturating_sub(1);
        let most = waited.most.as_secs().saturating_add(2);
        let highest = u64::from(published).saturating_sub(least);
        let lowest = u64::from(published).saturating_sub(most);
        if (lowest..=highest).contains(&came.into()) {
            judged.kept(if publication.is_will { Point::WillExpiry } else { Point::ExpiryPassedOn });
            judged.kept(if path == Path::Live { Point::Expired } else { Point::RetainedExpired });
        } else {
            let why = format!("message expiry interval {came} of {published}, which can be {lowest} to {highest}");
            judged.broken(Point::ExpiryPassedOn, why);
        }
    }

    /// How long the message was with the broker when it was sent here.
    fn waited(&self, path: Path, publication: &Publication, by: &[&Subscription]) -> Waited {
        let most = self.now.at.saturating_sub(publication.written.at);
        // It was sent behind the CONNECT, and if it is an answer, behind the SUBSCRIBE.
        let asked = |subscription: &&Subscription| {
            if subscription.conn == self.conn { subscription.asked.at } else { self.link.connect.at }
        };
        let sent = match path {
            Path::Retained => by.iter().map(asked).min().unwrap_or_default(),
            Path::Live => self.link.connect.at,
        };
        let least = match publication.reached() {
            Some(reached) if !self.delivered.is_again => sent.saturating_sub(reached.at),
            _ => Duration::ZERO,
        };
        Waited { least, most }
    }

    fn judge_identifiers(&self, path: Path, publication: &Publication, by: &[&Subscription], judged: &mut Judged) {
        let came = &self.delivered.identifiers;
        // A copy may name all that match, those too that would not have brought it: by No Local or Retain Handling.
        let matching = self.session.visible(self.conn, self.link.floor).map(|(_, one)| one).filter(|one| {
            let is_there = match path {
                Path::Live => one.may_bring(publication.written.seq),
                Path::Retained => one.gone.is_none(),
            };
            is_there && one.matches(&self.delivered.topic) && !by.iter().any(|known| std::ptr::eq(*known, *one))
        });
        let all: Vec<&Subscription> = by.iter().copied().chain(matching).collect();
        let count = |identifier: u32| all.iter().filter(|one| one.identifier == Some(identifier)).count();
        let foreign = came
            .iter()
            .find(|&&identifier| came.iter().filter(|&&other| other == identifier).count() > count(identifier));
        let is_marked = |subscription: &&Subscription| subscription.identifier.is_some();
        if let Some(foreign) = foreign {
            let why = format!("subscription identifier {foreign}, which no subscription for it has");
            judged.broken(Point::ForeignIdentifier, why);
        } else if !came.is_empty() {
            judged.kept(Point::ForeignIdentifier);
            judged.kept(Point::IdentifierMissing);
        } else if by.iter().all(is_marked) {
            judged.broken(Point::IdentifierMissing, "no subscription identifier");
        }
    }

    /// Nobody has published this.
    fn unknown(&self) -> Judged {
        let mut judged = Judged::default();
        let Delivered { topic, print, length, .. } = self.delivered;
        let is_broken = self.links.values().any(|link| link.is_broken && link.own_topics == self.link.own_topics);
        if is_broken || self.is_of_other_case() {
            return judged;
        }
        let prefix = &self.link.own_topics;
        if let Some(print) = *print
            && *length > 0
            && let Some(published) = self.publications.saying(print, *length, prefix).next()
        {
            // On which topic nobody knows: it was a number, or amid bytes that broke the standard.
            let is_unclear = |one: &Publication| one.is_aliased || one.is_uncertain;
            if self.publications.saying(print, *length, prefix).any(is_unclear) {
                return judged;
            }
            judged.broken(Point::TopicUnaltered, format!("published on {}", published.topic));
        } else if let Some(published) = self.publications.last_on(topic) {
            let why = format!("nobody published that there; last came one of {} bytes", published.length);
            judged.broken(Point::PayloadUnaltered, why);
        } else {
            judged.observed(Point::TopicUnaltered, "a message that nobody published");
        }
        judged
    }

    /// What it brings was published by a case beside, whose own connections judge it.
    fn is_of_other_case(&self) -> bool {
        !self.delivered.topic.starts_with(&*self.link.own_topics)
    }

    /// It was published, and yet no subscription can have brought it.
    fn unmatched(&self, candidates: &[usize]) -> Judged {
        let mut judged = Judged::default();
        let (Some(&last), false) = (candidates.last(), self.link.is_broken) else { return judged };
        let publication = self.publications.get(last);
        let all = self.session.subscriptions.iter();
        let matching: Vec<&Subscription> = all.filter(|one| one.matches(&self.delivered.topic)).collect();
        let visible: Vec<&Subscription> =
            self.session.visible(self.conn, self.link.floor).map(|(_, one)| one).collect();
        let visible: Vec<&Subscription> =
            visible.into_iter().filter(|one| one.matches(&self.delivered.topic)).collect();
        let there = || visible.iter().filter(|one| one.may_bring(publication.written.seq));
        if publication.is_uncertain || self.session.is_foreign {
        } else if matching.is_empty() && self.session.subscriptions.is_empty() {
            judged.observed(Point::MatchingSubscription, "a message to a client that never subscribed");
        } else if matching.is_empty() {
            judged.broken(Point::MatchingSubscription, "no subscription of the client matches its topic");
        } else if visible.is_empty() {
            let point = if self.link.is_clean { Point::DiscardedSession } else { Point::EndedSession };
            judged.broken(point, "only a subscription of a session that was thrown away matches");
        } else if there().next().is_none() && self.stands_beside(&matching) {
            judged.broken(Point::MatchingSubscription, "no subscription of the client that is there matches its topic");
        } else if there().next().is_none() {
            judged.broken(Point::RemovedSubscription, "published after the UNSUBACK of the only subscription for it");
        } else if there().all(|one| one.options.no_local && publication.session == self.session_number) {
            judged.broken(self.own_message(publication), "the client's own message, by a subscription with No Local");
        } else {
            self.unasked(last, &visible, &mut judged);
        }
        judged
    }

    /// It was with others before the client subscribed, so that only what is retained can bring it.
    fn unasked(&self, number: usize, visible: &[&Subscription], judged: &mut Judged) {
        let publication = self.publications.get(number);
        let reasons = visible.iter().filter_map(|one| match self.may_be_retained(number, one) {
            Err(NotRetained::Unasked(unasked)) => Some(unasked),
            _ => None,
        });
        let mut reasons: Vec<Unasked> = reasons.collect();
        reasons.dedup();
        match &reasons[..] {
            _ if !self.delivered.retain => {
                judged.observed(Point::MatchingSubscription, "a message that had come to others before the SUBSCRIBE");
            }
            _ if !publication.retain => {
                judged.broken(Point::PlainRetained, not_to_retain(publication));
            }
            [Unasked::Never] => {
                judged.broken(Point::RetainHandlingNever, "retained, for a subscription with Retain Handling 2");
            }
            [Unasked::NotNew] => {
                let why = "retained, for a subscription that was there, with Retain Handling 1";
                judged.broken(Point::RetainHandlingIfNew, why);
            }
            [Unasked::Shared] => judged.broken(Point::RetainedToShare, "retained, for a shared subscription"),
            _ => judged.observed(Point::LiveRetain, "a retained message that no SUBSCRIBE asked for"),
        }
    }
}

/// How long a message has waited in the broker, at least and at most.
#[derive(Debug, Clone, Copy)]
struct Waited {
    least: Duration,
    most: Duration,
}

/// Why a subscription does not bring a message as a retained one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotRetained {
    /// It can't be retained, or not for this connection.
    Never,
    /// The SUBSCRIBE has brought one on that topic.
    Brought,
    Unasked(Unasked),
}

/// Why a message that is not to be retained can't be so.
fn not_to_retain(publication: &Publication) -> &'static str {
    if publication.is_will {
        "retained, and is a will whose Will Retain is 0"
    } else {
        "retained, and was published with RETAIN 0"
    }
}

/// A copy of this QoS of a message of that one comes once.
pub(super) fn comes_once(publication: &Publication, qos: QoS) -> bool {
    let is_exact = publication.qos == QoS::ExactlyOnce && qos == QoS::ExactlyOnce;
    is_exact || publication.is_will && publication.qos == QoS::AtMostOnce
}
