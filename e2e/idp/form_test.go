package idp

import (
	"maps"
	"testing"
)

func TestFindForm(t *testing.T) {
	for name, x := range map[string]struct {
		page   string
		action string
		inputs map[string]string
	}{
		"a login": {
			`<html><form id="kc-form-login" method="post" action="/auth?a=1&amp;b=2"><input name="username" value=""/><input type='password' name='password'><button name="login" value="go">in</button></form>`,
			"/auth?a=1&b=2", map[string]string{"username": "", "password": "", "login": "go"},
		},
		"what is hidden": {
			`<form method="POST" action="/x"><input type="hidden" name="xsrf" value="&quot;s&quot;"></form>`,
			"/x", map[string]string{"xsrf": `"s"`},
		},
		"boxes and choices": {
			`<form method="post" action="/x"><input type="checkbox" name="remember" value="on"><input type="radio" name="with" value="sms"><input type="radio" name="with" value="app" checked></form>`,
			"/x", map[string]string{"with": "app"},
		},
		"a button elsewhere": {
			`<form method="post" id="out" action="/x"></form><button form="out" name="logout" value="yes">yes</button><button form="other" name="no">no</button>`,
			"/x", map[string]string{"logout": "yes"},
		},
		"a search before it": {
			`<form action="/search"><input name="q"></form><form method="post" action="/x"><input name="a"></form>`,
			"/x", map[string]string{"a": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := findForm(x.page)
			if !ok || f.action != x.action || !maps.Equal(f.inputs, x.inputs) {
				t.Errorf("found %v, action %q, inputs %v", ok, f.action, f.inputs)
			}
		})
	}
	for _, page := range []string{"", "<p>Signed out.</p>", `<form action="/x"><input name="q"></form>`, `<form method="post"`} {
		if f, ok := findForm(page); ok {
			t.Errorf("%q has a form: %v", page, f)
		}
	}
}

func FuzzFindForm(f *testing.F) {
	f.Add(`<form method="post" action="/x" id="a"><input name="b" value="c"></form>`)
	f.Add(`<FORM METHOD='post'><button name=x form='y'`)
	f.Fuzz(func(t *testing.T, page string) {
		if found, ok := findForm(page); ok != (found.inputs != nil) {
			t.Errorf("found %v with inputs %v", ok, found.inputs)
		}
	})
}
