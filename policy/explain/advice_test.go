package explain_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
)

// TestAdviceInWordsIsEnough follows what a change says of the request as a person would, who has
// the words alone, and asks again: what was tried must come.
func TestAdviceInWordsIsEnough(t *testing.T) {
	files, err := filepath.Glob("../testdata/decide/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	followed, known := map[string]int{}, advices()
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := explainer(t, a)
		for _, q := range mixed(questions(t, a), 1) {
			x, err := e.Explain(q)
			if err != nil {
				continue // as in TestEveryTriedChangeChangesTheDecision
			}
			for _, c := range x.Changes {
				if c.Tried && c.Reason != "certificate_revoked" {
					followAll(t, e, q, c, known, followed)
				}
			}
		}
	}
	t.Logf("followed: %v", followed)
	if len(followed) < 20 {
		t.Errorf("only %d kinds of advice were followed", len(followed))
	}
}

// followAll follows one change and holds that the decision is what was said.
func followAll(t *testing.T, e *explain.Explainer, q explain.Question, c explain.Change, known []advice, followed map[string]int) {
	t.Helper()
	next := q
	for _, say := range c.Request {
		i := slices.IndexFunc(known, func(a advice) bool { return a.says.MatchString(say) })
		if i < 0 {
			t.Errorf("nobody could follow %q", say)
			return
		}
		a := known[i]
		followed[a.says.String()]++
		next = a.follow(next, a.says.FindStringSubmatch(say)[1:])
	}
	x, err := e.Explain(next)
	if err != nil {
		t.Errorf("%s %s: following %q: %v", q.Method, q.Path, c.Request, err)
		return
	}
	if x.Decision != c.To || x.Reason != c.Reason {
		t.Errorf("%s %s: %q makes it %s (%s), not %s (%s)\nfrom %+v\nto   %+v", q.Method, q.Path, c.Request, x.Decision, x.Reason, c.To, c.Reason, q, next)
	}
}

// An advice is one form of words, and what a person makes of it.
type advice struct {
	says   *regexp.Regexp
	follow func(q explain.Question, words []string) explain.Question
}

func advices() []advice {
	on := func(says string, follow func(q *explain.Question, words []string)) advice {
		return advice{regexp.MustCompile("^" + says + "$"), func(q explain.Question, words []string) explain.Question {
			q.Scopes, q.Roles, q.AMR, q.Audience = slices.Clone(q.Scopes), slices.Clone(q.Roles), slices.Clone(q.AMR), slices.Clone(q.Audience)
			q.Headers, q.Claims = slices.Clone(q.Headers), slices.Clone(q.Claims)
			follow(&q, words)
			return q
		}}
	}
	return []advice{
		on(`the caller is none of (.*)`, func(q *explain.Question, _ []string) { q.Caller = "" }),
		on(`the caller is (?:one of )?(.*)`, func(q *explain.Question, w []string) { q.Caller = likeOne(w[0], q.Caller) }),
		on(`a user of (?:one of )?(.*) is proven`, func(q *explain.Question, w []string) {
			forget(q)
			q.User = either(w[0]) + "/somebody"
		}),
		on(`the user is proven by (?:one of )?(.*) and not by .*`, func(q *explain.Question, w []string) {
			_, subject, _ := strings.Cut(q.User, "/")
			forget(q)
			q.User = either(w[0]) + "/" + subject
		}),
		on(`the credential is a good one of (.*), not .*`, func(q *explain.Question, w []string) {
			forget(q)
			q.User = w[0] + "/somebody"
		}),
		on(`no credential is sent`, func(q *explain.Question, _ []string) { forget(q) }),
		on(`the user's subject is not .*`, func(q *explain.Question, _ []string) { setSubject(q, "another") }),
		on(`the user's subject is (?:one of )?(.*)`, func(q *explain.Question, w []string) { setSubject(q, either(w[0])) }),
		on(`the user's client is not .*`, func(q *explain.Question, _ []string) { q.Client = "another" }),
		on(`the user's client is (?:one of )?(.*)`, func(q *explain.Question, w []string) { q.Client = either(w[0]) }),
		on(`the user's acr is not .*`, func(q *explain.Question, _ []string) { q.ACR = "another" }),
		on(`the user's acr is (?:one of )?(.*)`, func(q *explain.Question, w []string) { q.ACR = either(w[0]) }),
		on(`the user has the (scopes?|roles?|amr|audiences?) (.*?)(, too)?`, func(q *explain.Question, w []string) {
			values := strings.Split(w[1], ", ")
			if one := strings.Split(w[1], " or "); len(one) > 1 {
				values = one[:1]
			}
			list := listOf(q, w[0])
			*list = append(*list, values...)
		}),
		on(`the user lacks the (scope|role|amr|audience) (.*)`, func(q *explain.Question, w []string) {
			list := listOf(q, w[0])
			*list = slices.DeleteFunc(*list, func(v string) bool { return slices.Contains(strings.Split(w[1], ", "), v) })
		}),
		on(`the user logged in at most (.*) ago`, func(q *explain.Question, _ []string) { q.AuthAge = new(time.Duration) }),
		on(`the user logged in more than (.*) ago`, func(q *explain.Question, w []string) {
			age, _ := time.ParseDuration(w[0])
			age += time.Minute
			q.AuthAge = &age
		}),
		on(`the token is bound to the certificate of the caller \((.*)\)`, func(q *explain.Question, w []string) { q.Bound = w[0] }),
		on(`the token is bound to nothing`, func(q *explain.Question, _ []string) { q.Bound = "" }),
		on(`who acts for the user now is (.*)`, func(q *explain.Question, w []string) { q.Actors = w }),
		on(`nobody acts for the user`, func(q *explain.Question, _ []string) { q.Actors = nil }),
		on(`somebody else acts for the user`, func(q *explain.Question, _ []string) { q.Actors = []string{"another"} }),
		on(`the header (\S+) is not sent`, func(q *explain.Question, w []string) { setHeader(q, w[0]) }),
		on(`the header (\S+) is sent`, func(q *explain.Question, w []string) { setHeader(q, w[0], "something") }),
		on(`the header (\S+) is sent with (?:all of )?(.*) and nothing else`, func(q *explain.Question, w []string) {
			setHeader(q, w[0], strings.Split(w[1], ", ")...)
		}),
		on(`the header (\S+) is (?:one of )?(.*)`, func(q *explain.Question, w []string) { setHeader(q, w[0], either(w[1])) }),
		on(`the source address is in (?:one of )?(.*)`, func(q *explain.Question, w []string) { q.Source, _, _ = strings.Cut(either(w[0]), "/") }),
		on(`the source address is not in .*`, func(q *explain.Question, _ []string) { q.Source = "203.0.113.9" }),
		on(`the method is (?:one of )?(.*)`, func(q *explain.Question, w []string) { q.Method = either(w[0]) }),
		on(`the host is (?:one of )?([^ ,]+)(?:, .*)?`, func(q *explain.Question, w []string) { q.Host = w[0] }),
		on(`the host is not one that another route of this path names`, func(q *explain.Question, _ []string) { q.Host = "elsewhere.test" }),
		on(`the path is (/.*)`, func(q *explain.Question, w []string) { q.Path = w[0] }),
		on(`the path is of the form .*, as is (.*)`, func(q *explain.Question, w []string) { q.Path = w[0] }),
		on(`no upgrade is asked for`, func(q *explain.Question, _ []string) { q.Upgrade = "" }),
		on(`an upgrade to (?:one of )?(.*) is asked for`, func(q *explain.Question, w []string) { q.Upgrade = either(w[0]) }),
		on(`it is a gRPC call: POST (\S+) over HTTP/2 with one content-type application/grpc`, func(q *explain.Question, w []string) {
			q.Method, q.Path, q.HTTP2 = "POST", w[0], true
			setHeader(q, "content-type", "application/grpc")
		}),
		on(`the claim (\S+) is missing`, func(q *explain.Question, w []string) { setClaim(q, w[0], "") }),
		on(`the claim (\S+) is (.*)`, func(q *explain.Question, w []string) { setClaim(q, w[0], w[1]) }),
		on(`it is (?:another .*, as|past) (.*)`, func(q *explain.Question, w []string) { q.At, _ = time.Parse(time.RFC3339, w[0]) }),
	}
}

