// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A second control plane for the laboratory: Tailscale's own testcontrol, with a DERP relay, auth keys, tags and a switch for each
// state that headscale does not have.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"

	"tailscale.com/derp/derpserver"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
)

func main() {
	listen := flag.String("listen", "", "IP:PORT of the control plane and its DERP relay, with TLS")
	admin := flag.String("admin", "", "IP:PORT of the switches, without TLS")
	stun := flag.Int("stun", 3478, "port of a STUN server at the same address")
	certificate := flag.String("certificate", "", "file of the certificate")
	privateKey := flag.String("key", "", "file of its key")
	domain := flag.String("domain", "", "the tailnet's MagicDNS suffix")
	keys := flag.String("auth-keys", "", "JSON file, {KEY: [TAG, ...]}")
	flag.Parse()

	listener, err := net.Listen("tcp", *listen)
	check(err)
	control := NewControl("https://"+*listen, *domain, readKeys(*keys), derpMap(listener.Addr().(*net.TCPAddr), *stun))
	relay := derpserver.New(key.NewNode(), log.Printf)
	check(control.acceptOnly())

	public := http.NewServeMux()
	public.Handle("/key", control.server)
	public.Handle("/ts2021", control.server)
	public.Handle("/derp", derpserver.Handler(relay))
	public.HandleFunc("/derp/probe", derpserver.ProbeHandler)
	public.HandleFunc("/derp/latency-check", derpserver.ProbeHandler)

	go func() { check(http.ListenAndServe(*admin, control.switches())) }()
	// The protocols of control and DERP take over the connection, which HTTP/2 does not allow.
	front := http.Server{Handler: public, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	check(front.ServeTLS(listener, *certificate, *privateKey))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func readKeys(path string) map[string][]string {
	text, err := os.ReadFile(path)
	check(err)
	keys := map[string][]string{}
	check(json.Unmarshal(text, &keys))
	return keys
}

func derpMap(address *net.TCPAddr, stun int) *tailcfg.DERPMap {
	ip := address.IP.String()
	node := &tailcfg.DERPNode{Name: "lab", RegionID: 1, HostName: ip, IPv4: ip, IPv6: "none", DERPPort: address.Port, STUNPort: stun}
	region := &tailcfg.DERPRegion{RegionID: 1, RegionCode: "lab", RegionName: "the laboratory", Nodes: []*tailcfg.DERPNode{node}}
	return &tailcfg.DERPMap{OmitDefaultRegions: true, Regions: map[int]*tailcfg.DERPRegion{1: region}}
}

// switches is the API for tests. It answers every request with the nodes, as JSON.
func (c *Control) switches() http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, change func(*http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := change(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(c.nodes())
		})
	}
	turn := func(set func(on bool)) func(*http.Request) error {
		return func(r *http.Request) error {
			on, err := strconv.ParseBool(r.PathValue("on"))
			if err == nil {
				set(on)
			}
			return err
		}
	}
	one := func(change func(*member)) func(*http.Request) error {
		return func(r *http.Request) error {
			if !c.change(r.PathValue("id"), change) {
				return fmt.Errorf("no node %s", r.PathValue("id"))
			}
			return nil
		}
	}
	answer("GET /nodes", func(*http.Request) error { return nil })
	answer("POST /approval/{on}", turn(c.requireApproval))
	answer("POST /keys/{on}", turn(c.acceptKeys))
	answer("POST /nodes/{id}/approve", one(func(m *member) { m.Approved = true }))
	answer("POST /nodes/{id}/expire", one(func(m *member) { m.Expired = true }))
	return mux
}
