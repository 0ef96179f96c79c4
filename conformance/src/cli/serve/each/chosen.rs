//! Which faults and quirks `--each` means.

use crate::cli::choices;
use crate::cli::failure::Failure;
use crate::run::filter::{fault_names, glob_matches};
use crate::text::{did_you_mean, quoted};
use mqtt_assay_codec::MUTATIONS;
use mqtt_assay_reference::{Fault, FaultOn, Quirk};

/// A fault is against the standard, a quirk is within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Fault,
    Quirk,
}

impl Kind {
    /// The word used in tables and reports.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Quirk => "quirk",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) says: String,
    pub(crate) fault: Option<FaultOn>,
    pub(crate) quirk: Option<Quirk>,
}

impl Chosen {
    fn fault(fault: FaultOn) -> Self {
        let way = fault.way.map_or_else(String::new, |way| format!(" {}", way.says()));
        let says = format!("{}{way}", fault.fault.says());
        Self { name: fault.name(), kind: Kind::Fault, says, fault: Some(fault), quirk: None }
    }

    fn quirk(quirk: Quirk) -> Self {
        let (name, says) = (quirk.name().to_owned(), quirk.says().to_owned());
        Self { name, kind: Kind::Quirk, says, fault: None, quirk: Some(quirk) }
    }
}

/// All that these words mean, each once.
pub(super) fn choose(words: &[String]) -> Result<Vec<Chosen>, Failure> {
    let mut all: Vec<Chosen> = Vec::new();
    for word in words {
        for one in meant(word)? {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    Ok(all)
}

fn meant(word: &str) -> Result<Vec<Chosen>, Failure> {
    let faults = |faults: &[Fault]| faults.iter().map(|&fault| Chosen::fault(everywhere(fault))).collect();
    match word {
        // Who takes what a client must not send is nothing to a client that doesn't: those are meant by name alone.
        "fault" | "faults" => return Ok(faults(Fault::ALL)),
        "quirk" | "quirks" => return Ok(Quirk::ALL.iter().map(|&quirk| Chosen::quirk(quirk)).collect()),
        _ => {}
    }
    if let Some(quirk) = Quirk::from_name(word) {
        return Ok(vec![Chosen::quirk(quirk)]);
    }
    if let Ok(fault) = choices::fault(word) {
        return Ok(vec![Chosen::fault(fault)]);
    }
    let all = fault_names().into_iter().chain(MUTATIONS.iter().map(|mutation| Fault::Sends(*mutation).name()));
    let named = all.filter(|name| glob_matches(word, name)).filter_map(|name| Fault::from_name(&name));
    let quirks = Quirk::ALL.iter().filter(|quirk| glob_matches(word, quirk.name()));
    let matched: Vec<Chosen> =
        named.map(|fault| Chosen::fault(everywhere(fault))).chain(quirks.map(|&quirk| Chosen::quirk(quirk))).collect();
    if matched.is_empty() {
        return Err(unknown(word));
    }
    Ok(matched)
}

const fn everywhere(fault: Fault) -> FaultOn {
    FaultOn { fault, way: None }
}

fn unknown(word: &str) -> Failure {
    let names = fault_names();
    let quirks = Quirk::ALL.iter().map(|quirk| quirk.name());
    let near = did_you_mean(word, names.iter().map(String::as_str).chain(quirks).chain(["fault", "quirk"]));
    let lists = "write fault, quirk, or a name or glob of those that `mqtt-assay explain faults` and `quirks` list";
    Failure::usage(format!("--each {}: no fault and no quirk has such a name; {lists}{near}", quoted(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        choose(&words).expect("something is meant").into_iter().map(|chosen| chosen.name).collect()
    }

    #[test]
    fn words_globs_and_names_choose() {
        assert_eq!(names(&["quirk"]).len(), Quirk::ALL.len());
        assert_eq!(names(&["fault"]).len(), Fault::ALL.len());
        assert_eq!(names(&["extra-copies", "no-puback@qos1"]), ["extra-copies", "no-puback@qos1"]);
        let both = names(&["will-not-*", "will-not-sent"]);
        assert!(both.contains(&"will-not-sent".to_owned()), "{both:?}");
        assert_eq!(both.iter().filter(|name| *name == "will-not-sent").count(), 1);
        assert!(names(&["tolerates:*"]).len() > 100);
        assert!(names(&["sends:*"]).len() > 10);
    }

    #[test]
    fn what_means_nothing_is_refused_with_its_neighbour() {
        let failure = choose(&["will-not-sendt".to_owned()]).expect_err("there is no such name");
        assert!(failure.message.contains("will-not-sent"), "{}", failure.message);
    }
}
