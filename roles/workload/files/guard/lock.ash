# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The lock: the outbound firewall of kernel mode.

# Only the tailnet and tailscaled's own packets, which carry a mark, leave the namespace. Answers to Nomad's checks leave it too. While
# an exit node is being chosen, only the echo servers are reachable through it, because the exit node is not verified yet.
lock_outbound() { # '', or choosing
    local tables
    for tables in iptables ip6tables; do
        ! command -v "$tables-nft" >/dev/null || tables=$tables-nft
        lock_outbound_rules "$tables" "$1" | "$tables-restore" --noflush &&
            { "$tables" -C OUTPUT -j NOTAILCAR-OUT 2>/dev/null || "$tables" -I OUTPUT -j NOTAILCAR-OUT; } || return 1
        "$tables" -P OUTPUT DROP && "$tables" -P FORWARD DROP || return 1
    done
}

lock_outbound_rules() { # iptables command, '' or choosing
    local address type
    echo '*filter'
    echo ':NOTAILCAR-OUT - [0:0]'
    # At these ports of the node's own address tailscaled would ask name servers for the app.
    status_peer_api_ports | sed 's/.*/-A NOTAILCAR-OUT -o lo -p tcp --dport & -j REJECT/'
    echo '-A NOTAILCAR-OUT -o lo -j ACCEPT'
    case $2 in
        choosing)
            for address in $(hosts_echo_addresses); do
                case $1/$address in
                    ip6*:* | iptables*.*) echo "-A NOTAILCAR-OUT -o tailscale0 -d $address -j ACCEPT" ;;
                esac
            done
            ;;
        *) echo '-A NOTAILCAR-OUT -o tailscale0 -j ACCEPT' ;;
    esac
    echo '-A NOTAILCAR-OUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT'
    case $1 in
        ip6*) # Neighbours are on the same link, and without them tailscaled finds no route.
            for type in 133 135 136; do
                echo "-A NOTAILCAR-OUT -p ipv6-icmp -m icmp6 --icmpv6-type $type -j ACCEPT"
            done
            ;;
    esac
    echo '-A NOTAILCAR-OUT -m mark --mark 0x80000/0xff0000 -j ACCEPT'
    echo '-A NOTAILCAR-OUT -j DROP'
    echo COMMIT
}

lock_keep() { # as lock_outbound
    [ "$SIDECAR_MODE" != kernel ] || lock_outbound "$1" || guard_stop 43 'the lock could not be kept'
}
