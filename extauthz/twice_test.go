package extauthz

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
)

// recovered returns what f panicked with.
func recovered(f func()) (fault any) {
	defer func() { fault = recover() }()
	f()
	return nil
}

// TestEveryFieldIsReadTwice: a field of a question that differs is a fault that says which, also one
// that is added some day.
func TestEveryFieldIsReadTwice(t *testing.T) {
	sound := encoded(t, asked())
	of := reflect.TypeFor[question]()
	for i := range of.NumField() {
		name := of.Field(i).Name
		if name == "buffer" {
			continue
		}
		var q question
		if !q.scan(whole(sound)) {
			t.Fatal("left to generated code")
		}
		if fault := recovered(q.mustReadTwice); fault != nil {
			t.Fatalf("a sound check: %v", fault)
		}
		switch name {
		case "http":
			q.http = false
		case "raw":
			q.raw = false
		case "fields":
			q.fields[1].Value = "another"
		default:
			texts := map[string]*string{
				"method": &q.method, "path": &q.path, "scheme": &q.scheme, "host": &q.host, "fragment": &q.fragment, "protocol": &q.protocol,
				"source": &q.source, "principal": &q.principal, "certificate": &q.certificate, "destination": &q.destination,
			}
			if texts[name] == nil {
				t.Fatalf("the field %s is not tested, and perhaps not compared", name)
			}
			*texts[name] += "x"
		}
		fault, _ := recovered(q.mustReadTwice).(error)
		if fault == nil || !strings.Contains(fault.Error(), "do not read the same: ") {
			t.Errorf("%s differs: %v", name, fault)
		}
	}
}

// TestReadTwice holds what is read twice, and what a fault is.
func TestReadTwice(t *testing.T) {
	var q question
	q.fields = append(q.fields, policy.Header{Name: "x", Value: "of generated code"})
	if fault := recovered(q.mustReadTwice); fault != nil {
		t.Errorf("what generated code has read: %v", fault)
	}
	q.buffer = append(q.buffer, 0xff)
	fault, _ := recovered(q.mustReadTwice).(interface {
		error
		RuntimeError()
	})
	if !errors.Is(fault, misread("generated code refuses it")) {
		t.Errorf("bytes that are no check: %v", fault)
	}
}
