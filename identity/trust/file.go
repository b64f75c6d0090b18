package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/svid"
)

// maxFile bounds a bundle file in bytes. One authority is about 1 KiB.
const maxFile = 1 << 20

// privateKey is what to do about a key where none belongs.
const privateKey = "holds a private key: a bundle is public, so remove the key, and replace it wherever it is used"

// A File is a file with the bundle of one trust domain: certificates in PEM, or a SPIFFE
// bundle (JSON; SPIFFE Trust Domain and Bundle specification, section 4).
type File struct {
	Domain spiffeid.TrustDomain
	Path   string
}

// ParseFile parses TRUST_DOMAIN=FILE, as --trust-bundle has it.
func ParseFile(flag string) (File, error) {
	name, path, ok := strings.Cut(flag, "=")
	if !ok || path == "" {
		return File{}, fmt.Errorf("%q is not TRUST_DOMAIN=FILE, such as shop.test=/etc/postern/shop.pem", flag)
	}
	domain, err := svid.ParseTrustDomain(name)
	if err != nil {
		return File{}, err
	}
	return File{Domain: domain, Path: path}, nil
}

// String is the inverse of ParseFile.
func (f File) String() string { return f.Domain.Name() + "=" + f.Path }

// read returns the content of the file, which may be at the other end of symbolic links.
func (f File) read() ([]byte, error) {
	// O_NONBLOCK: opening a named pipe would wait for a writer otherwise.
	file, err := os.OpenFile(f.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("larger than %d bytes: is it a bundle?", maxFile)
	}
	return data, nil
}

// withoutPath returns the error without the path, which whoever reports it names already.
func withoutPath(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return err
}

// parse returns the bundle in the content of the file.
func (f File) parse(data []byte) (svid.Bundle, error) {
	var authorities []*x509.Certificate
	var err error
	switch text := bytes.TrimSpace(data); {
	case len(text) == 0:
		err = errors.New("the file is empty")
	case text[0] == '{':
		authorities, err = f.parseJSON(text)
	default:
		authorities, err = parsePEM(data)
	}
	if err != nil {
		return svid.Bundle{}, err
	}
	for _, cert := range authorities {
		for _, uri := range cert.URIs {
			if uri.Scheme == "spiffe" && uri.Host != f.Domain.Name() {
				return svid.Bundle{}, fmt.Errorf("a CA of the trust domain %q: is this the bundle of another trust domain?", uri.Host)
			}
		}
	}
	bundle, err := svid.NewBundle(f.Domain, authorities)
	if err != nil {
		return svid.Bundle{}, fmt.Errorf("%w; a bundle holds the CA certificates that sign SVIDs, and nothing that they signed", err)
	}
	return bundle, nil
}

// parseJWT returns the keys in the content of the file that verify JWT-SVIDs, and false when it is
// not of a form that has any.
func (f File) parseJWT(data []byte) (bundle jwtsvid.Bundle, ok bool, err error) {
	text := bytes.TrimSpace(data)
	if len(text) == 0 || text[0] != '{' {
		return jwtsvid.Bundle{}, false, nil
	}
	bundle, err = newJWTBundle(f.Domain, text, jose.ParseSPIFFEBundle)
	return bundle, err == nil, err
}

// parsePEM returns the certificates in PEM blocks. Text between blocks is allowed, as CA files
// have comments there; what looks like a block and is none is an error, so that a file that is
// cut off does not pass for a shorter one.
func parsePEM(data []byte) ([]*x509.Certificate, error) {
	const begin, end = "-----BEGIN", "-----END"
	var certs []*x509.Certificate
	blocks := 0
	for rest := data; ; blocks++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case strings.Contains(block.Type, "PRIVATE KEY"):
			return nil, errors.New(privateKey)
		case block.Type != "CERTIFICATE" || len(block.Headers) > 0:
			return nil, fmt.Errorf("holds a PEM block %.40q: keep only bare CERTIFICATE blocks", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	switch {
	case bytes.Count(data, []byte(begin)) != blocks || bytes.Count(data, []byte(end)) != blocks:
		return nil, errors.New("holds a broken PEM block: is it cut off?")
	case blocks == 0:
		return nil, errors.New("neither PEM certificates nor a SPIFFE bundle (JSON)")
	}
	return certs, nil
}

// parseJSON returns the X.509 authorities of a SPIFFE bundle.
func (f File) parseJSON(data []byte) ([]*x509.Certificate, error) {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("not a SPIFFE bundle: %w", err)
	}
	for _, key := range set.Keys {
		if isPrivate(key) {
			return nil, errors.New(privateKey)
		}
	}
	bundle, err := spiffebundle.Parse(f.Domain, data)
	if err != nil {
		return nil, fmt.Errorf("not a SPIFFE bundle: %w", err)
	}
	if len(bundle.X509Authorities()) == 0 {
		return nil, errors.New(`the SPIFFE bundle has no key with "use": "x509-svid"`)
	}
	return bundle.X509Authorities(), nil
}

// isPrivate says that a JWK has a private or symmetric part (RFC 7518 section 6).
func isPrivate(jwk map[string]json.RawMessage) bool {
	for member := range jwk {
		// encoding/json matches names without regard to case, so this does too.
		switch strings.ToLower(member) {
		case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
			return true
		}
	}
	return false
}
