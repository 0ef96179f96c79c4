// MQTT.js against a broker: what it gets is asserted, line by line.
//
// usage: mqttjs.mjs PORT 3.1.1|5
//
// Ends with 1 and a line that says what differed, as soon as something does. Nothing sleeps: each step waits for an event
// of the library, with a deadline. That something does not come is told by a message that the same publisher sends after
// it to the same topic with the same QoS, where the standard gives an order.

import { createRequire } from "node:module";
import { isDeepStrictEqual, inspect } from "node:util";

// Modules do not look at NODE_PATH; `require` does.
const mqtt = createRequire(import.meta.url)("mqtt");

const DEADLINE = Number(process.env.DEADLINE ?? 10);
const [PORT, VERSION] = process.argv.slice(2);
const V5 = VERSION === "5";
const ROOT = `mqttjs/${VERSION}`;
const DENIED = "denied/mqttjs";

class Differs extends Error {}

function same(what, expected, saw) {
  if (!isDeepStrictEqual(expected, saw)) {
    const shown = (value) => inspect(value, { breakLength: Infinity, depth: 5 });
    throw new Differs(`${what}: expected ${shown(expected)}, MQTT.js saw ${shown(saw)}`);
  }
}

function ok(what) {
  console.log(`ok: MQTT.js ${VERSION}: ${what}`);
}

