package files

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/identity/mint"
)

// Bundles is the name of the folder of all bundles, which no workload can have.
const Bundles = "_bundles"

// A Keeper keeps the files of every workload, below one folder:
//
//	NAME/svid.pem           the X.509-SVID
//	NAME/key.pem            its private key
//	NAME/bundle.pem         the bundle of its own trust domain
//	NAME/TRUST_DOMAIN.pem   the bundle of each trust domain
//	NAME/bundles.json       all of them, a SPIFFE trust bundle map without JWT authorities
//	_bundles/               TRUST_DOMAIN.pem and .json, and bundles.json, for who has no identity
//
// Envoy notices a changed bundle of another trust domain only through bundles.json
// (trust_bundles of its SPIFFE validator): of a Secret it watches its own trusted_ca alone.
type Keeper struct {
	folder  string
	watch   func() (*authority.Snapshot, <-chan struct{})
	written map[string]map[string][]byte // by folder
}

// NewKeeper returns a keeper that has written everything once.
func NewKeeper(folder string, a *authority.Authority) (*Keeper, error) {
	k := &Keeper{folder: folder, watch: a.Watch, written: map[string]map[string][]byte{}}
	snapshot, _ := a.Watch()
	return k, k.write(snapshot)
}

// Run writes again whatever changes, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		snapshot, changed := k.watch()
		if err := k.write(snapshot); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func (k *Keeper) write(snapshot *authority.Snapshot) error {
	bundles, documents, err := encode(snapshot)
	if err != nil {
		return err
	}
	for _, identity := range snapshot.Identities {
		contents := maps.Clone(bundles)
		contents["bundle.pem"] = bundles[identity.ID.TrustDomain().Name()+".pem"]
		contents["svid.pem"] = identity.SVID.PEM()
		contents["key.pem"] = identity.SVID.KeyPEM()
		if err := k.swap(identity.Name, contents); err != nil {
			return err
		}
	}
	maps.Copy(documents, bundles)
	return k.swap(Bundles, documents)
}

// encode returns the files that every workload has of the bundles, and those beside them for
// who has no identity.
func encode(snapshot *authority.Snapshot) (bundles, documents map[string][]byte, err error) {
	bundles, documents = map[string][]byte{}, map[string][]byte{}
	domains := map[string]json.RawMessage{}
	for _, bundle := range snapshot.Bundles {
		name := bundle.TrustDomain().Name()
		bundles[name+".pem"] = mint.CertificatePEM(bundle.X509Authorities()...)
		document, err := bundle.Marshal()
		if err != nil {
			return nil, nil, fmt.Errorf("files: bundle of %s: %w", name, err)
		}
		documents[name+".json"] = document
		// Envoy refuses the whole map for one JWT authority in it.
		if domains[name], err = spiffebundle.FromX509Bundle(bundle.X509Bundle()).Marshal(); err != nil {
			return nil, nil, fmt.Errorf("files: bundle of %s: %w", name, err)
		}
	}
	bundles["bundles.json"], err = json.Marshal(map[string]any{"trust_domains": domains})
	return bundles, documents, err
}

// swap writes only what changed, so that nobody who watches is woken for nothing.
func (k *Keeper) swap(name string, contents map[string][]byte) error {
	if maps.EqualFunc(k.written[name], contents, bytes.Equal) {
		return nil
	}
	if err := Swap(filepath.Join(k.folder, name), contents); err != nil {
		return err
	}
	k.written[name] = contents
	return nil
}
