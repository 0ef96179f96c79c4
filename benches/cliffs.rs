//! No cliffs: instructions of decoding over the length of properties and of payloads, on grids whose steps are a tenth each:
//! `cargo bench --bench cliffs`. No point may take more than 1.3 times what the line through its neighbours has there.
//!
//! As `instructions` does, the program runs itself under valgrind, which writes a profile for each call of [`measured`].

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use mqtt_assay_codec::{Context, Decoded, Limits, Packet, PropertiesBuf, Property, Publish, Sender, Version, decode};

/// Set in the run under valgrind.
const UNDER_VALGRIND: &str = "MQTT_ASSAY_BENCHES_UNDER_VALGRIND";

/// How often each packet is read, so that what a call costs besides does not count.
const TIMES: usize = 20;

/// More than this share of the line through its neighbours is a cliff.
const STEEP: f64 = 1.3;

/// One grid: what grows along it, the lengths, and a packet with each.
struct Grid {
    title: &'static str,
    lengths: Vec<usize>,
    packet: fn(usize) -> Vec<u8>,
}

fn grids() -> [Grid; 3] {
    [
        Grid { title: "user properties", lengths: steps(100, 20_000), packet: with_user_properties },
        Grid { title: "a content type", lengths: steps(100, 20_000), packet: with_content_type },
        Grid { title: "the payload", lengths: steps(16, 16 << 20), packet: with_payload },
    ]
}

/// Lengths that grow by a tenth each.
fn steps(from: usize, to: usize) -> Vec<usize> {
    std::iter::successors(Some(from), |length| Some(length + (length / 10).max(1)))
        .take_while(|length| *length <= to)
        .collect()
}

fn written(properties: &PropertiesBuf, payload: &[u8]) -> Vec<u8> {
    let properties = properties.as_properties();
    let publish = Publish { topic: "sport/tennis/one", properties, payload, ..Publish::default() };
    Packet::Publish(publish).to_bytes(Version::V5).expect("can be written").to_vec()
}

/// User properties of 21 bytes each, as many as fit, and one that fills what is left.
fn with_user_properties(length: usize) -> Vec<u8> {
    let mut properties = PropertiesBuf::new();
    let mut left = length;
    while left >= 42 {
        properties = properties.with(Property::UserProperty("name", "twelve bytes"));
        left -= 21;
    }
    let rest = "x".repeat(left.saturating_sub(9));
    written(&properties.with(Property::UserProperty("name", &rest)), b"payload")
}

fn with_content_type(length: usize) -> Vec<u8> {
    let text = "x".repeat(length - 3);
    written(&PropertiesBuf::new().with(Property::ContentType(&text)), b"payload")
}

fn with_payload(length: usize) -> Vec<u8> {
    written(&PropertiesBuf::new(), &vec![7; length])
}

fn main() -> ExitCode {
    if std::env::var_os(UNDER_VALGRIND).is_some() {
        for grid in grids() {
            grid.lengths.iter().for_each(|&length| measured(&(grid.packet)(length)));
        }
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("valgrind is not installed, so instructions are not counted (Debian: apt-get install valgrind)");
        return ExitCode::SUCCESS;
    }
    match count() {
        Ok(stem) => judge(&stem),
        Err(error) => {
            eprintln!("instructions could not be counted: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is counted: the packet is read, and so are all its properties.
#[inline(never)]
fn measured(bytes: &[u8]) {
    let (context, limits) = (Context::new(Version::V5, Sender::Client), Limits::default());
    for _ in 0..TIMES {
        let Ok(Decoded::Complete { packet, .. }) = &decode(black_box(bytes), context, &limits) else {
            panic!("not accepted")
        };
        black_box(packet);
        packet.properties().iter().for_each(|property| _ = black_box(&property));
    }
}

/// Runs this program under callgrind; returns the stem of the profiles' names.
fn count() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cliffs");
    // Nothing of an earlier run may be taken for this one's.
    _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let stem = directory.join("callgrind.out");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .args(["--toggle-collect=cliffs::measured", "--dump-after=cliffs::measured"])
        .arg(format!("--callgrind-out-file={}", stem.display()))
        .arg(std::env::current_exe().map_err(|error| error.to_string())?)
        .env(UNDER_VALGRIND, "1")
        .status()
        .map_err(|error| error.to_string())?;
    if status.success() { Ok(stem) } else { Err(format!("valgrind ended with {status}")) }
}

fn judge(stem: &Path) -> ExitCode {
    let mut profile = 0;
    let mut steep = 0;
    for grid in grids() {
        let costs: Vec<(f64, f64)> = grid
            .lengths
            .iter()
            .map(|&length| {
                profile += 1;
                (as_float(length), total(&stem.with_extension(format!("out.{profile}"))) / as_float(TIMES))
            })
            .collect();
        let worst = shares(&costs).fold((0.0, 0.0), |worst: (f64, f64), (length, share)| {
            steep += usize::from(share > STEEP);
            if share > worst.1 { (length, share) } else { worst }
        });
        let [(from, first), .., (to, last)] = costs[..] else { continue };
        println!(
            "{}: {first:.0} instructions at {from:.0} bytes, {last:.0} at {to:.0}; steepest at {:.0}: {:.2} of the line",
            grid.title, worst.0, worst.1
        );
    }
    if steep == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// At each length but the first and the last: the cost, as a share of the line through its neighbours.
fn shares(costs: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    costs.windows(3).filter_map(|window| {
        let [(before, low), (length, cost), (behind, high)] = *window else { return None };
        let line = low + (high - low) * (length - before) / (behind - before);
        Some((length, cost / line))
    })
}

#[expect(clippy::cast_precision_loss, reason = "lengths and counts are far below what a float holds exactly")]
fn as_float(number: usize) -> f64 {
    number as f64
}

/// Instructions in a profile.
fn total(profile: &Path) -> f64 {
    let text = fs::read_to_string(profile).unwrap_or_else(|error| panic!("{}: {error}", profile.display()));
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    totals.and_then(|totals| totals.trim().parse().ok()).unwrap_or_else(|| panic!("no totals in {}", profile.display()))
}
