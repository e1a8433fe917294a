# shellcheck shell=sh
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The guard of verified egress, a part of sidecar.sh: it chooses the exit node, looks again and again at the address that the world
# sees, and ends the sidecar, and with it the allocation, when that is not the wanted one.
#
# Environment:
#   GUARD_LEVEL       monitored; locked: nothing but tailscaled leaves the namespace; isolated: its network leads nowhere else. In kernel
#                     mode, whatever the level, the lock is set
#   GUARD_EXIT_NODES  names, addresses or tags of exit nodes, the preferred one first, separated by spaces
#   GUARD_EXPECT      addresses and CIDRs of which one must be seen; or `differs`: any but the node's own; or `any`
#   GUARD_LOGIN       URL of the control server
#   GUARD_ECHO        URLs that answer with the caller's address, separated by spaces
#   GUARD_QUORUM      how many of them must agree
#   GUARD_INTERVAL    seconds between two looks
#   GUARD_PROXY       HOST:PORT of tailscaled's own proxy, the way of the app in userspace mode; empty in kernel mode, where tailscaled
#                     marks what it dials for its proxy, so that it passes the lock
#
# Exit codes, which Nomad's task events show: 40 the sidecar was started again, 41 another address was seen, 42 none was,
# 43 no lock, 44 containerboot ended.

guard_verdict=waiting
guard_reason='the exit node is not chosen yet'
# The exit node in use, and which of the wanted ones it is.
guard_exit=
guard_rank=
guard_seen=
guard_answer=
guard_answers=
# docker mounts it into the app: no app starts before it is there. It lies in memory, so a reboot takes it away.
guard_mark=$NOMAD_SECRETS_DIR/proved
# The hosts file as it must stay, where an echo server is given by name.
guard_hosts=$NOMAD_SECRETS_DIR/hosts
# Dotted, or with seven colons or a double one; a time of day is none.
word='[0-9a-fA-F]{1,4}'
address_form="([0-9]{1,3}\.){3}[0-9]{1,3}|($word:){7}$word|($word:){1,6}(:$word){1,6}|($word:){1,7}:|::($word:){0,6}$word"
# When, in seconds since boot.
guard_proved=0
guard_looked=0
guard_settled=0
# When a preferred exit node is tried again, how often it was in vain, and how long until the next time.
guard_back_at=0
guard_back_tries=0
guard_back_wait=10

# Everything but the tailnet and tailscaled's own packets, which it marks, stays in. Answers to Nomad's checks get out. While an exit
# node is being chosen only the echo servers are let through it: it is not proved yet.
lock_outbound() { # '', or choosing
    for tables in iptables ip6tables; do
        ! command -v "$tables-nft" >/dev/null || tables=$tables-nft
        {
            echo '*filter'
            echo ':NOTAILCAR-OUT - [0:0]'
            # At these ports of its own address tailscaled would ask name servers for the app.
            peer_api_ports | sed 's/.*/-A NOTAILCAR-OUT -o lo -p tcp --dport & -j REJECT/'
            echo '-A NOTAILCAR-OUT -o lo -j ACCEPT'
            case $1 in
                choosing)
                    for address in $(echo_addresses); do
                        case $tables/$address in
                            ip6*:* | iptables*.*) echo "-A NOTAILCAR-OUT -o tailscale0 -d $address -j ACCEPT" ;;
                        esac
                    done
                    ;;
                *) echo '-A NOTAILCAR-OUT -o tailscale0 -j ACCEPT' ;;
            esac
            echo '-A NOTAILCAR-OUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT'
            case $tables in
                ip6*) # Neighbours are on the same link, and without them tailscaled finds no way.
                    for type in 133 135 136; do
                        echo "-A NOTAILCAR-OUT -p ipv6-icmp -m icmp6 --icmpv6-type $type -j ACCEPT"
                    done
                    ;;
            esac
            echo '-A NOTAILCAR-OUT -m mark --mark 0x80000/0xff0000 -j ACCEPT'
            echo '-A NOTAILCAR-OUT -j DROP'
            echo COMMIT
        } | "$tables-restore" --noflush && { "$tables" -C OUTPUT -j NOTAILCAR-OUT 2>/dev/null || "$tables" -I OUTPUT -j NOTAILCAR-OUT; } || return 1
        "$tables" -P OUTPUT DROP && "$tables" -P FORWARD DROP || return 1
    done
}

