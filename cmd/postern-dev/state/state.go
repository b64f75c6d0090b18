// Package state keeps CAs and signing keys of postern-dev in a directory, so that a restart
// changes nothing for whoever trusts them. What a key signed before it was rotated away is
// not remembered.
package state

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern/postern/identity/mint"
)

// A Dir is a directory that only this user can read. The zero Dir keeps nothing.
type Dir struct {
	path string
}

// Open returns the directory at path, which is made with mode 0700 if it is not there. One that
// others can read is refused. With "" nothing is kept.
func Open(path string) (Dir, error) {
	if path == "" {
		return Dir{}, nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Dir{}, fmt.Errorf("state: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return Dir{}, fmt.Errorf("state: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Dir{}, fmt.Errorf("state: %s holds private keys and must be yours alone: chmod 700 %s", path, path)
	}
	return Dir{path: path}, nil
}

// CA returns the CA kept under name, or a new one by NewCA where there is none. One that has
// expired is an error.
func (d Dir) CA(name, trustDomain string, options ...mint.Option) (*mint.CA, error) {
	data, err := d.read(name + ".ca.pem")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return d.NewCA(name, trustDomain, options...)
	}
	ca, err := mint.LoadCA(trustDomain, data, data, options...)
	if err != nil {
		return nil, fmt.Errorf("state: %s: %w", d.file(name+".ca.pem"), err)
	}
	if end := ca.Certificate().NotAfter; time.Now().After(end) {
		return nil, fmt.Errorf("state: %s expired on %s; remove it to get a new one", d.file(name+".ca.pem"), end.Format(time.DateOnly))
	}
	return ca, nil
}

// NewCA returns a new CA, which is kept under name from now on.
func (d Dir) NewCA(name, trustDomain string, options ...mint.Option) (*mint.CA, error) {
	ca, err := mint.NewCA(trustDomain, options...)
	if err != nil {
		return nil, err
	}
	key, err := ca.KeyPEM()
	if err != nil {
		return nil, err
	}
	return ca, d.write(name+".ca.pem", append(mint.CertificatePEM(ca.Certificate()), key...))
}

// Key returns the signing key for alg kept under name, or a new one by NewKey where there is
// none.
func (d Dir) Key(name, alg string) (*mint.Key, error) {
	data, err := d.read(keyFile(name, alg))
	if err != nil {
		return nil, err
	}
	if data == nil {
		return d.NewKey(name, alg)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("state: %s holds no PEM", d.file(keyFile(name, alg)))
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("state: %s: %w", d.file(keyFile(name, alg)), err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("state: %s holds no signing key", d.file(keyFile(name, alg)))
	}
	return named(alg, signer)
}

// NewKey returns a new signing key, which is kept under name from now on. Its ID comes from
// the public key, so no two keys share one.
func (d Dir) NewKey(name, alg string) (*mint.Key, error) {
	key, err := mint.NewKey(alg, "")
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.Private())
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if err := d.write(keyFile(name, alg), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, err
	}
	return named(alg, key.Private())
}

func keyFile(name, alg string) string { return name + "." + strings.ToLower(alg) + ".pem" }

// kidBytes makes a kid of 16 characters.
const kidBytes = 12

func named(alg string, private crypto.Signer) (*mint.Key, error) {
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	hash := sha256.Sum256(der)
	return mint.KeyOf(alg, base64.RawURLEncoding.EncodeToString(hash[:kidBytes]), private)
}

func (d Dir) file(name string) string { return filepath.Join(d.path, name) }

// read returns nil for what is not there.
func (d Dir) read(name string) ([]byte, error) {
	if d.path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(d.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return data, nil
}

func (d Dir) write(name string, data []byte) error {
	if d.path == "" {
		return nil
	}
	temporary, err := os.CreateTemp(d.path, "."+name) // mode 0600
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), d.file(name))
	}
	if err != nil {
		return fmt.Errorf("state: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}
