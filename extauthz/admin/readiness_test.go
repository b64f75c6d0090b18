package admin_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/extauthz/admin"
)

func TestReadiness(t *testing.T) {
	ok := admin.Part{Name: "trust bundles", State: admin.OK}
	for name, tc := range map[string]struct {
		parts admin.Readiness
		want  bool
	}{
		"the zero Readiness":  {nil, false},
		"no parts":            {admin.Readiness{}, false},
		"the zero Part":       {admin.Readiness{{}}, false},
		"one missing":         {admin.Readiness{ok, {Name: "policies"}}, false},
		"an unknown state":    {admin.Readiness{ok, {Name: "policies", State: 99}}, false},
		"all there":           {admin.Readiness{ok, ok}, true},
		"an update refused":   {admin.Readiness{ok, {Name: "policies", State: admin.Degraded}}, true},
		"degraded and nobody": {admin.Readiness{{State: admin.Degraded}, {}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.parts.OK(); got != tc.want {
				t.Errorf("OK is %v, want %v", got, tc.want)
			}
			c := config()
			c.Ready = func() admin.Readiness { return tc.parts }
			want := http.StatusServiceUnavailable
			if tc.want {
				want = http.StatusOK
			}
			for _, handler := range []http.Handler{admin.New(c), admin.Status(c)} {
				if got := get(handler, "/readyz"); got.Code != want || strings.HasPrefix(got.Body.String(), "not ready") == tc.want {
					t.Errorf("status %d, want %d: %s", got.Code, want, got.Body)
				}
				if got := get(handler, "/readyz", accept("application/json")); got.Code != want || decode(t, got).Ready != tc.want {
					t.Errorf("as JSON: status %d, want %d", got.Code, want)
				}
				if got := get(handler, "/healthz"); got.Code != http.StatusOK {
					t.Errorf("a process that is not ready lives all the same: status %d", got.Code)
				}
			}
		})
	}
}

func TestNobodyToAskIsNotReady(t *testing.T) {
	c := config()
	c.Ready = nil
	if got := get(admin.New(c), "/readyz"); got.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", got.Code)
	}
}

func TestReadinessText(t *testing.T) {
	r := admin.Readiness{
		{Name: "policies", State: admin.Degraded, Detail: "2 faults:\norders.yaml:3:1: one\norders.yaml:4:1: two", Remedy: "Mend them; the last good ones decide."},
		{Name: "own identity", State: admin.Missing},
	}
	const want = `not ready
degraded  policies: 2 faults:
          orders.yaml:3:1: one
          orders.yaml:4:1: two
          Mend them; the last good ones decide.
missing   own identity
`
	if got := r.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadinessJSON(t *testing.T) {
	c := config()
	c.Ready = func() admin.Readiness {
		return admin.Readiness{{Name: "policies", State: admin.Degraded, Detail: "d", Remedy: "r"}, {Name: "trust bundles"}}
	}
	got := decode(t, get(admin.New(c), "/readyz", accept("application/json")))
	want := []map[string]string{
		{"name": "policies", "state": "degraded", "detail": "d", "remedy": "r"},
		{"name": "trust bundles", "state": "missing"},
	}
	if got.Ready || !reflect.DeepEqual(got.Parts, want) {
		t.Errorf("got %+v, want %v", got, want)
	}
	c.Ready = nil
	if body := get(admin.New(c), "/readyz", accept("application/json")).Body.String(); !strings.Contains(body, `"parts": []`) {
		t.Errorf("without parts: %s", body)
	}
}

func TestAccept(t *testing.T) {
	for value, json := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"text/html,*/*;q=0.8":               false,
		"application/json":                  true,
		"Application/JSON; charset=utf-8":   true,
		"text/html, application/json":       true,
		"application/json;q=0":              false,
		"application/json;q=0.5":            true,
		"text/plain, application/json":      false,
		"text/plain;q=0.1,application/json": true,
		"application/json;q=0.1,text/plain": false,
		"application/json;q=nonsense":       true,
		",;,application/json":               true,
		"application/jsonp":                 false,
	} {
		w := get(admin.New(config()), "/readyz", accept(value))
		if got := w.Header().Get("Content-Type") == "application/json"; got != json {
			t.Errorf("Accept %q: JSON is %v, want %v", value, got, json)
		}
	}
}
