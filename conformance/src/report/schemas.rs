//! JSON Schemas of what machines read, as `mqtt-assay explain schemas` prints them. Tests hold them: every field that is
//! written stands in its schema, and every field of a schema is written.

/// A schema: its name, what it is of, its text.
pub(crate) type Schema = (&'static str, &'static str, &'static str);

/// Every schema.
pub(crate) const SCHEMAS: &[Schema] = &[
    ("brief", "report --brief", include_str!("../../schemas/brief.schema.json")),
    ("coverage", "coverage --format json", include_str!("../../schemas/coverage.schema.json")),
    ("decoder-fuzz", "decoder fuzz --json", include_str!("../../schemas/decoder-fuzz.schema.json")),
    ("difference", "report --diff --json", include_str!("../../schemas/difference.schema.json")),
    ("events", "a line of run --events", include_str!("../../schemas/events.schema.json")),
    ("hunt", "fuzz --json, report --merge --json of hunts", include_str!("../../schemas/hunt.schema.json")),
    ("list", "list --format json", include_str!("../../schemas/list.schema.json")),
    ("report", "run --json, report --merge --json", include_str!("../../schemas/report.schema.json")),
    ("serve", "serve --json", include_str!("../../schemas/serve.schema.json")),
    ("serve-each", "serve --each --json", include_str!("../../schemas/serve-each.schema.json")),
];

/// The text of a schema.
pub(crate) fn find(name: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(known, ..)| *known == name).map(|(.., text)| *text)
}

#[cfg(test)]
#[path = "../../tests/common/schema.rs"]
mod walker;

#[cfg(test)]
mod tests {
    use super::walker::{Walk, json};
    use super::*;
    use crate::baseline::Accepted;
    use crate::broker::SetUp;
    use crate::explore::Explored;
    use crate::report::baseline::{AsListed, BaselineReport, DifferenceReport, Told};
    use crate::report::document::{DecoderFacts, ShardOf, Transcripts};
    use crate::report::events::tests::all_kinds;
    use crate::report::{Asked, explored, samples};
    use crate::run::{Disturbance, Noticed};
    use crate::scenario::{Kind, LeftBehind, Stop, Verdict};
    use serde_json::Value;
    use std::collections::BTreeMap;

    fn text(name: &str) -> &'static str {
        find(name).unwrap_or_else(|| panic!("no schema: {name}"))
    }

    /// A report in which every field says something.
    fn full() -> Value {
        let mut facts = samples::facts();
        let shard = ShardOf { shard: "1/2".to_owned(), selected_by_all_shards: 9 };
        facts.asked = Asked { shard: Some(shard), ..facts.asked };
        facts.labels = BTreeMap::from([("branch".to_owned(), "main".to_owned())]);
        facts.target.carrier = Some("tls".to_owned());
        facts.target.insecure = true;
        let files = BTreeMap::from([("b.conf".to_owned(), "listener {port}\n".to_owned())]);
        facts.set_ups = BTreeMap::from([("plain".to_owned(), SetUp { command: "b -c b.conf".to_owned(), files })]);
        let mut failed = samples::result(&[(Verdict::Fail, "DUP 1"), (Verdict::Pass, "")], Some(Stop::Failed));
        failed.noticed = vec![Noticed { invariant: "5/invariants/x".to_owned(), line: 3 }];
        failed.alone = Some(Disturbance::TimedOut);
        failed.seen_in = Some("5/publish/other".to_owned());
        failed.transcript.others.insert("watcher".to_owned(), mqtt_assay_codec::Version::V3_1_1);
        let passed = samples::result(&[(Verdict::Pass, "DUP 0")], None);
        let nothing = samples::result(&[], Some(Stop::NotOffered("no".to_owned())));
        let mut document = samples::document_of(&facts, &[failed, passed, nothing]);
        let accepted = Accepted { reason: "known".to_owned(), link: Some("https://example.org/1".to_owned()) };
        document.options.transcripts = Transcripts::All;
        document.results[0].expected_by_baseline = Some(accepted);
        document.results[0].rules[0].breaks = true;
        document.baseline = Some(baseline());
        let left = [Kind::Session, Kind::Retained];
        document.left_behind =
            left.map(|kind| LeftBehind { kind, name: "a".to_owned(), case: "5/x/y".to_owned() }).to_vec();
        let words = vec!["5".to_owned()];
        let counts = DecoderFacts { hidden_fields: 1, questions: 2, left_out: 3, ..DecoderFacts::default() };
        document.decoder = Some(DecoderFacts { can: words.clone(), hides: words, ..counts });
        let unfinished = vec![(3, "why".to_owned())];
        document.explore = Some(explored::report(&Explored { unfinished, ..Explored::default() }, 1, &[]));
        serde_json::to_value(&document).expect("JSON")
    }

    fn baseline() -> BaselineReport {
        let told = |verdict, seen: &str| Some(Told { verdict, seen: Some(seen.to_owned()) });
        let difference = DifferenceReport {
            case: "5/x/y".to_owned(),
            rule: "MQTT-3.3.2-2".to_owned(),
            what: "changed".to_owned(),
            line: Some(3),
            was: told(Verdict::Fail, "DUP 1"),
            now: told(Verdict::Weak, "DUP 0"),
            says: "it has changed".to_owned(),
        };
        BaselineReport {
            file: "known.toml".to_owned(),
            broker: "x 1".to_owned(),
            tool: "0.1.0".to_owned(),
            written: false,
            entries: 4,
            expected: 1,
            better: 1,
            not_run: 1,
            without_reason: 1,
            as_listed: BTreeMap::from([("5/x/z".to_owned(), AsListed { expected: 1, better: 1 })]),
            differences: vec![difference],
            left_to_the_whole: std::collections::BTreeSet::new(),
        }
    }

    #[test]
    fn a_report_is_what_its_schema_says_and_the_other_way_round() {
        let mut walk = Walk::new(text("report"));
        walk.hold(&full());
        // Findings of generated sequences are held by the run of the program that makes some.
        walk.require_all_but("/properties/explore/properties/findings");
    }

    #[test]
    fn so_is_every_event() {
        let mut walk = Walk::new(text("events"));
        for line in all_kinds(Transcripts::All).lines() {
            walk.hold(&json(line));
        }
        // Results and their rules: the report has all of that.
        walk.require_all_but("/$defs/r");
        let [events, report] = ["events", "report"].map(|name| json(text(name))["$defs"]["result"].clone());
        assert_eq!(events, report, "a result is the same in both");
    }

    #[test]
    fn so_is_the_report_of_a_hunt() {
        let mut walk = Walk::new(text("hunt"));
        let full = crate::report::hunted::tests::full();
        walk.hold(&json(&full.json()));
        walk.require_all_but("");
    }

    #[test]
    fn the_walk_finds_what_is_not_there() {
        let problem = |change: fn(&mut Value)| {
            let mut value = full();
            change(&mut value);
            Walk::new(text("report")).problems(&value).join("; ")
        };
        assert_eq!(problem(|_| {}), "");
        assert!(problem(|value| value["more"] = 1.into()).contains("/more: no field of the schema"));
        assert!(problem(|value| value["exit"] = "0".into()).contains("/exit: is no integer"));
        assert!(problem(|value| value["results"][0]["verdict"] = "good".into()).contains("is none of"));
        assert!(problem(|value| drop(value.as_object_mut().map(|all| all.remove("why")))).contains("/: lacks why"));
        assert!(problem(|value| value["schema"] = 2.into()).contains("/schema: is not 1"));
    }
}
