// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A hostile app for the tests of egress: inside a container of an allocation it tries every way to the echo server that does not
// lead through the tailnet's exit node, and prints what became of each as a line of JSON.
//
//	escape ADDRESS PATH [ATTEMPT]
//
// Each attempt asks for PATH-ATTEMPT, so the server's log tells which one got through, and from which address it was seen. With ATTEMPT
// only those attempts are made whose names begin with it.
package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	timeout = 2 * time.Second
	// An attempt may consist of several steps with a timeout each.
	patience = 5 * timeout
)

// A target is where an attempt wants to get to.
type target struct {
	address netip.Addr
	path    string
}

func (t target) endpoint(port uint16) string { return netip.AddrPortFrom(t.address, port).String() }

// label is the path for what is not HTTP.
func (t target) label() string { return strings.Trim(t.path, "/") }

// An attempt tells in its outcome "answered …", or "sent …", or why not.
type attempt struct {
	name string
	try  func(target) string
}

// each makes one attempt of every value. Without values it says so: that nothing was tried must not look like a failure.
func each(name string, values []string, try func(t target, value string) string) []attempt {
	if len(values) == 0 {
		return []attempt{{name, func(target) string { return "nothing to try it with" }}}
	}
	var attempts []attempt
	for _, value := range values {
		attempts = append(attempts, attempt{name + "-" + value, func(t target) string { return try(t, value) }})
	}
	return attempts
}

// attempts are in this order because the later ones change, when they succeed, what those after them meet.
func attempts() []attempt {
	return slices.Concat(
		[]attempt{
			{"plain", plain},
			{"mark", marked(tailscaledMark)},
			{"mark-full", marked(0xff0000)},
			{"mark-others", marked(0xff08ffff)},
			{"mark-subnet", marked(0x40000)},
			{"raw", raw},
			{"raw-mark", rawMarked},
			{"packet", packet},
		},
		each("device", otherInterfaces(), throughDevice),
		each("source", otherAddresses(), fromSource),
		[]attempt{
			{"route", route},
			{"namespace-new", newNamespace},
			{"namespace-join", joinNamespace},
			{"namespace-user", userNamespace},
			{"dns", dns},
		},
		each("dns", nameservers(), dnsBy),
		[]attempt{
			{"udp", udp},
			{"icmp", icmp},
			{"ipv6-mapped", ipv6("::ffff:")},
			{"ipv6-nat64", ipv6("64:ff9b::")},
			{"ipv6-documentation", documentation},
			{"proxy", proxy},
			{"tailscaled-service", tailscaledService},
			{"tailscaled-socket", tailscaledSockets},
		},
		each("peer-api", listeners(), peerAPI),
		[]attempt{
			{"proc-forward", writeForward},
			{"capabilities", capabilities},
			{"many", many},
		},
	)
}

// outcome runs an attempt in a goroutine of its own, whose thread ends with it when it has changed its namespace.
func (a attempt) outcome(t target) string {
	t.path += "-" + a.name
	done := make(chan string, 1)
	go func() { done <- a.try(t) }()
	select {
	case outcome := <-done:
		return outcome
	case <-time.After(patience):
		return "hangs"
	}
}

func main() {
	// Its thread stands for the process in /proc, and so must stay as it is.
	runtime.LockOSThread()
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fail("usage: escape ADDRESS PATH [ATTEMPT]")
	}
	address, err := netip.ParseAddr(os.Args[1])
	if err != nil || !address.Is4() {
		fail("ADDRESS must be IPv4: " + os.Args[1])
	}
	// Started by mistake as root of a machine it would take the exit node from every tailscaled there.
	if os.Getenv("NOMAD_ALLOC_ID") == "" {
		fail("only for an allocation of Nomad: NOMAD_ALLOC_ID is not set")
	}
	chosen := attempts()
	if len(os.Args) == 4 {
		chosen = slices.DeleteFunc(chosen, func(a attempt) bool { return !strings.HasPrefix(a.name, os.Args[3]) })
	}
	if len(chosen) == 0 {
		fail("no such attempt: " + os.Args[3])
	}
	lines := json.NewEncoder(os.Stdout)
	lines.SetEscapeHTML(false)
	for _, a := range chosen {
		if err := lines.Encode(result{a.name, a.outcome(target{address, "/" + strings.Trim(os.Args[2], "/")})}); err != nil {
			fail(err.Error())
		}
	}
}

// A result is a line of the output.
type result struct {
	Attempt string `json:"attempt"`
	Outcome string `json:"outcome"`
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(2)
}
