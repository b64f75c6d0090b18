package lint

import (
	"fmt"
	"slices"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// Bounds of what mended files are held to.
const (
	maxWeighed   = 5_000_000 // rules that are weighed in one round: a second or two
	maxNear      = 5         // rules beside one that is touched, of which requests are made, too
	maxTouched   = 8         // rules that one finding is taken to be about when it names none
	maxProtected = 4         // workloads for which one rule is tried
)

// A trial holds the policies that were mended to how they decided before.
type trial struct {
	before, after look
	sets          map[string]*[2]*policy.Set // before and after, by workload; nil where there was none
	weighed       int
}

func newTrial(before, after look) *trial {
	return &trial{before: before, after: after, sets: map[string]*[2]*policy.Set{}}
}

// A trialRule is a rule that is tried, with what is found in it.
type trialRule struct {
	*rule
	findings []*Finding
}

// compare decides requests that are made of the rules which the findings are about and of those
// beside them. First each rule is tried as it is, so that a bound leaves none out before another is
// looked at closely.
func (t *trial) compare(findings []Finding) error {
	touched := t.touched(findings)
	for _, near := range []bool{false, true} {
		for _, r := range touched {
			if err := t.try(r, near); err != nil {
				return err
			}
		}
	}
	return nil
}

// touched returns the rules that findings are about: some of the file where one is about a list that
// is no rule's, such as the workloads of a policy.
func (t *trial) touched(findings []Finding) []*trialRule {
	var all []*trialRule
	known, at, in := map[*rule]*trialRule{}, map[syntax.Position][]*rule{}, map[string][]*rule{}
	for _, r := range t.before.world.rules() {
		at[r.at] = append(at[r.at], r)
		if file := in[r.at.Source]; len(file) < maxTouched {
			in[r.at.Source] = append(file, r)
		}
	}
	for i := range findings {
		f := &findings[i]
		rules := at[f.Position]
		if len(rules) == 0 {
			rules = at[f.around]
		}
		if len(rules) == 0 {
			rules = in[f.Position.Source]
		}
		for _, r := range rules {
			if known[r] == nil {
				known[r] = &trialRule{rule: r}
				all = append(all, known[r])
			}
			known[r].findings = append(known[r].findings, f)
		}
	}
	return all
}

// try decides requests that one rule is about.
func (t *trial) try(r *trialRule, near bool) error {
	samples := []sample{newSample(r.rule, t.before.world.now)}
	if near {
		samples = samplesOf(append([]*rule{r.rule}, t.near(r)...), t.before.world.now)
	}
	for _, workload := range t.workloads(r.rule) {
		sets := t.setsOf(workload)
		if sets == nil {
			continue
		}
		for i := range samples {
			if t.weighed > maxWeighed {
				return nil
			}
			if err := t.decide(r.findings[0], sets, &samples[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// near returns rules that have to do with r: those that its findings name, and others that are
// weighed beside it.
func (t *trial) near(r *trialRule) []*rule {
	w := t.before.world
	var named, beside []*rule
	related := map[syntax.Position]bool{}
	for _, f := range r.findings {
		for _, rel := range f.Related {
			related[rel.Position] = true
		}
	}
	add := func(rules ...*rule) {
		for _, other := range rules {
			switch {
			case other == r.rule:
			case related[other.at]:
				named = append(named, other)
			case len(beside) < maxNear:
				beside = append(beside, other)
			}
		}
	}
	if r.route != nil {
		for _, peer := range w.neighbours(r.route) {
			add(peer.allow...)
			add(peer.deny...)
		}
	}
	if r.policy != nil {
		for _, realm := range r.policy.realm.meeting {
			for _, p := range realm.policies {
				add(p.deny...)
			}
		}
	}
	for _, g := range w.guards {
		add(g.rule)
	}
	all := append(named, beside...)
	return all[:min(len(all), maxNear)]
}

// workloads returns some for which a rule holds, alone and with the policies of others.
func (t *trial) workloads(r *rule) []string {
	var all []string
	add := func(mine *idSet, realms []*realm) {
		for _, a := range mine.ids {
			if id := some(a.domain, a.segments); !slices.Contains(all, id) {
				all = append(all, id)
			}
			for _, realm := range realms {
				for _, b := range realm.workloads.ids {
					if len(all) >= maxProtected {
						return
					}
					if !a.meets(b) {
						continue
					}
					if id := some(a.domain, common(a.segments, b.segments)); !slices.Contains(all, id) {
						all = append(all, id)
					}
				}
			}
		}
	}
	if r.policy != nil {
		add(r.policy.realm.workloads, r.policy.realm.meeting)
	} else {
		add(r.guard.workloads, t.before.world.realms)
	}
	return all[:min(len(all), maxProtected)]
}

// setsOf puts the policies of a workload together, as they were and as they are. Those that were in
// conflict decided nothing.
func (t *trial) setsOf(workload string) *[2]*policy.Set {
	sets, known := t.sets[workload]
	if known {
		return sets
	}
	if t.before.compiled.catalog != nil && t.after.compiled.catalog != nil {
		before, errBefore := t.before.compiled.catalog.Set(workload)
		after, errAfter := t.after.compiled.catalog.Set(workload)
		if errBefore == nil && errAfter == nil {
			sets = &[2]*policy.Set{before, after}
		}
	}
	t.sets[workload] = sets
	return sets
}

// decide compares what comes of one request.
func (t *trial) decide(f *Finding, sets *[2]*policy.Set, s *sample) error {
	q, ok := s.request()
	if !ok {
		return nil
	}
	var matches [2]policy.Match
	var decisions [2]policy.Decision
	for i, set := range sets {
		matches[i] = set.Match(q)
		q.Credential = s.credential(matches[i].Providers())
		decisions[i] = matches[i].Decide(q)
		t.weighed += 1 + len(decisions[i].Rules)
	}
	a, b := &decisions[0], &decisions[1]
	var changed string
	switch {
	case !slices.Equal(matches[0].Providers(), matches[1].Providers()):
		changed = "other credentials are read"
	case a.Allow != b.Allow || a.Reason != b.Reason || a.RetryAfter != b.RetryAfter:
		changed = fmt.Sprintf("%v becomes %v", a.Reason, b.Reason)
	case a.Policy != b.Policy || a.Route != b.Route:
		changed = "it goes to another route"
	case a.Challenge.MaxAge != b.Challenge.MaxAge || !slices.Equal(a.Challenge.ACR, b.Challenge.ACR):
		changed = "another login is asked for"
	default:
		return nil
	}
	return fmt.Errorf("%w: %v (%s) changes the answer to %s: %s; please report this", ErrDecides, f.Position, f.Code, s, changed)
}
