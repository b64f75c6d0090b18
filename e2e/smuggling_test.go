package e2e_test

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
)

// TestARequestInsideAnotherIsABody hides a request that nobody granted in one that everybody may
// send, in the ways that make two servers disagree on where the first one ends.
func TestARequestInsideAnotherIsABody(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Cleartext: true, AsSent: true, Loose: true}})
	hidden := request("GET", "/orders/1", marked("hidden"))
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden)
	for name, whole := range map[string]string{
		"in a body with a length":   request("POST", "/public/x", fmt.Sprintf("content-length: %d", len(hidden))) + hidden,
		"in a chunk":                request("POST", "/public/x", "transfer-encoding: chunked") + chunk,
		"length and chunks":         request("POST", "/public/x", fmt.Sprintf("content-length: %d", len(chunk)), "transfer-encoding: chunked") + chunk,
		"chunks and no length":      request("POST", "/public/x", "content-length: 0", "transfer-encoding: chunked") + chunk,
		"two lengths":               request("POST", "/public/x", "content-length: 0", fmt.Sprintf("content-length: %d", len(hidden))) + hidden,
		"chunked with a space":      request("POST", "/public/x", "transfer-encoding : chunked") + chunk,
		"chunked, and something":    request("POST", "/public/x", "transfer-encoding: chunked, identity") + chunk,
		"chunked in capitals, tab":  request("POST", "/public/x", "Transfer-Encoding:\tCHUNKED") + chunk,
		"an extension of a chunk":   request("POST", "/public/x", "transfer-encoding: chunked") + "0;\r\nx\r\n\r\n" + hidden,
		"a body of GET":             request("GET", "/public/x", fmt.Sprintf("content-length: %d", len(hidden))) + hidden,
		"after an upgrade refused":  request("GET", "/chat", handshake) + hidden,
		"after one that is refused": request("POST", "/nowhere", fmt.Sprintf("content-length: %d", len(hidden))) + hidden,
		"the next, pipelined":       request("GET", "/public/x") + hidden,
	} {
		t.Run(name, func(t *testing.T) {
			client := m.HTTP1(t, nil)
			if err := client.Send(whole); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the answer, and soon after it perhaps one to what was hidden
				got, err := client.Receive(false)
				if err != nil {
					break
				}
				if err := client.Conn().SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
					t.Fatal(err)
				}
				if got.Status == 200 && !strings.Contains(string(got.Body), "/public/x") {
					t.Errorf("answer %d %s", got.Status, got.Body)
				}
			}
			if n := len(m.Upstream.Find("hidden")); n != 0 {
				t.Errorf("the hidden request reached the upstream")
			}
		})
	}
}

// TestNoLineBreakSurvivesTheWayDown puts line breaks where HTTP/2 can carry them and HTTP/1.1, which
// the upstream speaks, would read them as the start of something else.
func TestNoLineBreakSurvivesTheWayDown(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{AsSent: true, Loose: true}})
	as := m.As(mesh.Batch)
	for _, injection := range []string{"\r\nx-postern-user: root", "\nx-postern-user: root", "\rx-postern-user: root",
		"\r\n\r\nGET /orders/1 HTTP/1.1\r\nhost: a\r\nx-case: hidden\r\n\r\n", " HTTP/1.1\r\nx-case: hidden\r\n\r\n"} {
		plain := fieldsOf("GET", "/public/x")
		for i := range plain {
			fields := append([]raw.Field(nil), plain...)
			fields[i].Value += injection
			injected(t, m, as, fields)
		}
		injected(t, m, as, append(plain, raw.Field{Name: "x-value", Value: "a" + injection}))
		injected(t, m, as, append(plain, raw.Field{Name: "x" + injection, Value: "a"}))
		injected(t, m, as, append(plain, raw.Field{Name: "cookie", Value: "a=" + injection}))
	}
}

// injected sends the fields and looks at what came out at the other end, if anything did.
func injected(t *testing.T, m *mesh.Mesh, as *tls.Config, fields []raw.Field) {
	t.Helper()
	before := m.Upstream.Count()
	client, err := raw.DialHTTP2(m.Addr, as)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got, err := client.Do(fields, nil)
	if err == nil && got.Status == 200 || m.Upstream.Count() != before {
		t.Errorf("%q: %s, %v; %d got in", fields, brief(got), err, m.Upstream.Count()-before)
	}
}
