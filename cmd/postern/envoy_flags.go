package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern/postern/deploy/envoy"
	"github.com/spf13/pflag"
)

// envoyFlags are those of postern envoy, as they were written.
type envoyFlags struct {
	workload, listen, app, authz, sds               string
	svidDir, admin                                  string
	trust, upstreams, cors                          []string
	clients, clientCA, protocol, output, write      string
	websocket, snippet                              bool
	authzTimeout, timeout, maxStream, maxConnection time.Duration
	maxConnections                                  int
}

func (f *envoyFlags) register(flags *pflag.FlagSet) {
	d := envoy.Defaults()
	flags.StringVar(&f.workload, "workload", "", "SPIFFE ID of the workload to protect")
	flags.StringVar(&f.listen, "listen", "0.0.0.0:8443", "where callers come in: an IP address and a port")
	flags.StringVar(&f.app, "app", "127.0.0.1:8080", "where the app is: a loopback address or unix:/path")
	flags.StringVar(&f.authz, "authz", "unix:///run/postern/authz.sock", "where Postern is: its --listen")
	flags.StringVar(&f.sds, "sds", "off", "where Postern hands out certificates and bundles: off, or its --sds; then there are no files")
	flags.StringVar(&f.svidDir, "svid-dir", "/run/postern/svid", "directory with svid.pem, key.pem and bundle.pem")
	flags.StringArrayVar(&f.trust, "trust-bundle", nil, "TRUST_DOMAIN=FILE of a federated trust domain, PEM (repeatable)")
	flags.StringArrayVar(&f.upstreams, "upstream", nil, "NAME=LISTEN,HOST:PORT,SPIFFE_ID of a service that the app calls (repeatable)")
	flags.StringVar(&f.clients, "client-certificates", "required", "required, or optional where browsers, webhooks or kubelets call")
	flags.StringVar(&f.clientCA, "client-ca", "", "where they are optional and there are --trust-bundle: one PEM file with the authorities of all trust domains")
	flags.StringVar(&f.protocol, "app-protocol", string(d.AppProtocol), "what the app speaks: http1, http2 (gRPC), or downstream, what each caller speaks")
	flags.BoolVar(&f.websocket, "websocket", false, "allow WebSocket upgrades, which routes of a policy grant")
	flags.StringArrayVar(&f.cors, "cors", nil, "origin whose pages may call, such as https://app.shop.test (repeatable)")
	flags.StringVar(&f.admin, "admin", "off", "Envoy's admin interface: off, or unix:/path for its owner alone")
	flags.DurationVar(&f.authzTimeout, "authz-timeout", d.AuthzTimeout, "how long Postern has to answer")
	flags.DurationVar(&f.timeout, "timeout", d.Timeout, "how long an answer may take; 0 for services that stream")
	flags.DurationVar(&f.maxStream, "max-stream-duration", d.MaxStreamDuration, "how long a request or stream may last; it is checked once, at its start")
	flags.DurationVar(&f.maxConnection, "max-connection-duration", d.MaxConnectionDuration, "how long a connection is used; below half the life of an SVID")
	flags.IntVar(&f.maxConnections, "max-connections", d.MaxConnections, "how many connections are open at once")
	flags.BoolVar(&f.snippet, "snippet", false, "print only the HTTP filters and the cluster that ask Postern")
	flags.StringVar(&f.write, "write", "", "write envoy.yaml and its secrets into this directory, for SVIDs that rotate")
	flags.StringVar(&f.output, "output", "yaml", "yaml or json")
}

// options parses the flags. Everything that is wrong with them is reported together.
func (f *envoyFlags) options() (envoy.Options, error) {
	p := flagParser{}
	o := envoy.Defaults()
	parse(&p, "workload", f.workload, envoy.ParseWorkload, &o.Workload)
	parse(&p, "listen", f.listen, envoy.ParseAddress, &o.Listen)
	parse(&p, "app", f.app, envoy.ParseAddress, &o.App)
	parse(&p, "authz", f.authz, envoy.ParseAddress, &o.Authz)
	if f.admin != "off" {
		parse(&p, "admin", f.admin, envoy.ParseAddress, &o.Admin)
	}
	if f.sds != "off" {
		parse(&p, "sds", f.sds, envoy.ParseAddress, &o.SDS)
	}
	parseAll(&p, "trust-bundle", f.trust, envoy.ParseTrust, &o.Trust)
	parseAll(&p, "upstream", f.upstreams, envoy.ParseUpstream, &o.Upstreams)
	var err error
	o.OptionalClients, err = optionalClients(f.clients)
	p.add(err)
	p.add(oneOf("output", f.output, "yaml", "json"))
	for _, path := range []*string{&f.svidDir, &f.write, &f.clientCA} {
		p.add(absolute(path))
	}
	if f.sds == "off" {
		o.SVIDDir = f.svidDir
	}
	o.ClientCA = f.clientCA
	o.AppProtocol, o.WebSocket, o.CORS = envoy.Protocol(f.protocol), f.websocket, f.cors
	o.AuthzTimeout, o.Timeout = f.authzTimeout, f.timeout
	o.MaxStreamDuration, o.MaxConnectionDuration, o.MaxConnections = f.maxStream, f.maxConnection, f.maxConnections
	return o, errors.Join(p.errs...)
}

// absolute makes a path absolute: Envoy may be started anywhere.
func absolute(path *string) (err error) {
	if *path != "" {
		*path, err = filepath.Abs(*path)
	}
	return err
}

// A flagParser collects what is wrong.
type flagParser struct{ errs []error }

func (p *flagParser) add(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

func parse[T any](p *flagParser, name, text string, read func(string) (T, error), into *T) {
	if text == "" {
		p.add(fmt.Errorf("--%s is missing", name))
		return
	}
	value, err := read(text)
	if err != nil {
		p.add(fmt.Errorf("--%s: %w", name, err))
		return
	}
	*into = value
}

func parseAll[T any](p *flagParser, name string, texts []string, read func(string) (T, error), into *[]T) {
	for _, text := range texts {
		var value T
		parse(p, name, text, read, &value)
		*into = append(*into, value)
	}
}

func optionalClients(s string) (bool, error) {
	return s == "optional", oneOf("client-certificates", s, "required", "optional")
}

func oneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	last := len(allowed) - 1
	choice := allowed[last]
	if last > 0 {
		choice = strings.Join(allowed[:last], ", ") + " or " + choice
	}
	return fmt.Errorf("--%s is %s, not %q", flag, choice, value)
}
