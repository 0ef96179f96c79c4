// Makes a report whose every text tries to be more than text. usage: node hostile.mjs REPORT.json > HOSTILE.json
import { readFileSync } from "node:fs";

const HOSTILE = "</script><script>window.wasHere = 1</script><img src=x onerror='window.wasHere = 1'> \"'` javascript:wasHere=1 <!-- ]]> &lt;b&gt; \u202etxt.exe\u2066 \u2028\u2029\u0000\u001b[2J";
const WORDS = new Set(["schema", "verdict", "marked", "ended", "alone", "kind", "mqtt"]);
const LINES = ["open", "-> 3000", "<- 3000 ; ", "-> 3000 !", "expects: ", "decides: ", "notes: ", "<- zz ; "];
const spoil = (value, name) => {
  if (typeof value === "string") return WORDS.has(name) ? value : `${HOSTILE} ${value}`;
  if (Array.isArray(value) && name === "transcript") return LINES.map((line, at) => `${at + 1} 0.5 role${HOSTILE.replace(/\s/g, "")} ${line}${HOSTILE}`);
  if (Array.isArray(value)) return value.map((one) => spoil(one, name));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoil(one, key)]));
  return value;
};
const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
report.results = report.results.slice(0, 40);
report.left_behind = [{ kind: "retained", name: "x", case: "x" }];
process.stdout.write(JSON.stringify(spoil(report, "")));
