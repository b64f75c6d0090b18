package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSubjectsThatCannotBeSeen are cut off by the command and by logouts, shown escaped, and left as they
// are by fmt.
func TestSubjectsThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	r := startReceiving(t)
	run := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		root := rootCommand()
		root.SetArgs(args)
		root.SetOut(&out)
		root.SetErr(&out)
		if err := root.Execute(); err != nil {
			t.Errorf("%+q: %v", args, err)
		}
		return out.String()
	}
	for _, tc := range []struct{ value, shown string }{
		{"bob\u00a0", `bob\u00a0`}, {"x\u202ey", `x\u202ey`}, {"👩\u200d💻", `👩\u200d💻`}, {"q\u2028", `q\u2028`}, {"\ufeffn", `\ufeffn`},
	} {
		if got := run("revoke", "--policies", r.dir, "--provider", "shop-idp", "--subject", tc.value, "--until", "1h"); !strings.Contains(got, "cut off: subjects "+tc.shown+" of shop-idp") {
			t.Errorf("%+q: it prints %+q", tc.value, got)
		}
		for claim, value := range map[string]string{"sub": tc.value, "sid": tc.value} {
			if got := r.logOut(t, map[string]any{claim: value}); got != 200 {
				t.Errorf("a logout of %s %+q: %d", claim, value, got)
			}
		}
		if list := run("revoke", "--policies", r.dir, "--list"); strings.Count(list, tc.shown) != 3 {
			t.Errorf("%+q: it lists %+q", tc.value, list)
		}
	}
	before := r.written(t)
	run("fmt", filepath.Join(r.dir, "revocations"))
	after, err := os.ReadFile(filepath.Join(r.dir, "revocations/logged-out.yaml"))
	if err != nil || strings.Count(string(after), `\u202E`) != strings.Count(before, `\u202E`) {
		t.Errorf("fmt makes of\n%s\nthis: %v\n%s", before, err, after)
	}
	if list := run("revoke", "--policies", r.dir, "--list"); strings.Count(list, " of shop-idp") != 15 {
		t.Errorf("after fmt it lists\n%s", list)
	}
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it does not stop")
	}
}
