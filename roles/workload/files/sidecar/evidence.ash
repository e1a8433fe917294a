# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The evidence: the facts about this allocation that the controller judges.

# A file that a reader opens is always complete.
evidence_publish() { cat >"$1.new" && mv "$1.new" "$1"; } # path

# The ports on which another process listens on more than loopback, as JSON numbers. Kernel mode closes them, and in the namespace of
# a host the process may belong to anyone.
evidence_open_ports() {
    local own pid port
    [ "$SIDECAR_MODE" = userspace ] && [ -z "$SIDECAR_HEALTH_IP" ] || return 0
    own=$(for pid in $(tailscale_daemons); do ls -l "/proc/$pid/fd"; done 2>/dev/null | sed -n 's/.*socket:\[\(.*\)\]$/\1/p' | tr '\n' ' ')
    cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null | evidence_listening_ports "$own" |
        while read -r port; do
            case " $SIDECAR_OPEN_PORTS " in
                *" $port "*) ;;
                *) echo "$port" ;;
            esac
        done | paste -sd, -
}

# Reads /proc/net/tcp, tcp6, udp and udp6; prints the ports of the sockets that listen (0A) on an address other than loopback, or are
# bound there without a peer (07, UDP). The kernel gives UDP sockets of clients such ports, too, from a range that is left out.
evidence_listening_ports() { # inodes of the sockets of tailscaled
    local first last port state
    first=$(cut -f 1 /proc/sys/net/ipv4/ip_local_port_range)
    last=$(cut -f 2 /proc/sys/net/ipv4/ip_local_port_range)
    awk -v own=" $1 " '
        $4 != "0A" && !($4 == "07" && $3 ~ /:0000$/) || index(own, " " $10 " ") { next }
        $2 !~ /^......7F:/ && $2 !~ /^0+1000000:/ && $2 !~ /^0+FFFF0000......7F:/ { sub(/.*:/, "", $2); print $4, $2 }' |
        while read -r state port; do
            port=$((0x$port))
            [ "$state" = 07 ] && [ "$port" -ge "$first" ] && [ "$port" -le "$last" ] || echo "$port"
        done | sort -nu
}

evidence_write() { # phase, reason
    local canary=false egress=null expired=false serve='' status="$sidecar_status"
    if [ -s "$sidecar_serve_wanted" ] && [ -n "$status" ]; then
        serve=$(tailscale_cli serve status --json 2>/dev/null | status_layout) || serve=
    fi
    [ -n "$status" ] || status=null
    [ -n "$serve" ] || serve=null
    [ ! -e "$sidecar_key_expired" ] || expired=true
    [ "$sidecar_node_name" = "$TS_HOSTNAME" ] || canary=true
    [ "$sidecar_guarded" = false ] || egress=$(guard_json)
    {
        printf '{"version": 1, "alloc_id": "%s", "boot_id": "%s", "netns": "%s", ' "$NOMAD_ALLOC_ID" "$sidecar_boot_id" "$sidecar_netns"
        printf '"time": %s, "phase": "%s", "reason": "%s", ' "$(date +%s)" "$1" "$2"
        printf '"joined": %s, "key_expired": %s, "mode": "%s", "canary": %s, ' "$sidecar_joined" "$expired" "$SIDECAR_MODE" "$canary"
        printf '"app_port": %s, "open_ports": [%s], ' "$SIDECAR_APP_PORT" "$(evidence_open_ports)"
        printf '"egress": %s, "status": %s, "serve_config": %s}\n' "$egress" "$status" "$serve"
    } | evidence_publish "$sidecar_run_dir/evidence.json"
}
