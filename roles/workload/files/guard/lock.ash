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
    local type
    echo '*filter'
    echo ':NOTAILCAR-OUT - [0:0]'
    echo '-A NOTAILCAR-OUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT'
    # At a port of the node's own addresses, which no rule could know early enough, tailscaled would ask name servers for the app.
    serve_ports | sed "s|.*|-A NOTAILCAR-OUT -o lo -p tcp -d $(lock_tailnet "$1") --dport & -j ACCEPT|"
    echo "-A NOTAILCAR-OUT -o lo -p tcp -d $(lock_tailnet "$1") -j REJECT"
    echo '-A NOTAILCAR-OUT -o lo -j ACCEPT'
    # What leaves through an exit node needs no other node of the tailnet.
    case $2 in
        choosing) hosts_echo_addresses | lock_rules "$1" '-o tailscale0 -d & -j ACCEPT' ;;
        *)
            lock_peers | lock_rules "$1" '-o tailscale0 -d & -j ACCEPT'
            echo "-A NOTAILCAR-OUT -o tailscale0 -d $(lock_tailnet "$1") -j REJECT"
            echo '-A NOTAILCAR-OUT -o tailscale0 -j ACCEPT'
            ;;
    esac
    case $1 in
        ip6*) # Neighbours are on the same link, and without them tailscaled finds no route.
            for type in 133 135 136; do
                echo "-A NOTAILCAR-OUT -p ipv6-icmp -m icmp6 --icmpv6-type $type -j ACCEPT"
            done
            ;;
    esac
    lock_marked_rules "$1"
    echo '-A NOTAILCAR-OUT -j DROP'
    echo COMMIT
}

# tailscaled's own packets. It needs no name server: the names of its servers are in the hosts file.
lock_marked_rules() { # iptables command
    local marked='-m mark --mark 0x80000/0xff0000'
    echo "-A NOTAILCAR-OUT $marked -p udp --dport 53 -j DROP"
    if [ -e "$guard_servers" ]; then
        lock_rules "$1" "$marked -p tcp -d & -j ACCEPT" <"$guard_servers"
        # Connections from before the app started.
        echo "-A NOTAILCAR-OUT $marked -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT"
        # At once, because tailscaled knows other addresses of its login server, and tries them first.
        echo "-A NOTAILCAR-OUT $marked -p tcp -j REJECT --reject-with tcp-reset"
    fi
    echo "-A NOTAILCAR-OUT $marked -j ACCEPT"
}

# Reads addresses; prints a rule for each that is of the family of the command.
lock_rules() { # iptables command; the rule, in which & is the address
    case $1 in
        ip6*) grep : ;;
        *) grep -v : ;;
    esac | sort -u | sed "s|.*|-A NOTAILCAR-OUT $2|"
}

# The addresses that all tailnets have.
lock_tailnet() { # iptables command
    case $1 in
        ip6*) echo fd7a:115c:a1e0::/48 ;;
        *) echo 100.64.0.0/10 ;;
    esac
}

# The addresses that the declaration names, of which one may be a node of the tailnet.
lock_peers() {
    hosts_echo_addresses
    echo "$GUARD_PEERS" | tr ' ' '\n' | grep .
}

lock_keep() { # as lock_outbound
    [ "$SIDECAR_MODE" = kernel ] || return 0
    if ! lock_outbound "$1"; then
        guard_stop 43 'the lock could not be kept'
    elif [ -z "$1" ] && [ ! -e "$guard_servers" ]; then
        servers_remember || guard_stop 43 'the addresses of the login server and the DERP relays could not be written down'
        lock_keep ''
    fi
}
