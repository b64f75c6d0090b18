package keycloak

import (
	"net/http"
	"net/url"
)

// StepUp gives a realm a login of two levels: a password, and for the second a one-time password
// as well. Their acr are those of the realm's acr.loa.map, and the second is asked for anew each
// time.
func (k *Keycloak) StepUp(realm string) {
	k.t.Helper()
	base := "/" + realm + "/authentication"
	k.Admin(http.MethodPost, base+"/flows", map[string]any{
		"alias": "stepup", "providerId": "basic-flow", "topLevel": true, "builtIn": false,
	}, nil)
	k.execution(base, "stepup", "auth-cookie", "ALTERNATIVE")
	k.subflow(base, "stepup", "login", "ALTERNATIVE")
	for _, level := range []struct{ name, loa, maxAge, form string }{
		{"silver", "1", "36000", "auth-username-password-form"},
		{"gold", "2", "0", "auth-otp-form"},
	} {
		k.subflow(base, "login", level.name, "CONDITIONAL")
		condition := k.execution(base, level.name, "conditional-level-of-authentication", "REQUIRED")
		k.Admin(http.MethodPost, base+"/executions/"+condition+"/config", map[string]any{
			"alias": level.name, "config": map[string]string{"loa-condition-level": level.loa, "loa-max-age": level.maxAge},
		}, nil)
		k.execution(base, level.name, level.form, "REQUIRED")
	}
	k.Admin(http.MethodPut, "/"+realm, map[string]any{"browserFlow": "stepup"}, nil)
}

// execution adds a step to a flow and returns its id.
func (k *Keycloak) execution(base, flow, provider, requirement string) string {
	k.t.Helper()
	id := k.Admin(http.MethodPost, base+"/flows/"+url.PathEscape(flow)+"/executions/execution", map[string]any{"provider": provider}, nil)
	k.require(base, flow, requirement, func(e map[string]any) bool { return e["id"] == id })
	return id
}

// subflow adds a flow below a flow.
func (k *Keycloak) subflow(base, flow, name, requirement string) {
	k.t.Helper()
	k.Admin(http.MethodPost, base+"/flows/"+url.PathEscape(flow)+"/executions/flow", map[string]any{
		"alias": name, "type": "basic-flow", "description": "", "provider": "registration-page-form",
	}, nil)
	k.require(base, flow, requirement, func(e map[string]any) bool { return e["displayName"] == name })
}

// require sets the requirement of one execution of a flow.
func (k *Keycloak) require(base, flow, requirement string, is func(map[string]any) bool) {
	k.t.Helper()
	path := base + "/flows/" + url.PathEscape(flow) + "/executions"
	var all []map[string]any
	k.Admin(http.MethodGet, path, nil, &all)
	for _, e := range all {
		if is(e) {
			e["requirement"] = requirement
			k.Admin(http.MethodPut, path, e, nil)
			return
		}
	}
	k.t.Fatalf("no such execution in %s: %v", flow, all)
}
