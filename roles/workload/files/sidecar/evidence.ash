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
    local own_ports port
    [ "$SIDECAR_MODE" = userspace ] && [ -z "$SIDECAR_HEALTH_IP" ] || return 0
    own_ports=$(status_peer_api_ports | tr '\n' ' ')
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | evidence_listening_ports |
        while read -r port; do
            port=$((0x$port))
            case " $SIDECAR_OPEN_PORTS $own_ports " in
                *" $port "*) ;;
                *) echo "$port" ;;
            esac
        done | paste -sd, -
}

# Reads /proc/net/tcp and tcp6; prints the hexadecimal ports of the sockets that listen on an address other than loopback.
evidence_listening_ports() {
    awk '$4 == "0A" && $2 !~ /^......7F:/ && $2 !~ /^0+1000000:/ { sub(/.*:/, "", $2); print $2 }' | sort -u
}

evidence_write() { # phase, reason
    local canary=false egress=null expired=false serve='' status="$sidecar_status"
    [ ! -s "$sidecar_serve_wanted" ] || serve=$(tailscale_cli serve status --json 2>/dev/null | status_layout) || serve=
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
