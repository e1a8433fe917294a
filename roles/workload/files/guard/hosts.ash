# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The hosts and names in URLs, and the hosts file.

hosts_of_urls() { # URLs, separated by spaces
    echo "$1" | tr ' ' '\n' | sed 's|^[a-z]*://||; s|/.*||; s|.*@||; s|:[0-9]*$||; s|[][]||g'
}

# The hosts that are names, not addresses.
hosts_named_in_urls() { hosts_of_urls "$1" | grep -vE '^[0-9.]+$|:'; } # URLs, separated by spaces

# The addresses of the echo servers. The hosts file gives the address of a name.
hosts_echo_addresses() {
    local host
    hosts_of_urls "$GUARD_ECHO" | while read -r host; do
        awk -v host="$host" '
            { for (i = 2; i <= NF; i++) if ($i == host) print $1 }
            END { if (host ~ /^[0-9.]+$|:/) print host }' /etc/hosts
    done
}

# Writes the names of the control server and the echo servers into the hosts file, because the lock blocks name servers. When the
# sidecar starts for the first time, no app has started yet, and the name servers are still reachable.
hosts_remember() {
    local name
    for name in $(hosts_named_in_urls "$GUARD_LOGIN $GUARD_ECHO"); do
        timeout 5 nslookup "$name" 2>/dev/null | hosts_lines "$name" >>/etc/hosts
    done
}

# Reads the output of nslookup, and prints lines for the hosts file.
hosts_lines() { # name
    awk -v name="$1" '/^Name:/ { found = 1 } found && /^Address/ { sub(/^Address[ 0-9]*: */, ""); print $1, name }'
}
