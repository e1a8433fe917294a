# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The start, the loop and the end of the sidecar.

sidecar_terminate() {
    local logged_out=false
    trap - TERM INT
    rm -f "$SIDECAR_GATE_DIR/ready"
    status_refresh
    evidence_write stopping 'the task was told to stop'
    serve_drain
    [ "$sidecar_guarded" = false ] || rm -rf "$guard_mark"
    if [ "$SIDECAR_EPHEMERAL" = true ] && [ "$sidecar_joined" = true ]; then
        [ "$sidecar_guarded" = false ] || [ "$GUARD_LEVEL" != monitored ] || containerboot_close_proxies
        ! containerboot_log_out || logged_out=true
    fi
    sidecar_status=$(status_read)
    if [ "$logged_out" = true ]; then
        evidence_write logged_out 'the node left the tailnet'
    elif [ "$SIDECAR_EPHEMERAL" = true ] && [ "$sidecar_joined" = true ]; then
        evidence_write abandoned 'the node could not log out'
    else
        evidence_write stopped 'the node keeps its place in the tailnet'
    fi
    [ -n "$sidecar_boot_pid" ] || exit 0
    kill -CONT "$sidecar_boot_pid" 2>/dev/null
    kill -TERM "$sidecar_boot_pid"
    wait "$sidecar_boot_pid"
    exit 0
}

# Ends a sidecar that cannot prepare itself: the gate stays closed.
sidecar_fail() { # reason
    sidecar_say "$1"
    status_refresh
    evidence_write failed "$1"
    exit 1
}

# Everything that has to be in place before containerboot starts. What cannot be put in place ends the sidecar.
sidecar_begin() {
    local address
    if ! { mkdir -p "$sidecar_run_dir" "$SIDECAR_GATE_DIR" "$TS_STATE_DIR" "$(dirname "$TS_SERVE_CONFIG")" &&
        rm -f "$SIDECAR_GATE_DIR/ready"; }; then
        sidecar_fail 'the directories of the sidecar could not be prepared'
    fi
    # The health endpoint is for Nomad's checks on the allocation's address; no other interface has it.
    address=$SIDECAR_HEALTH_IP
    [ -n "$address" ] || address=$(ip -4 -o addr show scope global | awk '$2 != "tailscale0" { sub("/.*", "", $4); print $4; exit }')
    [ -n "$address" ] || address=127.0.0.1
    export TS_LOCAL_ADDR_PORT="$address:$SIDECAR_HEALTH_PORT"
    trap sidecar_terminate TERM INT
    sidecar_node_name=$(names_wanted)
    if (set +u && [ -n "$GUARD_LEVEL" ]); then
        [ -s "$NOMAD_TASK_DIR/guard.sh" ] || sidecar_fail 'guard.sh is missing: nothing would verify the egress of this job'
        # shellcheck source=guard.sh
        . "$NOMAD_TASK_DIR/guard.sh"
        sidecar_guarded=true
        guard_begin || sidecar_fail 'the guard could not begin'
    fi
    if [ "$SIDECAR_MODE" = kernel ] && ! firewall_close_inbound; then
        sidecar_fail 'the ways in could not be closed: kernel mode needs NET_ADMIN and iptables'
    fi
}

# One round of the loop. The time between two observations is measured by the clock, because a look of the guard takes time, too.
sidecar_round() {
    local now tick=1
    [ "$sidecar_guarded" = false ] || tick=$GUARD_INTERVAL
    kill -0 "$sidecar_boot_pid" 2>/dev/null || containerboot_ended
    now=$(sidecar_uptime)
    if [ "$sidecar_was_ready" = false ]; then
        readiness_observe
        sidecar_pause 0.3
    elif [ "$sidecar_settling" -gt 0 ] || [ $((now - sidecar_observed)) -ge "$SIDECAR_INTERVAL" ]; then
        sidecar_settling=$((sidecar_settling > 0 ? sidecar_settling - 1 : 0))
        sidecar_observed=$now
        readiness_observe
        sidecar_pause 1
    else
        [ "$sidecar_guarded" = false ] || guard_look
        names_take
        [ ! -s "$sidecar_serve_wanted" ] || cmp -s "$sidecar_serve_wanted" "$sidecar_serve_pushed" || sidecar_observe_for 5
        sidecar_pause "$tick"
    fi
}

sidecar_main() {
    sidecar_begin
    containerboot_start
    while :; do
        sidecar_round
    done
}
