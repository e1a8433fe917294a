# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The status of the node, as tailscaled reports it.

# With the login address in a status, a reader of the status can add a node: the address does not leave the sidecar.
status_read() { tailscale_cli status --json --peers=false 2>/dev/null | sed 's|"AuthURL": "[^"]*"|"AuthURL": ""|'; }

# A file next to the node's state records that the node logged in: a restarted sidecar still has to log the node out.
status_refresh() {
    sidecar_status=$(status_read)
    case $sidecar_status in
        *'"HaveNodeKey": true'*) touch "$TS_STATE_DIR/joined" ;;
    esac
    sidecar_joined=false
    [ ! -e "$TS_STATE_DIR/joined" ] || sidecar_joined=true
}

# The first string of that name in the status.
status_field() { printf '%s\n' "$sidecar_status" | sed -n "s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" | head -n 1; } # name

# The ports that tailscaled opens on the node's own addresses. tailscaled answers to nodes of the tailnet only.
status_peer_api_ports() { printf '%s\n' "$sidecar_status" | sed -n 's|^ *"http://.*:\([0-9]*\)",*$|\1|p' | sort -u; }
