#!/bin/sh
# shellcheck shell=dash source-path=SCRIPTDIR
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Entrypoint of the tailscale sidecar. It runs containerboot, restarts containerboot when it ends, observes the node, and writes
# what it observed: evidence.json for the controller, `ready` for the gate. Both files are below local/run, which no other task can
# write. The script needs only what the official image has: busybox and tailscale. It contains no expansion that HCL or Nomad's
# templates would interpret.
#
# Environment, in addition to containerboot's own TS_*:
#   SIDECAR_APP_PORT     port on which the app listens. The port belongs to the job, so that a reverted job gets its own port back;
#                        the serve configuration, which is changed live, refers to the port by this placeholder
#   SIDECAR_TAGS         expected tags, separated by spaces; may be empty
#   SIDECAR_EPHEMERAL    true: log the node out at the end, so that its name is free at once
#   SIDECAR_GATE_DIR     directory in which the gate looks for `ready`
#   SIDECAR_HEALTH_PORT  port of containerboot's health endpoint
#   SIDECAR_HEALTH_IP    address of the health endpoint; the default is the address of the allocation
#   SIDECAR_MODE         userspace; or kernel: the node is an interface of this namespace, and the firewall closes all other interfaces
#   SIDECAR_OPEN_PORTS   ports that Nomad checks from its machine, separated by spaces
#   SIDECAR_RELEASE      with canaries: the name of this release. While secrets/release has another, the node is called TS_HOSTNAME-canary
#   SIDECAR_INTERVAL     seconds between two observations of a settled node
#
# The functions share the variables whose names begin with sidecar_ or guard_; every other variable is local.
set -u

. sidecar/state.ash
. sidecar/tailscale.ash
. sidecar/status.ash
. sidecar/evidence.ash
. sidecar/readiness.ash
. sidecar/serve.ash
. sidecar/names.ash
. sidecar/firewall.ash
. sidecar/containerboot.ash
. sidecar/main.ash
sidecar_main
