// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
)

const (
	serviceAddress = "100.100.100.100:80"
	proxyAddress   = "127.0.0.1:1055"
	noExitNode     = `{"ExitNodeIDSet":true,"ExitNodeID":"","ExitNodeIPSet":true,"ExitNodeIP":""}`
)

// proxy asks tailscaled to connect, which marks what it dials and so passes the lock.
func proxy(t target) string {
	conn, err := net.DialTimeout("tcp4", proxyAddress, timeout)
	if err != nil {
		return err.Error()
	}
	asked, err := http.NewRequest(http.MethodGet, "http://"+t.endpoint(80)+t.path, nil)
	if err != nil {
		conn.Close()
		return err.Error()
	}
	return send(conn, asked, asked.WriteProxy)
}

// tailscaledService is the address at which tailscaled answers its own node.
func tailscaledService(t target) string {
	said, err := removeExitNode("tcp4", serviceAddress)
	if err != nil {
		return err.Error()
	}
	return plain(t) + " (" + said + ")"
}

// tailscaledSockets takes the exit node away through every socket that opens.
func tailscaledSockets(t target) string {
	var said, refused []string
	for _, socket := range sockets() {
		if answer, err := removeExitNode("unix", socket); err != nil {
			refused = append(refused, err.Error())
		} else {
			said = append(said, answer)
		}
	}
	if len(said) == 0 {
		return strings.Join(refused, "; ")
	}
	return plain(t) + " (" + strings.Join(said, "; ") + ")"
}

// peerAPI asks tailscaled, at an address of its own node, to ask the client's name server.
func peerAPI(t target, listener string) string {
	conn, err := net.DialTimeout("tcp", listener, timeout)
	if err != nil {
		return err.Error()
	}
	asked, err := http.NewRequest(http.MethodPost, "http://"+listener+"/dns-query", bytes.NewReader(query(t)))
	if err != nil {
		conn.Close()
		return err.Error()
	}
	asked.Header.Set("Content-Type", "application/dns-message")
	return send(conn, asked, asked.Write)
}

// removeExitNode fails when there is no connection, and otherwise tells the answer.
func removeExitNode(network, address string) (string, error) {
	conn, err := net.DialTimeout(network, address, timeout)
	if err != nil {
		return "", err
	}
	asked, err := http.NewRequest(http.MethodPatch, "http://local-tailscaled.sock/localapi/v0/prefs", strings.NewReader(noExitNode))
	if err != nil {
		conn.Close()
		return "", err
	}
	asked.Header.Set("Sec-Tailscale", "localapi")
	return fmt.Sprintf("removal of the exit node by %s: %s", address, send(conn, asked, asked.Write)), nil
}

// sockets are tailscaled's usual ones, those of other containers by way of their processes, and every one of this network namespace
// with its name, among them abstract ones, which no file system keeps apart.
func sockets() []string {
	found := []string{"/tmp/tailscaled.sock", "/var/run/tailscale/tailscaled.sock"}
	for _, path := range slices.Clone(found) {
		others, _ := filepath.Glob("/proc/[0-9]*/root" + path)
		found = append(found, others...)
	}
	for fields := range table("/proc/net/unix") {
		if path := fields[len(fields)-1]; len(fields) == 8 && strings.Contains(path, "tailscale") && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}
