"""Paho publishes faster than the broker's Receive Maximum allows: what it sends is judged by `mqtt-assay serve`.

usage: MQTT_HOST=... MQTT_PORT=... flood.py, as `mqtt-assay serve --limit receive-maximum=10 -- flood.py` gives them

Ends when all is acknowledged, or the broker has ended the connection.
"""

import os
import threading

import paho.mqtt.client as mqtt

COUNT = 200

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="paho/flood", protocol=mqtt.MQTTv5, reconnect_on_failure=False)
connected, over, acknowledged = threading.Event(), threading.Event(), []


def on_publish(*_):
    acknowledged.append(True)
    if len(acknowledged) == COUNT:
        over.set()


client.on_connect = lambda *_: connected.set()
client.on_disconnect = lambda *_: over.set()
client.on_publish = on_publish
client.connect(os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"]))
client.loop_start()
if connected.wait(10):
    for number in range(COUNT):
        client.publish("flood", f"{number}", 2)
    over.wait(10)
client.disconnect()
client.loop_stop()
