package curl_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/policy/explain/curl"
)

// is is a request that curl makes of a plain URL, with these headers and what curl adds.
func is(method, host, target string, headers ...string) curl.Request {
	q := curl.Request{Method: method, Host: host, Target: target}
	accept := true
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		accept = accept && name != "accept" && name != "-accept"
		if !strings.HasPrefix(name, "-") {
			q.Headers = append(q.Headers, curl.Header{Name: name, Value: value})
		}
	}
	if accept {
		q.Headers = append(q.Headers, curl.Header{Name: "accept", Value: "*/*"})
	}
	return q
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		line string
		want curl.Request
	}{
		{`curl https://a.test/orders`, is("GET", "a.test", "/orders")},
		{`$ curl a.test`, is("GET", "a.test", "/")},
		{`/usr/bin/curl.exe a.test:8443/`, is("GET", "a.test:8443", "/")},
		{`curl HTTP://[::1]:80/a?b=c#d`, is("GET", "[::1]:80", "/a?b=c")},
		{`curl https://a.test?x=1`, is("GET", "a.test", "/?x=1")},
		{`curl 'https://a.test/?'`, is("GET", "a.test", "/?")},
		{`curl -X DELETE a.test/orders/7`, is("DELETE", "a.test", "/orders/7")},
		{`curl -XPUT a.test`, is("PUT", "a.test", "/")},
		{`curl --request patch a.test`, is("patch", "a.test", "/")},
		{`curl -I a.test`, is("HEAD", "a.test", "/")},
		{`curl -T file a.test`, is("PUT", "a.test", "/")},
		{`curl -H 'X-Debug: 1' -H "Accept: text/html" a.test`, is("GET", "a.test", "/", "x-debug: 1", "accept: text/html")},
		{`curl -H X-Empty\; -H 'Accept:' a.test`, is("GET", "a.test", "/", "x-empty: ", "-accept")},
		{`curl -H 'Host: b.test' https://a.test/x`, is("GET", "b.test", "/x")},
		{`curl -b 'a=b; c=d' --cookie e=f a.test`, is("GET", "a.test", "/", "cookie: a=b; c=d; e=f")},
		{`curl -A me -e https://b.test/ -r 0-99 a.test`, is("GET", "a.test", "/", "user-agent: me", "referer: https://b.test/", "range: bytes=0-99")},
		{`curl -d a=b a.test`, is("POST", "a.test", "/", "content-type: application/x-www-form-urlencoded")},
		{`curl -d @file -H 'Content-Type: text/plain' a.test`, is("POST", "a.test", "/", "content-type: text/plain")},
		{`curl --json '{"a": 1}' a.test`, is("POST", "a.test", "/", "content-type: application/json", "accept: application/json")},
		{`curl -F a=@b a.test`, is("POST", "a.test", "/", "content-type: multipart/form-data")},
		{`curl -G -d a=b --data-urlencode 'q=x y&z' --url-query 'm=n o' --url-query '+p=%20' a.test/s?r=1`, is("GET", "a.test", "/s?r=1&a=b&q=x%20y%26z&m=n%20o&p=%20")},
		{`curl -G --data-urlencode =1+1 --data-urlencode 'a b' a.test`, is("GET", "a.test", "/?1%2B1&a%20b")},
		{`curl -sSLk --max-time 5 -o /dev/null -w '%{http_code}' --no-progress-meter --no-keepalive a.test | jq .`, is("GET", "a.test", "/")},
		{`curl --compressed a.test`, is("GET", "a.test", "/", "accept-encoding: deflate, gzip, br, zstd")},
		{`curl --oauth2-bearer TOKEN a.test`, is("GET", "a.test", "/", "authorization: Bearer TOKEN")},
		{`curl --oauth2-bearer TOKEN -H 'Authorization: Bearer OTHER' a.test`, is("GET", "a.test", "/", "authorization: Bearer OTHER")},
		{`curl --path-as-is a.test/a/../b`, is("GET", "a.test", "/a/../b")},
		{`curl -g 'a.test/{x}[1]'`, is("GET", "a.test", "/{x}[1]")},
		{`curl --request-target /other a.test/x`, is("GET", "a.test", "/other")},
		{`curl -- a.test`, is("GET", "a.test", "/")},
		{`curl --url a.test/x`, is("GET", "a.test", "/x")},
		{"curl a.test/x \\\n  -H 'A: b' \\\r\n  # what follows is a comment\n\n", is("GET", "a.test", "/x", "a: b")},
		{"\n  curl a.test/x # comment", is("GET", "a.test", "/x")},
		{"curl a.test/x\n\n# comment\n", is("GET", "a.test", "/x")},
		{`curl a.test/a"b c"'d'\e -H "x: a\"b\\c\$d\e` + "\\\n" + `f"`, curl.Request{}},
		{`curl a.test/p -H "x: a\"b\\c\$d\e` + "\\\n" + `f$ $,"`, is("GET", "a.test", "/p", `x: a"b\c$d\ef$ $,`)},
		{`curl a.test/p -H $'x: it\'s\t\x41\u00e9\U0001F600\101\\!'`, is("GET", "a.test", "/p", "x: it's\tAé😀A\\!")},
		{`curl $'https://a.test/x\u0021'`, is("GET", "a.test", "/x!")},
		{`curl $"a.test/x"`, is("GET", "a.test", "/x")},
	} {
		got, err := curl.Parse(tc.line)
		if tc.want.Method == "" {
			if err == nil {
				t.Errorf("%s: got %+v, want an error", tc.line, got)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", tc.line, got, err, tc.want)
		}
	}
	for line, want := range map[string]bool{
		"curl --http2 a.test": true, "curl --http2-prior-knowledge a.test": true, "curl --http2 --http1.1 a.test": false, "curl a.test": false,
	} {
		if got, err := curl.Parse(line); err != nil || got.HTTP2 != want {
			t.Errorf("%s: HTTP/2 is %v, %v", line, got.HTTP2, err)
		}
	}
	if got, err := curl.Parse("curl -E me.pem --key me.key https://a.test"); err != nil || !got.Certificate {
		t.Errorf("a client certificate is not seen: %+v, %v", got, err)
	}
}

