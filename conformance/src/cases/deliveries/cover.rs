//! That the rows cover what they are to cover, and the tool that adds those that are missing.

use super::row::{Limits, PARAMETERS, ROWS, Row};
use super::sense::{EXCLUSIONS, in_v3_1_1, senseless};
use mqtt_assay_codec::Version;
use std::collections::BTreeSet;
use std::path::Path;

/// How the rows are made: those that are there stay, and what they leave uncovered gets new ones behind them.
const COMMAND: &str = "MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay --lib deliveries::cover";

/// Parameters of which every three values meet in some scene.
const TRIPLES: [[&str; 3]; 3] =
    [["path", "subscription", "qos"], ["path", "options", "connection"], ["path", "properties", "connection"]];

/// Values of which every two are enough: what has QoS 0 on its way may be lost, so that only what comes is judged, and the
/// third time is most often like the second.
const IN_PAIRS_ONLY: [&str; 6] = ["qos0-0", "qos0-1", "qos0-2", "qos1-0", "qos2-0", "third-time"];

/// Some values, each of its own parameter: the place of the parameter, and that of the value.
type Meeting = Vec<(usize, usize)>;

fn place_of(name: &str) -> usize {
    PARAMETERS.iter().position(|(known, _)| *known == name).unwrap_or_else(|| panic!("no parameter {name}"))
}

/// Every combination of values of these parameters.
fn combinations(places: &[usize]) -> Vec<Meeting> {
    places.iter().fold(vec![Vec::new()], |known: Vec<Meeting>, &place| {
        let values = 0..PARAMETERS[place].1.len();
        known
            .iter()
            .flat_map(|meeting| values.clone().map(|value| [&meeting[..], &[(place, value)]].concat()))
            .collect()
    })
}

/// What must meet, sense or not.
fn demanded() -> Vec<Meeting> {
    let count = PARAMETERS.len();
    let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| vec![one, other]));
    let triples = TRIPLES.iter().map(|names| names.map(place_of).to_vec());
    let all = triples.chain(pairs).flat_map(|places| combinations(&places));
    all.filter(|meeting| meeting.len() < 3 || is_worth_a_scene(meeting)).collect()
}

fn is_worth_a_scene(meeting: &Meeting) -> bool {
    meeting.iter().all(|&(place, value)| !IN_PAIRS_ONLY.contains(&PARAMETERS[place].1[value]))
}

/// Values that are chosen, in the order of the parameters.
type Choice = Vec<Option<usize>>;

fn words(choice: &Choice) -> Vec<Option<&'static str>> {
    choice.iter().enumerate().map(|(place, value)| value.map(|value| PARAMETERS[place].1[value])).collect()
}

fn chosen(meeting: &Meeting) -> Choice {
    let mut choice = vec![None; PARAMETERS.len()];
    for &(place, value) in meeting {
        choice[place] = Some(value);
    }
    choice
}

/// Completes a choice so that it makes sense, trying the values of each parameter in the order that `liked` gives them.
fn complete(choice: &Choice, liked: &mut impl FnMut(&Choice, usize) -> Vec<usize>) -> Option<Choice> {
    if senseless(&words(choice)).is_some() {
        return None;
    }
    let Some(open) = choice.iter().position(Option::is_none) else { return Some(choice.clone()) };
    liked(choice, open).into_iter().find_map(|value| {
        let mut next = choice.clone();
        next[open] = Some(value);
        complete(&next, liked)
    })
}

fn is_possible(meeting: &Meeting) -> bool {
    complete(&chosen(meeting), &mut |_, place| (0..PARAMETERS[place].1.len()).collect()).is_some()
}

fn values_of(row: &Row) -> Vec<usize> {
    let place_of_word = |(place, word): (usize, &str)| PARAMETERS[place].1.iter().position(|known| *known == word);
    row.words().into_iter().enumerate().filter_map(place_of_word).collect()
}

