# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The inbound firewall of kernel mode.

# Whatever address the app binds, only the tailnet reaches the app. Nomad's checks come from the machine, which is the gateway of the
# bridge. tailscaled's own rules, among them the rule for its WireGuard port, come before these.
firewall_close_inbound() {
    local gateway tables
    # An isolated network has no default route, but other routes through the same gateway.
    gateway=$(ip -4 route show | awk '{ for (i = 1; i < NF; i++) if ($i == "via") { print $(i + 1); exit } }')
    for tables in iptables ip6tables; do
        # The nft variant needs no raw sockets, which no task here may have.
        ! command -v "$tables-nft" >/dev/null || tables=$tables-nft
        firewall_inbound_rules "$tables" "$gateway" | "$tables-restore" --noflush &&
            { "$tables" -C INPUT -j NOTAILCAR 2>/dev/null || "$tables" -A INPUT -j NOTAILCAR; } || return 1
    done
}

firewall_inbound_rules() { # iptables command, gateway
    local port
    echo '*filter'
    echo ':NOTAILCAR - [0:0]'
    echo '-A NOTAILCAR -i lo -j ACCEPT'
    echo '-A NOTAILCAR -i tailscale0 -j ACCEPT'
    echo '-A NOTAILCAR -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
    case $1 in
        ip6*) echo '-A NOTAILCAR -p ipv6-icmp -j ACCEPT' ;;
        *)
            for port in $SIDECAR_OPEN_PORTS; do
                echo "-A NOTAILCAR -s $2 -p tcp --dport $port -j ACCEPT"
            done
            ;;
    esac
    echo '-A NOTAILCAR -p tcp -j REJECT --reject-with tcp-reset'
    echo '-A NOTAILCAR -j DROP'
    echo COMMIT
}
