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
#   SIDECAR_GATE_DIR     where the gate looks for `ready`
#   SIDECAR_HEALTH_PORT  port of containerboot's health endpoint
#   SIDECAR_HEALTH_IP    its address; by default that of the allocation
#   SIDECAR_MODE         userspace, or kernel: the node is an interface of this namespace, and all other ways in are closed
#   SIDECAR_OPEN_PORTS   ports that Nomad checks from its machine, separated by spaces
#   SIDECAR_RELEASE      with canaries: the name of this release. While secrets/release has another, the node is called TS_HOSTNAME-canary
#   SIDECAR_INTERVAL     seconds between two observations of a settled node
set -u

run=$NOMAD_TASK_DIR/run
wanted_serve=$NOMAD_SECRETS_DIR/serve_config.json
pushed_serve=$NOMAD_SECRETS_DIR/.serve_config.pushed
boot_id=$(cat /proc/sys/kernel/random/boot_id)
netns=$(readlink /proc/self/ns/net)
log=/tmp/containerboot.log
login_error=/tmp/login_error
key_expired=/tmp/key_expired

boot_pid=
status=
was_ready=false
told=
backoff=1
logged_out=false
reclaim_at=
reclaim_wait=5
guarded=false
joined=false

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
publish() { cat >"$1.new" && mv "$1.new" "$1"; }

# What tailscaled opens on the node's own addresses; it answers to nodes of the tailnet only.
peer_api_ports() { printf '%s\n' "$status" | sed -n 's|^ *"http://.*:\([0-9]*\)",*$|\1|p' | sort -u; }

# What else listens on more than loopback, as JSON numbers. In kernel mode it is closed, and in a host's namespace it may be anybody's.
open_ports() {
    [ "$SIDECAR_MODE" = userspace ] && [ -z "$SIDECAR_HEALTH_IP" ] || return 0
    own_ports=$(peer_api_ports | tr '\n' ' ')
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk '$4 == "0A" && $2 !~ /^......7F:/ && $2 !~ /^0+1000000:/ { sub(/.*:/, "", $2); print $2 }' | sort -u |
        while read -r port; do
            port=$((0x$port))
            case " $SIDECAR_OPEN_PORTS $own_ports " in
                *" $port "*) ;;
                *) echo "$port" ;;
            esac
        done | paste -sd, -
}

write_evidence() { # phase, reason
    serve=
    [ ! -s "$wanted_serve" ] || serve=$(tailscale_cli serve status --json 2>/dev/null) || serve=
    [ -n "$status" ] || status=null
    [ -n "$serve" ] || serve=null
    expired=false
    [ ! -e "$key_expired" ] || expired=true
    [ "$node_name" = "$TS_HOSTNAME" ] && canary=false || canary=true
    egress=null
    [ "$guarded" = false ] || egress=$(guard_json)
    printf '{"version": 1, "alloc_id": "%s", "boot_id": "%s", "netns": "%s", "time": %s, "phase": "%s", "reason": "%s", "joined": %s, "key_expired": %s, "mode": "%s", "canary": %s, "app_port": %s, "open_ports": [%s], "egress": %s, "status": %s, "serve_config": %s}\n' \
        "$NOMAD_ALLOC_ID" "$boot_id" "$netns" "$(date +%s)" "$1" "$2" "$joined" "$expired" "$SIDECAR_MODE" "$canary" "$SIDECAR_APP_PORT" \
        "$(open_ports)" "$egress" "$status" "$serve" |
        publish "$run/evidence.json"
}

# What has just changed is looked at every second.
observe_for() { settling=$1; } # seconds

# Ready for the gate is the lenient rule: a working node stays ready while the control plane is away.
not_ready_because() {
    state=$(field BackendState)
    case $state in
        Running) ;;
        '') echo 'tailscaled does not answer yet' && return ;;
        NeedsMachineAuth) echo 'the node waits for approval by an admin of the tailnet' && return ;;
        *) echo "tailscaled is in state $state" && return ;;
    esac
    case $status in
        *'"TailscaleIPs": ['*) ;;
        *) echo 'the node has no tailnet address yet' && return ;;
    esac
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
    if [ "$guarded" = true ] && [ -z "$reason" ]; then
        guard_look
        reason=$guard_reason
    fi
    [ -z "$reason" ] || [ "$reason" = "$told" ] || say "$reason"
    told=$reason
    if [ -z "$reason" ]; then
        rm -f "$key_expired"
        push_serve_config
        write_evidence ready 'running on the tailnet'
        reclaim_name
        [ "$was_ready" = true ] || say "ready as $dns_name"
        was_ready=true
        : | publish "$SIDECAR_GATE_DIR/ready"
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
    tailnet=$(echo "$dns_name" | cut -d. -f2-)
    sed "s/[$]{TS_CERT_DOMAIN}/$dns_name/g; s/[$]{SIDECAR_TAILNET}/$tailnet/g; s/[$]{SIDECAR_APP_PORT}/$SIDECAR_APP_PORT/g" \
        "$wanted_serve" >"$NOMAD_SECRETS_DIR/.serve_config.json"
    cp "$wanted_serve" "$pushed_serve"
    cmp -s "$NOMAD_SECRETS_DIR/.serve_config.json" "$TS_SERVE_CONFIG" && return 0
    mv "$NOMAD_SECRETS_DIR/.serve_config.json" "$TS_SERVE_CONFIG"
    say 'gave containerboot a new serve configuration'
    observe_for 5
}