fn has(values: &[usize], meeting: &Meeting) -> bool {
    meeting.iter().all(|&(place, value)| values[place] == value)
}

/// Whether a scene of 5.0 shows these values together. Where the message stays away, the scene is about why, and shows nothing
/// of the rest.
fn meets(row: &Row, meeting: &Meeting) -> bool {
    let due = row.due(Version::V5);
    let cause = match row.limits {
        _ if row.is_unmatched() => "topic",
        Limits::PacketSize if row.is_large() => "limits",
        _ => "options",
    };
    let shows = due.comes || meeting.iter().any(|(place, _)| *place == place_of(cause));
    shows && has(&values_of(row), meeting)
}

/// The demands of each version that its scenes do not meet.
struct Open {
    v5: Vec<Meeting>,
    v3_1_1: Vec<Meeting>,
}

impl Open {
    fn of(rows: &[Row]) -> Self {
        let v5: Vec<Meeting> = demanded().into_iter().filter(is_possible).collect();
        let v3_1_1 = v5.iter().filter(|meeting| is_of_v3_1_1(meeting)).cloned().collect();
        let mut open = Self { v5, v3_1_1 };
        for row in rows {
            open.strike(row);
        }
        open
    }

    fn strike(&mut self, row: &Row) {
        self.v5.retain(|meeting| !meets(row, meeting));
        if let Some(values) = in_v3_1_1(row).map(|row| values_of(&row)) {
            self.v3_1_1.retain(|meeting| !has(&values, meeting));
        }
    }

    fn gain(&self, row: &Row) -> usize {
        let here = self.v5.iter().filter(|meeting| meets(row, meeting)).count();
        let Some(values) = in_v3_1_1(row).map(|row| values_of(&row)) else { return here };
        here + self.v3_1_1.iter().filter(|meeting| has(&values, meeting)).count()
    }

    /// The places of the demands that a row meets, those of 3.1.1 behind those of 5.0.
    fn met_by(&self, row: &Row) -> Vec<usize> {
        let here = self.v5.iter().enumerate().filter(|(_, meeting)| meets(row, meeting)).map(|(place, _)| place);
        let values = in_v3_1_1(row).map(|row| values_of(&row));
        let is_met = |meeting: &Meeting| values.as_ref().is_some_and(|values| has(values, meeting));
        let there = self.v3_1_1.iter().enumerate().filter(|(_, meeting)| is_met(meeting));
        here.chain(there.map(|(place, _)| self.v5.len() + place)).collect()
    }

    fn next(&self) -> Option<&Meeting> {
        self.v3_1_1.first().or(self.v5.first())
    }
}

/// Whether 3.1.1 has a scene of these values that stays what it is there.
fn is_of_v3_1_1(meeting: &Meeting) -> bool {
    let mut plain_first = |_: &Choice, place: usize| (0..PARAMETERS[place].1.len()).collect::<Vec<_>>();
    let choice = complete(&chosen(meeting), &mut plain_first);
    let row = choice.and_then(|choice| Row::of(words(&choice).into_iter().flatten()));
    row.and_then(|row| in_v3_1_1(&row)).is_some_and(|row| has(&values_of(&row), meeting))
}

/// Numbers that look like chance, and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }

    fn shuffled(&mut self, limit: usize) -> Vec<usize> {
        let mut values: Vec<usize> = (0..limit).collect();
        (1..limit).rev().for_each(|last| values.swap(last, self.below(last + 1)));
        values
    }
}

/// How many rows are thrown for each that is taken.
const THROWS: usize = 300;

