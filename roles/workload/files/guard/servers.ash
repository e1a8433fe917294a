# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The servers of the tailnet: the login server and the DERP relays.

# Writes down to whom tailscaled's own TCP connections may lead from now on. Called once, with the first proof: no app has started yet
# that could have changed what a name means. Names that were unknown before are asked for through the exit node.
servers_remember() {
    local relays servers
    relays=$(tailscale_cli debug derp-map 2>/dev/null | servers_of_derp_map)
    [ -n "$relays" ] || sidecar_say 'the DERP map has no relay: from now on tailscaled reaches none by TCP'
    servers=$(hosts_of_urls "$GUARD_LOGIN" && echo "$relays")
    echo "$servers" | hosts_names | servers_unknown | hosts_ask
    hosts_keep && echo "$servers" | hosts_addresses | sort -u >"$guard_servers.new" && mv "$guard_servers.new" "$guard_servers"
}

# Reads names; prints those that the hosts file lacks.
servers_unknown() {
    local name
    while read -r name; do
        [ -n "$(echo "$name" | hosts_addresses)" ] || echo "$name"
    done
}

# Reads a DERP map; prints the addresses of each relay, and the name of one that tailscaled finds by its name.
servers_of_derp_map() {
    tr -d '\n\t' | tr '{' '\n' | awk '
        function field(name, text) {
            if (!match($0, "\"" name "\" *: *\"[^\"]*\"")) return ""
            text = substr($0, RSTART, RLENGTH - 1)
            sub(/.*"/, "", text)
            return text
        }
        /"HostName"/ {
            four = field("IPv4")
            six = field("IPv6")
            if (four ~ /[.]/) print four
            if (six ~ /:/) print six
            if (four == "" || (four !~ /[.]/ && six == "")) print field("HostName")
        }'
}
