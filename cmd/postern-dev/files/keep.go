package files

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path/filepath"

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
//	_bundles/TRUST_DOMAIN.pem and .json, for who has no identity
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
	bundles, documents := map[string][]byte{}, map[string][]byte{}
	for _, bundle := range snapshot.Bundles {
		name := bundle.TrustDomain().Name()
		bundles[name+".pem"] = mint.CertificatePEM(bundle.X509Authorities()...)
		document, err := bundle.Marshal()
		if err != nil {
			return fmt.Errorf("files: bundle of %s: %w", name, err)
		}
		documents[name+".json"] = document
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
