package draft

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// request returns the request of a wish as it is written.
func (w *wish) request() string {
	if len(w.headers) == 0 && w.host == "" && w.upgrade == "" && w.source == "" {
		if w.call != "" {
			return quoted("grpc " + w.call)
		}
		return quoted(w.method + " " + w.path)
	}
	var fields []field
	if w.call != "" {
		fields = []field{{"grpc", quoted(w.call)}}
	} else {
		fields = []field{{"method", quoted(w.method)}, {"path", quoted(w.path)}}
	}
	return mappingOf(append(fields, w.others()...))
}

// others returns what a request has beside its method and path.
func (w *wish) others() []field {
	var fields []field
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, field{name, quoted(value)})
		}
	}
	add("host", w.host)
	add("upgrade", w.upgrade)
	add("source", w.source)
	if len(w.headers) > 0 {
		fields = append(fields, field{"headers", headersOf(w.headers)})
	}
	return fields
}

func headersOf(headers map[string][]string) string {
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := listOf(headers[name])
		if len(headers[name]) == 1 {
			value = quoted(headers[name][0])
		}
		fields = append(fields, field{quoted(name), value})
	}
	return mappingOf(fields)
}

// requestOver returns what the request has otherwise than another, "" when they are alike. Only
// headers and the source address ever differ.
func (w *wish) requestOver(base *wish) string {
	headers := !maps.EqualFunc(w.headers, base.headers, slices.Equal)
	var fields []field
	if w.source != base.source {
		fields = append(fields, field{"source", quoted(w.source)})
	}
	if headers {
		fields = append(fields, field{"headers", headersOf(w.headers)})
	}
	if len(fields) == 0 {
		return ""
	}
	return mappingOf(fields)
}

// fields returns what a person is.
func (p *person) fields() []field {
	fields := []field{{"provider", quoted(p.provider)}, {"subject", quoted(p.who())}}
	if p.client != "" {
		fields = append(fields, field{"client", quoted(p.client)})
	}
	for _, l := range p.lists() {
		if l.values != nil {
			fields = append(fields, field{l.name, listOf(l.values)})
		}
	}
	if p.acr != "" {
		fields = append(fields, field{"acr", quoted(p.acr)})
	}
	if p.authAge != nil {
		fields = append(fields, field{"authAge", age(*p.authAge)})
	}
	if p.bound != "" {
		fields = append(fields, field{"bound", quoted(p.bound)})
	}
	if p.actors != nil {
		fields = append(fields, field{"actors", actorsOf(p.actors)})
	}
	if len(p.claims) > 0 {
		fields = append(fields, field{"claims", claimsOf(p.claims)})
	}
	return fields
}

type namedList struct {
	name   string
	values []string
}

func (p *person) lists() []namedList {
	return []namedList{{"audiences", p.audiences}, {"scopes", p.scopes}, {"roles", p.roles}, {"amr", p.amr}}
}

func actorsOf(subjects []string) string {
	all := make([]string, len(subjects))
	for i, subject := range subjects {
		all[i] = mappingOf([]field{{"subject", quoted(subject)}})
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func claimsOf(claims map[string]string) string {
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		fields = append(fields, field{quoted(name), quoted(claims[name])})
	}
	return mappingOf(fields)
}

// age writes a duration without its zeros: 5m and not 5m0s.
func age(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// userOver returns how the user of a case is written in a test that has another, "" when they are
// alike. It is like that one where it has all that that one has.
func (w *writer) userOver(base, p *person) string {
	switch {
	case p == nil && base == nil:
		return ""
	case p == nil:
		return "none"
	case base == nil:
		return mappingOf(p.fields())
	}
	was, is := base.fields(), p.fields()
	if slices.Equal(was, is) {
		return ""
	}
	like := []field{{"like", w.users[mappingOf(was)]}}
	for _, f := range was {
		if !slices.ContainsFunc(is, func(g field) bool { return g.name == f.name }) {
			return mappingOf(is)
		}
	}
	for _, f := range is {
		if !slices.Contains(was, f) {
			like = append(like, f)
		}
	}
	return mappingOf(like)
}
