package keys

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/postern/postern/identity/jose"
)

// A discoveryOrigin is an issuer whose metadata says where its keys are: OpenID Connect
// Discovery 1.0 section 4. The metadata is read at each fetch, so that it may move.
type discoveryOrigin struct {
	issuer         string
	via            web
	metadata, keys page
}

func (o *discoveryOrigin) forget() { o.metadata, o.keys = page{}, page{} }

func (o *discoveryOrigin) fetch(ctx context.Context) ([]byte, error) {
	client, err := o.via.client()
	if err != nil {
		return nil, err
	}
	metadata, err := get(ctx, client, strings.TrimSuffix(o.issuer, "/")+"/.well-known/openid-configuration", &o.metadata)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	location, err := keysLocation(metadata, o.issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return get(ctx, client, location, &o.keys)
}

// keysLocation returns the jwks_uri of an issuer's metadata. The issuer in it has to be the
// one that was asked for, exactly (section 4.3), or one tenant could speak for another.
func keysLocation(metadata []byte, issuer string) (string, error) {
	object, err := jose.ParseObject(metadata, jose.Limits{Depth: 8, Values: 8192})
	if err != nil {
		return "", err
	}
	if object["issuer"] != issuer {
		return "", errors.New("it names another issuer")
	}
	location, ok := object["jwks_uri"].(string)
	if !ok {
		return "", errors.New("it has no jwks_uri")
	}
	if err := checkURL(location); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	return location, nil
}

// checkURL accepts https URLs with a host and without password and fragment.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("not a URL") // the error would quote it
	case u.Scheme != "https":
		return errors.New("not an https URL")
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("a URL without a host")
	case u.User != nil:
		return errors.New("a URL with a user or a password")
	case u.Fragment != "":
		return errors.New("a URL with a fragment")
	}
	return nil
}
