# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The variables that the functions of the guard share.

guard_verdict=waiting
guard_reason='the exit node is not chosen yet'
# Written when the sidecar starts for the first time in this allocation: the boot and the network namespace in which the gate then
# opens. Another allocation may have left its file on a disk that moves with the allocation.
guard_begun=$NOMAD_TASK_DIR/begun-$NOMAD_ALLOC_ID
# The exit node in use, and its rank among the wanted ones.
guard_exit=
guard_rank=
# The URLs of the echo servers, those first that answered last.
guard_echo_order=$GUARD_ECHO
# The verified address and the answer that contained it; the address in the latest answer; all answers of the latest check, as JSON.
guard_seen=
guard_answer=
guard_latest=
guard_answers=
# The status with which an answer was judged last, and the node's own addresses in it.
guard_judged=
guard_own=
# docker mounts this directory into the app: no app starts before it exists. It is in memory, so a reboot removes it.
guard_mark=$NOMAD_SECRETS_DIR/proved
# Where the hosts file and resolv.conf are; and copies of them, from which they must not differ once the app has started. docker mounts
# the second copy into the app.
guard_etc=/etc
guard_hosts=$NOMAD_SECRETS_DIR/hosts
guard_resolver=$NOMAD_SECRETS_DIR/resolv.conf
# The addresses of the login server and the DERP relays, to which the lock restricts tailscaled; there is none before the first proof.
guard_servers=$NOMAD_SECRETS_DIR/servers
# Times in seconds since boot: now, the latest proof, the latest check, the latest look at the lock and the preferred exit nodes.
guard_now=0
guard_proved=0
guard_looked=0
guard_settled=0
# When a preferred exit node is tried again, how often that failed, and how long until the next time.
guard_back_at=0
guard_back_tries=0
guard_back_wait=10
