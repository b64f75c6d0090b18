package curl_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/policy/explain/curl"
)

// FuzzParse holds that there is a request or an error with a place in the line, and that a request
// which is written out plainly is read as the same.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"curl a.test", `curl -X POST -H 'a: b' "https://a.test/x?y=z" --data-raw $'it\'s'`, "curl \\\n a.test", "curl -sSLu", "curl $'\\u00e9'",
		"curl -G -d a=b a.test | jq", "curl --url-query +a", "curl a.test # x", "curl -H a; a.test",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		q, err := curl.Parse(line)
		if err != nil {
			var where *curl.Error
			if !errors.As(err, &where) || where.Line < 1 || where.Column < 1 || where.Line > strings.Count(line, "\n")+1 || where.Column > len(line)+1 {
				t.Fatalf("%q: %v has no place in the line", line, err)
			}
			if !reflect.DeepEqual(q, curl.Request{}) {
				t.Fatalf("%q: a request beside an error", line)
			}
			return
		}
		plain := fmt.Sprintf("curl -g --path-as-is -X %s --request-target %s -H %s -H 'accept:'", quote(q.Method), quote(q.Target), quote("host: "+q.Host))
		if q.HTTP2 {
			plain += " --http2"
		}
		if q.Certificate {
			plain += " -E me"
		}
		for _, h := range q.Headers {
			if h.Value == "" {
				plain += " -H " + quote(h.Name+";")
			} else {
				plain += " -H " + quote(h.Name+": "+h.Value)
			}
		}
		if len(plain) > curl.MaxLine || q.Host == "" || q.Target == "" || q.Method == "" {
			return
		}
		again, err := curl.Parse(plain + " http://x/")
		if err != nil || !reflect.DeepEqual(again, q) {
			t.Fatalf("%q is %+v, and as %s %+v, %v", line, q, plain, again, err)
		}
	})
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func ExampleParse() {
	q, err := curl.Parse(`curl -H 'X-Debug: 1' 'https://orders.shop.test/orders/7?full=1'`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q.Method, q.Host, q.Target)
	for _, h := range q.Headers {
		fmt.Printf("%s: %s\n", h.Name, h.Value)
	}
	// Output:
	// GET orders.shop.test /orders/7?full=1
	// x-debug: 1
	// accept: */*
}
