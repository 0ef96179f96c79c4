#!/usr/bin/env bash
# Builds the targets for ClusterFuzzLite, with their dictionaries and corpora beside them. $SRC and $OUT are its own.
set -euo pipefail
cd "$SRC/mqtt-assay"

cargo fuzz build --release --debug-assertions
built=fuzz/target/x86_64-unknown-linux-gnu/release
for target in decode_v3 decode_v5 split roundtrip expect topic_match transcript_parse session auditor; do
    cp "$built/$target" "$OUT/"
    dictionary=fuzz/mqtt.dict
    [ "$target" != transcript_parse ] || dictionary=fuzz/transcript.dict
    cp "$dictionary" "$OUT/$target.dict"
    seeds=(fuzz/corpus/"$target"/*)
    for regression in fuzz/regressions/"$target"/*; do
        [ ! -f "$regression" ] || seeds+=("$regression")
    done
    zip --quiet --junk-paths "$OUT/${target}_seed_corpus.zip" "${seeds[@]}"
done
