// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

const discard = 9

func udp(t target) string { return datagram(t.endpoint(discard), []byte(t.label())) }

func dns(t target) string { return datagram(t.endpoint(53), query(t)) }

// dnsBy asks a resolver, which may ask on from a place outside of the lock.
func dnsBy(t target, server string) string { return datagram(net.JoinHostPort(server, "53"), query(t)) }

// icmp needs no capability where net.ipv4.ping_group_range allows the group, as in Docker's containers.
func icmp(t target) string {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, syscall.IPPROTO_ICMP)
	if err != nil {
		return failed("socket", err)
	}
	conn, err := connection(socket, syscall.Connect(socket, &syscall.SockaddrInet4{Addr: t.address.As4()}))
	if err != nil {
		return err.Error()
	}
	// Type 8 is the request for an echo, number 1; the kernel fills in the identifier and the checksum.
	return exchange(conn, append([]byte{8, 0, 0, 0, 0, 0, 0, 1}, t.label()...))
}

// raw packets have a header of their own making, but the lock and the routes see them all the same.
func raw(t target) string { return rawBy(t, func(int) error { return nil }) }

func rawMarked(t target) string {
	return rawBy(t, func(socket int) error { return setMark(socket, tailscaledMark) })
}

func rawBy(t target, prepare func(socket int) error) string {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.IPPROTO_RAW)
	if err != nil {
		return failed("socket", err)
	}
	defer syscall.Close(socket)
	if err := prepare(socket); err != nil {
		return failed("setsockopt", err)
	}
	// For an unspecified source the kernel puts in the one of the route.
	content := ipPacket(netip.IPv4Unspecified(), t)
	if err := syscall.Sendto(socket, content, syscall.MSG_DONTWAIT, &syscall.SockaddrInet4{Addr: t.address.As4()}); err != nil {
		return failed("sendto", err)
	}
	return "sent"
}

// packet hands a frame to the device, below every firewall rule and route of this namespace.
func packet(t target) string {
	// Protocol 0: nothing is to be received.
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return failed("socket", err)
	}
	defer syscall.Close(socket)
	devices, addresses := interfaces(), otherAddresses()
	if len(devices) == 0 || len(addresses) == 0 {
		return "no interface with an address to send from, but a packet socket"
	}
	device := devices[0]
	next, _ := gateway()
	to := hardwareAddress(next)
	frame := append(append([]byte{}, to...), device.HardwareAddr...)
	frame = binary.BigEndian.AppendUint16(frame, syscall.ETH_P_IP)
	frame = append(frame, ipPacket(netip.MustParseAddr(addresses[0]), t)...)
	way := &syscall.SockaddrLinklayer{Ifindex: device.Index, Halen: uint8(len(to))}
	copy(way.Addr[:], to)
	if err := syscall.Sendto(socket, frame, syscall.MSG_DONTWAIT, way); err != nil {
		return failed("sendto", err)
	}
	return fmt.Sprintf("sent by %s to %s", device.Name, to)
}

// ipPacket is a whole IPv4 packet with a UDP datagram that holds the target's label.
func ipPacket(source netip.Addr, t target) []byte {
	content := []byte(t.label())
	const header = 20
	ip := make([]byte, header, header+8+len(content))
	ip[0] = 0x45 // version 4, five words of header
	binary.BigEndian.PutUint16(ip[2:], uint16(cap(ip)))
	ip[8], ip[9] = 64, syscall.IPPROTO_UDP
	copy(ip[12:], source.AsSlice())
	copy(ip[16:], t.address.AsSlice())
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	// Ports, length; a checksum of 0 means none.
	for _, field := range []int{discard, discard, 8 + len(content), 0} {
		ip = binary.BigEndian.AppendUint16(ip, uint16(field))
	}
	return append(ip, content...)
}

func checksum(header []byte) uint16 {
	var sum uint32
	for i := 0; i < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// query asks for the address of LABEL.leak.example.
func query(t target) []byte {
	// Identifier, recursion desired, one question, no records.
	message := []byte{0x13, 0x37, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	label := strings.NewReplacer(".", "-", ":", "-", "/", "-").Replace(t.label())
	// A label has no more than 63 bytes; what tells the test's run comes first.
	for _, part := range []string{label[:min(len(label), 63)], "leak", "example"} {
		message = append(append(message, byte(len(part))), part...)
	}
	// The end of the name, type A, class IN.
	return append(message, 0, 0, 1, 0, 1)
}

func datagram(endpoint string, content []byte) string {
	conn, err := net.DialTimeout("udp", endpoint, timeout)
	if err != nil {
		return err.Error()
	}
	return exchange(conn, content)
}

// exchange sends a datagram, waits for one and closes the connection.
func exchange(conn net.Conn, content []byte) string {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err.Error()
	}
	if _, err := conn.Write(content); err != nil {
		return bare(err)
	}
	answer := make([]byte, 1500)
	n, err := conn.Read(answer)
	if os.IsTimeout(err) {
		return "sent, no answer"
	}
	if err != nil {
		return "sent, then " + bare(err)
	}
	return fmt.Sprintf("answered %d bytes", n)
}
