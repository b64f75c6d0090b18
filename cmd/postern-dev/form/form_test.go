package form_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/cmd/postern-dev/form"
)

const urlencoded = "application/x-www-form-urlencoded"

func TestQuery(t *testing.T) {
	v, err := form.Query(httptest.NewRequest("GET", "/?user=alice&scope=a+b&aud=", nil), "user", "scope", "aud")
	if err != nil {
		t.Fatal(err)
	}
	if v.Get("user") != "alice" || v.Get("scope") != "a b" || v.Get("aud") != "" || v.Get("other") != "" {
		t.Errorf("read %+v", v)
	}
	for _, query := range []string{"other=1", "user=a&user=b", "user=%zz", "user=a;scope=b", "User=a", "user=" + strings.Repeat("x", 16<<10)} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		if v, err := form.Query(r, "user", "scope"); err == nil {
			t.Errorf("%.40s: read %+v", query, v)
		}
	}
}

func TestBody(t *testing.T) {
	for _, tc := range []struct {
		name, target, media, body string
		good                      bool
	}{
		{"good", "/", urlencoded, "user=alice", true},
		{"with a charset", "/", urlencoded + "; charset=utf-8", "user=alice", true},
		{"twice", "/", urlencoded, "user=alice&user=bob", false},
		{"in the query too", "/?user=bob", urlencoded, "user=alice", false},
		{"JSON", "/", "application/json", "user=alice", false},
		{"no type", "/", "", "user=alice", false},
		{"unknown", "/", urlencoded, "usr=alice", false},
		{"too large", "/", urlencoded, "user=" + strings.Repeat("x", 16<<10), false},
	} {
		r := httptest.NewRequest("POST", tc.target, strings.NewReader(tc.body))
		r.Header.Set("Content-Type", tc.media)
		v, err := form.Body(r, "user")
		if (err == nil) != tc.good || tc.good && v.Get("user") != "alice" {
			t.Errorf("%s: %+v, %v", tc.name, v, err)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, tc := range []struct {
		text string
		want time.Duration
		good bool
	}{
		{"", time.Minute, true}, {"90s", 90 * time.Second, true}, {"0s", 0, true}, {"1h", time.Hour, true},
		{"61m", 0, false}, {"-1s", 0, false}, {"90", 0, false}, {"soon", 0, false}, {"9999999h9999999h", 0, false},
	} {
		v, err := form.Query(httptest.NewRequest("GET", "/?ttl="+url.QueryEscape(tc.text), nil), "ttl")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.Duration("ttl", time.Minute, 0, time.Hour); got != tc.want || (err == nil) != tc.good {
			t.Errorf("%q: %v, %v", tc.text, got, err)
		}
	}
}

// FuzzQuery holds that what is accepted, encoded again, is read the same.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"user=alice", "user=a+b&ttl=5m", "user=%41", "ttl", "user=a&user=b", "%75ser=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		read := func(query string) (string, string, error) {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL.RawQuery = query
			v, err := form.Query(r, "user", "ttl")
			return v.Get("user"), v.Get("ttl"), err
		}
		user, ttl, err := read(query)
		if err != nil {
			if user != "" || ttl != "" {
				t.Fatalf("an error and %q, %q", user, ttl)
			}
			return
		}
		again, ttlAgain, err := read(url.Values{"user": {user}, "ttl": {ttl}}.Encode())
		if len(user)+len(ttl) < 4<<10 && (err != nil || again != user || ttlAgain != ttl) {
			t.Fatalf("%q, %q, then %q, %q, %v", user, ttl, again, ttlAgain, err)
		}
	})
}

func ExampleQuery() {
	_, err := form.Query(httptest.NewRequest("GET", "/dev/token?usr=alice", nil), "user", "ttl")
	fmt.Println(err)
	// Output: unknown parameter "usr"; known are ["user" "ttl"]
}
