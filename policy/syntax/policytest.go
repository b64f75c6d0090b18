package syntax

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax/tree"
)

// nobody, in place of a name, is no caller or no user.
const nobody = "none"

// A PolicyTest is the spec of the kind of that name: requests to one workload, and what must come
// of them.
type PolicyTest struct {
	Position Position
	Workload Text      // the SPIFFE ID whose policy decides
	Time     time.Time // of every request; zero when no time was named
	Host     Text      // of every request; zero when none was named
	Callers  []TestCaller
	Users    []TestUser
	Tests    []Test // at least one
}

// A TestCaller is a workload that calls. Without an ID it is a request that has no caller.
type TestCaller struct {
	Name   Text // zero when the ID was written out
	ID     Text // a SPIFFE ID, without wildcards
	Serial Text // of the caller's certificate, as a Revocation writes it; zero when none was named
}

// A Test is one case, or several with something in common.
type Test struct {
	Case
	Cases []Case
}

// A Case is one request, and what must come of it. In a list of cases it is what differs from the
// test around it.
type Case struct {
	Position Position
	Name     Text
	Request  *TestRequest
	Caller   *TestCaller
	User     *TestUser
	Time     time.Time
	Expect   *Expectation
}

// Rows returns what a test runs, each row whole: the test itself, or its cases, which take from
// it what they do not name. A row has a Request and an Expect, and its Name is that of the case.
func (t *Test) Rows() []Case {
	if len(t.Cases) == 0 {
		row := t.Case
		row.Name = Text{}
		return []Case{row}
	}
	rows := make([]Case, len(t.Cases))
	for i, c := range t.Cases {
		c.Request = c.Request.over(t.Request)
		if c.Caller == nil {
			c.Caller = t.Caller
		}
		if c.User == nil {
			c.User = t.User
		}
		if c.Time.IsZero() {
			c.Time = t.Time
		}
		if c.Expect == nil {
			c.Expect = t.Expect
		}
		rows[i] = c
	}
	return rows
}

// A cast is a reader of one PolicyTest, whose tests may name its callers and users.
type cast struct {
	*reader
	callers []TestCaller
	users   []TestUser
}

func (r *reader) policyTest(n *tree.Node) *PolicyTest {
	o := r.object(n, policyTestShape)
	if o.node == nil {
		return nil
	}
	p := &PolicyTest{
		Position: r.position(n),
		Workload: r.text(o.get("workload"), checkID),
		Time:     r.timestamp(o.get("time")),
		Host:     r.text(o.get("host"), nil),
		Callers:  r.testCallers(o.get("callers")),
	}
	c := &cast{reader: r, callers: p.Callers}
	c.readUsers(o.get("users"))
	p.Users = c.users
	list := o.get("tests")
	items := r.items(list)
	if list != nil && list.Kind == tree.List && len(items) == 0 {
		r.fail(list, "expected at least one test in this list")
	}
	seen := newSeen(len(items))
	for i := range items {
		t := c.test(&items[i])
		if line := seen.add(t.Name); line > 0 {
			r.errors.Add(&Error{t.Name.Position, fmt.Sprintf("a test named %s stands in line %d already", quote(t.Name.Value), line)})
		}
		p.Tests = append(p.Tests, t)
	}
	return p
}

// checkID takes one SPIFFE ID.
func checkID(s string) error {
	p, err := pattern.Parse(s)
	if err != nil {
		return err
	}
	for _, segment := range p.Segments() {
		if segment[0] == '*' {
			return errors.New("this is a pattern: a test names one SPIFFE ID, without *")
		}
	}
	return nil
}

// checkCast takes what a test may call a caller or a user.
func checkCast(name string) error {
	if name == nobody {
		return fmt.Errorf("%s stands for nobody: choose another name", nobody)
	}
	return checkLabel(name)
}

func (r *reader) testCallers(n *tree.Node) []TestCaller {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.Mapping:
		r.fail(n, "expected callers (a mapping of names to SPIFFE IDs), found %s", found(n))
		return nil
	}
	var callers []TestCaller
	for key, value := range n.Fields() {
		c := TestCaller{Name: r.text(key, checkCast)}
		if value.Kind == tree.Mapping {
			o := r.object(value, testCallerShape)
			c.ID, c.Serial = r.text(o.get("id"), checkID), r.text(o.get("serial"), checkSerial)
		} else {
			c.ID = r.text(value, checkID)
		}
		callers = append(callers, c)
	}
	return callers
}

func (c *cast) test(n *tree.Node) Test {
	faults := c.faults()
	o := c.object(n, testShape)
	t := Test{Case: c.fields(n, o)}
	list := o.get("cases")
	items := c.items(list)
	if list != nil && list.Kind == tree.List && len(items) == 0 {
		c.fail(list, "expected at least one case in this list")
	}
	seen := newSeen(len(items))
	for i := range items {
		row := c.fields(&items[i], c.object(&items[i], caseShape))
		if line := seen.add(row.Name); line > 0 {
			c.errors.Add(&Error{row.Name.Position, fmt.Sprintf("a case named %s stands in line %d already", quote(row.Name.Value), line)})
		}
		t.Cases = append(t.Cases, row)
	}
	if c.faults() == faults && o.node != nil {
		c.complete(&t)
	}
	return t
}

// fields reads what a test and a case have both.
func (c *cast) fields(n *tree.Node, o object) Case {
	return Case{
		Position: c.position(n),
		Name:     c.text(o.get("name"), nil),
		Request:  c.testRequest(o.get("request")),
		Caller:   c.caller(o.get("caller")),
		User:     c.user(o.get("user")),
		Time:     c.timestamp(o.get("time")),
		Expect:   c.expectation(o.get("expect")),
	}
}

func (r *reader) faults() int { return len(r.errors.list) + r.errors.more }

// complete holds that every row can be run.
func (c *cast) complete(t *Test) {
	for _, row := range t.Rows() {
		missing := ""
		switch q := row.Request; {
		case q == nil || q.GRPC.Value == "" && q.Method.Value == "" && q.Path.Value == "":
			missing = "request"
		case q.GRPC.Value == "" && q.Method.Value == "":
			missing = "the method of its request"
		case q.GRPC.Value == "" && q.Path.Value == "":
			missing = "the path of its request"
		case row.Expect == nil:
			missing = "expect"
		default:
			continue
		}
		c.errors.Add(&Error{row.Position, "a test needs " + missing})
	}
}

// caller reads a name of the callers, a SPIFFE ID, or none.
func (c *cast) caller(n *tree.Node) *TestCaller {
	t := c.text(n, c.checkCaller)
	if t.Value == "" {
		return nil
	}
	if t.Value == nobody {
		return &TestCaller{}
	}
	for i := range c.callers {
		if c.callers[i].Name.Value == t.Value {
			return &c.callers[i]
		}
	}
	return &TestCaller{ID: t}
}

func (c *cast) checkCaller(name string) error {
	var names []string
	for _, known := range c.callers {
		if known.Name.Value == name {
			return nil
		}
		names = append(names, known.Name.Value)
	}
	if name == nobody {
		return nil
	}
	if err := checkID(name); err == nil || strings.Contains(name, ":") {
		return err
	}
	if near := Nearest(name, names); near != "" {
		return fmt.Errorf("this document has no caller %s: did you mean %q?", quote(name), near)
	}
	return fmt.Errorf("this document has no caller %s: define it under callers, or write a SPIFFE ID, or %s", quote(name), nobody)
}
