# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The direct path, which must not exist at the levels locked and isolated.

# Observes the network, because the level in the job is only a declaration. It runs before tailscaled, so every answer is a direct one.
direct_refuse() {
    local found
    [ "$GUARD_LEVEL" != monitored ] || return 0
    if [ "$GUARD_LEVEL" = isolated ]; then
        [ -r /proc/net/route ] || guard_stop 43 'the network is not known to be isolated: its routes cannot be read'
        found=$(cat /proc/net/route /proc/net/ipv6_route 2>/dev/null | direct_wide_route)
        [ -z "$found" ] || guard_stop 43 "the network is not isolated: it has a route to everywhere through $found"
    fi
    found=$(direct_answers)
    [ -z "$found" ] || guard_stop 43 "the level $GUARD_LEVEL is not in force: before tailscaled runs, an answer comes from $found"
}

# Reads /proc/net/route and ipv6_route; prints the interface of a default route, or of one wider than /8, which is nearly the same.
direct_wide_route() {
    awk '
        NF == 11 && $1 != "*" && $8 ~ /^000000/ && $8 != "000000FF" { print $1; exit }
        NF == 10 && $2 ~ /^0[0-7]$/ && $10 != "lo" { print $10; exit }'
}

# The echo servers that answer. All are asked at once, because on a closed path each of them costs the whole time.
direct_answers() {
    local url
    {
        for url in $GUARD_ECHO; do
            direct_ask "$url" &
        done
        wait
    } | paste -sd ' ' -
}

# Prints the URL when the server answers, also when it answers with an error.
direct_ask() { # URL
    local said
    said=$(timeout 2 wget -O /dev/null "$1" 2>&1) || case $said in
        *HTTP/*) ;;
        *) return 0 ;;
    esac
    echo "$1"
}