guard_stop() { # exit code, reason
    say "$2"
    rm -rf "$guard_mark"
    killall -9 tailscaled 2>/dev/null
    rm -f "$SIDECAR_GATE_DIR/ready"
    guard_verdict=stopped
    guard_reason=$2
    status=
    write_evidence failed "$2"
    exit "$1"
}

keep_lock() { # as lock_outbound
    [ "$SIDECAR_MODE" != kernel ] || lock_outbound "$1" || guard_stop 43 'the lock could not be kept'
}

# Before anything else of the sidecar. A second life has no gate before its app.
guard_begin() {
    rm -rf "$guard_mark"
    # Another allocation may have left its file on a disk that moves along.
    begun=$NOMAD_TASK_DIR/begun-$NOMAD_ALLOC_ID
    again=false
    [ ! -e "$begun" ] || again=true
    [ "$again" = true ] || [ "$SIDECAR_MODE" != kernel ] || remember_names
    if [ "$SIDECAR_MODE" = kernel ] && ! lock_outbound ''; then
        guard_stop 43 'the ways out could not be closed: that needs NET_ADMIN and iptables'
    fi
    [ "$again" = false ] ||
        guard_stop 40 'the sidecar was started again, and the app with it: another allocation must prove its egress anew'
    touch "$begun"
    # Nomad gives all tasks of an allocation one hosts file, and an app that is root can write it.
    [ -z "$(names_of "$GUARD_ECHO")" ] || cp /etc/hosts "$guard_hosts"
}

hosts_of() { echo "$1" | tr ' ' '\n' | sed 's|^[a-z]*://||; s|/.*||; s|.*@||; s|:[0-9]*$||; s|[][]||g'; } # URLs

names_of() { hosts_of "$1" | grep -vE '^[0-9.]+$|:'; } # URLs

# As the hosts file has them, where they are given by name.
echo_addresses() {
    hosts_of "$GUARD_ECHO" | while read -r host; do
        awk -v host="$host" '
            { for (i = 2; i <= NF; i++) if ($i == host) print $1 }
            END { if (host ~ /^[0-9.]+$|:/) print host }' /etc/hosts
    done
}

# The lock closes the way to a name server. In the first life no app has started yet, and names can still be asked for.
remember_names() {
    for name in $(names_of "$GUARD_LOGIN $GUARD_ECHO"); do
        timeout 5 nslookup "$name" 2>/dev/null |
            awk -v name="$name" '/^Name:/ { found = 1 } found && /^Address/ { sub(/^Address[ 0-9]*: */, ""); print $1, name }' >>/etc/hosts
    done
}

# The exit nodes that are offered and online: address, all addresses and names, tags.
offered() {
    tailscale_cli status --json 2>/dev/null | awk '
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

# The offered exit nodes in the order in which they are wanted, as RANK/ADDRESS.
candidates() {
    found=$(offered)
    rank=0
    for wanted in $GUARD_EXIT_NODES; do
        rank=$((rank + 1))
        printf '%s\n' "$found" | awk -v wanted="$wanted" -v rank="$rank" '
            { for (i = 1; i <= NF; i++) if (tolower($i) == tolower(wanted)) { print rank "/" $1; break } }'
    done
}

# What an echo server says about who asks, through the way of the app: the first address in its answer.
ask() {
    [ -z "$GUARD_PROXY" ] || export http_proxy="http://$GUARD_PROXY"
    answer=$(timeout 3 wget -q -O - "$1" 2>/dev/null) && [ -n "$answer" ] || return 1
    seen=$guard_seen
    # `differs` is judged each time, because tailscaled learns the direct address later, and learns of another.
    [ "$answer" != "$guard_answer" ] || [ "$GUARD_EXPECT" = differs ] || return 0
    seen=$(printf '%s\n' "$answer" | tr -c '0-9a-fA-F:.\n' '\n' | grep -m 1 -xE "$address_form")
    [ -n "$seen" ] || return 1
    allowed "$seen"
    case $? in
        1) return 2 ;;
        2) return 1 ;;
    esac
    guard_seen=$seen
    guard_answer=$answer
}