/** What a promise gives, or what differed because it gave nothing in time. */
async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    const message = `${what}: expected it, MQTT.js saw nothing within ${DEADLINE} s`;
    timer = setTimeout(() => reject(new Differs(message)), DEADLINE * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Events of one kind, to wait for one by one. */
class Queue {
  #waiting = [];
  #come = [];

  put(event) {
    const taker = this.#waiting.shift();
    if (taker) taker(event);
    else this.#come.push(event);
  }

  next(what) {
    if (this.#come.length > 0) return Promise.resolve(this.#come.shift());
    return within(new Promise((resolve) => this.#waiting.push(resolve)), what);
  }
}

/** An MQTT.js client whose packets are queues to wait on. */
class Client {
  constructor(name, options = {}) {
    this.packets = {};
    for (const kind of ["connack", "publish", "suback", "unsuback", "disconnect"]) this.packets[kind] = new Queue();
    this.closes = new Queue();
    const { keepsSession = false, ...rest } = options;
    this.mqtt = mqtt.connect(`mqtt://127.0.0.1:${PORT}`, {
      clientId: name === "" ? "" : `${ROOT}/${name}`,
      protocolVersion: V5 ? 5 : 4,
      username: "ann",
      password: "secret",
      clean: !keepsSession,
      reconnectPeriod: 0,
      resubscribe: false,
      ...(V5 ? { properties: { sessionExpiryInterval: keepsSession ? 600 : 0 } } : {}),
      ...rest,
    });
    this.mqtt.on("packetreceive", (packet) => this.packets[packet.cmd]?.put(packet));
    this.mqtt.on("close", () => this.closes.put("close"));
    // A refusal comes as an error and as a CONNACK; the checks look at the CONNACK.
    this.mqtt.on("error", () => {});
  }

  connack() {
    return this.packets.connack.next("a CONNACK");
  }

  async subscribe(topic, options) {
    this.mqtt.subscribe(topic, options, () => {});
    return (await this.packets.suback.next(`a SUBACK for ${topic}`)).granted;
  }

  async unsubscribe(topic) {
    this.mqtt.unsubscribe(topic, () => {});
    return this.packets.unsuback.next(`an UNSUBACK for ${topic}`);
  }

  /** Waits for the last acknowledgement; gives its reason code. */
  async publish(topic, payload, options) {
    const acknowledged = new Promise((resolve) => {
      this.mqtt.publish(topic, payload, options, (error, packet) => resolve(error?.code ?? packet?.reasonCode ?? 0));
    });
    return within(acknowledged, `the acknowledgement of a PUBLISH with QoS ${options.qos}`);
  }

  message(what) {
    return this.packets.publish.next(what);
  }

  /** All messages that came before the one with that payload. */
  async until(fence) {
    const messages = [];
    for (;;) {
      const message = await this.message(`the message '${fence}'`);
      if (message.payload.toString() === fence) return messages;
      messages.push(message);
    }
  }

  /** Ends the network connection without a DISCONNECT. */
  async drop() {
    this.mqtt.stream.destroy();
    await this.closes.next("the end of a dropped connection");
  }

  async end(options = {}) {
    await within(new Promise((resolve) => this.mqtt.end(false, options, resolve)), "the end after DISCONNECT");
  }
}

async function connected(name, options) {
  const client = new Client(name, options);
  const { returnCode, reasonCode, sessionPresent } = await client.connack();
  same(`code of CONNACK for ${name}`, 0, V5 ? reasonCode : returnCode);
  same(`Session Present of the new session of ${name}`, false, sessionPresent);
  return client;
}

async function endAll(...clients) {
  for (const client of clients) await client.end();
}

const brief = (message) => [message.payload.toString(), message.qos, message.retain];

async function connecting() {
  const nameless = new Client("");
  const { properties = {} } = await nameless.connack();
  if (V5) {
    same("an Assigned Client Identifier", true, Boolean(properties.assignedClientIdentifier));
    same("a Topic Alias Maximum above 0", true, properties.topicAliasMaximum > 0);
  }
  await nameless.end();
  const stranger = new Client("stranger", { password: "wrong" });
  const refusal = await stranger.connack();
  same("a refusal of a wrong password", true, V5 ? [0x86, 0x87].includes(refusal.reasonCode) : [4, 5].includes(refusal.returnCode));
  await stranger.closes.next("the end of a refused connection");
  await stranger.end();
  ok("connects, gets an identifier, is refused with a wrong password");
}

async function live() {
  const [publisher, subscriber] = [await connected("live/publisher"), await connected("live/subscriber")];
  for (const qos of [0, 1, 2]) {
    const topic = `${ROOT}/live/${qos}`;
    same(`granted for QoS ${qos}`, [qos], await subscriber.subscribe(topic, { qos }));
    await publisher.publish(topic, "once", { qos });
    await publisher.publish(topic, "fence", { qos });
    same(`messages of QoS ${qos}`, [["once", qos, false]], (await subscriber.until("fence")).map(brief));
    await subscriber.unsubscribe(topic);
    ok(`QoS ${qos}, delivered once`);
  }
  await endAll(publisher, subscriber);
}

/** A publisher that keeps its session and retains at QoS 1, a subscriber with wildcards, and a network that breaks. */
async function retainedAcrossReconnects() {
  const publisher = await connected("retained/publisher", { keepsSession: true, reconnectPeriod: 50 });
  const rooms = ["kitchen", "hall", "attic"];
  for (const room of rooms) await publisher.publish(`${ROOT}/house/${room}/light`, room, { qos: 1, retain: true });
  await publisher.publish(`${ROOT}/house/attic/heat`, "20", { qos: 1, retain: true });
  const subscriber = await connected("retained/subscriber", { keepsSession: true, reconnectPeriod: 50 });
  same("granted for a wildcard", [1], await subscriber.subscribe(`${ROOT}/house/+/light`, { qos: 1 }));
  const found = [];
  for (const room of rooms) found.push(brief(await subscriber.message(`the retained message of the ${room}`)));
  same("retained messages for +", rooms.map((room) => [room, 1, true]).sort(), found.sort());

  await publisher.drop();
  same("Session Present of the publisher's reconnect", true, (await publisher.connack()).sessionPresent);
  await publisher.publish(`${ROOT}/house/hall/light`, "off", { qos: 1, retain: true });
  same("the retain flag for an established subscription", ["off", 1, false], brief(await subscriber.message("a live message")));
  await subscriber.drop();
  same("Session Present of the subscriber's reconnect", true, (await subscriber.connack()).sessionPresent);
  await publisher.publish(`${ROOT}/house/hall/light`, "on", { qos: 1, retain: true });
  same("a message of the resumed subscription", [["on", 1, false]], [brief(await subscriber.message("a message after the reconnect"))]);

  same("granted for #", [1], await subscriber.subscribe(`${ROOT}/house/#`, { qos: 1 }));
  const all = [];
  for (let count = 0; count < 4; count += 1) all.push(brief(await subscriber.message("a retained message for #")));
  const kept = [["20", 1, true], ["attic", 1, true], ["kitchen", 1, true], ["on", 1, true]];
  same("retained messages for #", kept, all.sort());
  for (const topic of [...rooms.map((room) => `${room}/light`), "attic/heat"]) {
    await publisher.publish(`${ROOT}/house/${topic}`, "", { qos: 1, retain: true });
  }
  const late = await connected("retained/late");
  await late.subscribe(`${ROOT}/house/#`, { qos: 1 });
  await publisher.publish(`${ROOT}/house/attic/heat`, "fence", { qos: 1 });
  same("retained messages after all were cleared", [], (await late.until("fence")).map(brief));
  await endAll(publisher, subscriber, late);
  ok("publisher with a kept session and retain, subscriber with wildcards, both reconnect");
}

async function wills() {
  const topic = `${ROOT}/will`;
  const will = { topic, payload: Buffer.from("gone"), qos: 1, retain: true };
  const watcher = await connected("will/watcher");
  await watcher.subscribe(topic, { qos: 1 });
  const mortal = await connected("will/mortal", { will });
  await mortal.drop();
  same("the will of a dropped connection", ["gone", 1, false], brief(await watcher.message("the will of a dropped connection")));
  const late = await connected("will/late");
  await late.subscribe(topic, { qos: 1 });
  same("the retained will", ["gone", 1, true], brief(await late.message("the retained will")));
  await late.publish(topic, "", { qos: 1, retain: true });
  await watcher.until("");
  await endAll(await connected("will/orderly", { will }));
  await late.publish(topic, "fence", { qos: 1 });
  same("messages after an orderly DISCONNECT", [], (await watcher.until("fence")).map(brief));
  await endAll(mortal, watcher, late);
  ok("will on a dropped connection, none after DISCONNECT");
}

async function offlineQueue() {
  const publisher = await connected("queue/publisher");
  const sleeper = await connected("queue/sleeper", { keepsSession: true });
  for (const qos of [1, 2]) await sleeper.subscribe(`${ROOT}/queue/${qos}`, { qos });
  await sleeper.end();
  for (let number = 0; number < 10; number += 1) {
    for (const qos of [1, 2]) await publisher.publish(`${ROOT}/queue/${qos}`, `${number}`, { qos });
  }
  const awake = new Client("queue/sleeper", { keepsSession: true });
  same("Session Present of a kept session", true, (await awake.connack()).sessionPresent);
  await publisher.publish(`${ROOT}/queue/1`, "fence 1", { qos: 1 });
  await publisher.publish(`${ROOT}/queue/2`, "fence 2", { qos: 2 });
  const queued = await awake.until("fence 2");
  const numbers = (qos) => queued.filter((message) => message.qos === qos).map((message) => message.payload.toString());
  const expected = [...Array(10).keys()].map(String);
  // The fence of QoS 1 may come after that of QoS 2: the standard orders within a QoS.
  same("queued messages of QoS 1", expected, numbers(1).filter((payload) => payload !== "fence 1"));
  same("queued messages of QoS 2", expected, numbers(2));
  await awake.end();
  const fresh = await connected("queue/sleeper");
  await fresh.subscribe(`${ROOT}/queue/1`, { qos: 1 });
  await publisher.publish(`${ROOT}/queue/1`, "fence", { qos: 1 });
  same("messages of a session that was discarded", [], (await fresh.until("fence")).map(brief));
  await endAll(publisher, fresh);
  ok("session present, messages queued in order, each once, and nothing after a clean start");
}

/** A QoS 2 message whose PUBREC is not read before the connection is lost, so that it is sent again. */
async function halfSent() {
  const sender = await connected("half/sender", { keepsSession: true, reconnectPeriod: 50 });
  const watcher = await connected("half/watcher");
  const topic = `${ROOT}/half`;
  await watcher.subscribe(topic, { qos: 2 });
  sender.mqtt.stream.pause();
  const completed = sender.publish(topic, "exactly once", { qos: 2 });
  // It is looked at below; what differs before that is told first.
  completed.catch(() => {});
  same("a QoS 2 message", ["exactly once", 2, false], brief(await watcher.message("a QoS 2 message")));
  await sender.drop();
  same("Session Present after a lost connection", true, (await sender.connack()).sessionPresent);
  await completed;
  await sender.publish(topic, "fence", { qos: 2 });
  same("further copies of a QoS 2 message that was sent again", [], (await watcher.until("fence")).map(brief));
  await endAll(sender, watcher);
  ok("a QoS 2 message amidst which the connection was lost, delivered once");
}

async function takeover() {
  const first = await connected("twin");
  const second = await connected("twin");
  if (V5) {
    const goodbye = await first.packets.disconnect.next("the DISCONNECT of a connection that was taken over");
    same("reason code of the DISCONNECT", 0x8e, goodbye.reasonCode);
  }
  await first.closes.next("the end of a connection that was taken over");
  await endAll(first, second);
  ok("a second client of the same identifier ends the first");
}

async function denied() {
  const client = await connected("denied");
  same("SUBACK for a denied topic", [V5 ? 0x87 : 0x80], await client.subscribe(DENIED, { qos: 1 }));
  if (V5) {
    same("PUBACK for a denied topic", 0x87, await client.publish(DENIED, "x", { qos: 1 }));
    same("PUBREC for a denied topic", 0x87, await client.publish(DENIED, "x", { qos: 2 }));
    same("UNSUBACK without a subscription", [0x11], (await client.unsubscribe(`${ROOT}/never`)).granted);
  }
  await client.end();
  ok("reason codes");
}

async function messageProperties() {
  const [publisher, subscriber] = [await connected("props/publisher"), await connected("props/subscriber")];
  const topic = `${ROOT}/props`;
  await subscriber.subscribe(topic, { qos: 1, properties: { subscriptionIdentifier: 300 } });
  const sent = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 300,
    contentType: "text/plain",
    responseTopic: `${ROOT}/props/answers`,
    correlationData: Buffer.from([0, 255]),
    userProperties: { b: ["1", "1"], a: "2" },
  };
  await publisher.publish(topic, "all", { qos: 1, properties: sent });
  const { messageExpiryInterval: left, ...got } = (await subscriber.message("a message with properties")).properties;
  const { messageExpiryInterval: _, ...kept } = sent;
  same("properties of a message", { ...kept, userProperties: { ...sent.userProperties }, subscriptionIdentifier: 300 }, {
    ...got,
    userProperties: { ...got.userProperties },
  });
  same("Message Expiry Interval from 290 to 300", true, left >= 290 && left <= 300);
  await endAll(publisher, subscriber);
  ok("properties of a message, subscription identifier");
}

async function requestAndResponse() {
  const [asker, answerer] = [await connected("rpc/asker"), await connected("rpc/answerer")];
  const answers = `${ROOT}/rpc/answers`;
  await asker.subscribe(answers, { qos: 1 });
  await answerer.subscribe(`${ROOT}/rpc/questions`, { qos: 1 });
  const correlationData = Buffer.from("42");
  await asker.publish(`${ROOT}/rpc/questions`, "why", { qos: 1, properties: { responseTopic: answers, correlationData } });
  const { properties: question } = await answerer.message("the question");
  same("the response topic", answers, question.responseTopic);
  await answerer.publish(question.responseTopic, "because", { qos: 1, properties: { correlationData: question.correlationData } });
  const answer = await asker.message("the answer");
  same("the answer", ["because", "42"], [answer.payload.toString(), answer.properties?.correlationData?.toString()]);
  await endAll(asker, answerer);
  ok("response topic and correlation data");
}

async function topicAlias() {
  const subscriber = await connected("alias/subscriber");
  await subscriber.subscribe(`${ROOT}/alias/#`, { qos: 1 });
  const publisher = await connected("alias/publisher", { autoAssignTopicAlias: true });
  const aliases = [];
  publisher.mqtt.on("packetsend", (packet) => {
    if (packet.cmd === "publish") aliases.push([packet.topic, packet.properties?.topicAlias]);
  });
  const topics = ["a", "b", "a", "a"].map((name) => `${ROOT}/alias/${name}`);
  for (const topic of topics) await publisher.publish(topic, "x", { qos: 1 });
  const got = [];
  for (const _ of topics) got.push((await subscriber.message("a message sent with an alias")).topic);
  same("topics behind an alias", topics, got);
  same("aliases that MQTT.js sent in place of a topic", [["", 1], ["", 1]], aliases.slice(2));
  await endAll(publisher, subscriber);
  ok("topic alias, assigned by the library");
}

async function subscriptionOptions() {
  const [client, other] = [await connected("options/client"), await connected("options/other")];
  const topic = `${ROOT}/options`;
  await client.publish(topic, "kept", { qos: 1, retain: true });
  await client.subscribe(topic, { qos: 1, nl: true, rap: true, rh: 2 });
  await client.publish(topic, "own", { qos: 1 });
  await other.publish(topic, "foreign", { qos: 1, retain: true });
  same("no local, retain as published, retain handling", ["foreign", 1, true], brief(await client.message("a message")));
  await other.publish(topic, "", { qos: 1, retain: true });
  await client.until("");
  await endAll(client, other);
  ok("subscription options");
}

async function sessionEndedByDisconnect() {
  const client = await connected("expiry", { keepsSession: true });
  await client.end({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  const again = new Client("expiry", { keepsSession: true });
  same("Session Present after an expiry of 0 in DISCONNECT", false, (await again.connack()).sessionPresent);
  await again.end({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  ok("session expiry at DISCONNECT");
}

const checks = [connecting, live, retainedAcrossReconnects, wills, offlineQueue, halfSent, takeover, denied];
const checksOf5 = [messageProperties, requestAndResponse, topicAlias, subscriptionOptions, sessionEndedByDisconnect];

try {
  for (const check of V5 ? [...checks, ...checksOf5] : checks) await check();
} catch (problem) {
  if (!(problem instanceof Differs)) throw problem;
  console.error(`differs: MQTT.js ${VERSION}: ${problem.message}`);
  // Clients of the library may still wait for the broker.
  process.exit(1);
}
