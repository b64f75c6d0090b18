package envoy

import (
	"embed"
	"fmt"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed templates/*.yaml
var templates embed.FS

// Bootstrap returns a complete bootstrap. Without SDS Envoy reads the SVID and the bundles once, at start.
func Bootstrap(o Options) (string, error) {
	return render(bootstrapFile, o, "")
}

// Snippet returns only the HTTP filters that ask Postern, and the cluster that Postern is.
func Snippet(o Options) (string, error) {
	return render("snippet.yaml", o, "")
}

// A File is one of several that make a configuration.
type File struct {
	Name string // in the folder that they all are in
	Text string
}

// Files returns a bootstrap, envoy.yaml, and the files of secrets that it names, for the folder
// dir, an absolute path. Envoy follows the SVID and the bundles whenever they are renamed into their
// folder. With SDS there is the bootstrap alone.
func Files(o Options, dir string) ([]File, error) {
	if err := checkPath(dir); err != nil {
		return nil, err
	}
	var names []string
	if o.SDS.IsZero() {
		names = []string{identityFile, trustFile}
	}
	if o.SDS.IsZero() && o.OptionalClients {
		names = append(names, callersFile)
	}
	var files []File
	for _, name := range append(names, bootstrapFile) {
		text, err := render(name, o, dir)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, text})
	}
	return files, nil
}

// The files of a configuration, named like their templates. The bootstrap comes last: it names
// the others.
const (
	identityFile  = "sds-identity.yaml"
	trustFile     = "sds-trust.yaml"
	callersFile   = "sds-callers.yaml"
	bootstrapFile = "envoy.yaml"
)

func render(name string, o Options, dir string) (string, error) {
	if err := o.validate(); err != nil {
		return "", err
	}
	t := template.New(name).Option("missingkey=error")
	execute := func(name string, data any) (string, error) {
		var b strings.Builder
		err := t.ExecuteTemplate(&b, name, data)
		return strings.TrimRight(b.String(), "\n"), err
	}
	t.Funcs(template.FuncMap{"include": execute, "indent": indent})
	if _, err := t.ParseFS(templates, "templates/*.yaml"); err != nil {
		return "", fmt.Errorf("envoy: template: %w", err)
	}
	out, err := execute(name, o.view(dir))
	if err != nil {
		return "", fmt.Errorf("envoy: template: %w", err)
	}
	return out + "\n", nil
}

// indent moves every line but empty ones n columns to the right.
func indent(n int, s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", n) + line
		}
	}
	return strings.Join(lines, "\n")
}

func (o Options) view(dir string) view {
	v := view{
		Workload: quote(o.Workload.String()), Admin: quote(o.Admin.path),
		Listen: o.Listen.view(), App: o.App.view(), Authz: o.Authz.view(),
		SDS: quote(o.SDS.path), OptionalClients: o.OptionalClients, WebSocket: o.WebSocket, AppProtocol: string(o.AppProtocol),
		tlsView:    o.tlsView(dir, o.domains(), o.inboundTrust(dir)),
		limitsView: o.limitsView(),
		ClientCA:   quote(o.clientCA()), ClientCADir: quote(filepath.Dir(o.clientCA())),
	}
	for _, origin := range o.CORS {
		v.CORS = append(v.CORS, quote(origin))
	}
	for _, u := range o.Upstreams {
		v.Upstreams = append(v.Upstreams, o.upstreamView(u, dir))
	}
	return v
}

func (o Options) limitsView() limitsView {
	return limitsView{
		AuthzTimeout: seconds{o.AuthzTimeout}, Timeout: seconds{o.Timeout},
		MaxStreamDuration: seconds{o.MaxStreamDuration}, MaxConnectionDuration: seconds{o.MaxConnectionDuration},
		MaxConnections: o.MaxConnections,
	}
}

// tlsView has a secret for the certificate and for trust, where these are delivered.
func (o Options) tlsView(dir string, domains []Trust, trust *secretView) tlsView {
	v := tlsView{
		SVID: quote(filepath.Join(o.SVIDDir, "svid.pem")), Key: quote(filepath.Join(o.SVIDDir, "key.pem")),
		Bundle: quote(filepath.Join(o.SVIDDir, "bundle.pem")), SVIDDir: quote(o.SVIDDir),
		TrustSecret: trust,
	}
	switch {
	case !o.SDS.IsZero(): // by its ID, so that no other of the workloads' certificates will do
		v.IdentitySecret = &secretView{Name: quote(o.Workload.String()), Timeout: "0s"}
	case dir != "":
		v.IdentitySecret = fileSecret("identity", dir, identityFile)
	}
	for _, t := range domains {
		v.Trust = append(v.Trust, trustView{quote(t.domain.Name()), quote(t.file)})
	}
	return v
}

func (o Options) upstreamView(u Upstream, dir string) upstreamView {
	v := upstreamView{
		Listener: quote("to-" + u.name), Listen: u.listen.view(),
		Address: addressView{Host: quote(u.host), Port: u.port}, Discovery: "STATIC",
		Authority: quote(u.authority()), Server: quote(u.server.String()),
		limitsView: o.limitsView(),
	}
	var own []Trust
	for _, t := range o.domains() {
		if t.domain == u.server.TrustDomain() {
			own = append(own, t)
		}
	}
	v.tlsView = o.tlsView(dir, own, o.upstreamTrust(u, dir))
	if u.named() {
		v.Discovery, v.SNI = "STRICT_DNS", quote(u.host)
	}
	return v
}

// fileSecret is a secret in a file that Envoy watches.
func fileSecret(name, dir, file string) *secretView {
	return &secretView{Name: quote(name), File: quote(filepath.Join(dir, file))}
}

// inboundTrust is the secret that callers are verified by; nil where it is not delivered.
func (o Options) inboundTrust(dir string) *secretView {
	switch {
	case !o.SDS.IsZero() && o.OptionalClients:
		return &secretView{Name: quote("CALLERS"), Timeout: "0s"}
	case !o.SDS.IsZero():
		return &secretView{Name: quote("ALL"), Timeout: "0s"}
	case dir == "":
		return nil
	case o.OptionalClients:
		return fileSecret("callers", dir, callersFile)
	}
	return fileSecret("trust", dir, trustFile)
}

// upstreamTrust is the secret that an upstream is verified by: the bundle of its own trust domain
// and no other. Envoy does not wait for a partner's for ever: until it has come, that upstream
// alone cannot be reached.
func (o Options) upstreamTrust(u Upstream, dir string) *secretView {
	switch {
	case !o.SDS.IsZero() && u.server.TrustDomain() != o.Workload.TrustDomain():
		return &secretView{Name: quote(u.server.TrustDomain().IDString()), Timeout: "1s"}
	case !o.SDS.IsZero():
		return &secretView{Name: quote(u.server.TrustDomain().IDString()), Timeout: "0s"}
	case dir == "":
		return nil
	}
	return fileSecret("trust", dir, trustFile)
}

func (a Address) view() addressView {
	if a.path != "" {
		return addressView{Path: quote(a.path)}
	}
	return addressView{Host: quote(a.ip.Addr().String()), Port: a.ip.Port()}
}
