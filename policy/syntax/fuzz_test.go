package syntax_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzParse holds that no text makes Parse panic or return an error without a place,
// and that what it accepts means the same written out again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(shop))
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files[1:] {
			if file.Name != "says" {
				f.Add([]byte(strings.Replace(string(archive.Files[0].Data), "CASE\n", string(file.Data), 1)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		documents, err := syntax.Parse("f", text)
		if err != nil {
			if documents != nil {
				t.Fatal("documents beside an error")
			}
			checkErrors(t, string(text), err)
			return
		}
		for _, d := range documents {
			checkPlain(t, string(text), conditions(d))
			written := toJSON(t, write(d))
			again, err := syntax.Parse("again", []byte(written))
			if err != nil {
				t.Fatalf("%s\nwas read, but not again: %v", written, err)
			}
			if second := toJSON(t, write(again[0])); len(again) != 1 || second != written {
				t.Fatalf("%s\nis read again as\n%s", written, second)
			}
		}
	})
}

// An object is a mapping of a document.
type object = map[string]any

// write is the inverse of Parse: JSON is YAML.
func write(d syntax.Document) object {
	o := object{"apiVersion": "postern.dev/v1alpha1", "kind": d.Kind, "metadata": compact(object{"name": d.Name, "namespace": d.Namespace})}
	switch {
	case d.ServicePolicy != nil:
		o["spec"] = writePolicy(d.ServicePolicy)
	case d.MeshPolicy != nil:
		o["spec"] = writeMesh(d.MeshPolicy)
	case d.IdentityProvider != nil:
		o["spec"] = writeProvider(d.IdentityProvider)
	case d.Revocation != nil:
		o["spec"] = writeRevocation(d.Revocation)
	case d.PolicyTest != nil:
		o["spec"] = writePolicyTest(d.PolicyTest)
	}
	return o
}

func writePolicy(p *syntax.ServicePolicy) object {
	groups := object{}
	for _, g := range p.Groups {
		groups[g.Name.Value] = texts(g.Callers)
	}
	var routes []object
	for _, r := range p.Routes {
		o := object{"name": r.Name.Value, "allow": rules(r.Allow), "deny": rules(r.Deny)}
		if r.HTTP != nil {
			o["http"] = compact(object{"methods": texts(r.HTTP.Methods), "path": r.HTTP.Path.Value, "hosts": texts(r.HTTP.Hosts), "upgrade": texts(r.HTTP.Upgrade)})
		} else {
			o["grpc"] = compact(object{"service": r.GRPC.Service.Value, "methods": texts(r.GRPC.Methods), "hosts": texts(r.GRPC.Hosts)})
		}
		routes = append(routes, compact(o))
	}
	return compact(object{"workloads": texts(p.Workloads), "groups": groups, "deny": rules(p.Deny), "routes": routes})
}

func rules(list []syntax.Rule) (all []object) {
	for i := range list {
		all = append(all, writeRule(&list[i]))
	}
	return all
}

func writeRule(r *syntax.Rule) object {
	headers, source := object{}, []string{}
	for _, h := range r.Headers {
		if headers[h.Name] = match(h.Match); h.Present != nil {
			headers[h.Name] = object{"present": *h.Present}
		}
	}
	for _, p := range r.Source {
		source = append(source, p.Prefix.String())
	}
	o := object{"name": r.Name.Value, "callers": texts(r.Callers), "headers": headers, "source": source}
	if u := r.User; u != nil {
		o["user"] = compact(object{
			"provider": texts(u.Providers), "subjects": match(u.Subjects), "clients": match(u.Clients), "audiences": match(u.Audiences),
			"scopes": match(u.Scopes), "roles": match(u.Roles), "acr": match(u.ACR), "amr": match(u.AMR),
		})
		if u.MaxAge != nil {
			o["user"].(object)["maxAge"] = u.MaxAge.Age.String()
		}
		if u.Bound != nil {
			o["user"].(object)["bound"] = u.Bound.To.String()
		}
	}
	if r.When != nil {
		o["when"] = r.When.Text
	}
	if r.Shadow != nil {
		o["shadow"] = true
		if !r.Shadow.Until.IsZero() {
			o["shadow"] = object{"until": r.Shadow.Until}
		}
	}
	return compact(o)
}

func match(m *syntax.Match) object {
	switch {
	case m == nil:
		return nil
	case m.All:
		return object{"all": texts(m.Values)}
	}
	return object{"any": texts(m.Values)}
}

func texts(list []syntax.Text) (all []string) {
	for _, t := range list {
		all = append(all, t.Value)
	}
	return all
}

func writeProvider(p *identity.Provider) object {
	return object{
		"jwt":    compact(writeTokens(p)),
		"from":   compact(object{"header": p.From.Header, "scheme": p.From.Scheme, "cookie": p.From.Cookie}),
		"claims": compact(object{"subject": p.Claims.Subject, "client": p.Claims.Client, "scopes": p.Claims.Scopes, "roles": p.Claims.Roles}),
	}
}

func writeTokens(p *identity.Provider) object {
	if j := p.JWTSVID; j != nil {
		return object{
			"trustDomain": j.TrustDomain, "audiences": j.Audiences, "algorithms": j.Algorithms,
			"skew": j.Skew.String(), "maxLifetime": j.MaxLifetime.String(), "maxSize": j.MaxSize,
		}
	}
	j := p.JWT
	return object{
		"issuer": j.Issuer, "audiences": j.Audiences, "algorithms": j.Algorithms, "types": j.Types,
		"use":  map[identity.Use]string{identity.UseAccess: "access", identity.UseID: "id"}[j.Use],
		"jwks": compact(writeKeys(j.Keys)), "skew": j.Skew.String(), "maxLifetime": j.MaxLifetime.String(), "maxSize": j.MaxSize,
	}
}

func writeKeys(k identity.KeySource) object {
	if k.File != "" {
		return object{"file": k.File}
	}
	keys := object{"url": k.URL, "refresh": k.Refresh.String(), "maxStale": k.MaxStale.String()}
	if k.Discovery {
		keys["discovery"] = true
	}
	if k.CAFile != "" {
		keys["ca"] = object{"file": k.CAFile}
	}
	return keys
}

// compact leaves out what is empty.
func compact(o object) object {
	for key, value := range o {
		switch v := value.(type) {
		case string:
			drop(o, key, v == "")
		case []string:
			drop(o, key, len(v) == 0)
		case []object:
			drop(o, key, len(v) == 0)
		case object:
			drop(o, key, len(v) == 0)
		}
	}
	return o
}

func drop(o object, key string, empty bool) {
	if empty {
		delete(o, key)
	}
}
