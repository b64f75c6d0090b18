package sds

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
)

// maxDetail bounds Envoy's words, in bytes.
const maxDetail = 300

// A session is what one stream has asked for and was sent.
type session struct {
	server  *Server
	names   []string        // asked for, sorted
	sent    map[string]bool // names that the client has something of
	version string          // of the last answer
	within  []string        // the names in it
	nonce   uint64          // of the last answer; 0: none
	waiting bool            // for it to be acknowledged
}

// take reads a request: the first one, an acknowledgement, a refusal, or other names.
func (s *session) take(r *discoveryv3.DiscoveryRequest) error {
	switch {
	case r.GetTypeUrl() != "" && r.GetTypeUrl() != secretType:
		return status.Errorf(codes.InvalidArgument, "type_url %.100q is not served here: %s is", r.GetTypeUrl(), secretType)
	case len(r.GetResourceNames()) > maxNames:
		return status.Errorf(codes.InvalidArgument, "resource_names has %d names: at most %d are answered", len(r.GetResourceNames()), maxNames)
	case s.nonce == 0 && s.names == nil && r.GetVersionInfo() != "":
		for _, name := range r.GetResourceNames() {
			s.sent[name] = true // by a stream before this one
		}
	case s.nonce != 0 && r.GetResponseNonce() != strconv.FormatUint(s.nonce, 10):
		return nil // to an answer before the last: the one to the last is on its way
	}
	s.answered(r)
	names := slices.Clone(r.GetResourceNames())
	slices.Sort(names)
	s.names = slices.Compact(names)
	for name := range s.sent {
		if !slices.Contains(s.names, name) {
			delete(s.sent, name)
		}
	}
	return nil
}

// answered takes a request for the answer to what was sent, if anything was.
func (s *session) answered(r *discoveryv3.DiscoveryRequest) {
	if !s.waiting {
		return
	}
	s.waiting = false
	if r.GetErrorDetail() == nil {
		s.server.accepted(s.within)
		return
	}
	s.server.report(Refusal{Version: s.version, Names: s.within, Detail: s.detail(r.GetErrorDetail().GetMessage())})
}

// send sends what the client has not got, if there is anything and it can take it.
func (s *session) send(newest *table, stream grpc.ServerStreamingServer[discoveryv3.DiscoveryResponse]) error {
	if s.waiting {
		return nil
	}
	var list []resource
	var within []string
	var bodies []*anypb.Any
	now := s.server.config.Now()
	for _, name := range s.names {
		if r, ok := newest.find(name, s.sent[name], now); ok {
			list, within, bodies = append(list, r), append(within, name), append(bodies, r.body)
		}
	}
	next := version(list)
	if len(list) == 0 || next == s.version {
		return nil
	}
	s.nonce++
	s.version, s.within, s.waiting = next, within, true
	for _, name := range within {
		s.sent[name] = true
	}
	s.server.pushes.Add(1)
	return stream.Send(&discoveryv3.DiscoveryResponse{
		VersionInfo: s.version, Nonce: strconv.FormatUint(s.nonce, 10), TypeUrl: secretType, Resources: bodies,
	})
}

// detail cuts Envoy's words, and withholds them where they quote the key.
func (s *session) detail(text string) string {
	if strings.Contains(text, "PRIVATE KEY") || s.server.State().Identity.quotes(text) {
		return "withheld, since it quotes a private key"
	}
	if len(text) > maxDetail {
		text = text[:maxDetail]
	}
	return strings.ToValidUTF8(text, "")
}

// streamEnd is what a stream ends with when its client ended it.
func streamEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
