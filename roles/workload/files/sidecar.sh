#!/bin/sh
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Entrypoint of the tailscale sidecar. It runs containerboot, restarts it when it ends, observes the node, and writes
# what it saw: evidence.json for the controller, `ready` for the gate. Both lie below local/run, which no other task can write.
# Needs only what the official image has: busybox and tailscale. It holds no expansion that HCL or Nomad's templates would read.
#
# Environment, besides containerboot's own TS_*:
#   SIDECAR_APP_PORT     where the app listens. It belongs to the job, so that a reverted job gets its own port back;
#                        the serve configuration, which is changed live, names it by this placeholder
#   SIDECAR_TAGS         expected tags, separated by spaces; may be empty
#   SIDECAR_EPHEMERAL    true: log out at the end, so that the name is free at once
#   SIDECAR_HEALTH_PORT  port of containerboot's health endpoint on the allocation's address
#   SIDECAR_INTERVAL     seconds between two observations of a settled node
set -u

run=$NOMAD_TASK_DIR/run
wanted_serve=$NOMAD_SECRETS_DIR/serve_config.json
pushed_serve=$NOMAD_SECRETS_DIR/.serve_config.pushed
boot_id=$(cat /proc/sys/kernel/random/boot_id)
netns=$(readlink /proc/self/ns/net)
log=/tmp/containerboot.log
login_error=/tmp/login_error

boot_pid=
was_ready=false
backoff=1
logged_out=false

say() { echo "sidecar: $1"; }

# Without tailscaled the command line would wait five seconds for it.
tailscale_cli() { pidof tailscaled >/dev/null && [ -S "$TS_SOCKET" ] && timeout 10 tailscale --socket="$TS_SOCKET" "$@"; }

# The login address in a status lets its reader add a node: it does not leave the sidecar.
read_status() { tailscale_cli status --json --peers=false 2>/dev/null | sed 's|"AuthURL": "[^"]*"|"AuthURL": ""|'; }

# Whether the node ever logged in is kept beside its state: a restarted sidecar still has to log it out.
see() {
    status=$(read_status)
    case $status in
        *'"HaveNodeKey": true'*) touch "$TS_STATE_DIR/joined" ;;
    esac
    joined=false
    [ ! -e "$TS_STATE_DIR/joined" ] || joined=true
}

field() { printf '%s\n' "$status" | sed -n "s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" | head -n 1; }

# A file that a reader opens is always whole.
publish() { cat >"$run/.$1" && mv "$run/.$1" "$run/$1"; }

write_evidence() { # phase, reason
    serve=$(tailscale_cli serve status --json 2>/dev/null) || serve=
    [ -n "$status" ] || status=null
    [ -n "$serve" ] || serve=null
    printf '{"version": 1, "alloc_id": "%s", "boot_id": "%s", "netns": "%s", "time": %s, "phase": "%s", "reason": "%s", "joined": %s, "mode": "userspace", "status": %s, "serve_config": %s}\n' \
        "$NOMAD_ALLOC_ID" "$boot_id" "$netns" "$(date +%s)" "$1" "$2" "$joined" "$status" "$serve" | publish evidence.json
}

# Ready for the gate is the lenient rule: a working node stays ready while the control plane is away.
not_ready_because() {
    state=$(field BackendState)
    case $state in
        Running) ;;
        '') echo 'tailscaled does not answer yet' && return ;;
        NeedsMachineAuth) echo 'the node waits for approval by an admin of the tailnet' && return ;;
        *) echo "tailscaled is in state $state" && return ;;
    esac
    if ! tailscale_cli ip -4 >/dev/null 2>&1; then
        echo 'the node has no tailnet address yet' && return
    fi
    tags=$(printf '%s\n' "$status" | sed -n '/^ *"Tags": \[/,/\]/p')
    for tag in $SIDECAR_TAGS; do
        case $tags in
            *"\"$tag\""*) ;;
            *) echo "the node lacks $tag: the auth key does not grant it" && return ;;
        esac
    done
}

observe() {
    see
    reason=$(not_ready_because)
    if [ -z "$reason" ]; then
        push_serve_config
        write_evidence ready 'running on the tailnet'
        [ "$was_ready" = true ] || say "ready as $dns_name"
        was_ready=true
        : | publish ready
        [ "$settling" -gt 0 ] || backoff=1
    elif [ "$was_ready" = true ]; then
        write_evidence degraded "$reason"
    else
        write_evidence starting "$reason"
    fi
}