// TestBrowser has a command as browsers copy it.
func TestBrowser(t *testing.T) {
	got, err := curl.Parse(`curl 'https://orders.shop.test/customers/7/orders/9?full=1' \
  -H 'accept: application/json' \
  -H 'accept-language: en-GB,en;q=0.9' \
  -H 'authorization: Bearer aaa.bbb.ccc' \
  -b '__Host-session=xyz; theme=dark' \
  -H 'sec-ch-ua: "Chromium";v="140", "Not)A;Brand";v="24"' \
  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64)' \
  --data-raw $'{"note":"it\'s\u0021"}' \
  --compressed ;`)
	if err == nil {
		t.Fatalf("a ; is taken: %+v", got)
	}
	got, err = curl.Parse(`curl 'https://orders.shop.test/customers/7/orders/9?full=1' \
  -H 'accept: application/json' \
  -H 'authorization: Bearer aaa.bbb.ccc' \
  -b '__Host-session=xyz; theme=dark' \
  --data-raw $'{"note":"it\'s\u0021"}' \
  --compressed`)
	want := is("POST", "orders.shop.test", "/customers/7/orders/9?full=1", "accept: application/json", "authorization: Bearer aaa.bbb.ccc",
		"cookie: __Host-session=xyz; theme=dark", "accept-encoding: deflate, gzip, br, zstd", "content-type: application/x-www-form-urlencoded")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"", "1:1: a command begins with curl"},
		{"wget a.test", "1:1: a command begins with curl"},
		{"curl", "1:1: the command has no URL"},
		{"curl -s", "1:1: the command has no URL"},
		{"curl a.test b.test", "1:13: a second URL: give one, and put a value with spaces in quotes"},
		{"curl a.test -H", "1:13: -H needs a value"},
		{"curl a.test --header", "1:13: --header needs a value"},
		{"curl --frobnicate a.test", "1:6: this option is not known here: leave it out if it changes nothing in the request"},
		{"curl -sQ a.test", "1:6: this option is not known here: leave it out if it changes nothing in the request"},
		{"curl --no-header a.test", "1:6: this option is not known here: leave it out if it changes nothing in the request"},
		{"curl --header=a:b a.test", "1:6: --header: curl wants a value as a word of its own: write a space and not ="},
		{"curl --user=me:secret a.test", "1:6: --user: a password has no place here, and no IdentityProvider reads one: leave it out, and name a user"},
		{"curl -u me:secret a.test", "1:6: -u: a password has no place here, and no IdentityProvider reads one: leave it out, and name a user"},
		{"curl --user me a.test", "1:6: --user: a password has no place here, and no IdentityProvider reads one: leave it out, and name a user"},
		{"curl https://me:secret@a.test", "1:6: there is a password in the URL: a password has no place here, and no IdentityProvider reads one: leave it out, and name a user"},
		{"curl -K file a.test", "1:6: -K: it names a file with more options: write them out"},
		{"curl a.test --next b.test", "1:13: --next: this begins a second request: give one"},
		{"curl --aws-sigv4 x a.test", "1:6: --aws-sigv4: what it would sign the request with is not known: leave it out"},
		{"curl --http3 a.test", "1:6: --http3: a request of that kind is not read: leave it out"},
		{"curl -b jar a.test", "1:9: -b names a file of cookies, which is not read: write name=value"},
		{"curl -H @file a.test", "1:9: -H names a file of headers, which is not read: write them out"},
		{"curl -H nothing a.test", "1:9: a header is written as Name: value"},
		{"curl -H ': x' a.test", "1:9: a header is written as Name: value"},
		{"curl -H $'a: b\\nc: d' a.test", "1:9: a header has one line, without control characters"},
		{"curl -A $'a\\nb' a.test", "1:9: a header has one line, without control characters"},
		{"curl --oauth2-bearer $'a\\nb' a.test", "1:22: a header has one line, without control characters"},
		{"curl -b $'a=\\nb' a.test", "1:9: a header has one line, without control characters"},
		{"curl 'a.test/\x7f'", "1:6: a URL has no spaces and no control characters: write %20 for a space"},
		{"curl ftp://a.test", "1:6: the scheme of a request is http or https"},
		{"curl https:///x", "1:6: the URL has no host"},
		{"curl 'a.test/a b'", "1:6: a URL has no spaces and no control characters: write %20 for a space"},
		{"curl 'a.test/{a,b}'", "1:6: curl takes {…} and […] for several URLs: write one, or give -g"},
		{"curl 'a.test/[1-3]'", "1:6: curl takes {…} and […] for several URLs: write one, or give -g"},
		{"curl a.test/a/../b", "1:6: curl takes dot segments out of a path: write the path without them, or give --path-as-is"},
		{"curl a.test/a/%2E%2e/b", "1:6: curl takes dot segments out of a path: write the path without them, or give --path-as-is"},
		{"curl -G -d @file a.test", "1:12: this part of the query is in a file, which is not read: write it out"},
		{"curl -G --data-urlencode a@file a.test", "1:26: this part of the query is in a file, which is not read: write it out"},
		{"curl --url-query @file a.test", "1:18: this part of the query is in a file, which is not read: write it out"},
		{"curl a.test/x?a=1&b=2", "1:18: an & that is not quoted ends the command: put the URL in quotes"},
		{"curl a.test > out", "1:13: a redirection is no part of the request: leave it out"},
		{"curl a.test; ls", "1:12: a ; that is not quoted ends the command: give one command"},
		{"(curl a.test)", "1:1: ( must be quoted"},
		{"curl -H \"Authorization: Bearer $TOKEN\" a.test", "1:32: what the shell would put here is not known: write the value itself"},
		{"curl -H \"A: ${B}\" a.test", "1:13: what the shell would put here is not known: write the value itself"},
		{"curl $(cat url)", "1:6: what the shell would put here is not known: write the value itself"},
		{"curl `cat url`", "1:6: what the shell would put here is not known: write the value itself"},
		{"curl $1", "1:6: what the shell would put here is not known: write the value itself"},
		{"curl ^\"https://a.test^\"", `1:6: this is written for cmd of Windows: copy it "as cURL (bash)"`},
		{"curl 'a.test", "1:6: this quote is not closed"},
		{"curl \"a.test", "1:6: this quote is not closed"},
		{"curl $'a.test", "1:7: this quote is not closed"},
		{"curl $'a\\", "1:9: this escape is not known in $'…'"},
		{"curl $'a\\qb'", "1:9: this escape is not known in $'…'"},
		{"curl $'a\\u'", "1:9: this escape is not known in $'…'"},
		{"curl $'a\\x00b'", "1:9: this escape is not known in $'…'"},
		{"curl $'a\\UFFFFFFFFb'", "1:9: this escape is not known in $'…'"},
		{"curl a.test \\", "1:13: the line ends in a backslash: something is missing"},
		{"curl a.test \\\n  -H 'a: b'\nls", "3:1: a second command: give one, whose lines end in a backslash but for the last"},
		{"curl a.test\n-H 'a: b'", "2:1: a second command: give one, whose lines end in a backslash but for the last"},
		{"curl a.test/\xff", "1:1: the command is not UTF-8"},
		{"curl a.test/" + strings.Repeat("a", curl.MaxLine), "1:1: the command has 262156 bytes: at most 262144 are read"},
	} {
		got, err := curl.Parse(tc.line)
		name := tc.line[:min(len(tc.line), 60)]
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, tc.want)
		}
		if !reflect.DeepEqual(got, curl.Request{}) {
			t.Errorf("%s: there is a request beside the error", name)
		}
		var where *curl.Error
		if !errors.As(err, &where) || where.Line < 1 || where.Column < 1 {
			t.Errorf("%s: the error has no place: %v", name, err)
		}
	}
}

