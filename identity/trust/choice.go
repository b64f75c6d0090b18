package trust

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// Unchosen ends what State.Missing says where several identities are offered and none was named.
const Unchosen = "name the workload that is protected here"

// A choice is which SVID is our own, out of those that the Workload API offers.
type choice struct {
	svid    *x509svid.SVID
	missing string // what is wrong with it, and what to do; "" when nothing is
}

// next chooses anew: the SVID of workload, or of whom we were, or the only one. Never the
// first of several: which one that is can change from one update to the next. An agent that
// rotates may leave one out for a moment, so the last is kept while it is valid.
func (c choice) next(offered []*x509svid.SVID, workload spiffeid.ID, now time.Time) choice {
	last := c.svid
	if last != nil && now.After(last.Certificates[0].NotAfter) {
		last = nil
	}
	want := workload
	if want.IsZero() && last != nil {
		want = last.ID
	}
	ids := idsOf(offered)
	if want.IsZero() && len(ids) == 1 {
		want = offered[0].ID
	}
	for _, s := range offered {
		if s.ID == want {
			return choice{svid: s}
		}
	}
	names := strings.Join(ids, ", ")
	switch {
	case last != nil:
		return choice{svid: last, missing: fmt.Sprintf("the Workload API does not offer %s any more, only %s; the last SVID serves until %s",
			want, names, last.Certificates[0].NotAfter.UTC().Format(time.RFC3339))}
	case !workload.IsZero():
		return choice{missing: fmt.Sprintf("the Workload API does not offer %s, only %s: name another workload, or register this one", workload, names)}
	}
	return choice{missing: fmt.Sprintf("the Workload API offers %d identities, %s: %s", len(ids), names, Unchosen)}
}

// idsOf returns the IDs of the SVIDs, sorted, each once.
func idsOf(svids []*x509svid.SVID) []string {
	ids := make([]string, len(svids))
	for i, s := range svids {
		ids[i] = s.ID.String()
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
