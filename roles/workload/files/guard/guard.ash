# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The start, the checks and the end of the guard, and its part of the evidence.

# Kills first: everything else in here can fail, and the log is a pipe that may be full.
guard_stop() { # exit code, reason
    killall -9 tailscaled 2>/dev/null
    rm -rf "$guard_mark"
    rm -f "$SIDECAR_GATE_DIR/ready"
    guard_verdict=stopped
    guard_reason=$2
    sidecar_status=
    evidence_write failed "$2"
    sidecar_say "$2"
    exit "$1"
}

# Runs before everything else in the sidecar. A sidecar that is started again has no gate before its app.
guard_begin() {
    local again=false
    rm -rf "$guard_mark" || guard_stop 45 'the proof of an earlier start could not be removed: the app would start with it'
    [ ! -e "$guard_begun" ] || again=true
    [ "$again" = true ] || [ "$SIDECAR_MODE" != kernel ] || hosts_remember
    if [ "$SIDECAR_MODE" = kernel ] && ! lock_outbound ''; then
        guard_stop 43 'the ways out could not be closed: that needs NET_ADMIN and iptables'
    fi
    [ "$again" = false ] ||
        guard_stop 40 'the sidecar was started again, and the app with it: another allocation must prove its egress anew'
    sidecar_place | evidence_publish "$guard_begun" ||
        guard_stop 45 'the start of the sidecar could not be recorded: a second start would not be noticed'
    hosts_keep || guard_stop 45 'the hosts file and resolv.conf could not be copied: a change of them would not be noticed'
    direct_refuse
}

guard_record_proof() {
    [ -d "$guard_mark" ] || mkdir "$guard_mark"
    guard_verdict=proved
    guard_reason=
    guard_proved=$guard_now
}

# Checks the egress; called again and again once tailscaled runs. Then guard_verdict is `proved`, or guard_reason states why not.
guard_look() {
    guard_now=$(sidecar_uptime)
    [ $((guard_now - guard_looked)) -ge "$GUARD_INTERVAL" ] || return 0
    guard_looked=$guard_now
    if [ -z "$guard_exit" ]; then
        if exit_nodes_choose ''; then
            guard_record_proof
        elif [ -d "$guard_mark" ] && [ $((guard_now - guard_proved)) -ge 30 ]; then
            guard_stop 42 'no address was seen through any exit node since the node logged in anew'
        else
            guard_reason="no exit node of $GUARD_EXIT_NODES is on offer and leads to an echo server"
            [ "$GUARD_EXPECT" != differs ] || addresses_comparable "$guard_latest" ||
                guard_reason="what is seen cannot be told from the direct address: no STUN server told it"
        fi
        return 0
    fi
    echo_servers_ask_quorum
    case $? in
        0) guard_record_proof ;;
        2) guard_stop 41 "$guard_seen is seen, $(addresses_complaint "$guard_seen"): the exit node $guard_exit is not in use" ;;
        *)
            sidecar_say "no answer through exit node $guard_exit"
            exit_nodes_choose_or_stop "$guard_exit"
            ;;
    esac
    [ $((guard_now - guard_settled)) -lt 10 ] || guard_settle
}

# The node logs in again, and then has no exit node. Only called where no direct path exists.
guard_forget() {
    lock_keep choosing
    guard_exit=
    guard_verdict=waiting
    guard_reason='the node logs in anew'
}

# The tasks that are not urgent: the lock, which only this task can change, and the return to a preferred exit node.
guard_settle() {
    local first
    guard_settled=$guard_now
    lock_keep ''
    [ "$guard_rank" -gt 1 ] && [ "$guard_now" -ge "$guard_back_at" ] || return 0
    first=$(exit_nodes_candidates | head -n 1)
    [ -n "$first" ] && [ "$(echo "$first" | cut -d/ -f1)" -lt "$guard_rank" ] || return 0
    tailscale_cli ping --c 1 --timeout 2s --until-direct=false "$(echo "$first" | cut -d/ -f2)" >/dev/null 2>&1 || return 0
    exit_nodes_choose_or_stop ''
    # An exit node that answers but leads nowhere interrupts the app's egress each time: after a minute it is tried less and less often.
    guard_back_tries=$((guard_rank == 1 ? 0 : guard_back_tries + 1))
    guard_back_wait=$((guard_back_tries <= 6 ? 10 : guard_back_wait < 300 ? guard_back_wait * 2 : 300))
    guard_back_at=$((guard_now + guard_back_wait))
}

# The guard's part of the evidence, as JSON.
guard_json() {
    local begun checked=0 direct interfaces
    [ "$guard_proved" -eq 0 ] || checked=$(($(date +%s) - $(sidecar_uptime) + guard_proved))
    begun=$(cat "$guard_begun" 2>/dev/null) || begun=null
    # A node that has logged out has no addresses: those with which the last answer was judged.
    direct=$(addresses_own)
    [ -n "$direct" ] || direct=$guard_own
    direct=$(printf '%s' "$direct" | sed 's/.*/"&"/' | paste -sd, -)
    interfaces=$(addresses_of_interfaces | sed 's/.*/"&"/' | paste -sd, -)
    printf '{"level": "%s", "exit_nodes": "%s", "expect": "%s", ' "$GUARD_LEVEL" "$GUARD_EXIT_NODES" "$GUARD_EXPECT"
    printf '"exit_node": "%s", "observed": "%s", "answers": [%s], ' "$guard_exit" "$guard_seen" "$(echo "$guard_answers" | cut -c3-)"
    printf '"exit_node_status": %s, "begun": %s, ' "$(exit_nodes_status)" "$begun"
    printf '"direct": [%s], "interfaces": [%s], "checked": %s, ' "$direct" "$interfaces" "$checked"
    printf '"interval": %s, ' "$GUARD_INTERVAL"
    printf '"verdict": "%s", "reason": "%s"}' "$guard_verdict" "$guard_reason"
}
