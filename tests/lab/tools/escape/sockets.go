// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What tailscaled marks its own packets with, which pass the sidecar's lock. It looks at the bits 0xff0000 only.
const tailscaledMark = 0x80000

func plain(t target) string { return get(t, net.Dialer{Timeout: timeout}) }

func marked(mark uint32) func(target) string {
	return func(t target) string {
		return get(t, withOption(func(socket int) error { return setMark(socket, mark) }))
	}
}

// Since Linux 5.7 a socket that has no device yet may take one without any capability.
func throughDevice(t target, device string) string {
	return get(t, withOption(func(socket int) error { return syscall.BindToDevice(socket, device) }))
}

func fromSource(t target, address string) string {
	return get(t, net.Dialer{Timeout: timeout, LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}})
}

// A lock that is put up or renewed may have moments in which it is open.
func many(t target) string {
	var all sync.WaitGroup
	var mu sync.Mutex
	counts := map[string]int{}
	for range 50 {
		all.Go(func() {
			outcome := plain(t)
			mu.Lock()
			defer mu.Unlock()
			counts[outcome]++
		})
	}
	all.Wait()
	var said []string
	for _, outcome := range slices.Sorted(maps.Keys(counts)) {
		said = append(said, fmt.Sprintf("%s (%d times)", outcome, counts[outcome]))
	}
	return strings.Join(said, "; ")
}

// documentation asks an address that a tailnet or a provider may route though nobody has it.
func documentation(t target) string { return get6(t, netip.MustParseAddr("2001:db8::80")) }

// ipv6 reaches for an IPv4 address by one of IPv6, past firewall rules and routes for IPv4 only.
func ipv6(prefix string) func(target) string {
	return func(t target) string { return get6(t, netip.MustParseAddr(prefix+t.address.String())) }
}

// get6 uses the socket itself: net would make an IPv4 socket for an IPv4-mapped address.
func get6(t target, address netip.Addr) string {
	socket, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return failed("socket", err)
	}
	limit := syscall.NsecToTimeval(timeout.Nanoseconds())
	err = syscall.SetsockoptTimeval(socket, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &limit)
	if err == nil {
		err = syscall.Connect(socket, &syscall.SockaddrInet6{Port: 80, Addr: address.As16()})
	}
	if errors.Is(err, syscall.EINPROGRESS) {
		// So connect says that its time is over.
		err = os.ErrDeadlineExceeded
	}
	conn, err := connection(socket, err)
	if err != nil {
		return fmt.Sprintf("[%s]:80: %v", address, err)
	}
	return request(conn, t)
}

// get asks for the target's path by a connection of this dialer. net dials an address in the calling goroutine, so in its namespace.
func get(t target, dialer net.Dialer) string {
	conn, err := dialer.Dial("tcp4", t.endpoint(80))
	if err != nil {
		return err.Error()
	}
	return request(conn, t)
}

// request asks for the target's path and closes the connection.
func request(conn net.Conn, t target) string {
	asked, err := http.NewRequest(http.MethodGet, "http://"+t.endpoint(80)+t.path, nil)
	if err != nil {
		conn.Close()
		return err.Error()
	}
	return send(conn, asked, asked.Write)
}

func send(conn net.Conn, asked *http.Request, write func(io.Writer) error) string {
	defer conn.Close()
	asked.Close = true
	if err := errors.Join(conn.SetDeadline(time.Now().Add(timeout)), write(conn)); err != nil {
		return "connected, then " + bare(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), asked)
	if err != nil {
		return "connected, then " + bare(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 200))
	said := strings.Join(strings.Fields(string(text)), " ")
	switch {
	case err != nil:
		return "connected, then " + bare(err)
	case answer.StatusCode != http.StatusOK:
		return fmt.Sprintf("refused with %s: %s", answer.Status, said)
	default:
		return "answered " + said
	}
}

// bare is the cause without the addresses: the port differs each time.
func bare(err error) string {
	if outer, ok := errors.AsType[*net.OpError](err); ok {
		err = outer.Err
	}
	return err.Error()
}

func withOption(set func(socket int) error) net.Dialer {
	control := func(_, _ string, socket syscall.RawConn) error {
		var err error
		return errors.Join(socket.Control(func(fd uintptr) { err = os.NewSyscallError("setsockopt", set(int(fd))) }), err)
	}
	return net.Dialer{Timeout: timeout, Control: control}
}

func setMark(socket int, mark uint32) error {
	return syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_MARK, int(int32(mark)))
}

// connection makes a net.Conn of a connected socket, or closes it when it is none.
func connection(socket int, err error) (net.Conn, error) {
	file := os.NewFile(uintptr(socket), "socket")
	defer file.Close()
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	return net.FileConn(file)
}

func failed(what string, err error) string { return os.NewSyscallError(what, err).Error() }
