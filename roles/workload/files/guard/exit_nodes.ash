# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The exit nodes: which ones are on offer, and which one the node uses.

# The exit nodes that are offered and online, one on each line: address, all names and addresses, tags.
exit_nodes_offered() {
    tailscale_cli status --json 2>/dev/null | status_layout | awk '
        /^    "nodekey:/ { names = ip = tags = list = ""; online = offer = 0 }
        /^      "DNSName": / { name = $2; gsub(/[",]|\.",$/, "", name); names = names " " name; sub(/\..*/, "", name); names = names " " name }
        /^      "TailscaleIPs": \[/ { list = "ip" }
        /^      "Tags": \[/ { list = "tag" }
        /^        "/ {
            value = $1
            gsub(/[",]/, "", value)
            if (list == "ip" && ip == "") ip = value
            if (list == "ip") names = names " " value
            if (list == "tag") tags = tags " " value
        }
        /^      \]/ { list = "" }
        /^      "Online": true/ { online = 1 }
        /^      "ExitNodeOption": true/ { offer = 1 }
        /^    }/ { if (online && offer) print ip names tags; offer = 0 }'
}

# What tailscaled itself reports about the exit node that it is set to, as JSON: null while it is set to none, or to one that it does
# not know. No proof: an exit node whose routes were un-approved is reported as online.
exit_nodes_status() {
    printf '%s\n' "$sidecar_status" | awk '
        /^  "ExitNodeStatus": \{/ { inside = 1; online = "false"; address = "" }
        inside && /^    "Online": true/ { online = "true" }
        inside && /^      "/ && address == "" { address = $1; gsub(/[",]|\/.*/, "", address) }
        inside && /^  }/ { printf "{\"address\": \"%s\", \"online\": %s}", address, online; exit }
        END { if (!inside) printf "null" }'
}

# The offered exit nodes in the order in which they are wanted, as RANK/ADDRESS.
exit_nodes_candidates() {
    local found rank=0 wanted
    found=$(exit_nodes_offered)
    for wanted in $GUARD_EXIT_NODES; do
        rank=$((rank + 1))
        printf '%s\n' "$found" | awk -v wanted="$wanted" -v rank="$rank" '
            { for (i = 1; i <= NF; i++) if (tolower($i) == tolower(wanted)) { print rank "/" $1; break } }'
    done
}

# Reads candidates, and puts one of them last.
exit_nodes_with_last() { # address
    awk -F/ -v last="$1" '$2 == last { kept = kept $0 "\n"; next } { print } END { printf "%s", kept }'
}

# Uses the first exit node through which the echo servers see an allowed address. Only offered ones are tried: with any other exit
# node tailscaled sends directly. The failed one is tried last, because it may have been set wrongly in the daemon.
exit_nodes_choose() { # address of the failed one, or ''
    local address candidate
    lock_keep choosing
    for candidate in $(exit_nodes_candidates | exit_nodes_with_last "$1"); do
        address=$(echo "$candidate" | cut -d/ -f2)
        # Answers to Nomad's checks go to the bridge; the lock keeps in everything else that goes there.
        tailscale_cli set --exit-node="$address" --exit-node-allow-lan-access=true || continue
        guard_answer=
        guard_seen=
        echo_servers_ask_quorum
        case $? in
            0)
                lock_keep ''
                guard_exit=$address
                guard_rank=$(echo "$candidate" | cut -d/ -f1)
                sidecar_say "leaving through $address as $guard_seen"
                sidecar_observe_for 2
                return 0
                ;;
            2) guard_stop 41 "$guard_seen is seen through exit node $address, $(addresses_complaint "$guard_seen")" ;;
        esac
    done
    return 1
}

# Tries twice: one of the first packets to an exit node may get lost, and WireGuard sends it again only after five seconds.
exit_nodes_choose_or_stop() { # address of the failed one, or ''
    if ! exit_nodes_choose "$1"; then
        sidecar_say 'no address is seen through any exit node; trying them once more'
        sidecar_pause 1
        exit_nodes_choose "$1" || guard_stop 42 'no address is seen through any exit node'
    fi
    guard_record_proof
}
