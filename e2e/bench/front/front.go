// Package front puts the real Envoy in front of the servers of the benchmark: one process with
// a listener for each of them, one that asks nobody, and one that decides by Envoy's own
// filters. Each answers by itself what was let through, so that no upstream adds to the noise.
package front

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/e2e/envoy"
)

//go:embed envoy.yaml
var configText string

// The listeners that ask no server.
const (
	Alone  = "Envoy alone"
	Native = "native filters"
)

// A Server is one that Envoy asks.
type Server struct {
	Name, Socket string
	Joined       bool     // asked with header fields as Envoy sends them by default, not raw
	Hidden       []string // header fields that it is not told
}

// A Front is a running Envoy. Close ends it.
type Front struct {
	*envoy.Envoy
	Addr map[string]string // by the name of the server, Alone or Native: host:port
}

// Start runs Envoy in front of the servers. Its error is envoy.ErrNotFound where there is none.
func Start(ctx context.Context, w *world.World, servers []Server) (*Front, error) {
	config, err := render(w, servers)
	if err != nil {
		return nil, err
	}
	e, err := envoy.Run(ctx, config, envoy.Options{})
	if err != nil {
		return nil, err
	}
	f := &Front{Envoy: e}
	if f.Addr, err = e.Listeners(ctx); err != nil {
		e.Close()
		return nil, fmt.Errorf("the listeners of Envoy: %w", err)
	}
	return f, nil
}

// A listener is what the template is made of.
type listener struct {
	Server // without a Socket it asks nobody
	Native bool
	Number int
}

func render(w *world.World, servers []Server) (string, error) {
	listeners := []listener{{Server: Server{Name: Alone}}, {Server: Server{Name: Native}, Native: true}}
	for i, s := range servers {
		listeners = append(listeners, listener{Server: s, Number: i})
	}
	t, err := template.New("envoy.yaml").Parse(configText)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, struct {
		*world.World
		Listeners                    []listener
		Caller, Issuer, Audience, Sc string
	}{w, listeners, world.Web, world.Issuer, world.Audience, world.Scope})
	return out.String(), err
}
