# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Whether the node is ready for the gate.

# Prints why the node is not ready, or nothing. The rule is lenient: a working node stays ready during an outage of the control plane.
readiness_problem() {
    local state tag tags
    state=$(status_field BackendState)
    case $state in
        Running) ;;
        '') echo 'tailscaled does not answer yet' && return ;;
        NeedsMachineAuth) echo 'the node waits for approval by an admin of the tailnet' && return ;;
        *) echo "tailscaled is in state $state" && return ;;
    esac
    case $sidecar_status in
        *'"TailscaleIPs": ['*) ;;
        *) echo 'the node has no tailnet address yet' && return ;;
    esac
    tags=$(printf '%s\n' "$sidecar_status" | sed -n '/^ *"Tags": \[/,/\]/p')
    for tag in $SIDECAR_TAGS; do
        case $tags in
            *"\"$tag\""*) ;;
            *) echo "the node lacks $tag: the auth key does not grant it" && return ;;
        esac
    done
}

# A tailscaled that hangs does not end by itself. With a guard the allocation ends instead, because no address is seen.
readiness_restart_hung() {
    local now
    now=$(sidecar_uptime)
    [ -z "$sidecar_status" ] || sidecar_answered=$now
    [ "$sidecar_guarded" = false ] && [ $((now - sidecar_answered)) -ge 30 ] || return 0
    # An answer that cannot be read is an answer.
    ! tailscale_cli status --json --peers=false >/dev/null 2>&1 || return 0
    sidecar_say 'tailscaled has not answered for 30 s; it is started again'
    containerboot_start
}

# Observes the node once, writes the evidence, and gives the gate its verdict.
readiness_observe() {
    local reason
    status_refresh
    readiness_restart_hung
    reason=$(readiness_problem)
    if [ "$sidecar_guarded" = true ] && [ -z "$reason" ]; then
        guard_look
        reason=$guard_reason
    fi
    [ -z "$reason" ] || [ "$reason" = "$sidecar_told" ] || sidecar_say "$reason"
    sidecar_told=$reason
    if [ -z "$reason" ]; then
        rm -f "$sidecar_key_expired"
        serve_push_config
        evidence_write ready 'running on the tailnet'
        names_reclaim
        [ "$sidecar_was_ready" = true ] || sidecar_say "ready as $sidecar_dns_name"
        sidecar_was_ready=true
        : | evidence_publish "$SIDECAR_GATE_DIR/ready"
        [ "$sidecar_settling" -gt 0 ] || sidecar_backoff=1
    elif [ "$sidecar_was_ready" = true ]; then
        evidence_write degraded "$reason"
    else
        evidence_write starting "$reason"
    fi
}