# The addresses from which the node sends to its peers, among them what STUN servers told tailscaled.
own_addresses() { printf '%s\n' "$status" | sed -n '/^    "Addrs": \[/,/^    \]/s/^ *"\(.*\):[0-9]*",*$/\1/p' | tr -d '[]' | sort -u; }

# Those which only the world can have told it.
direct_addresses() {
    local_addresses=" $(ip -o addr | awk '{ sub("/.*", "", $4); print $4 }' | tr '\n' ' ')"
    for own in $(own_addresses); do
        case $local_addresses in
            *" $own "*) ;;
            *) echo "$own" ;;
        esac
    done
}

# 0: it may be seen, 1: it may not, 2: nobody knows.
allowed() { # address
    case $GUARD_EXPECT in
        any) return 0 ;;
        differs)
            [ -n "$(direct_addresses)" ] || return 2
            ! within "$1" "$(own_addresses)"
            return
            ;;
    esac
    within "$1" "$(echo "$GUARD_EXPECT" | tr ' ' '\n')"
}

within() { # address, addresses and CIDRs, one a line
    printf '%s\n' "$2" | awk -v seen="$1" '
        function bits(address, sides, left, right, text) {
            if (address !~ /:/) return groups(address, "\\.", 8)
            split(address, sides, "::")
            left = groups(sides[1], ":", 16)
            right = groups(sides[2], ":", 16)
            for (text = left; length(text) + length(right) < 128;) text = text "0"
            return text right
        }
        function groups(text, separator, width, parts, n, i, all) {
            n = split(text, parts, separator)
            for (i = 1; i <= n; i++) all = all binary(width == 8 ? parts[i] : hex(parts[i]), width)
            return all
        }
        function hex(text, i, value) {
            for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
            return value
        }
        function binary(value, width, text) {
            for (text = ""; width > 0; width--) { text = value % 2 text; value = int(value / 2) }
            return text
        }
        {
            split($1, net, "/")
            a = bits(net[1]); b = bits(seen)
            width = net[2] == "" ? length(a) : net[2]
            if (length(a) == length(b) && substr(a, 1, width) == substr(b, 1, width)) found = 1
        }
        END { exit !found }'
}

# Whether a quorum sees an address that may be seen; 1: too few answer, 2: one sees another address.
look() {
    if [ -e "$guard_hosts" ] && ! cmp -s "$guard_hosts" /etc/hosts; then
        guard_stop 41 'the hosts file of the allocation was changed: who answers for an echo server cannot be known any more'
    fi
    agreeing=0
    left=$(echo "$GUARD_ECHO" | wc -w)
    guard_answers=
    for url in $GUARD_ECHO; do
        [ $((agreeing + left)) -ge "$GUARD_QUORUM" ] || return 1
        left=$((left - 1))
        ask "$url"
        verdict=$?
        [ "$verdict" = 1 ] || guard_answers="$guard_answers, {\"url\": \"$url\", \"address\": \"$seen\"}"
        case $verdict in
            0) agreeing=$((agreeing + 1)) ;;
            2) guard_seen=$seen && return 2 ;;
        esac
        [ "$agreeing" -ge "$GUARD_QUORUM" ] && return 0
    done
    return 1
}

# Through the first of the exit nodes with which an address is seen. Only those on offer: with any other tailscaled is open.
# The one that does not work comes last: it may have been told to the daemon wrongly.
choose() { # the one that does not work
    keep_lock choosing
    for candidate in $(candidates | awk -F/ -v last="$1" '$2 == last { kept = kept $0 "\n"; next } { print } END { printf "%s", kept }'); do
        address=$(echo "$candidate" | cut -d/ -f2)
        # Answers to Nomad's checks go to the bridge; everything else to it is for the lock to keep in.
        tailscale_cli set --exit-node="$address" --exit-node-allow-lan-access=true || continue
        guard_answer=
        guard_seen=
        look
        case $? in
            0)
                keep_lock ''
                guard_exit=$address
                guard_rank=$(echo "$candidate" | cut -d/ -f1)
                say "leaving through $address as $guard_seen"
                observe_for 2
                return 0
                ;;
            2) guard_stop 41 "$guard_seen is seen through exit node $address, which is not $GUARD_EXPECT" ;;
        esac
    done
    return 1
}

