# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The serve configuration of the node and its Tailscale Services.

# containerboot replaces its placeholder only where the tailnet has certificates. The node's own name serves everywhere.
serve_push_config() {
    local tailnet
    sidecar_dns_name=$(status_field DNSName | sed 's/\.$//')
    [ -s "$sidecar_serve_wanted" ] || return 0
    tailnet=$(echo "$sidecar_dns_name" | cut -d. -f2-)
    sed "s/[$]{TS_CERT_DOMAIN}/$sidecar_dns_name/g; s/[$]{SIDECAR_TAILNET}/$tailnet/g; s/[$]{SIDECAR_APP_PORT}/$SIDECAR_APP_PORT/g" \
        "$sidecar_serve_wanted" >"$NOMAD_SECRETS_DIR/.serve_config.json"
    cp "$sidecar_serve_wanted" "$sidecar_serve_pushed"
    cmp -s "$NOMAD_SECRETS_DIR/.serve_config.json" "$TS_SERVE_CONFIG" && return 0
    mv "$NOMAD_SECRETS_DIR/.serve_config.json" "$TS_SERVE_CONFIG"
    sidecar_say 'gave containerboot a new serve configuration'
    sidecar_observe_for 5
}

# The ports on which the node serves the app.
serve_ports() {
    [ -s "$sidecar_serve_wanted" ] || return 0
    tr '{,' '\n' <"$sidecar_serve_wanted" | sed -n 's/^[[:space:]]*"\([0-9][0-9]*\)"[[:space:]]*:.*/\1/p' | sort -un
}

# Gives the clients of a Tailscale Service to another of its hosts. A control plane needs up to the time of the pause for it.
serve_drain() {
    local service services
    services=$(tailscale_cli serve status --json 2>/dev/null | status_layout | sed -n 's/^ *"\(svc:[^"]*\)": {$/\1/p')
    [ -n "$services" ] || return 0
    # A running containerboot would advertise them again.
    kill -STOP "$sidecar_boot_pid"
    for service in $services; do
        tailscale_cli serve drain "$service" && sidecar_say "drained $service"
    done
    sidecar_pause 15
}
