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
    # `differs` is judged each time, because tailscaled learns the direct address later, and learns of another one.
    [ "$answer" != "$guard_answer" ] || [ "$GUARD_EXPECT" = differs ] || return 0
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

# Whether a quorum sees an address that is allowed. 0: it does, 1: too few answer, 2: one sees another address.
echo_servers_ask_quorum() {
    local agreeing=0 left url verdict
    hosts_check
    left=$(echo "$GUARD_ECHO" | wc -w)
    guard_answers=
    for url in $GUARD_ECHO; do
        [ $((agreeing + left)) -ge "$GUARD_QUORUM" ] || return 1
        left=$((left - 1))
        echo_servers_ask "$url"
        verdict=$?
        [ "$verdict" = 1 ] || guard_answers="$guard_answers, {\"url\": \"$url\", \"address\": \"$guard_latest\"}"
        case $verdict in
            0) agreeing=$((agreeing + 1)) ;;
            2) guard_seen=$guard_latest && return 2 ;;
        esac
        [ "$agreeing" -ge "$GUARD_QUORUM" ] && return 0
    done
    return 1
}