# In two rounds: of the first packets to an exit node one may get lost, and WireGuard asks again only after five seconds.
choose_or_stop() { # the one that does not work
    if ! choose "$1"; then
        say 'no address is seen through any exit node; trying them once more'
        pause 1
        choose "$1" || guard_stop 42 'no address is seen through any exit node'
    fi
    proved
}

proved() {
    [ -d "$guard_mark" ] || mkdir "$guard_mark"
    guard_verdict=proved
    guard_reason=
    guard_proved=$now
}

# Called again and again once tailscaled runs; guard_verdict is `proved` or says why not.
guard_look() {
    IFS=. read -r now _ </proc/uptime
    [ $((now - guard_looked)) -ge "$GUARD_INTERVAL" ] || return 0
    guard_looked=$now
    if [ -z "$guard_exit" ]; then
        if choose ''; then
            proved
        elif [ -d "$guard_mark" ] && [ $((now - guard_proved)) -ge 30 ]; then
            guard_stop 42 'no address was seen through any exit node since the node logged in anew'
        else
            guard_reason="no exit node of $GUARD_EXIT_NODES is on offer and leads to an echo server"
            [ "$GUARD_EXPECT" != differs ] || [ -n "$(direct_addresses)" ] ||
                guard_reason="what is seen cannot be told from the direct address: no STUN server told it"
        fi
        return 0
    fi
    look
    case $? in
        0) proved ;;
        2) guard_stop 41 "$guard_seen is seen, which is not $GUARD_EXPECT: the exit node $guard_exit is not in use" ;;
        *)
            say "no answer through exit node $guard_exit"
            choose_or_stop "$guard_exit"
            ;;
    esac
    [ $((now - guard_settled)) -lt 10 ] || settle
}

# The node logs in anew, and its exit node is not chosen any more. Only where nothing else leads out.
guard_forget() {
    guard_exit=
    guard_verdict=waiting
    guard_reason='the node logs in anew'
}

# What needs no hurry: the lock, which only this task could change, and the way back to a preferred exit node.
settle() {
    guard_settled=$now
    keep_lock ''
    [ "$guard_rank" -gt 1 ] && [ "$now" -ge "$guard_back_at" ] || return 0
    first=$(candidates | head -n 1)
    [ -n "$first" ] && [ "$(echo "$first" | cut -d/ -f1)" -lt "$guard_rank" ] || return 0
    tailscale_cli ping --c 1 --timeout 2s --until-direct=false "$(echo "$first" | cut -d/ -f2)" >/dev/null 2>&1 || return 0
    choose_or_stop ''
    # One that answers but leads nowhere costs the app its way out each time: after a minute it is tried less and less often.
    guard_back_tries=$((guard_rank == 1 ? 0 : guard_back_tries + 1))
    guard_back_wait=$((guard_back_tries <= 6 ? 10 : guard_back_wait < 300 ? guard_back_wait * 2 : 300))
    guard_back_at=$((now + guard_back_wait))
}

# The part of the evidence, as JSON.
guard_json() {
    checked=0
    if [ "$guard_proved" -gt 0 ]; then
        IFS=. read -r now _ </proc/uptime
        checked=$(($(date +%s) - now + guard_proved))
    fi
    direct=$(own_addresses | sed 's/.*/"&"/' | paste -sd, -)
    printf '{"level": "%s", "exit_nodes": "%s", "expect": "%s", "exit_node": "%s", "observed": "%s", "answers": [%s], "direct": [%s], "checked": %s, "interval": %s, "verdict": "%s", "reason": "%s"}' \
        "$GUARD_LEVEL" "$GUARD_EXIT_NODES" "$GUARD_EXPECT" "$guard_exit" "$guard_seen" "$(echo "$guard_answers" | cut -c3-)" "$direct" \
        "$checked" "$GUARD_INTERVAL" "$guard_verdict" "$guard_reason"
}