// TestSecretsAreNotRepeated: what is wrong is said without what stands there.
func TestSecretsAreNotRepeated(t *testing.T) {
	for _, line := range []string{
		"curl -u me:canary a.test", "curl https://me:canary@a.test", "curl -H canary a.test", "curl -b canary a.test", "curl --oauth2-bearer canary",
		"curl --user=me:canary a.test", "curl --header=authorization:canary a.test", "curl --cookie=canary a.test", "curl --oauth2-bearercanary a.test",
		"curl --oauth2-bearer=canary a.test", "curl --canary=x a.test", "curl --canary a.test", "curl --no-canary a.test", "curl -ume:canary a.test",
		"curl -Pcanary a.test", "curl -bcanary a.test", "curl -Hcanary a.test", "curl --silent=canary a.test", "curl 'canary' a.test", "curl a.test 'canary",
		"canary curl", "curl a.test\ncanary", "curl a.test & canary", "curl a.test > canary", "curl $'canary\\q'", "curl canary://a.test",
		"curl https://a.test/{canary}", "curl https://a.test/canary/../b", "curl -G -d @canary a.test", "curl -H @canary a.test", "curl -K canary a.test",
		"curl a.test/$canary", "curl a.test canary.test",
	} {
		if _, err := curl.Parse(line); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