# A control server gives the name only at a login. While another node holds it, often this job's own that was killed and is not
# forgotten yet, the node logs in anew from time to time. A node that is kept is not given up for a name, and none whose proxy would
# be open meanwhile.
reclaim_name() {
    [ "$SIDECAR_EPHEMERAL" = true ] || return 0
    [ "$guarded" = false ] || [ "$GUARD_LEVEL" != monitored ] || return 0
    case $dns_name in
        '' | "$node_name" | "$node_name".*) reclaim_at='' && reclaim_wait=5 && return 0 ;;
    esac
    now=$(date +%s)
    [ -n "$reclaim_at" ] || reclaim_at=$((now + reclaim_wait))
    [ "$now" -ge "$reclaim_at" ] || return 0
    say "called $dns_name, because another node holds $node_name; logging in anew"
    reclaim_at=
    reclaim_wait=$((reclaim_wait < 300 ? reclaim_wait * 2 : 300))
    log_in_anew
}

log_in_anew() {
    [ "$guarded" = false ] || guard_forget
    leave_tailnet
    restart_containerboot
}

restart_containerboot() {
    kill -KILL "$boot_pid"
    wait "$boot_pid"
    start_containerboot
}

# A canary is called so until its release has the service's name.
wanted_name() {
    if [ -s "$NOMAD_SECRETS_DIR/release" ] && [ "$(cat "$NOMAD_SECRETS_DIR/release")" != "$SIDECAR_RELEASE" ]; then
        echo "$TS_HOSTNAME-canary"
    else
        echo "$TS_HOSTNAME"
    fi
}

take_name() {
    [ -s "$NOMAD_SECRETS_DIR/release" ] || return 0
    new_name=$(wanted_name)
    [ "$new_name" != "$node_name" ] || return 0
    say "the name is $new_name now"
    node_name=$new_name
    if [ "$SIDECAR_EPHEMERAL" = true ]; then
        log_in_anew
    else
        tailscale_cli set --hostname="$node_name"
    fi
    observe_for 5
}

# Also in the middle of a restart: only a tailscaled that is there can log out. And containerboot would kill it as soon as it
# leaves Running, in the middle of the logout.
leave_tailnet() {
    { [ -n "$boot_pid" ] && kill -0 "$boot_pid" 2>/dev/null; } || start_containerboot
    tries=0
    until { pidof tailscaled >/dev/null && [ -S "$TS_SOCKET" ]; } || [ "$tries" -ge 20 ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    kill -STOP "$boot_pid"
    tailscale_cli logout
}

# Whatever the app binds, only the tailnet reaches it; Nomad's checks come from the machine, which is the gateway of the bridge.
# tailscaled's own rules, among them the one for its WireGuard port, stand before these.
close_inbound() {
    # An isolated network has no default route, but others by the same gateway.
    gateway=$(ip -4 route show | awk '{ for (i = 1; i < NF; i++) if ($i == "via") { print $(i + 1); exit } }')
    for tables in iptables ip6tables; do
        # The newer kind needs no raw sockets, which no task here may have.
        ! command -v "$tables-nft" >/dev/null || tables=$tables-nft
        {
            echo '*filter'
            echo ':NOTAILCAR - [0:0]'
            echo '-A NOTAILCAR -i lo -j ACCEPT'
            echo '-A NOTAILCAR -i tailscale0 -j ACCEPT'
            echo '-A NOTAILCAR -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
            case $tables in
                ip6*) echo '-A NOTAILCAR -p ipv6-icmp -j ACCEPT' ;;
                *)
                    for port in $SIDECAR_OPEN_PORTS; do
                        echo "-A NOTAILCAR -s $gateway -p tcp --dport $port -j ACCEPT"
                    done
                    ;;
            esac
            echo '-A NOTAILCAR -p tcp -j REJECT --reject-with tcp-reset'
            echo '-A NOTAILCAR -j DROP'
            echo COMMIT
        } | "$tables-restore" --noflush && { "$tables" -C INPUT -j NOTAILCAR 2>/dev/null || "$tables" -A INPUT -j NOTAILCAR; } || return 1
    done
}

