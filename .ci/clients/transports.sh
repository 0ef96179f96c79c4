#!/usr/bin/env bash
# Real clients by every transport of one broker: mosquitto by TCP, TLS and its unix socket, MQTT.js by TCP, TLS and both kinds
# of WebSocket. Each subscribes, publishes with QoS 1 and has to get what it has published.
#
# usage: mqtt-assay serve --listen ... -- transports.sh
#
# $MQTT_URLS names the addresses; $MQTT_CA, $MQTT_CERT and $MQTT_KEY the certificates. $CLIENTS is where .ci/clients/install
# has put the clients. Ends with 1 as soon as one of them gets something else.
set -euo pipefail
: "${MQTT_URLS:?set by mqtt-assay serve}" "${CLIENTS:?the folder of .ci/clients/install}"
cd "$(dirname "$0")"
deadline=${DEADLINE:-10}

# mosquitto URL: a retained message, and a subscriber that comes later.
mosquitto() {
    local place=${1#*://} reach
    case $1 in
    unix://*) reach=(--unix "$place") ;;
    mqtts://*) reach=(-h "${place%:*}" -p "${place##*:}" --cafile "$MQTT_CA" --cert "$MQTT_CERT" --key "$MQTT_KEY") ;;
    *) reach=(-h "${place%:*}" -p "${place##*:}") ;;
    esac
    local topic="transports/${1%%:*}" saw
    timeout "$deadline" mosquitto_pub "${reach[@]}" -V mqttv5 -i "pub-${1%%:*}" -q 1 -r -t "$topic" -m "by ${1%%:*}"
    saw=$(timeout "$deadline" mosquitto_sub "${reach[@]}" -V mqttv5 -i "sub-${1%%:*}" -q 1 -C 1 -t "$topic")
    [ "$saw" = "by ${1%%:*}" ] || { echo "differs: mosquitto ${1%%:*}: saw \"$saw\"" >&2 && exit 1; }
    echo "ok: mosquitto by ${1%%:*}"
}

for url in $MQTT_URLS; do
    case $url in mqtt:* | mqtts:* | unix:*) mosquitto "$url" ;; esac
    case $url in unix:*) ;; *) NODE_PATH="$CLIENTS/node_modules" timeout "$deadline" node transports.mjs "$url" ;; esac
done
