//! Prints every difference that the files of the given folders show, how it is sorted, how often it was seen, and the
//! shortest input that shows it; with `--keep FOLDER` those inputs are written there.
//! `cargo run --no-default-features --features peers --example survey -- [--keep FOLDER] FOLDER...`

use std::collections::BTreeMap;
use std::path::Path;

use mqtt_assay_fuzz::{Difference, differences, sorting};

type Found = BTreeMap<Difference, (usize, Vec<u8>)>;

fn main() -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let keep = arguments.first().is_some_and(|first| first == "--keep").then(|| arguments.drain(..2).nth(1)).flatten();
    let mut found = Found::new();
    for folder in arguments {
        survey(Path::new(&folder), &mut found)?;
    }
    for (difference, (count, example)) in &found {
        let sorted = sorting(difference).map_or_else(|| "not sorted".to_owned(), |sorting| format!("{sorting:?}"));
        let hex: String = example.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{difference}\t{sorted}\t{count}\t{hex}");
        if let Some(folder) = &keep {
            let name = difference.to_string().replace('\t', "-").to_lowercase();
            std::fs::write(Path::new(folder).join(name), example)?;
        }
    }
    Ok(())
}

fn survey(folder: &Path, found: &mut Found) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let input = std::fs::read(entry?.path())?;
        for difference in differences(&input) {
            let (count, example) = found.entry(difference).or_insert_with(|| (0, input.clone()));
            *count += 1;
            if input.len() < example.len() {
                example.clone_from(&input);
            }
        }
    }
    Ok(())
}
