package keycloak

import (
	"net/http"
	"net/url"
	"testing"
)

// StepUp gives a realm a login of two levels: a password, and for the second a one-time password
// as well. Their acr are those of the realm's acr.loa.map, and the second is asked for anew each
// time.
func (k *Keycloak) StepUp(t testing.TB, realm string) {
	t.Helper()
	base := "/" + realm + "/authentication"
	k.Admin(t, http.MethodPost, base+"/flows", map[string]any{
		"alias": "stepup", "providerId": "basic-flow", "topLevel": true, "builtIn": false,
	}, nil)
	k.execution(t, base, "stepup", "auth-cookie", "ALTERNATIVE")
	k.subflow(t, base, "stepup", "login", "ALTERNATIVE")
	for _, level := range []struct{ name, loa, maxAge, form string }{
		{"silver", "1", "36000", "auth-username-password-form"},
		{"gold", "2", "0", "auth-otp-form"},
	} {
		k.subflow(t, base, "login", level.name, "CONDITIONAL")
		condition := k.execution(t, base, level.name, "conditional-level-of-authentication", "REQUIRED")
		k.Admin(t, http.MethodPost, base+"/executions/"+condition+"/config", map[string]any{
			"alias": level.name, "config": map[string]string{"loa-condition-level": level.loa, "loa-max-age": level.maxAge},
		}, nil)
		k.execution(t, base, level.name, level.form, "REQUIRED")
	}
	k.Admin(t, http.MethodPut, "/"+realm, map[string]any{"browserFlow": "stepup"}, nil)
}

// execution adds a step to a flow and returns its id.
func (k *Keycloak) execution(t testing.TB, base, flow, provider, requirement string) string {
	t.Helper()
	id := k.Admin(t, http.MethodPost, base+"/flows/"+url.PathEscape(flow)+"/executions/execution", map[string]any{"provider": provider}, nil)
	k.require(t, base, flow, requirement, func(e map[string]any) bool { return e["id"] == id })
	return id
}

// subflow adds a flow below a flow.
func (k *Keycloak) subflow(t testing.TB, base, flow, name, requirement string) {
	t.Helper()
	k.Admin(t, http.MethodPost, base+"/flows/"+url.PathEscape(flow)+"/executions/flow", map[string]any{
		"alias": name, "type": "basic-flow", "description": "", "provider": "registration-page-form",
	}, nil)
	k.require(t, base, flow, requirement, func(e map[string]any) bool { return e["displayName"] == name })
}

// require sets the requirement of one execution of a flow.
func (k *Keycloak) require(t testing.TB, base, flow, requirement string, is func(map[string]any) bool) {
	t.Helper()
	path := base + "/flows/" + url.PathEscape(flow) + "/executions"
	var all []map[string]any
	k.Admin(t, http.MethodGet, path, nil, &all)
	for _, e := range all {
		if is(e) {
			e["requirement"] = requirement
			k.Admin(t, http.MethodPut, path, e, nil)
			return
		}
	}
	t.Fatalf("no such execution in %s: %v", flow, all)
}
