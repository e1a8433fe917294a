#!/bin/sh
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prestart gate: Nomad starts the app when this ends with 0. It only waits for the verdict of the sidecar in GATE_DIR: with docker a
# read-only mount, with exec the allocation's shared directory, in which no app has run before the first gate.
set -u

# A verdict from before this start says nothing about the sidecar that starts now.
started=$NOMAD_TASK_DIR/started
touch "$started"
waited=0
until [ -n "$(find "$GATE_DIR/ready" -newer "$started" 2>/dev/null)" ]; do
    if [ "$waited" -ge "$((GATE_TIMEOUT * 5))" ]; then
        echo "gate: the tailscale sidecar was not ready within $GATE_TIMEOUT s; see its log and tailscale/local/run/evidence.json"
        cat "$GATE_DIR/evidence.json" 2>/dev/null
        exit 1
    fi
    waited=$((waited + 1))
    sleep 0.2
done
echo 'gate: the tailscale sidecar is ready'
