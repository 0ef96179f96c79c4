//! Deliveries: one scene for every way on which a message can come, made from a table of parameters.
//!
//! `rows.tsv` has a scene a line, `row` says what its words mean and `sense` which of them go together; `due` says what is
//! due, `topic` on which topics and by which filter, `rules` which rule each look at it decides, and `caught` what a look would not let pass. The steps are in `scene` and
//! `judge`, and below, a function for each path. `cover` holds that every two values meet in a scene, and every three where
//! brokers were seen to go wrong; it adds the rows that are missing, and leaves those that are there alone.

mod caught;
#[cfg(test)]
mod cover;
mod due;
mod judge;
mod row;
mod rules;
mod scene;
mod sense;
mod taken;
mod title;
mod topic;

use super::prelude::*;
use crate::scenario::{CaseRules, Method, Running};
use mqtt_assay_standard::RuleId;
use row::{Connection, Limits, Path, ROWS, Row, Wait};
use scene::{Cast, Scene};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// How long a message is left before its delivery, where it is.
const SECONDS: u64 = 2;

/// The cases, one for each row.
pub(super) fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let mut known = BTreeSet::new();
        ROWS.iter()
            .map(|row| {
                let of_v3_1_1 = sense::in_v3_1_1(row).is_some_and(|reduced| known.insert(reduced.id()));
                case_of(row, of_v3_1_1)
            })
            .collect()
    });
    &CASES
}

/// A row as a case: of 3.1.1 too where no row before it is the same there. What is made here lives as long as the program.
fn case_of(row: &Row, of_v3_1_1: bool) -> Case {
    let (function, steps) = steps(row.path);
    let member: &'static str = row.member().leak();
    let title: &'static str = title::of(row).leak();
    Case {
        v3_1_1: of_v3_1_1.then(|| rules_of(row, Version::V3_1_1)),
        v5: Some(rules_of(row, Version::V5)),
        caught: caught::by(row).leak(),
        file: file!(),
        needs: row.needs().leak(),
        waits: if row.wait == Wait::None { 0 } else { SECONDS },
        ..Case::new(function, member, title, Method::Steps(steps))
    }
}

fn rules_of(row: &Row, version: Version) -> CaseRules {
    let mut proves: Vec<&'static [RuleId]> = Vec::new();
    for aspect in row.aspects(version) {
        let rule = row.rule(aspect).of(version).filter(|_| !row.is_open(aspect));
        if let Some(rule) = rule.filter(|rule| !proves.iter().any(|group| group.contains(rule))) {
            proves.push(vec![rule].leak());
        }
    }
    CaseRules { breaks: &[], proves: proves.leak() }
}

type Steps = for<'a> fn(&'a Subject) -> Running<'a>;

/// The function of a path, and its name.
fn steps(path: Path) -> (&'static str, Steps) {
    match path {
        Path::Live => ("live", |broker| Box::pin(live(broker))),
        Path::Retained => ("retained", |broker| Box::pin(retained(broker))),
        Path::Queued => ("queued", |broker| Box::pin(queued(broker))),
        Path::Again => ("sent_again", |broker| Box::pin(sent_again(broker))),
        Path::Will => ("will", |broker| Box::pin(will_published(broker))),
        Path::RetainedWill => ("retained_will", |broker| Box::pin(retained_will(broker))),
        Path::Shared => ("shared", |broker| Box::pin(shared(broker))),
    }
}

/// Set-up: a receiver with its subscription on its first connection, and who publishes.
async fn subscribed(scene: &Scene<'_>, role: &'static str, draft: Draft) -> Result<Cast, Stop> {
    let mut watcher = scene.first_connection().await?;
    scene.subscribes_before(&mut watcher).await?;
    let granted = scene.subscribes(&mut watcher).await?;
    let publisher = scene.publisher(role, draft).await?;
    let mut cast = Cast { granted, ..Cast::of(watcher, publisher) };
    scene.is_subscribed_at_all(&mut cast).await?;
    scene.has_the_right_qos(&mut cast).await?;
    Ok(cast)
}

async fn live(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::Live).await?;
    delivered_at_once(&scene).await
}

async fn shared(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::Shared).await?;
    delivered_at_once(&scene).await
}

