package revocation_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
)

// many returns a document with so many things cut off of each kind, none of which is asked about.
func many(n int) *identity.Revocation {
	lists := [5][]string{}
	for i := range n {
		lists[0] = append(lists[0], fmt.Sprintf("spiffe://shop.test/ns/n%d/sa/web", i))
		lists[1] = append(lists[1], fmt.Sprintf("spiffe://shop.test/ns/*/sa/w%d", i))
		lists[2] = append(lists[2], fmt.Sprintf("%032x", i+1<<20))
		lists[3] = append(lists[3], fmt.Sprintf("subject-%d", i))
		lists[4] = append(lists[4], fmt.Sprintf("0194a0b0-0000-7000-8000-%012d", i))
	}
	idp := []string{"shop-idp"}
	return &identity.Revocation{Name: "many", Entries: []identity.RevocationEntry{
		{Until: one, Callers: lists[0]}, {Until: one, Callers: lists[1]}, {Until: one, TrustDomain: "shop.test", Serials: lists[2]},
		{Until: one, Providers: idp, Subjects: lists[3], IssuedBefore: noon}, {Until: one, Providers: idp, TokenIDs: lists[4]},
	}}
}

func list(t testing.TB, n int) *revocation.List {
	t.Helper()
	if n == 0 {
		return compile(t)
	}
	l, err := revocation.Compile(many(n))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var user = &identity.User{Provider: "shop-idp", Subject: "alice", TokenID: "0194a0b0-1111-7000-8000-000000000000", Session: "s1", KeyID: "k1", IssuedAt: noon}

// TestAskingDoesNotAllocate, whether somebody is cut off or not.
func TestAskingDoesNotAllocate(t *testing.T) {
	l := list(t, 100)
	good, bad := proven(web, 7), proven("spiffe://shop.test/ns/any/sa/w99", 7)
	if l.Caller(good, noon) != nil || l.Caller(bad, noon) == nil || l.User(user, noon) != nil {
		t.Fatal("the verdicts are not as they should be")
	}
	workload := &identity.User{Provider: "workloads", Issuer: "spiffe://shop.test", Subject: "spiffe://shop.test/ns/any/sa/w99"}
	if l.User(workload, noon) == nil {
		t.Fatal("the workload is not cut off")
	}
	if n := testing.AllocsPerRun(100, func() { l.Caller(good, noon); l.Caller(bad, noon); l.User(user, noon); l.User(workload, noon) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCaller(b *testing.B) {
	for _, n := range []int{0, 1, 100, 10_000} {
		l, c := list(b, n), proven(web, 7)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Caller(c, noon)
			}
		})
	}
}

func BenchmarkUser(b *testing.B) {
	for _, n := range []int{0, 1, 100, 10_000} {
		l := list(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.User(user, noon)
			}
		})
	}
}

// BenchmarkCompile compiles 50,000 things that are cut off, and says what the list holds.
func BenchmarkCompile(b *testing.B) {
	document := many(10_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var l *revocation.List
	for b.Loop() {
		var err error
		if l, err = revocation.Compile(document); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-held")
	runtime.KeepAlive(document)
	runtime.KeepAlive(l)
}
