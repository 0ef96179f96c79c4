//! Prints every difference that the files of the given folders show, with how often and a shortest example:
//! `cargo run --features peers --example survey -- FOLDER...`

use std::collections::BTreeMap;
use std::path::Path;

use mqtt_assay_fuzz::{Difference, differences, sorting};

fn main() -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut found: BTreeMap<Difference, (usize, Vec<u8>)> = BTreeMap::new();
    for folder in std::env::args().skip(1) {
        survey(Path::new(&folder), &mut found)?;
    }
    for (difference, (count, example)) in found {
        let sorted = sorting(&difference).map_or_else(|| "not sorted".to_owned(), |sorting| format!("{sorting:?}"));
        let example: String = example.iter().take(60).map(|byte| format!("{byte:02x}")).collect();
        println!("{difference}\t{sorted}\t{count}\t{example}");
    }
    Ok(())
}

fn survey(folder: &Path, found: &mut BTreeMap<Difference, (usize, Vec<u8>)>) -> std::io::Result<()> {
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
