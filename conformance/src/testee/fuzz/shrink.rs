//! The shortest input that shows the same breach: fields first, each time encoded anew, and bytes last.

use super::input::Input;
use mqtt_assay_codec::vectors::{Value, Values};
use mqtt_assay_codec::{Decoded, Limits, decode, packet_len};

/// How many inputs are asked about at a time.
const AT_ONCE: usize = 32;
/// Numbers that a number is tried to be, before half of it.
const SMALL: [u32; 2] = [0, 1];

/// Makes the input smaller as long as it shows the breach, by trying so many inputs at most. `shows` is asked about several at
/// a time and names the first that does.
///
/// # Errors
///
/// Those of `shows`.
pub(super) fn shrink<E>(
    input: Input,
    tries: usize,
    mut shows: impl FnMut(&[Input]) -> Result<Option<usize>, E>,
) -> Result<Input, E> {
    let (mut least, mut left) = (input, tries);
    'again: while left > 0 {
        for candidates in smaller(&least).chunks(AT_ONCE) {
            let candidates = &candidates[..candidates.len().min(left)];
            left -= candidates.len();
            if let Some(index) = shows(candidates)? {
                let smaller = &candidates[index];
                // What has become legal is shrunk field by field from here on.
                least = smaller.as_legal().unwrap_or_else(|| smaller.clone());
                continue 'again;
            }
        }
        break;
    }
    Ok(least)
}

/// Inputs that are smaller in one respect, the most promising ones first.
fn smaller(input: &Input) -> Vec<Input> {
    let of_fields = values_of(input).into_iter().flat_map(|values| fewer(&values)).filter_map(|values| {
        let base = values.encode(input.context.version)?;
        input.with_base(base)
    });
    let alone = packet_len(&input.bytes).and_then(|len| input.bytes.get(..len as usize)).map(<[u8]>::to_vec);
    let of_bytes = alone.into_iter().chain(shorter(&input.bytes)).map(|bytes| Input { bytes, ..input.clone() });
    let of_cuts = (0..input.cuts.len()).map(|index| {
        let mut cuts = input.cuts.clone();
        cuts.remove(index);
        Input { cuts, ..input.clone() }
    });
    let is_smaller = |candidate: &Input| candidate != input && candidate.bytes.len() <= input.bytes.len();
    of_fields.chain(of_bytes).chain(of_cuts).filter(is_smaller).collect()
}

/// The values of the legal packet that the input was made from.
fn values_of(input: &Input) -> Option<Values> {
    match decode(&input.base, input.context, &Limits::NONE) {
        Ok(Decoded::Complete { packet, .. }) => Some(Values::of(&packet, input.context.version)),
        _ => None,
    }
}

/// Values with one field less, or with less in one field.
fn fewer(values: &Values) -> Vec<Values> {
    let without = (0..values.fields.len()).map(|index| {
        let mut fewer = values.clone();
        fewer.fields.remove(index);
        fewer
    });
    let without_will = {
        let mut fewer = values.clone();
        fewer.fields.retain(|(name, _)| !name.starts_with("will"));
        fewer
    };
    let with_less = values.fields.iter().enumerate().flat_map(|(index, (_, value))| {
        less(value).into_iter().map(move |value| {
            let mut fewer = values.clone();
            fewer.fields[index].1 = value;
            fewer
        })
    });
    [without_will].into_iter().chain(without).chain(with_less).collect()
}

/// The value with less in it.
fn less(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let small = SMALL.into_iter().chain([number / 2, number.saturating_sub(1)]);
            small.filter(|less| less < number).map(Value::Number).collect()
        }
        Value::Bytes(bytes) => shorter_text(bytes).into_iter().map(Value::Bytes).collect(),
        Value::Filter(filter, options) => {
            shorter_text(filter).into_iter().map(|filter| Value::Filter(filter, options.clone())).collect()
        }
        Value::Pair(name, value) => {
            let names = shorter_text(name).into_iter().map(|name| Value::Pair(name, value.clone()));
            let values = shorter_text(value).into_iter().map(|value| Value::Pair(name.clone(), value));
            names.chain(values).collect()
        }
    }
}

/// A text with nothing in it, with either half of it, or without its last or first byte; as plain letters.
fn shorter_text(bytes: &[u8]) -> Vec<Vec<u8>> {
    let len = bytes.len();
    if len == 0 {
        return Vec::new();
    }
    let mut all = vec![Vec::new(), bytes[..len / 2].to_vec(), bytes[len / 2..].to_vec()];
    all.extend([bytes[..len - 1].to_vec(), bytes[1..].to_vec()]);
    let plain = vec![b'a'; len];
    if plain != bytes {
        all.push(plain);
    }
    all.retain(|shorter| shorter != bytes);
    all
}

/// Bytes without a part: halves, quarters and so on down to single bytes, with the remaining length brought in line first.
fn shorter(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut size = bytes.len() / 2;
    while size > 0 {
        for from in (0..bytes.len()).step_by(size).take(64) {
            let to = (from + size).min(bytes.len());
            let left = [&bytes[..from], &bytes[to..]].concat();
            all.extend(in_line(&left, size));
            all.push(left);
        }
        size /= 2;
    }
    all
}

/// The bytes with a remaining length, of one byte, that is smaller by what was taken out.
fn in_line(bytes: &[u8], by: usize) -> Option<Vec<u8>> {
    let length = usize::from(*bytes.get(1)?);
    (length < 0x80 && length >= by).then(|| {
        let mut bytes = bytes.to_vec();
        bytes[1] = (length - by) as u8;
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testee::fuzz::input::{Inputs, Made};
    use mqtt_assay_codec::{MUTATIONS, Mutation, PacketType};

    fn first(of: PacketType, made: &str) -> Input {
        let inputs = Inputs::new(1, |_| true);
        let mut all = (0..).map(|index| inputs.at(index));
        all.find(|input| input.base[0] >> 4 == of as u8 && input.made.name() == made && input.bytes.len() > 60)
            .expect("there are many")
    }

    #[test]
    fn a_legal_packet_is_shrunk_to_the_field_that_matters() {
        let input = first(PacketType::Publish, "legal");
        let is_publish = |input: &Input| input.bytes[0] >> 4 == 3;
        let least = shrink::<()>(input, 2_000, |all| Ok(all.iter().position(is_publish))).expect("shrinks");
        assert!(least.bytes.len() <= 6, "{:x?}", least.bytes);
    }

    #[test]
    fn a_mutation_stays_and_is_made_anew_in_every_smaller_packet() {
        let input = first(PacketType::Publish, "len.remaining.over");
        let mutation: &'static Mutation =
            MUTATIONS.iter().find(|known| known.name == "len.remaining.over").expect("is one");
        let shows = |input: &Input| {
            let again = mutation.apply(&input.base, input.context).map(|mutated| mutated.bytes);
            input.made == Made::Mutated(mutation) && again.as_ref() == Some(&input.bytes)
        };
        let least = shrink::<()>(input, 2_000, |all| Ok(all.iter().position(shows))).expect("shrinks");
        assert!(shows(&least) && least.bytes.len() <= 8, "{:x?}", least.bytes);
    }

    #[test]
    fn bytes_that_no_catalogue_has_are_taken_out_one_by_one() {
        let input = first(PacketType::Publish, "raw.flip");
        let shows = |input: &Input| input.bytes.first().is_some_and(|byte| byte >> 4 == 3);
        let least = shrink::<()>(input, 2_000, |all| Ok(all.iter().position(shows))).expect("shrinks");
        assert_eq!(least.bytes.len(), 1);
    }
}
