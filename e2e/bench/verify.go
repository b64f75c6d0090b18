package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/usage"
)

// verification returns rounds that verify one signature again and again in this process, while
// nothing else goes on in it: what a token that was never seen costs at least.
func verification(alg string) (func(context.Context, time.Duration, int) (load.Round, error), error) {
	digest := sha256.Sum256([]byte("a token"))
	var verify func() bool
	switch alg {
	case "RS256":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			return nil, err
		}
		verify = func() bool { return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature) == nil }
	case "ES256":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		verify = func() bool { return ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) }
	default:
		return nil, fmt.Errorf("no verification for %s", alg)
	}
	return func(context.Context, time.Duration, int) (load.Round, error) {
		const times = 1000
		runtime.GC() // what the clients left is not its cost
		before, err1 := usage.CPU(os.Getpid())
		for range times {
			if !verify() {
				return load.Round{}, errors.New("a sound signature does not verify")
			}
		}
		after, err2 := usage.CPU(os.Getpid())
		each := (after - before) / times
		return load.Round{Answers: times, CPU: each, P50: each, P99: each, P999: each}, errors.Join(err1, err2)
	}, nil
}

// inParallel calls do for 0 to n-1 on all cores, or until ctx is done.
func inParallel(ctx context.Context, n int, do func(i int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}