# The log passes through a filter. It withholds login addresses, and keeps what the control server said to a login: nothing
# else tells why one failed, or that the node's key has expired.
start_containerboot() {
    for pid in $(pidof tailscaled); do
        kill -9 "$pid"
    done
    # While it is not gone yet, it holds its interface and its ports, and the next one would end at once.
    tries=0
    while pidof tailscaled >/dev/null && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -f "$TS_SOCKET" /var/run/tailscale/tailscaled.sock "$TS_SERVE_CONFIG" "$log" "$login_error"
    mkfifo "$log"
    awk -v kept="$login_error" -v expired="$key_expired" '
        { gsub(/https?:\/\/[^ ]*\/(a|register)\/[^ ]*/, "(login address withheld)"); print > "/dev/stderr" }
        sub(/^(backend error|failed to exchange JWT for access token|unexpected error while creating authkey): /, "") {
            print > kept
            close(kept)
        }
        /control: server reports new node key .* has expired/ { print > expired; close(expired) }
    ' <"$log" &
    TS_HOSTNAME=$node_name containerboot >"$log" 2>&1 &
    boot_pid=$!
    observe_for 5
}

# A first login that fails is for Nomad's restart policy to judge; a node that has worked is kept alive here, in place.
containerboot_ended() {
    wait "$boot_pid"
    why="containerboot ended with exit code $?"
    boot_pid=
    [ ! -s "$login_error" ] || why="the login failed: $(tr -d '\\"[:cntrl:]' <"$login_error")"
    say "$why"
    [ "$guarded" = false ] || guard_stop 44 "$why"
    see
    rm -f "$SIDECAR_GATE_DIR/ready"
    if [ "$was_ready" = false ]; then
        write_evidence failed "$why"
        exit 1
    fi
    write_evidence degraded "$why; next start in $backoff s"
    pause "$backoff"
    # Less than the age at which evidence is stale.
    backoff=$((backoff < 16 ? backoff * 2 : 20))
    start_containerboot
}

# Only a sleep in the background lets a signal through at once.
pause() {
    sleep "$1" &
    wait $!
}

# The clients of a Tailscale Service get another of its hosts: it takes a control plane up to that time.
drain_services() {
    services=$(tailscale_cli serve status --json 2>/dev/null | sed -n 's/^ *"\(svc:[^"]*\)": {$/\1/p')
    [ -n "$services" ] || return 0
    # containerboot would advertise them again.
    kill -STOP "$boot_pid"
    for service in $services; do
        tailscale_cli serve drain "$service" && say "drained $service"
    done
    pause 15
}

# The app may outlive the sidecar for a moment, and without its exit node tailscaled would dial for it directly.
close_proxies() {
    unset TS_OUTBOUND_HTTP_PROXY_LISTEN TS_SOCKS5_SERVER
    restart_containerboot
}

terminate() {
    trap - TERM INT
    rm -f "$SIDECAR_GATE_DIR/ready"
    see
    write_evidence stopping 'the task was told to stop'
    drain_services
    [ "$guarded" = false ] || rm -rf "$guard_mark"
    if [ "$SIDECAR_EPHEMERAL" = true ] && [ "$joined" = true ]; then
        [ "$guarded" = false ] || [ "$GUARD_LEVEL" != monitored ] || close_proxies
        ! leave_tailnet || logged_out=true
    fi
    status=$(read_status)
    if [ "$logged_out" = true ]; then
        write_evidence logged_out 'the node left the tailnet'
    elif [ "$SIDECAR_EPHEMERAL" = true ] && [ "$joined" = true ]; then
        write_evidence abandoned 'the node could not log out'
    else
        write_evidence stopped 'the node keeps its place in the tailnet'
    fi
    [ -n "$boot_pid" ] || exit 0
    kill -CONT "$boot_pid" 2>/dev/null
    kill -TERM "$boot_pid"
    wait "$boot_pid"
    exit 0
}

main() {
    mkdir -p "$run" "$SIDECAR_GATE_DIR" "$TS_STATE_DIR" "$(dirname "$TS_SERVE_CONFIG")"
    rm -f "$SIDECAR_GATE_DIR/ready"
    # The health endpoint is for Nomad's checks on the allocation's address; it stays off every other interface.
    address=$SIDECAR_HEALTH_IP
    [ -n "$address" ] || address=$(ip -4 -o addr show scope global | awk '$2 != "tailscale0" { sub("/.*", "", $4); print $4; exit }')
    [ -n "$address" ] || address=127.0.0.1
    export TS_LOCAL_ADDR_PORT="$address:$SIDECAR_HEALTH_PORT"
    trap terminate TERM INT
    node_name=$(wanted_name)
    if [ -e "$NOMAD_TASK_DIR/guard.sh" ]; then
        guarded=true
        # shellcheck source=roles/workload/files/guard.sh
        . "$NOMAD_TASK_DIR/guard.sh"
        guard_begin
    fi
    if [ "$SIDECAR_MODE" = kernel ] && ! close_inbound; then
        see
        write_evidence failed 'the ways in could not be closed: kernel mode needs NET_ADMIN and iptables'
        exit 1
    fi
    start_containerboot
    waited=0
    tick=1
    [ "$guarded" = false ] || tick=$GUARD_INTERVAL
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
            [ "$guarded" = false ] || guard_look
            take_name
            [ ! -s "$wanted_serve" ] || cmp -s "$wanted_serve" "$pushed_serve" || observe_for 5
            waited=$((waited + tick))
            pause "$tick"
        fi
    done
}

main