// either is the first of several values.
func either(values string) string {
	value, _, _ := strings.Cut(values, ", ")
	return value
}

// likeOne is an ID that one of some patterns matches: that without a star if there is one.
func likeOne(patterns, now string) string {
	all := strings.Split(patterns, ", ")
	slices.SortStableFunc(all, func(a, b string) int { return strings.Count(a, "*") - strings.Count(b, "*") })
	segments, other := strings.Split(all[0], "/"), strings.Split(now, "/")
	for i, s := range segments {
		if strings.Trim(s, "*") == "" && s != "" {
			if segments[i] = "x"; i < len(other) {
				segments[i] = other[i]
			}
		}
	}
	return strings.Join(segments, "/")
}

// forget takes the user out of a question.
func forget(q *explain.Question) {
	q.User, q.Credential, q.Client, q.ACR, q.KeyID, q.AuthAge, q.TokenAge = "", "", "", "", "", nil, nil
	q.Audience, q.Scopes, q.Roles, q.AMR, q.Claims, q.Bound, q.Actors = nil, nil, nil, nil, nil, "", nil
}

func setSubject(q *explain.Question, subject string) {
	provider, _, _ := strings.Cut(q.User, "/")
	q.User = provider + "/" + subject
}

func listOf(q *explain.Question, name string) *[]string {
	switch strings.TrimSuffix(name, "s") {
	case "scope":
		return &q.Scopes
	case "role":
		return &q.Roles
	case "audience":
		return &q.Audience
	default:
		return &q.AMR
	}
}

func setHeader(q *explain.Question, name string, values ...string) {
	q.Headers = slices.DeleteFunc(q.Headers, func(h string) bool { return strings.HasPrefix(strings.ToLower(h), name+":") })
	for _, v := range values {
		q.Headers = append(q.Headers, name+": "+v)
	}
}

func setClaim(q *explain.Question, name, value string) {
	q.Claims = slices.DeleteFunc(q.Claims, func(c string) bool { return strings.HasPrefix(c, name+"=") })
	if value != "" {
		q.Claims = append(q.Claims, name+"="+value)
	}
}
