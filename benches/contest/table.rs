//! One table a group of cases, in Markdown: a row a case, a column a codec.

use super::entries::{Group, is_ours};
use super::{Case, Entry, entries, groups};

/// What one of so many packets takes of a cost.
#[expect(clippy::cast_precision_loss, reason = "there are a thousand packets at most")]
pub(crate) fn each(cost: f64, packets: usize) -> f64 {
    cost / packets as f64
}

/// Measures every codec at every case that `chosen` takes, and prints the tables. `measure` tells by group, case and entry
/// what one packet costs. With `ratios` each row says how many times the best peer takes of what we take.
pub(crate) fn print(
    unit: &str,
    ratios: bool,
    chosen: impl Fn(&str) -> bool,
    mut measure: impl FnMut(&str, &Case, &mut Entry) -> f64,
) {
    for Group { title, cases } in groups() {
        let cases: Vec<Case> = cases.into_iter().filter(|case| chosen(&format!("{title}/{}", case.name))).collect();
        let Some(first) = cases.first() else { continue };
        let codecs: Vec<&str> = entries(first).iter().map(|entry| entry.codec).collect();
        let ours = codecs.iter().filter(|codec| is_ours(codec)).count();
        println!("\n**{title}**, {unit} a packet\n");
        println!("{}", head(&codecs, ratios));
        for case in &cases {
            let costs: Vec<f64> = entries(case).iter_mut().map(|entry| measure(title, case, entry)).collect();
            println!("{}", row(case.name, &costs, ours, ratios));
        }
    }
}

fn head(codecs: &[&str], ratios: bool) -> String {
    let mut cells = vec!["case"];
    cells.extend(codecs);
    let ours = codecs.iter().filter(|codec| is_ours(codec));
    let heads: Vec<String> = ours.map(|codec| format!("best peer / {codec}")).collect();
    if ratios {
        cells.extend(heads.iter().map(String::as_str));
    }
    let rule = format!("|---|{}", "---:|".repeat(cells.len() - 1));
    format!("| {} |\n{rule}", cells.join(" | "))
}

/// The first costs are this project's, so many of them.
fn row(name: &str, costs: &[f64], ours: usize, ratios: bool) -> String {
    let (ours, peers) = costs.split_at(ours);
    let best = peers.iter().copied().fold(f64::INFINITY, f64::min);
    let mut cells: Vec<String> = vec![name.to_string()];
    cells.extend(ours.iter().map(|&cost| number(cost)));
    cells.extend(peers.iter().map(|&cost| if cost <= best { format!("**{}**", number(cost)) } else { number(cost) }));
    if ratios {
        cells.extend(ours.iter().map(|cost| format!("{:.2}", best / cost)));
    }
    format!("| {} |", cells.join(" | "))
}

/// Three digits are enough for small numbers, and all of them for large ones.
fn number(cost: f64) -> String {
    match cost {
        0.0 => "0".to_string(),
        cost if cost < 10.0 => format!("{cost:.2}"),
        cost if cost < 100.0 => format!("{cost:.1}"),
        cost => format!("{cost:.0}"),
    }
}
