# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The echo servers, and the address that they see.

# Asks an echo server along the path of the app. 0: it sees an address that is allowed, 1: no answer, or unknown, 2: another address.
echo_servers_ask() { # URL
    local answer url="$1"
    # The proxy finds a name by resolv.conf; in kernel mode the name is in the hosts file.
    [ -z "$GUARD_PROXY" ] || { export http_proxy="http://$GUARD_PROXY" && url=$(hosts_absolute_url "$1"); }
    answer=$(timeout 3 wget -q -O - "$url" 2>/dev/null) && [ -n "$answer" ] || return 1
    guard_latest=$guard_seen
    # The same answer is judged again with each status, because tailscaled learns the direct address later, and learns of another one.
    [ "$answer" != "$guard_answer" ] || [ "$sidecar_status" != "$guard_judged" ] || return 0
    guard_judged=$sidecar_status
    guard_latest=$(printf '%s\n' "$answer" | addresses_first)
    [ -n "$guard_latest" ] || return 1
    addresses_allow "$guard_latest"
    case $? in
        1) return 2 ;;
        2) return 1 ;;
    esac
    guard_seen=$guard_latest
    guard_answer=$answer
}

# Records the latest answer, and puts the server first.
echo_servers_answered() { # URL
    local answered="$1" others='' url
    guard_answers="$guard_answers, {\"url\": \"$1\", \"address\": \"$guard_latest\"}"
    for url in $guard_echo_order; do
        if [ "$url" = "$answered" ]; then
            answered=
        else
            others="$others $url"
        fi
    done
    guard_echo_order=$1$others
}

# Whether a quorum sees an address that is allowed. 0: it does, 1: too few answer within 10 s, 2: one sees another address. The servers
# that answered last are asked first, so that a dead one costs time only once.
echo_servers_ask_quorum() {
    local agreeing=0 begun left url verdict
    hosts_check
    left=$(echo "$guard_echo_order" | wc -w)
    guard_answers=
    begun=$(sidecar_uptime)
    for url in $guard_echo_order; do
        [ $((agreeing + left)) -ge "$GUARD_QUORUM" ] || return 1
        [ $(($(sidecar_uptime) - begun)) -lt 10 ] || return 1
        left=$((left - 1))
        echo_servers_ask "$url"
        verdict=$?
        [ "$verdict" = 1 ] || echo_servers_answered "$url"
        case $verdict in
            0) agreeing=$((agreeing + 1)) ;;
            2) guard_seen=$guard_latest && return 2 ;;
        esac
        [ "$agreeing" -ge "$GUARD_QUORUM" ] && return 0
    done
    return 1
}
