package upstream_test

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
)

func TestHTTP1IsKeptByteForByte(t *testing.T) {
	s, c := start(t)
	head := "GET /a%2Fb//..;x?y=\x01 z HTTP/1.1\r\nHost: one\r\nHOST: two\r\nX-Case: 1\r\nx-odd:  \xff \r\n\r\n"
	answer, err := c.Do(head)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != 200 || string(answer.Body) != head || len(answer.Get(upstream.ReachedHeader)) != 1 {
		t.Errorf("answer %d %q", answer.Status, answer.Body)
	}
	got := s.Find("1")
	if len(got) != 1 {
		t.Fatalf("%d requests marked 1", len(got))
	}
	r := got[0]
	if string(r.Head) != head || r.Method != "GET" || r.Path != "/a%2Fb//..;x?y=\x01 z" || r.Host != "one\ntwo" {
		t.Errorf("kept %+v", r)
	}
	if !slices.Equal(r.Get("x-odd"), []string{" \xff "}) {
		t.Errorf("x-odd is %q", r.Get("x-odd"))
	}
}

func TestHTTP1Bodies(t *testing.T) {
	s, c := start(t)
	for mark, request := range map[string]string{
		"length":  "POST / HTTP/1.1\r\nx-case: length\r\ncontent-length: 5\r\n\r\nhello",
		"chunked": "POST / HTTP/1.1\r\nx-case: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	} {
		if _, err := c.Do(request); err != nil {
			t.Fatalf("%s: %v", mark, err)
		}
		if got := s.Find(mark); len(got) != 1 || string(got[0].Body) != "hello" {
			t.Errorf("%s: %+v", mark, got)
		}
	}
	if answer, err := c.Do("HEAD / HTTP/1.1\r\nx-case: head\r\n\r\n"); err != nil || len(answer.Body) != 0 {
		t.Errorf("HEAD: %+v, %v", answer, err)
	}
	if s.Count() != 3 || len(s.Find("nothing")) != 0 {
		t.Errorf("%d requests, %d marked nothing", s.Count(), len(s.Find("nothing")))
	}
}

func TestHTTP2IsKeptAsFramed(t *testing.T) {
	s := upstream.Start(t)
	c, err := raw.DialHTTP2(address(s), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	long := string(make([]byte, 40_000)) // continuation frames
	fields := []raw.Field{
		{Name: ":method", Value: "get"}, {Name: ":path", Value: "/caf\xe9"}, {Name: ":authority", Value: "a b"},
		{Name: "X-Capital", Value: "\r\n"}, {Name: "x-case", Value: "2"}, {Name: "x-long", Value: long},
	}
	for range 2 {
		answer, err := c.Do(fields, []byte("body"))
		if err != nil || answer.Status != 200 || len(answer.Get(upstream.ReachedHeader)) != 1 {
			t.Fatalf("answer %+v, %v", answer, err)
		}
	}
	got := s.Find("2")
	if len(got) != 2 {
		t.Fatalf("%d requests", len(got))
	}
	r := got[1]
	if !r.HTTP2 || r.Method != "get" || r.Path != "/caf\xe9" || r.Host != "a b" || string(r.Body) != "body" || !slices.Equal(r.Fields, fields) {
		t.Errorf("kept %+v", r)
	}
}

func TestWebSocketEchoes(t *testing.T) {
	_, c := start(t)
	answer, err := c.Do("GET /chat HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
	if err != nil || answer.Status != 101 {
		t.Fatalf("answer %+v, %v", answer, err)
	}
	if err := c.Send("ping"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(c.Conn(), got); err != nil || string(got) != "ping" {
		t.Errorf("echo %q, %v", got, err)
	}
}

func start(t *testing.T) (*upstream.Server, *raw.HTTP1) {
	t.Helper()
	s := upstream.Start(t)
	c, err := raw.DialHTTP1(address(s), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return s, c
}

func address(s *upstream.Server) string { return fmt.Sprintf("127.0.0.1:%d", s.Port()) }
