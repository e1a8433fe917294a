# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The name of the node.

# A canary has its own name until its release has the name of the service.
names_wanted() {
    if [ -s "$NOMAD_SECRETS_DIR/release" ] && [ "$(cat "$NOMAD_SECRETS_DIR/release")" != "$SIDECAR_RELEASE" ]; then
        echo "$TS_HOSTNAME-canary"
    else
        echo "$TS_HOSTNAME"
    fi
}

# Gives the node the wanted name when that has changed.
names_take() {
    local new_name
    [ -s "$NOMAD_SECRETS_DIR/release" ] || return 0
    new_name=$(names_wanted)
    [ "$new_name" != "$sidecar_node_name" ] || return 0
    sidecar_say "the name is $new_name now"
    sidecar_node_name=$new_name
    if [ "$SIDECAR_EPHEMERAL" = true ]; then
        names_log_in_again
    else
        tailscale_cli set --hostname="$sidecar_node_name"
    fi
    sidecar_observe_for 5
}

# A control server gives the name only at a login. While another node has the name (often a node of this job that was killed and is
# not deleted yet), this node logs in again from time to time. A kept node is not given up for a name, nor is a node whose proxy would
# be open in the meantime.
names_reclaim() {
    local now
    [ "$SIDECAR_EPHEMERAL" = true ] || return 0
    [ "$sidecar_guarded" = false ] || [ "$GUARD_LEVEL" != monitored ] || return 0
    case $sidecar_dns_name in
        '' | "$sidecar_node_name" | "$sidecar_node_name".*) sidecar_reclaim_at='' && sidecar_reclaim_wait=5 && return 0 ;;
    esac
    now=$(date +%s)
    [ -n "$sidecar_reclaim_at" ] || sidecar_reclaim_at=$((now + sidecar_reclaim_wait))
    [ "$now" -ge "$sidecar_reclaim_at" ] || return 0
    sidecar_say "called $sidecar_dns_name, because another node holds $sidecar_node_name; logging in anew"
    sidecar_reclaim_at=
    sidecar_reclaim_wait=$((sidecar_reclaim_wait < 300 ? sidecar_reclaim_wait * 2 : 300))
    names_log_in_again
}

names_log_in_again() {
    [ "$sidecar_guarded" = false ] || guard_forget
    containerboot_log_out
    containerboot_restart
}
