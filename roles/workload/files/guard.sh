# shellcheck shell=dash source-path=SCRIPTDIR
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The guard of verified egress, which sidecar.sh reads: it chooses the exit node, checks again and again the address that the echo
# servers see, and ends the sidecar, and with it the allocation, when they see another address than the wanted one.
#
# Environment:
#   GUARD_LEVEL       monitored; locked: only tailscaled leaves the namespace; isolated: the network of the namespace leads nowhere else.
#                     In kernel mode the lock is set at every level
#   GUARD_EXIT_NODES  names, addresses or tags of exit nodes, the preferred one first, separated by spaces
#   GUARD_EXPECT      addresses and CIDRs of which one must be seen; or `differs`: any but the node's own; or `any`
#   GUARD_LOGIN       URL of the control server
#   GUARD_PEERS       addresses of the tailnet that the app may reach in kernel mode, separated by spaces; may be empty
#   GUARD_ECHO        URLs of the echo servers, which answer with the caller's address, separated by spaces
#   GUARD_QUORUM      how many of the echo servers must agree
#   GUARD_INTERVAL    seconds between two checks
#   GUARD_PROXY       HOST:PORT of tailscaled's own proxy, which the app uses in userspace mode; empty in kernel mode, where tailscaled
#                     marks the connections of its proxy, so that they pass the lock
#
# Exit codes, which Nomad's task events show: 40 the sidecar was started again, 41 another address was seen, 42 no address was,
# 43 the lock could not be set, or a direct path is open, 44 containerboot ended, 45 the guard cannot prepare itself or read a status.

. guard/state.ash
. guard/lock.ash
. guard/hosts.ash
. guard/direct.ash
. guard/servers.ash
. guard/addresses.ash
. guard/echo_servers.ash
. guard/exit_nodes.ash
. guard/guard.ash
