//! The fuzz targets without a fuzzer: their corpora and what once broke them are replayed, and the seeds that the corpora
//! grow from are made.

extern crate std;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Unstructured};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::generate::LegalPacket;
use crate::laws::fuzzing::choice::{BEFORE_V5, SENDERS, context_of};
use crate::laws::fuzzing::{TARGETS, Target};
use crate::laws::writes_anew;
use crate::mutate::MUTATIONS;
use crate::packet::{Context, Limits, Version};
use crate::vectors;

/// Most files that the minimised corpus of a target may have.
const MOST_FILES: usize = 500;
/// Bytes that a seed has at most.
const LARGEST_SEED: usize = 1024;
/// Bytes that seeds of generated packets have.
const GENERATED: usize = 192;

fn folder(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind).join(target)
}

/// Whether this is the crate as it is published, without the rest of the repository.
fn is_published() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".cargo_vcs_info.json").exists()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("can be listed").path()).collect();
    files.sort();
    files
}

fn replay(target: Target, input: &[u8], title: &str) {
    let holds = std::panic::catch_unwind(|| target(input));
    assert!(holds.is_ok(), "{title} breaks a law: see the panic above");
}

#[test]
fn the_corpora_break_no_law() {
    if is_published() {
        return;
    }
    for &(name, target) in TARGETS {
        let corpus = files(&folder("corpus", name));
        assert!(!corpus.is_empty(), "the corpus of {name} is missing");
        assert!(corpus.len() < MOST_FILES, "{} files: minimise the corpus of {name}", corpus.len());
        for path in corpus.into_iter().chain(files(&folder("regressions", name))) {
            replay(target, &std::fs::read(&path).expect("can be read"), &path.display().to_string());
        }
    }
}

#[test]
fn the_seeds_break_no_law() {
    for &(name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() > 20, "{name} has {} seeds", seeds.len());
        for seed in &seeds {
            replay(target, seed, &format!("seed {seed:02x?} of {name}"));
        }
        if writes_anew() {
            write(&folder("seeds", name), &seeds);
        }
    }
}

/// The target `differential` lives where the other codecs are, and has only its seeds here.
#[test]
fn the_seeds_of_differential_are_all_vectors_without_a_limit() {
    let seeds: BTreeSet<Vec<u8>> = vectors::all()
        .filter(|vector| vector.limits == Limits::default() && vector.context.version != Version::V3_1)
        .map(|vector| [&[u8::from(vector.context.version == Version::V3_1_1)], &vector.bytes()[..]].concat())
        .filter(|seed| seed.len() <= LARGEST_SEED)
        .collect();
    assert!(seeds.len() > 1000);
    if writes_anew() {
        write(&folder("seeds", "differential"), &seeds);
    }
}

fn write(folder: &Path, seeds: &BTreeSet<Vec<u8>>) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("can be made");
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("{index:05}")), seed).expect("can be written");
    }
}

fn seeds(target: &str) -> BTreeSet<Vec<u8>> {
    match target {
        "decode_v3" => packets(BEFORE_V5).collect(),
        "decode_v5" => packets(&[Version::V5]).collect(),
        "split" => streams().collect(),
        "roundtrip" => generated().collect(),
        "expect" => mistakes().collect(),
        "topic_match" => topics().collect(),
        _ => panic!("{target} has no seeds"),
    }
}

/// The byte that chooses this context.
fn choice_of(context: Context, versions: &[Version]) -> Option<u8> {
    (0..(versions.len() * SENDERS.len()) as u8).find(|&choice| context_of(choice, versions) == context)
}

/// Every vector of these versions that is not large.
fn packets(versions: &[Version]) -> impl Iterator<Item = Vec<u8>> {
    vectors::all().filter_map(|vector| {
        let choice = choice_of(vector.context, versions)?;
        let bytes = vector.bytes();
        (bytes.len() <= LARGEST_SEED).then(|| [&[choice], &bytes[..]].concat())
    })
}

/// Three vectors that follow one another, in reads of three sizes.
fn streams() -> impl Iterator<Item = Vec<u8>> {
    let all: Vec<_> = vectors::all().step_by(3).collect();
    let triples: Vec<Vec<u8>> = all
        .windows(3)
        .step_by(2)
        .filter_map(|three| {
            let choice = choice_of(three[2].context, &Version::ALL)?;
            let bytes = three.iter().flat_map(vectors::Vector::bytes).collect::<Vec<u8>>();
            let sizes = [3, 0, (bytes.len() / 3) as u8];
            (bytes.len() <= LARGEST_SEED).then(|| [&[choice, 8, 3], &sizes[..], &bytes].concat())
        })
        .collect();
    triples.into_iter()
}

/// Bytes without a pattern, the same in every run.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed;
    core::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
}

/// Versions, types and senders are chosen by the first bytes.
fn generated() -> impl Iterator<Item = Vec<u8>> {
    (0..=u8::MAX).flat_map(|first| {
        (0..4).map(move |second| {
            let noise = noise(u64::from(first) << 8 | u64::from(second)).take(GENERATED);
            [first, second].into_iter().chain(noise).collect()
        })
    })
}

/// For every mutation an input that applies it.
fn mistakes() -> impl Iterator<Item = Vec<u8>> {
    let packets: Vec<(Vec<u8>, LegalPacket)> = generated()
        .filter_map(|input| Some((input.clone(), LegalPacket::arbitrary(&mut Unstructured::new(&input)).ok()?)))
        .filter(|(_, legal)| legal.bytes().len() < 400)
        .collect();
    let (choices, mut seeds) = (choices(), Vec::new());
    for (index, mutation) in MUTATIONS.iter().enumerate() {
        let applies = |(_, legal): &&(_, LegalPacket)| mutation.apply(&legal.bytes(), legal.context()).is_some();
        for (input, _) in packets.iter().filter(applies).take(2) {
            seeds.push([&choices[&index][..], input].concat());
        }
    }
    seeds.into_iter()
}

/// The bytes by which a generator chooses each mutation.
fn choices() -> BTreeMap<usize, [u8; 2]> {
    let choices = (0..=u16::MAX).map(u16::to_be_bytes);
    choices.filter_map(|bytes| Some((Unstructured::new(&bytes).choose_index(MUTATIONS.len()).ok()?, bytes))).collect()
}

fn topics() -> impl Iterator<Item = Vec<u8>> {
    let filters = [
        "a/b",
        "+",
        "#",
        "a/+",
        "a/#",
        "+/+",
        "/",
        "//",
        "+/#",
        "$SYS/#",
        "$share/g/a/+",
        "$share/g/#",
        "$share/",
        "a#",
        "a/#/b",
        "$share/g",
        "caf\u{e9}/+",
        "+a",
    ];
    let names = ["a", "a/b", "/", "a/", "//", "$SYS/a", "$share/g/a/b", "a/b/c", "caf\u{e9}/\u{1f375}"];
    let pairs = filters.into_iter().flat_map(move |filter| names.into_iter().map(move |name| (filter, name)));
    pairs.map(|(filter, name)| format!("{filter}\n{name}")).map(String::into_bytes)
}
