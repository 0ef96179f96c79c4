#!/usr/bin/env bash
# mosquitto_pub and mosquitto_sub against a broker: what they get is asserted, line by line.
#
# usage: mosquitto.sh PORT 3.1.1|5
#
# Ends with 1 and a line that says what differed, as soon as something does. Nothing sleeps: a subscriber is ready when it
# says so, and each wait has a deadline. That something does not come is told by a message sent after it.
set -euo pipefail
port=$1 version=$2
deadline=${DEADLINE:-10}
root="mosquitto/$version"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
declare -A protocols=([3.1.1]=mqttv311 [5]=mqttv5)
broker=(-V "${protocols[$version]}" -h 127.0.0.1 -p "$port" -u ann -P secret)

# publish NAME [FLAGS]
publish() {
    timeout "$deadline" mosquitto_pub "${broker[@]}" -i "$root/$1" "${@:2}" || echo "publisher $1 ended with $?" >&2
}

# take NAME COUNT FORMAT [FLAGS]: prints so many messages; fewer if they don't come in time.
take() {
    mosquitto_sub "${broker[@]}" -i "$root/$1" -C "$2" -W "$deadline" -F "$3" "${@:4}" || true
}

# listen NAME COUNT FORMAT [FLAGS]: the same in the background, as $listener; returns once it is subscribed.
listen() {
    : >"$work/$1"
    stdbuf -oL mosquitto_sub -d "${broker[@]}" -i "$root/$1" -C "$2" -W "$deadline" -F "message: $3" "${@:4}" >>"$work/$1" 2>&1 &
    listener=$!
    local line
    while read -r -t "$deadline" line; do
        case $line in Subscribed*) return ;; esac
    done < <(tail -n +1 -f --pid="$listener" "$work/$1" 2>/dev/null)
    differs "subscriber $1" "a SUBACK" "nothing"
}

# heard NAME: sets $heard to what the listener has taken. Only the shell that started it can wait for it, no subshell.
heard() {
    wait "$listener" || true
    heard=$(sed -n 's/^message: //p' "$work/$1")
}

differs() {
    printf 'differs: mosquitto %s: %s: expected "%s", mosquitto_sub saw "%s"\n' "$version" "$1" "$2" "$3" >&2
    exit 1
}

# same WHAT EXPECTED SAW; lines are joined by commas.
same() {
    local saw=${3//$'\n'/, }
    [ "$2" = "$saw" ] || differs "$1" "$2" "$saw"
    printf 'ok: mosquitto %s: %s\n' "$version" "$1"
}

publish retained/publisher -q 1 -r -t "$root/state" -m on
same "retained message" "1 on" "$(take late 1 '%r %p' -q 1 -t "$root/state")"
publish retained/publisher -q 1 -r -t "$root/state" -n

for qos in 0 1 2; do
    listen live 2 '%q %p' -q "$qos" -t "$root/+/news"
    publish live-publisher -q "$qos" -t "$root/a/news" -m hello
    publish live-publisher -q "$qos" -t "$root/a/news" -m fence
    heard live
    same "live messages of QoS $qos" "$qos hello, $qos fence" "$heard"
done

# A connection that dies without a DISCONNECT.
listen watcher 1 '%q %r %p' -q 1 -t "$root/will"
watcher=$listener
listen mortal 1 '%p' -t "$root/nothing" --will-topic "$root/will" --will-payload gone --will-qos 1 --will-retain
{ kill -KILL "$listener" && wait "$listener"; } 2>/dev/null || true
listener=$watcher
heard watcher
same "will of a killed client" "1 0 gone" "$heard"
same "retained will" "1 1 gone" "$(take late 1 '%q %r %p' -q 1 -t "$root/will")"
publish late -q 1 -r -t "$root/will" -n

# A session that waits for its client.
kept=(-c -q 2 -t "$root/queue")
[ "$version" = 3.1.1 ] || kept+=(-x 600)
timeout "$deadline" mosquitto_sub "${broker[@]}" -i "$root/sleeper" "${kept[@]}" -E
for number in 1 2 3; do publish queue-publisher -q 2 -t "$root/queue" -m "$number"; done
same "messages queued for a session" "1, 2, 3" "$(take sleeper 3 '%p' "${kept[@]}")"

if [ "$version" = 5 ]; then
    listen properties 1 '%p %C %R %D %E %F %P %S' -q 1 -t "$root/props" -D subscribe subscription-identifier 5
    publish properties-publisher -q 1 -t "$root/props" -m all -D publish content-type text/plain \
        -D publish response-topic "$root/answers" -D publish correlation-data 42 -D publish message-expiry-interval 300 \
        -D publish payload-format-indicator 1 -D publish user-property b 1 -D publish user-property a 2
    heard properties
    # The interval counts down while the message waits.
    same "properties of a message" "all text/plain $root/answers 42 300 1 b:1 a:2 5" "${heard/ 29[0-9] / 300 }"
fi
