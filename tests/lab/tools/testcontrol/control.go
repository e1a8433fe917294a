// Copyright (c) 2026 the notailcar.nomad authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"time"
	"unsafe"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

// What every node may do. The values are those of a tailnet that has HTTPS and Funnel switched on.
var capabilities = tailcfg.NodeCapMap{
	tailcfg.CapabilityHTTPS:                                 nil,
	tailcfg.NodeAttrFunnel:                                  nil,
	tailcfg.CapabilityFunnelPorts + "?ports=443,8443,10000": nil,
}

// Control is a testcontrol.Server and what it does not remember by itself.
type Control struct {
	server *testcontrol.Server
	base   string
	keys   map[string][]string // auth key => the tags that it gives

	mu               sync.Mutex
	approvalRequired bool
	keysRefused      bool
	members          map[key.NodePublic]*member
}

// A member is what became of a node key. A node that logs in anew has a new key, which is not expired.
type member struct {
	Tags      []string
	Approved  bool
	Expired   bool
	LoggedOut bool
	expiredAt time.Time
}

// NewControl makes the server; nothing is known to it yet.
func NewControl(base, domain string, keys map[string][]string, derp *tailcfg.DERPMap) *Control {
	c := &Control{base: base, keys: keys, members: map[key.NodePublic]*member{}}
	c.server = &testcontrol.Server{
		ExplicitBaseURL:         base,
		DERPMap:                 derp,
		MagicDNSDomain:          domain,
		DNSConfig:               &tailcfg.DNSConfig{Proxied: true, Domains: []string{domain}},
		DefaultNodeCapabilities: &capabilities,
		AllNodesSameUser:        true,
		AllOnline:               true,
		Logf:                    log.Printf,
		ModifyFirstMapResponse:  c.settle,
	}
	return c
}

// acceptOnly puts a handler before those of testcontrol inside the encrypted connection of a node. testcontrol ends the whole
// process on a request that it does not know, and asks even a node that is known, or that logs out, for its one auth key.
// The field is private, and there is no hook; the module's version is fixed in go.mod.
func (c *Control) acceptOnly() error {
	// The first request makes the field.
	c.server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/key", nil))
	field := reflect.ValueOf(c.server).Elem().FieldByName("mux")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*http.ServeMux]() {
		return fmt.Errorf("this testcontrol.Server has no field mux")
	}
	mux := (**http.ServeMux)(unsafe.Pointer(field.UnsafeAddr()))
	inner := *mux
	outer := http.NewServeMux()
	for _, path := range []string{"/key", "/ts2021", "/machine/map", "/machine/update-health"} {
		outer.Handle(path, inner)
	}
	outer.HandleFunc("POST /machine/register", func(w http.ResponseWriter, r *http.Request) { c.register(w, r, inner) })
	*mux = outer
	return nil
}

// register answers what a control server answers: a node's first login needs an auth key, one that is known does not.
func (c *Control) register(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var request tailcfg.RegisterRequest
	if err != nil || json.Unmarshal(body, &request) != nil || request.Version == 0 || request.NodeKey.IsZero() || request.Hostinfo == nil {
		http.Error(w, "no register request", http.StatusBadRequest)
		return
	}
	if request.Followup != "" {
		<-r.Context().Done() // Nobody visits the login address.
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if refusal := c.admit(&request); refusal != nil {
		_ = json.NewEncoder(w).Encode(refusal)
		return
	}
	// Read by testcontrol for this request only.
	c.server.RequireMachineAuth = !c.members[request.NodeKey].Approved
	r.Body = io.NopCloser(bytes.NewReader(body))
	inner.ServeHTTP(w, r)
	c.server.SetNodeCapMap(request.NodeKey, capabilities)
	c.apply(request.NodeKey)
}

// admit remembers the node, or returns what refuses it. c.mu is held.
func (c *Control) admit(request *tailcfg.RegisterRequest) *tailcfg.RegisterResponse {
	known := c.members[request.NodeKey]
	if known != nil {
		leaves := !request.Expiry.IsZero() && request.Expiry.Before(time.Now())
		known.LoggedOut = known.LoggedOut || leaves
		if !leaves && (known.Expired || known.LoggedOut) {
			return &tailcfg.RegisterResponse{NodeKeyExpired: true}
		}
		return nil
	}
	if request.Auth == nil || request.Auth.AuthKey == "" {
		return &tailcfg.RegisterResponse{AuthURL: c.base + "/a/nobody"}
	}
	tags, found := c.keys[request.Auth.AuthKey]
	if !found || c.keysRefused {
		return &tailcfg.RegisterResponse{Error: "invalid key: API key does not exist"}
	}
	for _, tag := range request.Hostinfo.RequestTags {
		if !slices.Contains(tags, tag) {
			return &tailcfg.RegisterResponse{Error: fmt.Sprintf("requested tags [%s] are invalid or not permitted", tag)}
		}
	}
	approved := !c.approvalRequired
	if old := c.members[request.OldNodeKey]; old != nil {
		approved = approved || old.Approved
		delete(c.members, request.OldNodeKey)
	}
	c.members[request.NodeKey] = &member{Tags: tags, Approved: approved}
	return nil
}

// settle corrects the first response to every request for the network map: that request may just have overwritten the node with
// an older copy.
func (c *Control) settle(response *tailcfg.MapResponse, request *tailcfg.MapRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.apply(request.NodeKey) {
		return
	}
	if again, err := c.server.MapResponse(request); err == nil && again != nil {
		*response = *again
	}
}

// apply gives testcontrol's node what is remembered of it, and tells whether it lacked something. c.mu is held.
func (c *Control) apply(nodeKey key.NodePublic) bool {
	known, node := c.members[nodeKey], c.server.Node(nodeKey)
	if known == nil || node == nil {
		return false
	}
	if slices.Equal(node.Tags, known.Tags) && node.MachineAuthorized == known.Approved && node.KeyExpiry.Equal(known.expiredAt) {
		return false
	}
	node.Tags, node.MachineAuthorized, node.KeyExpiry = known.Tags, known.Approved, known.expiredAt
	c.server.UpdateNode(node)
	return true
}

func (c *Control) requireApproval(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.approvalRequired = on
}

func (c *Control) acceptKeys(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keysRefused = !on
}

// change remembers something new of the node with this StableID, and tells the nodes.
func (c *Control) change(id string, change func(*member)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, node := range c.server.AllNodes() {
		if known := c.members[node.Key]; known != nil && string(node.StableID) == id {
			change(known)
			if known.Expired && known.expiredAt.IsZero() {
				known.expiredAt = time.Now().UTC().Add(-time.Second).Truncate(time.Second)
			}
			c.apply(node.Key)
			return true
		}
	}
	return false
}

// nodes lists every node that ever logged in; testcontrol forgets none.
func (c *Control) nodes() []map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := []map[string]any{}
	for _, node := range c.server.AllNodes() {
		if known := c.members[node.Key]; known != nil {
			found = append(found, map[string]any{
				"id": node.StableID, "name": node.Name, "addresses": node.Addresses, "tags": known.Tags,
				"approved": known.Approved, "expired": known.Expired, "logged_out": known.LoggedOut,
			})
		}
	}
	return found
}
