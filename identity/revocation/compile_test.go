package revocation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
)

// TestCompileRefuses what it would have to guess.
func TestCompileRefuses(t *testing.T) {
	idp := []string{"idp"}
	for want, entry := range map[string]identity.RevocationEntry{
		"names nothing, or a time of issue":                         {Providers: idp},
		"names no provider of its tokens":                           {},
		"names no provider of its tokens, or one":                   {Subjects: []string{"alice"}},
		"or one and no tokens":                                      {Providers: idp, Callers: []string{web}},
		"names two kinds of things":                                 {Providers: idp, Subjects: []string{"alice"}, TokenIDs: []string{"t"}},
		"names no trust domain of its serial numbers":               {Serials: []string{"01"}},
		"or one and no serial numbers":                              {TrustDomain: "shop.test", Callers: []string{web}},
		"a time of issue that it has no use for":                    {Providers: idp, KeyIDs: []string{"k"}, IssuedBefore: noon},
		"names an empty string":                                     {Providers: idp, KeyIDs: []string{"k", ""}},
		`"anyone" is no pattern`:                                    {Callers: []string{"anyone"}},
		`"spiffe://shop.test" is no pattern`:                        {Callers: []string{"spiffe://shop.test"}},
		`"spiffe://shop.test/**/x" is no pattern`:                   {Callers: []string{"spiffe://shop.test/**/x"}},
		`"spiffe://shop.test/web-*" is no pattern`:                  {Callers: []string{"spiffe://shop.test/web-*"}},
		`"spiffe://shop.test//x" is no pattern`:                     {Callers: []string{"spiffe://shop.test//x"}},
		`"spiffe://*/x" is no pattern`:                              {Callers: []string{"spiffe://*/x"}},
		`"spiffe:///x" is no pattern`:                               {Callers: []string{"spiffe:///x"}},
		`"spiffe://shop.test/" is no pattern`:                       {Callers: []string{"spiffe://shop.test/"}},
		`"xyz" is no serial number`:                                 {TrustDomain: "shop.test", Serials: []string{"xyz"}},
		`"01` + strings.Repeat("00", 20) + `" is too long`:          {TrustDomain: "shop.test", Serials: []string{"01" + strings.Repeat("00", 20)}},
		"names no trust domain of its serial numbers, or one and n": {TrustDomain: "shop.test", Providers: idp, KeyIDs: []string{"k"}},
	} {
		entry.At, entry.Until = "r.yaml:7:5", one
		l, err := revocation.Compile(&identity.Revocation{Name: "r", Entries: []identity.RevocationEntry{entry}})
		if l != nil || err == nil || !strings.HasPrefix(err.Error(), "r.yaml:7:5: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	endless := identity.RevocationEntry{At: "r.yaml:7:5", Callers: []string{web}}
	if l, err := revocation.Compile(&identity.Revocation{Entries: []identity.RevocationEntry{endless}}); l != nil || err == nil || err.Error() != "r.yaml:7:5: the entry never ends" {
		t.Errorf("got %v", err)
	}
}

func TestEntries(t *testing.T) {
	first := &identity.Revocation{Name: "first", Entries: []identity.RevocationEntry{
		{At: "a.yaml:6:3", Name: "laptop", Until: one, Providers: []string{"idp", "other"}, Subjects: []string{"alice", "bob"}},
		{At: "a.yaml:7:3", Until: noon.Add(-time.Hour), Providers: []string{"idp"}, IssuedBefore: noon},
	}}
	second := &identity.Revocation{Name: "second", Entries: []identity.RevocationEntry{{At: "b.yaml:6:3", Until: one, Callers: []string{web}}}}
	l, err := revocation.Compile(first, second)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range l.Entries() {
		got = append(got, strings.Join([]string{e.Document(), e.At(), e.Name(), e.String(), e.Kind().String(), e.Until().Format(time.TimeOnly), string(rune('0' + e.Count()))}, " "))
	}
	want := []string{
		"first a.yaml:6:3 laptop a.yaml:6:3 (laptop) subjects 13:00:00 2",
		"first a.yaml:7:3  a.yaml:7:3 tokens 11:00:00 1",
		"second b.yaml:6:3  b.yaml:6:3 callers 13:00:00 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := l.Entries(); !slices.Equal(got[0].Providers(), []string{"idp", "other"}) || len(got[2].Providers()) != 0 || !got[0].Holds(noon) || got[1].Holds(noon) {
		t.Errorf("of the providers %q and %q", got[0].Providers(), got[2].Providers())
	}
}

func TestKinds(t *testing.T) {
	var names []string
	for _, k := range revocation.Kinds() {
		names = append(names, k.String())
	}
	if got := strings.Join(names, " "); got != "callers serials subjects token_ids session_ids key_ids tokens" {
		t.Errorf("%s", got)
	}
}
