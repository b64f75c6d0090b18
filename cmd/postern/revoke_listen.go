package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/directory/revoke"
	"github.com/postern/postern/policy/syntax"
)

// A receiver is one postern revoke --listen.
type receiver struct {
	flags    *revokeFlags
	at       address
	log      *zap.Logger
	logouts  *logout.Receiver
	writer   *revoke.Writer
	subjects bool          // each logout cuts the user off, and not the session
	networks keys.Networks // issuers may be there, too
	first    chan error
	began    bool // first was sent
	unproven pace
}

// How long a provider may take to say something, and to listen.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 20 * time.Second // verifying and writing included
	idleTimeout  = 5 * time.Second  // a provider that has more to say connects again
	lastAnswers  = 5 * time.Second  // after SIGTERM
)

// receive serves until it is told to stop.
func (f *revokeFlags) receive(ctx context.Context, logs io.Writer) error {
	r := &receiver{flags: f, log: newLogger(zapcore.InfoLevel, logs), first: make(chan error, 1)}
	clients, err := r.parse()
	if err != nil {
		return err
	}
	pool := keys.NewPool(keys.Options{Report: reportKeys(r.log), Networks: r.networks})
	defer pool.Close()
	r.logouts = logout.NewReceiver(pool, clients, time.Now)
	if f.document == "" {
		f.document = documentOfProviders
	}
	r.writer = revoke.NewWriter(revoke.NewStore(f.policies), f.document, time.Now)
	ctx, stop := untilSignal(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	writing, written := context.WithCancel(context.WithoutCancel(ctx)) // what is under way is answered
	group.Go(func() error {
		r.writer.Run(writing)
		return nil
	})
	group.Go(func() error {
		return directory.NewWatcher(f.policies, f.secrets, quiet, nil).Watch(ctx, r.policiesRead)
	})
	group.Go(func() error {
		defer written()
		return r.run(ctx)
	})
	return group.Wait()
}

// parse reads the flags, and returns the clients by the names of their providers.
func (r *receiver) parse() (map[string]string, error) {
	f := r.flags
	var err error
	if r.at, err = parseAddress(f.listen); err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if r.networks, err = keys.ParseNetworks(f.issuerNetworks); err != nil {
		return nil, fmt.Errorf("--issuer-networks: %w", err)
	}
	switch {
	case (f.tlsCert == "") != (f.tlsKey == ""):
		return nil, errors.New("--tls-cert and --tls-key belong together")
	case f.tlsCert == "" && !r.at.loopback():
		return nil, fmt.Errorf("--listen: %s is not on loopback, where a logout token could be read on its way: give --tls-cert and --tls-key", f.listen)
	case f.logout != "sessions" && f.logout != "subjects":
		return nil, fmt.Errorf("--logout: %q: sessions or subjects", f.logout)
	case len(f.clients) == 0:
		return nil, errors.New("--client: name the client that a provider makes logout tokens for, as in shop-idp=shop-web")
	}
	r.subjects = f.logout == "subjects"
	clients := map[string]string{}
	for _, c := range f.clients {
		name, id, ok := strings.Cut(c, "=")
		if !ok || name == "" || id == "" || clients[name] != "" {
			return nil, fmt.Errorf("--client: %q: give PROVIDER=CLIENT_ID, each provider once", c)
		}
		clients[name] = id
	}
	return clients, nil
}

// policiesRead takes over the providers of the directory. What is wrong changes nothing.
func (r *receiver) policiesRead(content *directory.Content, err error) {
	if err == nil {
		var providers []identity.Provider
		for i := range content.Documents {
			if p := content.Documents[i].IdentityProvider; p != nil {
				providers = append(providers, *p)
			}
		}
		if err = errors.Join(r.checkClients(providers), r.checkSubjects(providers), r.checkDocument(content.Documents)); err == nil {
			err = r.logouts.Configure(providers)
		}
	} else {
		err = fmt.Errorf("--policies:\n%w", err)
	}
	switch {
	case !r.began: // the first is waited for, and where it is bad nothing was known that could go on
		r.began = true
		r.first <- err
	case err != nil:
		r.log.Error("providers: those that were known go on", zap.Strings("errors", lines(err)))
	}
}

// checkClients refuses a client of a provider that no document defines.
func (r *receiver) checkClients(providers []identity.Provider) error {
	var names []string
	for _, p := range providers {
		names = append(names, p.Name)
	}
	var errs []error
	for _, c := range r.flags.clients {
		name, _, _ := strings.Cut(c, "=")
		if slices.Contains(names, name) {
			continue
		}
		text := fmt.Sprintf("--client: no IdentityProvider is named %q", name)
		if near := syntax.Nearest(name, names); near != "" {
			text += fmt.Sprintf(": did you mean %q?", near)
		} else if len(names) > 0 {
			text += ": there is " + strings.Join(names, ", ")
		}
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}

// checkSubjects refuses to cut off by sub where that is not what users are called by.
func (r *receiver) checkSubjects(providers []identity.Provider) error {
	var errs []error
	for _, p := range providers {
		ours := slices.ContainsFunc(r.flags.clients, func(c string) bool { return strings.HasPrefix(c, p.Name+"=") })
		if r.subjects && ours && p.Claims.MapsSubject() {
			errs = append(errs, fmt.Errorf("--logout subjects: %s calls users by %s (claims.subject), and a logout token has their sub alone: take --logout sessions, and have the provider put sid into its tokens",
				p.Name, strings.Join(p.Claims.Subject, ".")))
		}
	}
	return errors.Join(errs...)
}

// checkDocument refuses to write a document that is elsewhere already: two of one name stop every sidecar
// that starts.
func (r *receiver) checkDocument(documents []syntax.Document) error {
	for _, d := range documents {
		if d.Revocation != nil && d.Name == r.flags.document && d.Position.Source != revoke.FileOf(d.Name) {
			return fmt.Errorf("--document: %s is a Revocation in %s already: name another", d.Name, d.Position.Source)
		}
	}
	return nil
}

// run serves when the providers are known.
func (r *receiver) run(ctx context.Context) error {
	select {
	case err := <-r.first:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return nil
	}
	listener, err := r.bind()
	if err != nil {
		return err
	}
	r.log.Info("listening", zap.String("for", "logouts"), zap.String("at", listener.Addr().String()), zap.String("path", logout.Path))
	return r.answer(ctx, listener)
}

// answer serves until ctx is done, and then lets what is under way finish.
func (r *receiver) answer(ctx context.Context, listener net.Listener) error {
	lates := make(chan struct{})
	go func() { r.logouts.Run(ctx, r.cutOff, r.report); close(lates) }()
	server := &http.Server{
		Handler: r.handler(), ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 16 << 10,
		ErrorLog: zap.NewStdLog(zap.NewNop()), // what strangers get wrong in a handshake is no news
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		r.log.Warn("some logouts were not answered", zap.Error(err))
	}
	<-lates
	r.log.Info("stopped")
	return server.Close()
}

// bind opens the address, behind TLS where there is a certificate.
func (r *receiver) bind() (net.Listener, error) {
	const socketMode = 0o660
	var config *tls.Config
	if r.flags.tlsCert != "" {
		pair := &certificate{cert: r.flags.tlsCert, key: r.flags.tlsKey}
		if _, err := pair.get(nil); err != nil {
			return nil, fmt.Errorf("--tls-cert: %w", err)
		}
		config = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, SessionTicketsDisabled: true}
	}
	l, err := r.at.listen(socketMode)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	l = bound(l)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// A certificate is read from its files for every handshake, so that it can be renewed there.
type certificate struct {
	cert, key string
	last      atomic.Pointer[tls.Certificate] // the last good one
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if last := c.last.Load(); last != nil {
			return last, nil // the two files are replaced one after the other
		}
		return nil, err
	}
	c.last.Store(&now)
	return &now, nil
}
