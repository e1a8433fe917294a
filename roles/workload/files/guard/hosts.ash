# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The hosts and names in URLs, and the two files by which names are resolved: the hosts file and resolv.conf.

hosts_of_urls() { # URLs, separated by spaces
    echo "$1" | tr ' ' '\n' | sed 's|^[a-z]*://||; s|/.*||; s|.*@||; s|:[0-9]*$||; s|[][]||g'
}

# The hosts that are names, not addresses.
hosts_named_in_urls() { hosts_of_urls "$1" | hosts_names; } # URLs, separated by spaces

# Reads hosts, one on each line; prints those that are names.
hosts_names() { grep -vE '^[0-9.]+$|:|^$'; }

# Prints the URL with a dot after a host that is a name: no `search` and no `ndots` of resolv.conf then makes another name of it.
hosts_absolute_url() { # URL
    case $(hosts_named_in_urls "$1") in
        '' | *.) echo "$1" ;;
        *) echo "$1" | sed 's|^\([a-z]*://\([^/]*@\)\{0,1\}[^/:]*\)|\1.|' ;;
    esac
}

# Reads hosts, one on each line; prints their addresses. The hosts file gives the addresses of a name, as it was before the app started.
hosts_addresses() {
    local file="$guard_hosts"
    [ -e "$file" ] || file=$guard_etc/hosts
    awk '
        given && /^[0-9.]+$|:/ { print }
        given { wanted[$0] }
        !given && $1 ~ /^[0-9a-fA-F.:]+$/ { for (i = 2; i <= NF; i++) if ($i in wanted) print $1 }' given=1 - given=0 "$file"
}

hosts_echo_addresses() { hosts_of_urls "$GUARD_ECHO" | hosts_addresses; }

# Writes the names of the control server and the echo servers into the hosts file, because the lock blocks name servers. When the
# sidecar starts for the first time, no app has started yet, and the name servers are still reachable.
hosts_remember() { hosts_named_in_urls "$GUARD_LOGIN $GUARD_ECHO" | hosts_ask; }

# Reads names, one on each line; asks for the addresses of all at once, and writes these into the hosts file.
hosts_ask() {
    local name
    while read -r name; do
        timeout 5 nslookup "$name." 2>/dev/null </dev/null | hosts_lines "$name" >>"$guard_etc/hosts" &
    done
    wait
}

# Reads the output of nslookup, and prints lines for the hosts file.
hosts_lines() { # name
    awk -v name="$1" '/^Name:/ { found = 1 } found && /^Address/ { sub(/^Address[ 0-9]*: */, ""); print $1, name }'
}

# Keeps copies of both files. No app has started yet; one that is root can write the hosts file, because Nomad gives all tasks of an
# allocation the same one. The tasks of the role see the copy of resolv.conf, and cannot write it.
hosts_keep() { cp "$guard_etc/hosts" "$guard_hosts" && cp "$guard_etc/resolv.conf" "$guard_resolver"; }

# tailscaled, too, finds its servers by these files: with another file it would call, past the lock, whom the app likes.
hosts_check() {
    cmp -s "$guard_hosts" "$guard_etc/hosts" ||
        guard_stop 41 'the hosts file of the allocation was changed: who answers for a name cannot be known any more'
    cmp -s "$guard_resolver" "$guard_etc/resolv.conf" ||
        guard_stop 41 'the resolv.conf of the allocation was changed: who answers for a name cannot be known any more'
}
