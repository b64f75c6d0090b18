package workloadapi

import (
	"context"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/postern/postern/cmd/postern-dev/authority"
)

// FetchJWTSVID signs a JWT-SVID for the audience, for each identity of the socket's callers or
// for the one that was asked for.
func (a *api) FetchJWTSVID(_ context.Context, request *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	if len(request.Audience) == 0 || slices.Contains(request.Audience, "") {
		return nil, status.Error(codes.InvalidArgument, "audience must be specified")
	}
	snapshot, _ := a.watch()
	response := &workload.JWTSVIDResponse{}
	for _, identity := range a.identities(snapshot) {
		if request.SpiffeId != "" && request.SpiffeId != identity.ID.String() {
			continue
		}
		token, err := snapshot.JWTSVID(identity.ID, request.Audience, time.Now())
		if err != nil {
			return nil, status.Error(codes.Internal, "the JWT-SVID cannot be signed")
		}
		response.Svids = append(response.Svids, &workload.JWTSVID{SpiffeId: identity.ID.String(), Svid: token, Hint: identity.Name})
	}
	if len(response.Svids) == 0 {
		return nil, status.Error(codes.PermissionDenied, "no identity issued")
	}
	return response, nil
}

// FetchJWTBundles sends the JWT authorities of all trust domains, and again whenever they change.
func (a *api) FetchJWTBundles(_ *workload.JWTBundlesRequest, stream workload.SpiffeWorkloadAPI_FetchJWTBundlesServer) error {
	return follow(stream.Context(), a.watch, jwtBundles, stream.Send)
}

// ValidateJWTSVID says whose JWT-SVID it is, if it is sound and for the audience.
func (a *api) ValidateJWTSVID(_ context.Context, request *workload.ValidateJWTSVIDRequest) (*workload.ValidateJWTSVIDResponse, error) {
	if request.Audience == "" || request.Svid == "" {
		return nil, status.Error(codes.InvalidArgument, "audience and svid must be specified")
	}
	snapshot, _ := a.watch()
	set := jwtbundle.NewSet()
	for _, bundle := range snapshot.Bundles {
		set.Add(bundle.JWTBundle())
	}
	svid, err := jwtsvid.ParseAndValidate(request.Svid, set, []string{request.Audience})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	claims, err := structpb.NewStruct(svid.Claims)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, "the claims cannot be represented")
	}
	return &workload.ValidateJWTSVIDResponse{SpiffeId: svid.ID.String(), Claims: claims}, nil
}

func jwtBundles(snapshot *authority.Snapshot) (*workload.JWTBundlesResponse, error) {
	response := &workload.JWTBundlesResponse{Bundles: map[string][]byte{}}
	for _, bundle := range snapshot.Bundles {
		set, err := bundle.JWTBundle().Marshal()
		if err != nil {
			return nil, status.Error(codes.Internal, "the JWT authorities cannot be encoded")
		}
		response.Bundles[bundle.TrustDomain().IDString()] = set
	}
	return response, nil
}
