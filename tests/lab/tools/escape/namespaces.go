// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// setns is the number of the system call, which syscall does not have for every architecture.
var setns = map[string]uintptr{"amd64": 308, "arm64": 268}[runtime.GOARCH]

// newNamespace looks whether one may be made; it has no way out by itself.
func newNamespace(t target) string {
	// Never unlocked, so the thread ends with the goroutine.
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		return failed("unshare", err)
	}
	return "made; there: " + plain(t)
}

// joinNamespace enters that of the first process, which is this one's own without a shared PID namespace, or any other one.
func joinNamespace(t target) string {
	own, _ := os.Readlink("/proc/self/ns/net")
	places := []string{"/proc/1/ns/net"}
	seen := map[string]bool{own: true}
	all, _ := filepath.Glob("/proc/[0-9]*/ns/net")
	for _, place := range all {
		if namespace, err := os.Readlink(place); err == nil && !seen[namespace] {
			seen[namespace] = true
			places = append(places, place)
		}
	}
	var said []string
	for _, place := range places {
		outcome := joined(t, place)
		if strings.HasPrefix(outcome, "answered") {
			return outcome
		}
		said = append(said, outcome)
	}
	return strings.Join(said, "; ")
}

// joined opens the namespace only on a thread that is given up afterwards.
func joined(t target, place string) string {
	done := make(chan string, 1)
	go func() {
		runtime.LockOSThread()
		file, err := os.Open(place)
		if err != nil {
			done <- err.Error()
			return
		}
		defer file.Close()
		if _, _, errno := syscall.RawSyscall(setns, file.Fd(), syscall.CLONE_NEWNET, 0); errno != 0 {
			done <- failed("setns "+place, errno)
			return
		}
		done <- plain(t)
	}()
	return <-done
}

// userNamespace marks a connection with every capability of a user namespace of its own, which has none over this network. Only a new
// process can get there: one with threads may not. Without a mapping of users, which takes a capability of root, the child is nobody,
// and keeps across exec only the ambient ones.
func userNamespace(t target) string {
	limited, cancel := context.WithTimeout(context.Background(), 2*timeout)
	defer cancel()
	child := exec.CommandContext(limited, "/proc/self/exe", t.address.String(), t.path, "mark")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, AmbientCaps: []uintptr{netAdmin, netRaw}}
	output, err := child.Output()
	if err != nil {
		return err.Error()
	}
	var inside result
	if err := json.Unmarshal(output, &inside); err != nil {
		return fmt.Sprintf("not understood: %q", output)
	}
	return inside.Outcome
}
