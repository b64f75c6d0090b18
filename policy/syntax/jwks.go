package syntax

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

var keySources = grammar.Choice{Fields: []string{"url", "file", "discovery"}, Need: grammar.Required}

var jwksShape = shapeOf(grammar.Object{
	What: "jwks",
	Says: "Where an issuer's keys come from, and how long they serve.",
	Fields: []grammar.Field{
		{Name: "url", Value: scalar(urlText), Says: "An `https` URL of a JSON Web Key Set."},
		{Name: "file", Value: scalar(fileText), Says: "A file inside `--secrets DIR` or beside this document. It is watched."},
		{Name: "discovery", Value: scalar(trueScalar), Says: "`true`: the URL that the issuer's own document names."},
		{Name: "ca", Value: mapping(caShape), Says: "Certificates that alone are trusted for the fetch. Left out: the system's."},
		{Name: "refresh", Default: short(defaultRefresh), Value: scalar(durationScalar), Says: "How often keys are fetched; at least `" + short(leastRefresh) + "`."},
		{Name: "maxStale", Default: short(defaultMaxStale), Value: scalar(durationScalar), Says: "How long the last good keys serve when no others can be had; then 503."},
	},
	Choices: []grammar.Choice{keySources},
})

var caShape = shapeOf(grammar.Object{
	What: "ca",
	Says: "Certificates of authorities.",
	Fields: []grammar.Field{
		{Name: "file", Need: grammar.Required, Value: scalar(fileText), Says: "A file of PEM certificates inside `--secrets DIR` or beside this document."},
	},
})

// How often keys are fetched, and how long the last good ones serve.
const (
	defaultRefresh  = 5 * time.Minute
	leastRefresh    = 30 * time.Second // the budget of fetches for one issuer
	defaultMaxStale = 24 * time.Hour
	mostStale       = 30 * 24 * time.Hour
)

// keys reads where an issuer's keys come from, into k.
func (r *reader) keys(n *tree.Node, k *identity.KeySource, d *Document) {
	o := r.object(n, jwksShape)
	switch o.choose(keySources) {
	case "url":
		k.URL = r.text(o.get("url"), checkURL).Value
	case "discovery":
		r.discovery(o.get("discovery"), k)
	case "file":
		r.file(o.get("file"), &k.File, &k.Root, d)
		for _, field := range []string{"ca", "refresh"} {
			if extra := o.get(field); extra != nil {
				r.fail(extra, "%s is for keys that are fetched: a file is watched", field)
			}
		}
	}
	if ca := o.get("ca"); ca != nil {
		r.file(r.object(ca, caShape).get("file"), &k.CAFile, &k.Root, d)
	}
	k.Refresh = r.duration(o.get("refresh"), span{leastRefresh, 24 * time.Hour}, defaultRefresh)
	stale := o.get("maxStale")
	k.MaxStale = r.duration(stale, span{leastRefresh, mostStale}, defaultMaxStale)
	if stale != nil && k.MaxStale > 0 && k.MaxStale < k.Refresh {
		r.fail(stale, "maxStale is shorter than refresh: the keys would be stale between two fetches")
	}
}

func (r *reader) discovery(n *tree.Node, k *identity.KeySource) {
	value, ok := r.boolean(n)
	if ok && !value {
		r.fail(n, "discovery is true or left out")
	}
	k.Discovery = value
}

// file reads the name of a file into path, where it is replaced later, as is root: see File.
func (r *reader) file(n *tree.Node, path, root *string, d *Document) {
	if t := r.text(n, checkFile); t.Value != "" {
		*path = t.Value
		d.Files = append(d.Files, File{t, path, root})
	}
}

// checkFile takes a name below a directory, never one that leads out of it.
func checkFile(s string) error {
	switch {
	case strings.HasPrefix(s, "/"):
		return errors.New("a file is named below the directory of secrets or beside this document, not from the root")
	case strings.Contains(s, "\\"):
		return errors.New("the parts of a file's name are separated by /")
	case s == "." || !fs.ValidPath(s):
		return errors.New("a file's name has no empty parts, no . and no ..: it never leads upwards")
	}
	return nil
}

// checkIssuer takes an issuer identifier (RFC 8414 section 2).
func checkIssuer(s string) error {
	if err := checkURL(s); err != nil {
		return err
	}
	if strings.Contains(s, "?") {
		return errors.New("an issuer has no query")
	}
	return nil
}

// checkURL takes an https URL that names a host, and no user.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case strings.HasPrefix(s, "http://"):
		return errors.New("keys and issuers are trusted over https only")
	case !strings.HasPrefix(s, "https://") || err != nil || u.Hostname() == "" || strings.Contains(s, " "):
		return errors.New("this is no https URL with a host") // nor shown: it may hold a password
	case u.User != nil:
		return errors.New("a URL must not hold a user or a password")
	case strings.Contains(s, "#"):
		return errors.New("this URL must not have a fragment")
	}
	return nil
}
