package extauthz_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/svid"
)

// A gate holds what is written until it is opened.
type gate struct {
	opened chan struct{}
	bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.opened
	return g.Buffer.Write(p)
}

// A probe is a check and all that has to come of it, in the answer, the record and the upstream's headers.
type probe struct {
	check  *authv3.CheckRequest
	id     string
	want   string            // the reason
	record map[string]string // some members of its record
	told   map[string]string // what the upstream is told
}

// TestNothingOutlivesItsCheck asks a server, of which the memory of each check is overwritten when it is
// over, on several connections at once, and lets no record be written before all are answered. Every text
// of a request that is kept then has to be a copy: in records, in labels of metrics, in what is
// remembered of certificates and credentials, in answers that are still being sent.
func TestNothingOutlivesItsCheck(t *testing.T) {
	for _, upstream := range []string{"headers", "assertion"} {
		t.Run(upstream, func(t *testing.T) {
			w := newFullWorld(t)
			w.now = time.Now() // the server's clock, from here on
			if upstream == "assertion" {
				w.assert(t, fullPolicy)
			}
			domains, err := svid.ParseAsserted("elsewhere.test")
			if err != nil {
				t.Fatal(err)
			}
			w.revoke(t, identity.RevocationEntry{Providers: []string{"shop-idp"}, Subjects: []string{"mallory"}})
			w.current.Update(func(s *extauthz.Snapshot) { s.Callers.Asserted = domains })
			const connections, rounds = 4, 3
			all := make([][]probe, connections)
			for i := range all {
				all[i] = w.probes(t, i, upstream == "assertion")
			}
			out := &gate{opened: make(chan struct{})}
			core, logged := observer.New(zap.ErrorLevel)
			records, counted := record.NewWriter(out, record.Options{}), metrics.New(metrics.Config{})
			counted.Retain(w.current.Load().Policy.EachRoute)
			dial := serve(t, extauthz.Poisoned(extauthz.Config{Current: w.current, Records: records, Metrics: counted, Log: zap.New(core), Now: time.Now}))

			ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // without a deadline, a check that takes a second is denied
			defer cancel()
			var group sync.WaitGroup
			for _, probes := range all {
				client := authv3.NewAuthorizationClient(dial())
				group.Go(func() {
					for range rounds {
						for _, p := range probes {
							r, err := client.Check(ctx, p.check)
							if err != nil {
								t.Errorf("%s: %v", p.id, err)
								return
							}
							p.isAnswered(t, r)
						}
					}
				})
			}
			group.Wait()
			close(out.opened)
			if err := records.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			areRecorded(t, out.String(), slices.Concat(all...), rounds)
			isCounted(t, counted)
			if n := logged.Len(); n != connections*rounds { // one panics
				t.Errorf("%d lines are logged", n)
			}
			for ticket, n := range w.asked {
				if wanted := map[bool]int{true: 1, false: rounds}[strings.HasPrefix(ticket, "ticket-")]; n != wanted {
					t.Errorf("the issuer of tickets was asked %d times for %q", n, ticket)
				}
			}
		})
	}
}