/// Rows for what these leave open, each the best of some throws.
fn missing(rows: &[Row]) -> Vec<Row> {
    let (mut open, mut new, mut dice) = (Open::of(rows), Vec::new(), Dice(0x9e37_79b9_7f4a_7c15));
    while let Some(meeting) = open.next().cloned() {
        let throws = (0..THROWS).filter_map(|_| {
            let choice = complete(&chosen(&meeting), &mut |_, place| dice.shuffled(PARAMETERS[place].1.len()))?;
            Row::of(words(&choice).into_iter().flatten())
        });
        let best = throws.max_by_key(|row| open.gain(row)).unwrap_or_else(|| panic!("no row has {meeting:?}"));
        let before = open.v5.len() + open.v3_1_1.len();
        open.strike(&best);
        assert!(open.v5.len() + open.v3_1_1.len() < before, "{best:?} covers nothing");
        new.push(best);
    }
    without_superfluous(rows, new)
}

/// The new rows without those whose meetings others have too: the first were taken before it was known what the last bring.
fn without_superfluous(rows: &[Row], mut new: Vec<Row>) -> Vec<Row> {
    let demands = Open::of(&[]);
    let mut counts: Vec<usize> = vec![0; demands.v5.len() + demands.v3_1_1.len()];
    let met: Vec<Vec<usize>> = rows.iter().chain(&new).map(|row| demands.met_by(row)).collect();
    met.iter().flatten().for_each(|&place| counts[place] += 1);
    let mut met = met.into_iter().skip(rows.len());
    new.retain(|_| {
        let met = met.next().unwrap_or_default();
        let is_superfluous = met.iter().all(|&place| counts[place] > 1);
        if is_superfluous {
            for &place in &met {
                counts[place] -= 1;
            }
        }
        !is_superfluous
    });
    new
}

fn line(row: &Row) -> String {
    row.words().join("\t")
}

#[test]
fn every_two_values_meet_and_every_three_where_it_matters() {
    if std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases/deliveries/rows.tsv");
        let table = std::fs::read_to_string(&path).unwrap_or_default();
        let known = super::row::rows_in(&table);
        let heading = PARAMETERS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("\t");
        let added = missing(&known);
        let lines = table.lines().skip(1).map(str::to_owned).chain(added.iter().map(line));
        let text = std::iter::once(heading).chain(lines).collect::<Vec<String>>().join("\n") + "\n";
        std::fs::write(path, text).expect("the table is written");
        return;
    }
    let open = Open::of(&ROWS);
    let told = |meeting: &Meeting| words(&chosen(meeting)).into_iter().flatten().collect::<Vec<_>>().join(" with ");
    let open: Vec<String> = open.v5.iter().chain(&open.v3_1_1).map(told).collect();
    assert!(
        open.is_empty(),
        "{} meet in no scene; {COMMAND} adds the rows: {:?}",
        open.len(),
        &open[..open.len().min(20)]
    );
}

#[test]
fn every_line_is_a_scene_that_makes_sense() {
    let table = include_str!("rows.tsv");
    let heading: Vec<&str> = table.lines().next().unwrap_or_default().split('\t').collect();
    let known: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
    assert!(known.starts_with(&heading), "{heading:?} are not the first of {known:?}");
    for line in table.lines().skip(1) {
        let row = Row::of(line.split('\t')).unwrap_or_else(|| panic!("no scene: {line}"));
        let words: Vec<Option<&'static str>> = row.words().into_iter().map(Some).collect();
        assert_eq!(senseless(&words), None, "{line}");
    }
}

#[test]
fn no_two_scenes_have_one_id() {
    let ids: BTreeSet<String> = ROWS.iter().map(Row::id).collect();
    assert_eq!(ids.len(), ROWS.len());
}

#[test]
fn a_word_stands_for_one_value_of_one_parameter() {
    let words: Vec<&str> = PARAMETERS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
    let unique: BTreeSet<&str> = words.iter().copied().collect();
    // A retained will and a retained message are paths; a share is a path and a subscription of another name.
    assert_eq!(unique.len(), words.len());
}

#[test]
fn exclusions_name_what_there_is() {
    for exclusion in EXCLUSIONS {
        for (name, values) in exclusion.together {
            let known = PARAMETERS[place_of(name)].1;
            assert!(values.iter().all(|value| known.contains(value)), "{name} {values:?}: {}", exclusion.why);
        }
    }
}
