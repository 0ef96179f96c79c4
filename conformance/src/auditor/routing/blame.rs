//! What a breach is put down to where one thing done wrong shows in several ways, or in a way that others show too: an old
//! subscription that stays, a client's own message that comes in spite of No Local, a message looked up when nobody asked or
//! for a share, a topic filter that takes too much.

use super::explain::{Explanation, Path, Scene, Shown};
use super::judged::Judged;
use super::publications::Publication;
use super::subscriptions::Subscription;
use crate::auditor::Point;
use mqtt_assay_codec::{RetainHandling, Version};

/// What the broker has been seen to do rightly. Only then an option that looks as if the old subscription were still there is
/// put down to that: who gets the option wrong does so whatever was there before.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// A live message that was published with RETAIN 1 came with RETAIN 0.
    clears_flag: bool,
    /// One came with RETAIN 1, as its subscription asked.
    passes_flag: bool,
}

impl Habits {
    /// What a delivery shows.
    pub(super) fn note(&mut self, judged: &Judged) {
        if judged.breaches() == 0 {
            self.clears_flag |= judged.keeps(Point::LiveRetain);
            self.passes_flag |= judged.keeps(Point::RetainAsPublished);
        }
    }
}

impl Scene<'_> {
    /// The subscriptions whose place those of this sound delivery have taken, and that would have brought it otherwise.
    pub(super) fn displaced(&self, best: &Explanation) -> Vec<usize> {
        if best.path != Path::Live || self.publications.get(best.publication).is_uncertain {
            return Vec::new();
        }
        let all = &self.session.subscriptions;
        let is_by =
            |filter: &str| best.by.iter().any(|&number| !all[number].is_replaced && &*all[number].filter == filter);
        let replaced = all.iter().enumerate().filter(|(_, one)| one.is_replaced && is_by(&one.filter));
        let differs = |number: usize| self.judge(Path::Live, best.publication, &[number]).breaches() > 0;
        replaced.map(|(number, _)| number).filter(|&number| differs(number)).collect()
    }

    /// Puts what is broken down to the one thing that explains it all, where there is one.
    pub(super) fn blame_cause(&self, candidates: &[usize], best: &mut Explanation) {
        let is_blamed = self.blame_share(best)
            || self.blame_no_local(best)
            || self.blame_replaced(candidates, best)
            || self.blame_old_options(best);
        if !is_blamed {
            self.blame_lookup(best);
        }
    }

    /// Blames No Local, where the delivery is just what a subscription would bring but for that.
    fn blame_no_local(&self, best: &mut Explanation) -> bool {
        let publication = self.publications.get(best.publication);
        let (own, written) = (self.session_number, publication.written.seq);
        let is_so = self.is_by_one(best, Path::Live, |one| one.withholds(publication, own) && one.may_bring(written))
            || best.path == Path::Retained && !self.delivered.retain && self.is_withheld(publication);
        if is_so {
            best.judged.blame(self.own_message(publication));
        }
        is_so
    }

    /// Whether a subscription that was certainly there would have brought it live but for No Local.
    fn is_withheld(&self, publication: &Publication) -> bool {
        let mut visible = self.session.visible(self.conn, self.link.floor).map(|(_, one)| one);
        visible.any(|one| {
            one.matches(&self.delivered.topic)
                && one.withholds(publication, self.session_number)
                && one.stood(publication.written.seq)
                && one.may_bring(publication.written.seq)
        })
    }

    /// What a client's own message breaks that comes in spite of No Local.
    pub(super) fn own_message(&self, publication: &Publication) -> Point {
        if self.has_old_local(publication) { Point::Replaced } else { Point::NoLocal }
    }

    /// A subscription keeps this message from its client that has taken the place of one that did not, and is known to stay.
    fn has_old_local(&self, publication: &Publication) -> bool {
        let mut visible = self.session.visible(self.conn, self.link.floor).map(|(_, one)| one);
        visible.any(|one| {
            one.matches(&self.delivered.topic)
                && one.withholds(publication, self.session_number)
                && one.may_bring(publication.written.seq)
                && self.session.was_local(one)
        })
    }

    /// Blames the lookup for a share, where the delivery is just what that would bring.
    pub(super) fn blame_share(&self, best: &mut Explanation) -> bool {
        let Some(share) = self.share_for(best.publication) else { return false };
        (best.path, best.by) = (Path::Retained, vec![share]);
        if best.judged.breaches() == 0 {
            best.judged.broken(Point::RetainedToShare, "retained, for a shared subscription");
        } else {
            best.judged.blame(Point::RetainedToShare);
        }
        true
    }

    /// The shared subscription whose SUBSCRIBE, were it not for a share, would bring what came from what is retained.
    fn share_for(&self, number: usize) -> Option<usize> {
        let publication = self.publications.get(number);
        if !self.delivered.retain || !publication.retain || publication.length == 0 {
            return None;
        }
        let mut visible = self.session.visible(self.conn, self.link.floor).filter(|(_, one)| {
            let is_looked_up = self.delivered.is_again || !one.brought.contains_key(&self.delivered.topic);
            one.is_shared()
                && one.version == Version::V5
                && (one.conn == self.conn || self.link.is_resumed)
                && one.asked.seq > publication.written.seq
                && is_looked_up
                && one.matches(&self.delivered.topic)
        });
        visible.find(|&(share, _)| self.judge(Path::Retained, number, &[share]).breaches() == 0).map(|(share, _)| share)
    }

    /// Whether there is such a subscription that by itself explains the delivery, with nothing else to blame.
    fn is_by_one(&self, best: &Explanation, path: Path, is_such: impl Fn(&Subscription) -> bool) -> bool {
        let visible = self.session.visible(self.conn, self.link.floor);
        visible
            .filter(|(_, one)| one.matches(&self.delivered.topic) && is_such(one))
            .any(|(number, _)| self.judge(path, best.publication, &[number]).breaches() == 0)
    }

    /// Blames the subscription that was replaced, where this delivery shows that it is still there.
    pub(super) fn blame_replaced(&self, candidates: &[usize], best: &mut Explanation) -> bool {
        let old = self.best(candidates, true).filter(|old| old.judged.breaches() == 0 && self.shows(old, best));
        let Some(old) = old else { return false };
        let only_identifier = best.judged.broken_points().all(is_of_identifier) && self.has_other_identifier(&old.by);
        best.judged.blame(if only_identifier { Point::IdentifierReplaced } else { Point::Replaced });
        best.by = old.by;
        let all = &self.session.subscriptions;
        best.shown = best.by.iter().filter(|&&one| all[one].is_replaced).map(|&one| (one, Shown::Stays)).collect();
        // By its identifier alone nothing is known of the rest.
        if only_identifier {
            best.shown.clear();
        }
        true
    }

    /// Whether those of these subscriptions that were replaced had another identifier than what took their place, and what
    /// came has not the new one.
    fn has_other_identifier(&self, by: &[usize]) -> bool {
        let all = &self.session.subscriptions;
        let came = &self.delivered.identifiers;
        let mut replaced = by.iter().map(|&number| &all[number]).filter(|one| one.is_replaced);
        replaced.all(|old| {
            let new = all.iter().rfind(|one| !one.is_replaced && one.filter == old.filter);
            new.is_none_or(|new| new.identifier != old.identifier && !came.iter().eq(new.identifier.iter()))
        })
    }

    /// Blames a SUBSCRIBE to a filter that was there, where the delivery is just what comes by its QoS and its identifier, but
    /// with the No Local and the Retain As Published of before.
    fn blame_old_options(&self, best: &mut Explanation) -> bool {
        let publication = self.publications.get(best.publication);
        let visible = || self.session.visible(self.conn, self.link.floor);
        let mut replaced = visible().filter(|(_, old)| old.is_replaced && old.matches(&self.delivered.topic));
        let old = replaced.find(|(_, old)| {
            visible().any(|(_, new)| self.mixes(publication, old, new)) && self.shows_options(old, best)
        });
        let Some((old, _)) = old else { return false };
        best.judged.blame(Point::Replaced);
        best.shown = vec![(old, Shown::Stays)];
        true
    }

    /// Whether the new subscription with the options of the old one would bring it so.
    fn mixes(&self, publication: &Publication, old: &Subscription, new: &Subscription) -> bool {
        let flags = |one: &Subscription| (one.options.no_local, one.options.retain_as_published);
        let is_next = !new.is_replaced && new.filter == old.filter && new.may_bring(publication.written.seq);
        if !is_next || flags(old) == flags(new) {
            return false;
        }
        let mut mixed = new.clone();
        (mixed.options.no_local, mixed.options.retain_as_published) = flags(old);
        self.may_be_live(publication, &mixed) && self.judge_by(Path::Live, publication, &[&mixed]).breaches() == 0
    }

    /// Whether the breach shows more than a flag, which any subscription may have got wrong.
    fn shows_options(&self, old: &Subscription, best: &Explanation) -> bool {
        let publication = self.publications.get(best.publication);
        old.shown == Some(Shown::Stays)
            || best.judged.broken_points().any(|point| match point {
                Point::QosOwed | Point::WillQos => self.is_odd(publication),
                point => is_of_identifier(point) || self.is_old_flag(point),
            })
    }

    /// This flag is wrong, and rightly set where no subscription was replaced.
    fn is_old_flag(&self, point: Point) -> bool {
        match point {
            Point::LiveRetain => self.habits.clears_flag,
            Point::RetainAsPublished => self.habits.passes_flag,
            _ => false,
        }
    }

    /// Whether what came is so much like the old subscription that nothing else explains it.
    fn shows(&self, old: &Explanation, best: &Explanation) -> bool {
        let publication = self.publications.get(best.publication);
        let replaced =
            || old.by.iter().map(|&number| &self.session.subscriptions[number]).filter(|one| one.is_replaced);
        if replaced().any(|one| one.shown == Some(Shown::Stays)) {
            return true;
        }
        if best.judged.broken_points().any(|point| self.is_old_flag(point)) {
            return true;
        }
        let has_come = self.session.copies.get(&best.publication).is_some_and(|copies| copies.live > 0);
        let is_gone = !has_come && replaced().all(|one| one.shown == Some(Shown::Gone));
        let mut points = best.judged.broken_points();
        !is_gone
            && points.any(|point| match point {
                Point::ForeignIdentifier | Point::IdentifierMissing => true,
                Point::QosOwed | Point::WillQos => self.is_odd(publication),
                _ => false,
            })
    }

    /// Neither the QoS at which it was published, nor that of a will which has lost it.
    fn is_odd(&self, publication: &Publication) -> bool {
        self.delivered.qos < publication.qos && !(publication.is_will && self.delivered.qos as u8 == 0)
    }

    /// What comes with RETAIN 1 by subscriptions that went before one that doesn't match was looked up by that one; and what
    /// comes so on a resumed session, where it had come before, was looked up when nobody asked.
    pub(super) fn blame_lookup(&self, best: &mut Explanation) {
        let publication = self.publications.get(best.publication);
        if !self.delivered.retain || self.delivered.is_again || !publication.retain || publication.length == 0 {
            return;
        }
        let by: Vec<&Subscription> = best.by.iter().map(|&number| &self.session.subscriptions[number]).collect();
        let has_flag = best.judged.broken_points().any(|point| point == Point::LiveRetain);
        if has_flag && by.iter().all(|one| one.gone.is_some()) && self.stands_beside(&by) {
            return best.judged.blame(Point::MatchingSubscription);
        }
        let is_lookup =
            |point| matches!(point, Point::LiveRetain | Point::IdentifierMissing | Point::QosOwed | Point::WillQos);
        let is_resumed = self.link.is_resumed && by.iter().all(|one| one.conn != self.conn);
        if !is_resumed || !best.judged.broken_points().all(is_lookup) {
            return;
        }
        if self.has_all_copies(best) {
            best.judged.blame(unasked_point(&by));
        } else if has_flag {
            // By itself RETAIN 1 is wrong of what has waited, too; what else is wrong shows that it was looked up.
            best.judged.blame(Point::LiveRetain);
        }
    }

    /// All copies that were due are there.
    fn has_all_copies(&self, best: &Explanation) -> bool {
        let copies = self.session.copies.get(&best.publication).copied().unwrap_or_default();
        (copies.live + copies.retained) as usize >= self.session.count(&best.by)
    }

    /// A subscription for something else is there that was made when these were gone.
    pub(super) fn stands_beside(&self, gone: &[&Subscription]) -> bool {
        let last = gone.iter().filter_map(|one| one.gone).max().unwrap_or_default();
        let mut visible = self.session.visible(self.conn, self.link.floor).map(|(_, one)| one);
        visible.any(|one| one.gone.is_none() && one.asked.seq > last && !one.matches(&self.delivered.topic))
    }
}

fn is_of_identifier(point: Point) -> bool {
    matches!(point, Point::ForeignIdentifier | Point::IdentifierMissing)
}

/// What says that nobody asked for retained messages by these subscriptions.
fn unasked_point(by: &[&Subscription]) -> Point {
    let all = |handling| by.iter().all(|one| one.options.retain_handling == handling);
    match () {
        () if all(RetainHandling::DoNotSend) => Point::RetainHandlingNever,
        () if all(RetainHandling::SendIfNew) => Point::RetainHandlingIfNew,
        () => Point::LiveRetain,
    }
}

/// What is blamed on a lookup that nobody asked for, beside what it is that came.
pub(super) fn is_of_lookup(point: Point) -> bool {
    matches!(
        point,
        Point::LiveRetain
            | Point::RetainedToShare
            | Point::RetainHandlingNever
            | Point::RetainHandlingIfNew
            | Point::MatchingSubscription
    )
}