# containerboot replaces its placeholder only where the tailnet has certificates. The node's own name serves everywhere.
push_serve_config() {
    dns_name=$(field DNSName | sed 's/\.$//')
    [ -s "$wanted_serve" ] || return 0
    sed "s/[$]{TS_CERT_DOMAIN}/$dns_name/g; s/[$]{SIDECAR_APP_PORT}/$SIDECAR_APP_PORT/g" "$wanted_serve" >"$NOMAD_SECRETS_DIR/.serve_config.json"
    cp "$wanted_serve" "$pushed_serve"
    cmp -s "$NOMAD_SECRETS_DIR/.serve_config.json" "$TS_SERVE_CONFIG" && return 0
    mv "$NOMAD_SECRETS_DIR/.serve_config.json" "$TS_SERVE_CONFIG"
    say 'gave containerboot a new serve configuration'
    settling=5
}

# The log passes through a filter. It withholds login addresses, and keeps what the control server said to a login: nothing
# else tells why one failed.
start_containerboot() {
    killall -9 tailscaled 2>/dev/null
    rm -f "$TS_SOCKET" /var/run/tailscale/tailscaled.sock "$TS_SERVE_CONFIG" "$log" "$login_error"
    mkfifo "$log"
    awk -v kept="$login_error" '
        { gsub(/https?:\/\/[^ ]*\/(a|register)\/[^ ]*/, "(login address withheld)"); print > "/dev/stderr" }
        sub(/^backend error: /, "") { print > kept; close(kept) }
    ' <"$log" &
    containerboot >"$log" 2>&1 &
    boot_pid=$!
    settling=5
}

# A first login that fails is for Nomad's restart policy to judge; a node that has worked is kept alive here, in place.
containerboot_ended() {
    wait "$boot_pid"
    why="containerboot ended with exit code $?"
    boot_pid=
    [ ! -s "$login_error" ] || why="the login failed: $(tr -d '\\"[:cntrl:]' <"$login_error")"
    say "$why"
    see
    rm -f "$run/ready"
    if [ "$was_ready" = false ]; then
        write_evidence failed "$why"
        exit 1
    fi
    write_evidence degraded "$why; next start in $backoff s"
    pause "$backoff"
    backoff=$((backoff < 30 ? backoff * 2 : 30))
    start_containerboot
}

# Only a sleep in the background lets a signal through at once.
pause() {
    sleep "$1" &
    wait $!
}

terminate() {
    trap - TERM INT
    rm -f "$run/ready"
    see
    write_evidence stopping 'the task was told to stop'
    # containerboot would kill tailscaled as soon as it leaves Running, in the middle of the logout.
    [ -z "$boot_pid" ] || kill -STOP "$boot_pid"
    if [ "$SIDECAR_EPHEMERAL" = true ] && tailscale_cli logout; then
        logged_out=true
    fi
    status=$(read_status)
    if [ "$logged_out" = true ]; then
        write_evidence logged_out 'the node left the tailnet'
    else
        write_evidence stopped 'the node keeps its place in the tailnet'
    fi
    [ -n "$boot_pid" ] || exit 0
    kill -CONT "$boot_pid"
    kill -TERM "$boot_pid"
    wait "$boot_pid"
    exit 0
}

main() {
    mkdir -p "$run" "$TS_STATE_DIR" "$(dirname "$TS_SERVE_CONFIG")"
    rm -f "$run/ready"
    # The health endpoint is for Nomad's checks on the allocation's address; it stays off every other interface.
    address=$(ip -4 -o addr show scope global | awk '$2 != "tailscale0" { sub("/.*", "", $4); print $4; exit }')
    [ -n "$address" ] || address=127.0.0.1
    export TS_LOCAL_ADDR_PORT="$address:$SIDECAR_HEALTH_PORT"
    trap terminate TERM INT
    start_containerboot
    waited=0
    while :; do
        kill -0 "$boot_pid" 2>/dev/null || containerboot_ended
        if [ "$was_ready" = false ]; then
            observe
            pause 0.3
        elif [ "$settling" -gt 0 ] || [ "$waited" -ge "$SIDECAR_INTERVAL" ]; then
            settling=$((settling > 0 ? settling - 1 : 0))
            waited=0
            observe
            pause 1
        else
            [ ! -s "$wanted_serve" ] || cmp -s "$wanted_serve" "$pushed_serve" || settling=5
            waited=$((waited + 1))
            pause 1
        fi
    done
}

main
