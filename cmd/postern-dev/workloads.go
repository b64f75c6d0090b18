package main

import (
	"path/filepath"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/files"
	"github.com/postern/postern/cmd/postern-dev/rundir"
	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/cmd/postern-dev/workloadapi"
)

// socketName is what every Workload API socket is called.
const socketName = "api.sock"

func newAuthority(s settings, kept state.Dir) (*authority.Authority, error) {
	config := authority.Config{TTL: s.svidTTL, State: kept}
	for _, name := range append([]string{s.trustDomain}, s.federate...) {
		domain, err := spiffeid.TrustDomainFromString(name)
		if err != nil {
			return nil, err
		}
		config.Domains = append(config.Domains, domain)
	}
	workloads := s.workloads
	if len(workloads) == 0 {
		home := config.Domains[0].IDString()
		workloads = []string{home + "/ns/shop/sa/web", home + "/ns/shop/sa/orders"}
	}
	for _, text := range workloads {
		w, err := authority.ParseWorkload(text)
		if err != nil {
			return nil, err
		}
		config.Workloads = append(config.Workloads, w)
	}
	return authority.New(config)
}

// socketsOf returns a socket for each workload, in its own folder, and one for all of them.
func socketsOf(dir *rundir.Dir, a *authority.Authority) []workloadapi.Socket {
	sockets := []workloadapi.Socket{{Path: dir.Path(socketName)}}
	snapshot, _ := a.Watch()
	for _, identity := range snapshot.Identities {
		sockets = append(sockets, workloadapi.Socket{Path: dir.Path(filepath.Join(identity.Name, socketName)), Workload: identity.Name})
	}
	return sockets
}

// describe says where everything is.
func describe(dir *rundir.Dir, a *authority.Authority, idp *identityProvider) rundir.Ready {
	snapshot, _ := a.Watch()
	ready := rundir.Ready{
		Issuer:      idp.issuer,
		URL:         idp.base,
		CAFile:      dir.Path(caFile),
		WorkloadAPI: "unix://" + dir.Path(socketName),
		Bundles:     map[string]string{},
	}
	for _, bundle := range snapshot.Bundles {
		name := bundle.TrustDomain().Name()
		ready.Bundles[name] = dir.Path(filepath.Join(files.Bundles, name+".pem"))
	}
	for _, identity := range snapshot.Identities {
		folder := dir.Path(identity.Name)
		ready.Workloads = append(ready.Workloads, rundir.Workload{
			Name: identity.Name, ID: identity.ID.String(), WorkloadAPI: "unix://" + filepath.Join(folder, socketName), Dir: folder,
		})
	}
	return ready
}
