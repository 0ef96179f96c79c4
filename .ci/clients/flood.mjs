// MQTT.js publishes faster than the broker's Receive Maximum allows: what it sends is judged by `mqtt-assay serve`.
//
// usage: MQTT_URL=... flood.mjs, as `mqtt-assay serve --limit receive-maximum=10 -- flood.mjs` gives it
//
// Ends when all is acknowledged, or the broker has ended the connection.

import { createRequire } from "node:module";

const mqtt = createRequire(import.meta.url)("mqtt");
const COUNT = 200;

const client = mqtt.connect(process.env.MQTT_URL, { protocolVersion: 5, clientId: "mqttjs/flood", reconnectPeriod: 0 });
let acknowledged = 0;
client.on("error", () => {});
client.on("close", () => process.exit(0));
client.on("connect", () => {
  for (let number = 0; number < COUNT; number += 1) {
    client.publish("flood", `${number}`, { qos: 2 }, () => {
      acknowledged += 1;
      if (acknowledged === COUNT) client.end();
    });
  }
});