async fn delivered_at_once(scene: &Scene<'_>) -> Outcome {
    let mut cast = subscribed(scene, "publisher", connect()).await?;
    scene.goes_and_comes_back(&mut cast).await?;
    scene.shows_that_the_rest_is_right(&mut cast).await?;
    if scene.row.limits == Limits::ReceiveMaximum {
        // What was acknowledged takes no place any more: a queue may be as short as what waits behind two.
        cast.watcher.serves().await?;
    }

    if !scene.row.may_be_lost() || !scene.row.due(scene.broker.version()).comes {
        scene.publishes(&mut cast).await?;
    }

    scene.decides(&mut cast, &[]).await
}

async fn retained(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::Retained).await?;
    let watcher = scene.first_connection().await?;
    let publisher = scene.publisher("publisher", connect()).await?;
    let mut cast = Cast::of(watcher, publisher);
    scene.publishes(&mut cast).await?;

    brought_by_a_subscription(&scene, &mut cast).await
}

async fn retained_will(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::RetainedWill).await?;
    let watcher = scene.first_connection().await?;
    let mourned = connect().will(scene.row.will_draft(&scene.messages[0]));
    let publisher = scene.publisher("mourned", mourned).await?;
    let mut cast = Cast { mourners: scene.mourners().await?, ..Cast::of(watcher, publisher) };
    scene.dies(&mut cast).await;

    brought_by_a_subscription(&scene, &mut cast).await
}

async fn brought_by_a_subscription(scene: &Scene<'_>, cast: &mut Cast) -> Outcome {
    scene.are_stored().await?;
    scene.subscribes_before(&mut cast.watcher).await?;
    for count in 1..=scene.returns() {
        scene.goes(&mut cast.watcher).await?;
        cast.watcher = scene.comes_back(count == scene.returns()).await?;
    }
    scene.waits().await;

    let is_looked_for = scene.row.may_be_lost() && scene.row.due(scene.broker.version()).comes;
    if !is_looked_for {
        cast.granted = scene.subscribes(&mut cast.watcher).await?;
        scene.is_subscribed_at_all(cast).await?;
    }

    scene.decides(cast, &[]).await
}

async fn queued(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::Queued).await?;
    let mut cast = subscribed(&scene, "publisher", connect()).await?;
    for count in 1..=scene.returns() {
        let is_last = count == scene.returns();
        scene.goes_for_the_queue(&mut cast).await?;
        if is_last {
            scene.publishes(&mut cast).await?;
            scene.waits().await;
        }
        cast.watcher = scene.comes_back(is_last).await?;
        if !is_last {
            scene.is_still_subscribed(&mut cast, count).await?;
        }
    }
    cast.has_session = cast.watcher.session_is_present();

    scene.decides(&mut cast, &[]).await
}

async fn sent_again(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::Again).await?;
    let mut cast = subscribed(&scene, "publisher", connect()).await?;
    // What came before is done with.
    cast.watcher.serves().await?;
    cast.watcher.hold_acknowledgements();
    scene.publishes(&mut cast).await?;
    let mut ids = scene.sent_first(&mut cast, usize::MAX).await?;
    for count in 1..=scene.returns() {
        scene.goes(&mut cast.watcher).await?;
        let is_last = count == scene.returns();
        let mut former = std::mem::replace(&mut cast.watcher, scene.comes_back(is_last).await?);
        if scene.row.connection == Connection::TakenOver {
            // Where the old connection stays, nothing is owed on the new one: another rule's matter.
            former.ended().await?;
        }
        cast.has_session = cast.watcher.session_is_present();
        if !is_last {
            ids = scene.sent_first(&mut cast, ids.len()).await?;
        }
    }

    scene.decides(&mut cast, &ids).await
}

async fn will_published(broker: &Subject) -> Outcome {
    let scene = Scene::of(broker, Path::Will).await?;
    let mourned = connect().will(scene.row.will_draft(&scene.messages[0]));
    let mut cast = subscribed(&scene, "mourned", mourned).await?;
    cast.mourners = scene.mourners().await?;
    scene.goes_and_comes_back(&mut cast).await?;

    scene.dies(&mut cast).await;

    scene.decides(&mut cast, &[]).await
}
