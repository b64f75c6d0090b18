package workloadapi

import (
	"bytes"
	"context"
	"crypto/x509"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/cmd/postern-dev/authority"
)

// api is the Workload API as one socket sees it. What it does not have (WIT-SVIDs) answers
// Unimplemented.
type api struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	watch func() (*authority.Snapshot, <-chan struct{})
	name  string // "" for all workloads
}

// identities returns whom the callers of this socket are.
func (a *api) identities(snapshot *authority.Snapshot) []authority.Identity {
	if a.name == "" {
		return snapshot.Identities
	}
	for _, identity := range snapshot.Identities {
		if identity.Name == a.name {
			return []authority.Identity{identity}
		}
	}
	return nil
}

// FetchX509SVID sends the identities of the socket's callers, and again whenever they change.
func (a *api) FetchX509SVID(_ *workload.X509SVIDRequest, stream workload.SpiffeWorkloadAPI_FetchX509SVIDServer) error {
	return follow(stream.Context(), a.watch, a.x509SVIDs, stream.Send)
}

// FetchX509Bundles sends the bundles of all trust domains, and again whenever they change.
func (a *api) FetchX509Bundles(_ *workload.X509BundlesRequest, stream workload.SpiffeWorkloadAPI_FetchX509BundlesServer) error {
	return follow(stream.Context(), a.watch, x509Bundles, stream.Send)
}

func (a *api) x509SVIDs(snapshot *authority.Snapshot) (*workload.X509SVIDResponse, error) {
	identities := a.identities(snapshot)
	if len(identities) == 0 {
		return nil, status.Error(codes.PermissionDenied, "no identity issued")
	}
	response := &workload.X509SVIDResponse{FederatedBundles: map[string][]byte{}}
	own := identities[0].ID.TrustDomain()
	for _, identity := range identities {
		key, err := x509.MarshalPKCS8PrivateKey(identity.SVID.Key)
		if err != nil {
			return nil, status.Error(codes.Internal, "the private key cannot be encoded")
		}
		response.Svids = append(response.Svids, &workload.X509SVID{
			SpiffeId:    identity.ID.String(),
			X509Svid:    concatenate(identity.SVID.Certificates),
			X509SvidKey: key,
			Bundle:      concatenate(snapshot.Bundle(identity.ID.TrustDomain()).X509Authorities()),
			Hint:        identity.Name,
		})
	}
	for _, bundle := range snapshot.Bundles {
		if bundle.TrustDomain() != own {
			response.FederatedBundles[bundle.TrustDomain().IDString()] = concatenate(bundle.X509Authorities())
		}
	}
	return response, nil
}

func x509Bundles(snapshot *authority.Snapshot) (*workload.X509BundlesResponse, error) {
	response := &workload.X509BundlesResponse{Bundles: map[string][]byte{}}
	for _, bundle := range snapshot.Bundles {
		response.Bundles[bundle.TrustDomain().IDString()] = concatenate(bundle.X509Authorities())
	}
	return response, nil
}

func concatenate(certificates []*x509.Certificate) []byte {
	var der bytes.Buffer
	for _, certificate := range certificates {
		der.Write(certificate.Raw)
	}
	return der.Bytes()
}

// follow sends what view makes of each snapshot, unless it is what was sent last, until ctx ends.
func follow[T proto.Message](
	ctx context.Context,
	watch func() (*authority.Snapshot, <-chan struct{}),
	view func(*authority.Snapshot) (T, error),
	send func(T) error,
) error {
	var last T
	for first := true; ; first = false {
		snapshot, changed := watch()
		next, err := view(snapshot)
		if err != nil {
			return err
		}
		if first || !proto.Equal(last, next) {
			if err := send(next); err != nil {
				return err
			}
			last = next
		}
		select {
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-changed:
		}
	}
}
