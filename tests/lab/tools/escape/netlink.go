// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// Of linux/fib_rules.h, which syscall does not have. A rule's header is laid out like a route's.
const (
	ruleToTable  = 1
	ruleDst      = 1
	rulePriority = 6
)

// route leads to the address by the machine's gateway, with a rule that comes before tailscaled's.
func route(t target) string {
	dst := t.address.AsSlice()
	host := syscall.RtMsg{Family: syscall.AF_INET, Dst_len: 32, Table: syscall.RT_TABLE_MAIN}
	way, rule := host, host
	way.Protocol, way.Type = syscall.RTPROT_STATIC, syscall.RTN_UNICAST
	by, err := nextHop(&way)
	if err != nil {
		return err.Error()
	}
	rule.Type = ruleToTable
	changes := []struct {
		name     string
		add, end uint16
		message  []byte
	}{
		{"route", syscall.RTM_NEWROUTE, syscall.RTM_DELROUTE, message(way, attribute(syscall.RTA_DST, dst), by)},
		{"rule", syscall.RTM_NEWRULE, syscall.RTM_DELRULE, message(rule, attribute(ruleDst, dst), number(rulePriority, 1))},
	}
	var refused []string
	for _, change := range changes {
		if err := netlink(change.add, syscall.NLM_F_CREATE|syscall.NLM_F_EXCL, change.message); err != nil {
			refused = append(refused, change.name+": "+err.Error())
			continue
		}
		// The attempts after this one are to meet the routes as they were.
		defer netlink(change.end, 0, change.message)
	}
	if len(refused) == len(changes) {
		return strings.Join(refused, "; ")
	}
	return fmt.Sprintf("%s (%d changes made, refused %q)", plain(t), len(changes)-len(refused), refused)
}

// nextHop is the gateway, or the first interface where no route has one.
func nextHop(way *syscall.RtMsg) ([]byte, error) {
	if address, found := gateway(); found {
		return attribute(syscall.RTA_GATEWAY, address.AsSlice()), nil
	}
	way.Scope = syscall.RT_SCOPE_LINK
	for _, device := range interfaces() {
		return number(syscall.RTA_OIF, uint32(device.Index)), nil
	}
	// Loopback: it leads nowhere, but shows whether routes may be changed.
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		return nil, err
	}
	return number(syscall.RTA_OIF, uint32(loopback.Index)), nil
}

func number(kind uint16, value uint32) []byte {
	return attribute(kind, binary.NativeEndian.AppendUint32(nil, value))
}

// attribute has its length and its kind in front. Every value here is four bytes long, so none needs padding.
func attribute(kind uint16, value []byte) []byte {
	header := binary.NativeEndian.AppendUint16(nil, uint16(syscall.SizeofRtAttr+len(value)))
	return append(binary.NativeEndian.AppendUint16(header, kind), value...)
}

func message(header syscall.RtMsg, attributes ...[]byte) []byte {
	// It has a fixed size, so this cannot fail.
	content, _ := binary.Append(nil, binary.NativeEndian, header)
	for _, one := range attributes {
		content = append(content, one...)
	}
	return content
}

// netlink asks the kernel for a change and waits for its verdict.
func netlink(kind, flags uint16, content []byte) error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer syscall.Close(socket)
	limit := syscall.NsecToTimeval(timeout.Nanoseconds())
	if err := syscall.SetsockoptTimeval(socket, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	header := syscall.NlMsghdr{Len: uint32(syscall.SizeofNlMsghdr + len(content)), Type: kind, Seq: 1}
	header.Flags = syscall.NLM_F_REQUEST | syscall.NLM_F_ACK | flags
	asked, _ := binary.Append(nil, binary.NativeEndian, header)
	asked = append(asked, content...)
	if err := syscall.Sendto(socket, asked, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, syscall.Getpagesize())
	n, _, err := syscall.Recvfrom(socket, answer, 0)
	if err != nil {
		return os.NewSyscallError("recvfrom", err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil {
		return err
	}
	for _, one := range messages {
		if one.Header.Type == syscall.NLMSG_ERROR && len(one.Data) >= 4 {
			// 0 is the acknowledgement.
			if code := int32(binary.NativeEndian.Uint32(one.Data)); code != 0 {
				return syscall.Errno(-code)
			}
			return nil
		}
	}
	return errors.New("no verdict of the kernel")
}
