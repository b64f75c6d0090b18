package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// TestEveryNumberIsAskedOnce says that loops share one sequence, which ends where it is to.
func TestEveryNumberIsAskedOnce(t *testing.T) {
	var mu sync.Mutex
	asked := map[int]int{}
	loops := make([]Loop, 7)
	for i := range loops {
		loops[i] = func(n int) error {
			mu.Lock()
			defer mu.Unlock()
			asked[n]++
			return nil
		}
	}
	r, err := Closed(t.Context(), Limit{Time: time.Minute, Count: 1000}, loops, os.Getpid())
	if err != nil || r.Answers != 1000 || len(asked) != 1000 {
		t.Fatalf("%+v, %v, %d numbers", r, err, len(asked))
	}
	for n, times := range asked {
		if n < 0 || n >= 1000 || times != 1 {
			t.Errorf("%d was asked %d times", n, times)
		}
	}
	if r.P50 > r.P99 || r.P99 > r.P999 || r.CPU <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestARoundThatFails(t *testing.T) {
	fine := func(int) error { return nil }
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx       context.Context
		loops     []Loop
		processes []int
		says      string
	}{
		"an answer":  {t.Context(), []Loop{func(int) error { return broken }}, nil, "broken"},
		"no loops":   {t.Context(), nil, nil, "nothing was asked"},
		"cancelled":  {cancelled, []Loop{fine}, nil, "nothing was asked"},
		"no process": {t.Context(), []Loop{fine}, []int{1 << 23}, "a process that answers"},
	} {
		r, err := Closed(c.ctx, Limit{Time: time.Minute, Count: 10}, c.loops, c.processes...)
		if err == nil || !strings.Contains(err.Error(), c.says) || r != (Round{}) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestStatusOfAnAnswer(t *testing.T) {
	wire := func(r *authv3.CheckResponse) []byte {
		text, err := proto.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	denied := &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{Body: "no"}}
	for name, c := range map[string]struct {
		answer []byte
		want   int64
	}{
		"nothing":  {nil, 0},
		"allow":    {wire(&authv3.CheckResponse{Status: &rpc.Status{}}), 0},
		"deny":     {wire(&authv3.CheckResponse{Status: &rpc.Status{Code: 7, Message: "m"}, HttpResponse: denied}), 7},
		"negative": {wire(&authv3.CheckResponse{Status: &rpc.Status{Code: -1}}), -1},
		"last one": {append(wire(&authv3.CheckResponse{Status: &rpc.Status{Code: 7}}), wire(&authv3.CheckResponse{Status: &rpc.Status{Code: 16}})...), 16},
		"unset":    {wire(&authv3.CheckResponse{HttpResponse: denied}), 0},
	} {
		if got, err := status(c.answer); err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", name, got, err, c.want)
		}
	}
	for _, bad := range []string{"\x0a", "\x0a\x05\x08", "\x0a\x02\x08\xff", "\xff", "\x08"} {
		if got, err := status([]byte(bad)); err == nil {
			t.Errorf("%q has status %d", bad, got)
		}
	}
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte("\x0a\x02\x08\x07"))
	f.Add([]byte("\x0a\x00\x12\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, err := status(answer)
		var r authv3.CheckResponse
		if proto.Unmarshal(answer, &r) != nil || strings.Count(string(answer), "\x0a") > 1 {
			return // generated code is stricter, and merges a status that comes twice
		}
		if err != nil || int32(got) != r.GetStatus().GetCode() {
			t.Errorf("%q: %d, %v; want %d", answer, got, err, r.GetStatus().GetCode())
		}
	})
}

func TestHTTPAnswer(t *testing.T) {
	for _, c := range []struct {
		text string
		want int // 0: an error
	}{
		{"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc", 200},
		{"HTTP/1.1 403 \r\ncontent-length: 0\r\n\r\n", 403},
		{"", 0},
		{"HTTP/1.1 200 OK", 0},
		{"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", 0},
		{"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n", 0},
		{"HTTP/1.1\r\n", 0},
		{"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", 0},
		{"HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\n", 0},
		{"HTTP/1.1 200 OK\r\ncontent-length: 3x\r\n\r\nabc", 0},
		{"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n", 0},
		{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 0},
	} {
		text := c.text
		if c.want != 0 {
			text += text
		}
		in := bufio.NewReader(strings.NewReader(text))
		got, err := answer(in)
		if got != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("%q: %d, %v", c.text, got, err)
		}
		if c.want == 0 {
			continue
		}
		if again, err := answer(in); err != nil || again != c.want { // the first left nothing behind
			t.Errorf("%q, again: %d, %v", c.text, again, err)
		}
	}
}

func ExampleClosed() {
	r, err := Closed(context.Background(), Limit{Time: time.Minute, Count: 100}, []Loop{
		func(int) error { return nil }, // asks and waits
	})
	fmt.Println(r.Answers, err)
	// Output: 100 <nil>
}
