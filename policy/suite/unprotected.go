package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/syntax"
)

// fewWorkloads is how many are listed where none has a name that is nearly the one that is written.
const fewWorkloads = 5

// literals returns the workloads that policies name without a wildcard, sorted.
func literals(documents []syntax.Document) []string {
	var all []string
	for i := range documents {
		if documents[i].ServicePolicy == nil {
			continue
		}
		for _, t := range documents[i].ServicePolicy.Workloads {
			if !strings.Contains(t.Value, "*") { // which no SPIFFE ID has
				all = append(all, t.Value)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unprotectedBy says that no policy protects a workload, and which one may have been meant.
func unprotectedBy(workload string, named []string) string {
	text := "no ServicePolicy protects " + workload
	near := nearestWorkload(workload, named)
	switch {
	case near != "":
		return text + ": did you mean " + near + "?"
	case len(named) > fewWorkloads:
		return text + ": there is " + strings.Join(named[:fewWorkloads], ", ") + fmt.Sprintf(" and %d more", len(named)-fewWorkloads)
	case len(named) > 0:
		return text + ": there is " + strings.Join(named, ", ")
	}
	return text
}

// nearestWorkload returns the workload that differs from what is written in a few letters of one
// segment, "" when there is none. IDs have so much in common that as a whole all of them are near.
func nearestWorkload(written string, named []string) string {
	parts := strings.Split(written, "/")
	segments, whole := make([][]string, len(parts)), make([]map[string]string, len(parts))
	for _, name := range named {
		others := strings.Split(name, "/")
		i := onlyDifference(parts, others)
		if i < 0 {
			continue
		}
		if whole[i] == nil {
			whole[i] = map[string]string{}
		}
		segments[i], whole[i][others[i]] = append(segments[i], others[i]), name
	}
	for i := len(parts) - 1; i >= 0; i-- { // the account is what is misspelt most
		if near := syntax.Nearest(parts[i], segments[i]); near != "" {
			return whole[i][near]
		}
	}
	return ""
}

// onlyDifference returns where the one segment is that differs, -1 when it is not one.
func onlyDifference(a, b []string) int {
	at := -1
	if len(a) != len(b) {
		return at
	}
	for i := range a {
		switch {
		case a[i] == b[i]:
		case at >= 0:
			return -1
		default:
			at = i
		}
	}
	return at
}

// checkProtected finds a document about a workload that no policy protects, where every deny would
// come for that alone. It may be meant: then every test says so, or there is an onboarding.
func (s *Suite) checkProtected(p *syntax.PolicyTest) error {
	why, unprotected := s.unprotected[p.Workload.Value]
	if !unprotected || !s.sets[p.Workload.Value].Onboarding().IsZero() || meansUnprotected(p) {
		return nil
	}
	return &syntax.Error{Position: p.Workload.Position, Message: why}
}

// meansUnprotected says that every test expects that there is no policy, or no route.
func meansUnprotected(p *syntax.PolicyTest) bool {
	for i := range p.Tests {
		for _, in := range p.Tests[i].Rows() {
			if e := in.Expect; e == nil || e.Reason.Value != reason.NoPolicy.String() && e.Route.Value != nothing {
				return false
			}
		}
	}
	return true
}
