// MQTT.js by one address: it subscribes, publishes with QoS 1, and has to get its own message.
//
// usage: transports.mjs URL

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// Modules do not look at NODE_PATH; `require` does.
const mqtt = createRequire(import.meta.url)("mqtt");

const [url] = process.argv.slice(2);
const scheme = url.split(":")[0];
const { MQTT_CA, MQTT_CERT, MQTT_KEY } = process.env;
const isSecure = scheme === "mqtts" || scheme === "wss";
const tls = isSecure ? { ca: readFileSync(MQTT_CA), cert: readFileSync(MQTT_CERT), key: readFileSync(MQTT_KEY) } : {};
const client = mqtt.connect(url, {
  clientId: `mqttjs-${scheme}`,
  protocolVersion: 5,
  reconnectPeriod: 0,
  ...tls,
  ...(scheme === "wss" ? { wsOptions: tls } : {}),
});

client.on("error", (error) => {
  console.error(`differs: MQTT.js ${scheme}: ${error.message}`);
  process.exit(1);
});
client.on("message", async (topic, payload) => {
  await client.endAsync();
  console.log(`ok: MQTT.js by ${scheme}: ${topic} ${payload}`);
});
client.on("connect", async () => {
  await client.subscribeAsync(`transports/js/${scheme}`, { qos: 1 });
  await client.publishAsync(`transports/js/${scheme}`, "here", { qos: 1 });
});
