// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The numbers of the capabilities that change and pass by a network.
const (
	netAdmin = 12
	netRaw   = 13
)

// interfaces are those that are neither loopback nor the tailnet.
func interfaces() []net.Interface {
	all, _ := net.Interfaces()
	return slices.DeleteFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 || i.Name == "tailscale0" })
}

func otherInterfaces() []string {
	var names []string
	for _, i := range interfaces() {
		names = append(names, i.Name)
	}
	return names
}

// otherAddresses are the IPv4 addresses of those interfaces.
func otherAddresses() []string {
	var addresses []string
	for _, i := range interfaces() {
		all, _ := i.Addrs()
		for _, one := range all {
			if network, ok := one.(*net.IPNet); ok && network.IP.To4() != nil {
				addresses = append(addresses, network.IP.String())
			}
		}
	}
	return addresses
}

// listeners are what listens on an address of its own, among them tailscaled's peer API.
func listeners() []string {
	var found []string
	for fields := range table("/proc/net/tcp") {
		// Number, address and port, those of the other side, state: 0A is listening.
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		address, port, _ := strings.Cut(fields[1], ":")
		number, err := strconv.ParseUint(address, 16, 32)
		number16, err16 := strconv.ParseUint(port, 16, 16)
		if err != nil || err16 != nil || number == 0 {
			continue
		}
		// As it lies in the machine's memory.
		var bytes [4]byte
		binary.NativeEndian.PutUint32(bytes[:], uint32(number))
		if from := netip.AddrFrom4(bytes); !from.IsLoopback() {
			found = append(found, netip.AddrPortFrom(from, uint16(number16)).String())
		}
	}
	return found
}

func nameservers() []string {
	var servers []string
	for fields := range table("/etc/resolv.conf") {
		if len(fields) > 1 && fields[0] == "nameserver" {
			servers = append(servers, fields[1])
		}
	}
	return servers
}

// gateway is the one of the default route in the main table, or of any other route: an isolated network has no default one.
func gateway() (address netip.Addr, found bool) {
	for fields := range table("/proc/net/route") {
		// Interface, destination, gateway. The heading's is no number.
		if len(fields) < 3 {
			continue
		}
		number, err := strconv.ParseUint(fields[2], 16, 32)
		if err != nil || number == 0 || found && fields[1] != "00000000" {
			continue
		}
		// The number is the address as it lies in the machine's memory.
		var bytes [4]byte
		binary.NativeEndian.PutUint32(bytes[:], uint32(number))
		address, found = netip.AddrFrom4(bytes), true
	}
	return address, found
}

// hardwareAddress is the one of a neighbour, or else that of all of them.
func hardwareAddress(neighbour netip.Addr) net.HardwareAddr {
	for fields := range table("/proc/net/arp") {
		// Address, type, flags, hardware address.
		if len(fields) > 3 && fields[0] == neighbour.String() {
			if address, err := net.ParseMAC(fields[3]); err == nil {
				return address
			}
		}
	}
	return net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
}

// writeForward writes what is there already: that it may is what counts.
func writeForward(target) string {
	const path = "/proc/sys/net/ipv4/ip_forward"
	value, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, value, 0)
	}
	if err != nil {
		return err.Error()
	}
	return "written"
}

func capabilities(target) string {
	for fields := range table("/proc/self/status") {
		if len(fields) == 2 && fields[0] == "CapEff:" {
			bits, err := hex.DecodeString(fields[1])
			if err != nil || len(bits) != 8 {
				return "not understood: " + fields[1]
			}
			set := binary.BigEndian.Uint64(bits)
			return fmt.Sprintf("%s NET_ADMIN=%t NET_RAW=%t", fields[1], set>>netAdmin&1 == 1, set>>netRaw&1 == 1)
		}
	}
	return "not to be read"
}

// table gives the words of each line; a file that cannot be read has none.
func table(path string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		text, _ := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if !yield(strings.Fields(line)) {
				return
			}
		}
	}
}
