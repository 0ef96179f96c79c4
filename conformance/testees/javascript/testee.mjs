// A testee of `mqtt-assay decoder` for mqtt-packet, the parser of MQTT.js and aedes: `node testee.mjs`, with NODE_PATH at the
// folder node_modules that `npm ci` makes of package-lock.json, or with it beside this file.
//
// D and S go through its incremental parser, a fresh one for each. It tells what is an error by an event: that is R. What it
// throws instead (RangeError, TypeError) a caller of `parse` doesn't expect: `R other`, with the exception's class. How many
// bytes a packet took is what the parser has left of what it was given. It learns the version from its options, or from a
// CONNECT; it doesn't ask who sent a packet. 3.1's CONNECT it reads, and 3.1 differs nowhere else.
//
// It hides nothing, but loses some things on the way: User Properties become an object by name, so that the order of
// different names is not the packet's where a name comes again or is a number (handed out in the object's order, each
// name's values together); a byte that is 0 or 1 becomes a boolean. What it fails to read and passes over is null there: left out.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { parser } = require("mqtt-packet");
const { version } = require("mqtt-packet/package.json");
const HELLO = `HELLO mqtt-testee/1 name=mqtt-packet version=${version} can=3.1,3.1.1,5,client,server,decode,stream,values`;
const LEVELS = { "3.1": 3, "3.1.1": 4, 5: 5 };
// Where its names of properties are not the standard's in another spelling.
const PROPERTIES = {
  maximumQoS: "maximum-qos",
  subscriptionIdentifiersAvailable: "subscription-identifier-available",
  userProperties: "user-property",
};

const hex = (value) => Buffer.from(value).toString("hex");

/** Whether the library has put a value there: what it failed to read, and went on, is null or undefined. */
const there = (value) => value !== null && value !== undefined;

/** A value as the library hands it out: flags as booleans, text as strings, binary data as buffers. */
function written(value) {
  if (typeof value === "number" || typeof value === "boolean") return String(Number(value));
  return hex(value);
}

function properties(all, prefix = "") {
  const words = [];
  for (const [key, value] of Object.entries(all ?? {})) {
    const name = prefix + (PROPERTIES[key] ?? key.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase()));
    if (key === "userProperties") {
      for (const [left, rights] of Object.entries(value)) {
        for (const right of [rights].flat().filter(there)) words.push(`${name}=${hex(left)}:${hex(right)}`);
      }
    } else for (const item of [value].flat().filter(there)) words.push(`${name}=${written(item)}`);
  }
  return words;
}

function connect({ protocolId, protocolVersion, clean, keepalive, clientId, will, username, password }) {
  const words = [`protocol-name=${hex(protocolId)}`, `protocol-level=${protocolVersion}`, `clean-start=${+clean}`];
  words.push(`keep-alive=${keepalive}`, `client-identifier=${hex(clientId)}`);
  if (will) {
    words.push(`will-qos=${will.qos}`, `will-retain=${+will.retain}`);
    words.push(`will-topic=${hex(will.topic)}`, `will-payload=${hex(will.payload)}`);
    words.push(...properties(will.properties, "will."));
  }
  if (username !== undefined) words.push(`user-name=${hex(username)}`);
  if (password !== undefined) words.push(`password=${hex(password)}`);
  return words;
}

function publish(packet) {
  const words = [`dup=${+packet.dup}`, `qos=${packet.qos}`, `retain=${+packet.retain}`, `topic=${hex(packet.topic)}`];
  if (packet.messageId !== undefined) words.push(`packet-identifier=${packet.messageId}`);
  return [...words, `payload=${hex(packet.payload)}`];
}

/** The line of a packet: each field that the library has put into it. */
function values(packet, level) {
  const words = [packet.cmd.toUpperCase()];
  if (packet.cmd === "connect") words.push(...connect(packet));
  else if (packet.cmd === "publish") words.push(...publish(packet));
  else {
    if (packet.sessionPresent !== undefined && level > 3) words.push(`session-present=${+packet.sessionPresent}`);
    if (packet.messageId !== undefined) words.push(`packet-identifier=${packet.messageId}`);
    for (const code of [packet.reasonCode ?? packet.returnCode ?? []].flat()) words.push(`reason-code=${code}`);
    for (const code of packet.granted ?? []) words.push(`reason-code=${code}`);
    for (const topic of packet.unsubscriptions ?? []) words.push(`topic-filter=${hex(topic)}`);
    for (const { topic, qos, nl, rap, rh } of packet.subscriptions ?? []) {
      words.push(`topic-filter=${hex(topic)}:${qos}` + (level === 5 ? `:${+nl}:${+rap}:${rh}` : ""));
    }
  }
  return [...words, ...properties(packet.properties)].join(" ");
}

/** Feeds a fresh parser piece by piece; calls back for each packet with its piece. Returns how it ends. */
function parse(level, pieces, onPacket) {
  const stream = parser({ protocolVersion: level });
  let piece = 0, refused, left = 0;
  stream.on("packet", (packet) => { if (refused === undefined) onPacket(packet, piece); });
  stream.on("error", (error) => { refused ??= `malformed - ${error.message}`; });
  try {
    for (const bytes of pieces) {
      piece += 1;
      left = stream.parse(bytes);
      if (refused !== undefined) break;
    }
  } catch (error) {
    refused ??= `other - ${error.name}: ${error.message}`;
  }
  // The parser takes the fixed header from its buffer before the rest has come: then it is within a packet with nothing left.
  return { refused: refused?.replace(/\s+/g, " "), within: left > 0 || stream._stateCounter !== 0 };
}

function decode(id, level, bytes) {
  let packet;
  const stop = {};
  const stream = parser({ protocolVersion: level });
  let refused, consumed;
  stream.on("packet", (found) => { packet = found; consumed = bytes.length - stream._list.length; throw stop; });
  stream.on("error", (error) => { refused ??= `malformed - ${error.message}`; });
  try {
    stream.parse(bytes);
  } catch (error) {
    if (error !== stop) refused ??= `other - ${error.name}: ${error.message}`;
  }
  if (refused !== undefined) return `R ${id} ${refused.replace(/\s+/g, " ")}`;
  return packet === undefined ? `N ${id} -` : `A ${id} ${consumed} ${values(packet, level)}`;
}

function answer(line) {
  const [word, id = "0", name, , digits = ""] = line.split(" ");
  if (word === "HELLO") return HELLO;
  const level = LEVELS[name];
  if ((word !== "D" && word !== "S") || level === undefined) return `K ${id} unknown`;
  if (word === "D") return decode(id, level, Buffer.from(digits, "hex"));
  const pieces = digits.split(",").map((piece) => Buffer.from(piece, "hex"));
  const lines = [];
  const { refused, within } = parse(level, pieces, (packet, piece) => lines.push(`P ${id} ${piece} ${values(packet, level)}`));
  if (refused !== undefined) lines.push(`R ${id} ${refused}`);
  else lines.push(within ? `N ${id} -` : `A ${id} ${pieces.reduce((sum, piece) => sum + piece.length, 0)} -`);
  return lines.join("\n");
}

let rest = "";
process.stdin.setEncoding("latin1");
process.stdin.on("data", (came) => {
  const lines = (rest + came).split("\n");
  rest = lines.pop();
  // All that came is answered in one write, before more is read.
  if (lines.length > 0) process.stdout.write(lines.map((line) => answer(line) + "\n").join(""));
});