// serve returns how to connect to a gRPC server as the sidecar's.
func serve(t *testing.T, s *extauthz.Server) (dial func() *grpc.ClientConn) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(extauthz.Codec()), grpc.NumStreamWorkers(4))
	s.Register(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return func() *grpc.ClientConn {
		conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
}

// probes are one of each sort, every text in them like none of another connection's.
func (w *fullWorld) probes(t *testing.T, connection int, asserts bool) []probe {
	t.Helper()
	var all []probe
	number := 0
	add := func(want string, c func(name string) *authv3.CheckRequest, record, told map[string]string) {
		number++
		name := fmt.Sprintf("c%dn%d", connection, number)
		p := probe{check: c(name), id: fmt.Sprintf("0b7f2d0e-8f8f-4b9e-%04d-%012d", connection, number), want: want, record: record, told: told}
		if http := p.check.GetAttributes().GetRequest().GetHttp(); http.GetHeaders() != nil {
			http.Headers["x-request-id"] = p.id
		} else {
			addHeader("x-request-id", p.id)(p.check.GetAttributes())
		}
		if p.record == nil {
			p.record = map[string]string{}
		}
		if p.record["host"] == "" {
			p.record["host"] = name + ".shop.test"
		}
		if want != "allowed" || asserts {
			p.told = nil
		}
		all = append(all, p)
	}
	plain := func(caller, route string, edits ...func(*authv3.AttributeContext)) func(string) *authv3.CheckRequest {
		return func(name string) *authv3.CheckRequest { return w.of(t, caller, route, name, edits...) }
	}
	mine := fmt.Sprintf("spiffe://shop.test/ns/shop/sa/c%d", connection)
	elsewhere := fmt.Sprintf("spiffe://elsewhere.test/c%d", connection)
	alice := fmt.Sprintf("alice%d", connection)
	byWord := func(a *authv3.AttributeContext) { a.Source.Principal = elsewhere }
	add("allowed", plain(mine, "caller"), map[string]string{"caller": mine, "rule_name": "frontends"}, map[string]string{"x-postern-caller": mine})
	add("allowed", plain("", "anyone", byWord), map[string]string{"caller": elsewhere, "caller_asserted": "true"}, map[string]string{"x-postern-caller": elsewhere})
	add("caller_not_granted", plain("", "caller", byWord), map[string]string{"caller": elsewhere}, nil)
	add("allowed", func(name string) *authv3.CheckRequest { return w.user(t, alice, name) },
		map[string]string{"user": alice, "provider": "shop-idp", "client": mint.Client}, map[string]string{"x-postern-user": alice, "x-postern-scopes": "orders:read"})
	add("token_revoked", func(name string) *authv3.CheckRequest { return w.user(t, "mallory", name) }, map[string]string{"user": "mallory"}, nil)
	add("token_expired", func(name string) *authv3.CheckRequest {
		old := minttest.Token(t, w.key, w.now.Add(-10*time.Minute), mint.Set("sub", alice))
		return w.of(t, "", "user", name, addHeader("authorization", "Bearer "+old))
	}, nil, nil)
	add("allowed", func(name string) *authv3.CheckRequest { return w.workload(t, mine, name) },
		map[string]string{"user": mine, "provider": "workloads"}, map[string]string{"x-postern-user": mine})
	add("allowed", func(name string) *authv3.CheckRequest { return w.ticket(t, ticketOf(alice), name) },
		map[string]string{"user": alice, "provider": "tickets"}, map[string]string{"x-postern-user": alice})
	add("token_binding", func(name string) *authv3.CheckRequest {
		return w.of(t, "", "ticket", name, addHeader("authorization", "Ticket "+ticketOf(alice)))
	}, nil, nil)
	add("internal", func(name string) *authv3.CheckRequest { return w.ticket(t, fmt.Sprintf("panic%d", connection), name) }, nil, nil)
	add("allowed", plain("", "condition"), map[string]string{"route": "condition"}, nil)
	add("allowed", plain("", "shadow"), map[string]string{"shadow": "deny"}, nil)
	add("allowed", plain("", "fields", addHeader("x-kind", "fields")), nil, nil)
	add("not_granted", plain("", "fields", addHeader("x-kind", "others")), nil, nil)
	add("denied_by_rule", plain("", "anyone", addHeader("x-debug", "1")), map[string]string{"rule_name": "no-debugging"}, nil)
	add("denied_by_guardrail", plain("", "anyone", func(a *authv3.AttributeContext) { a.Source.Address = tcp("10.99.0.1") }), map[string]string{"rule_name": "no-guests"}, nil)
	add("no_route", plain("", "elsewhere"), nil, nil)
	add("bad_host", plain("", "anyone", edit(func(h *authv3.AttributeContext_HttpRequest) { h.Host = "a,b" })), map[string]string{"host": "-"}, nil)
	add("certificate_untrusted", plain("", "caller", foreign(t, mine)), nil, nil)
	add("allowed", plain(mine, "caller", joined), map[string]string{"caller": mine}, map[string]string{"x-postern-caller": mine})
	return all
}

func (p *probe) isAnswered(t *testing.T, r *authv3.CheckResponse) {
	t.Helper()
	if p.want != "allowed" {
		wantReason(t, r, p.want)
		if !strings.Contains(bodyOf(r), p.id) {
			t.Errorf("%s: the body is %s", p.id, bodyOf(r))
		}
		return
	}
	if !allowed(r) {
		t.Errorf("%s: refused: %v", p.id, r)
		return
	}
	set := map[string]string{}
	for _, h := range r.GetOkResponse().GetHeaders() {
		set[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	if assertion := set["x-postern-assertion"]; assertion != "" {
		_, payload, _ := strings.Cut(assertion, ".")
		payload, _, _ = strings.Cut(payload, ".")
		claims, err := base64.RawURLEncoding.DecodeString(payload)
		http := p.check.GetAttributes().GetRequest().GetHttp()
		path, _, _ := strings.Cut(http.GetPath(), "?")
		for _, want := range []string{p.id, http.GetHost(), path} {
			if err != nil || !strings.Contains(string(claims), `"`+want+`"`) {
				t.Errorf("%s: the assertion says %s, %v", p.id, claims, err)
			}
		}
	}
	for name, want := range p.told {
		if set[name] != want {
			t.Errorf("%s: %s is %q, want %q", p.id, name, set[name], want)
		}
	}
}

// areRecorded holds that each probe was recorded so many times, with what it asked.
func areRecorded(t *testing.T, lines string, probes []probe, times int) {
	t.Helper()
	byID := map[string][]map[string]any{}
	for line := range strings.Lines(lines) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if strings.Contains(line, "??") {
			t.Errorf("a record of memory that was overwritten: %s", line)
		}
		id, _ := r["request_id"].(string)
		byID[id] = append(byID[id], r)
	}
	if len(byID) != len(probes) {
		t.Errorf("%d requests are recorded, and %d were made", len(byID), len(probes))
	}
	for _, p := range probes {
		if len(byID[p.id]) != times {
			t.Errorf("%s has %d records, want %d", p.id, len(byID[p.id]), times)
		}
		for _, r := range byID[p.id] {
			if r["reason"] != p.want || r["method"] != "GET" && p.record["host"] != "-" {
				t.Errorf("%s: recorded %v, want %s", p.id, r, p.want)
			}
			for name, want := range p.record {
				got := fmt.Sprint(r[name])
				if shadow, ok := r[name].(map[string]any); ok {
					got = fmt.Sprint(shadow["decision"])
				}
				if got != want && want != "-" {
					t.Errorf("%s: %s is %q, want %q", p.id, name, got, want)
				}
			}
		}
	}
}

// isCounted holds that no label is of a text that was overwritten.
func isCounted(t *testing.T, m *metrics.Metrics) {
	t.Helper()
	families, err := m.Registry().Gather()
	if err != nil || len(families) == 0 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	for _, family := range families {
		if text := family.String(); strings.Contains(text, "?") && !strings.Contains(family.GetHelp(), "?") {
			t.Errorf("counted: %s", text)
		}
	}
}
