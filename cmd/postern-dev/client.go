package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern/postern/cmd/postern-dev/rundir"
)

const (
	maxAnswer     = 64 << 10
	clientTimeout = 10 * time.Second
)

// ask sends a request to the postern-dev that runs in --dir and returns the body of a 200.
func ask(c *cobra.Command, method, path string, query url.Values) ([]byte, error) {
	dir, err := c.Flags().GetString("dir")
	if err != nil {
		return nil, err
	}
	ready, err := rundir.Find(dir)
	if err != nil {
		return nil, err
	}
	pool, err := trusted(ready.CAFile)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout:       clientTimeout,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	return send(c.Context(), client, method, ready.URL+path+"?"+query.Encode())
}

func send(ctx context.Context, client *http.Client, method, target string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return body, nil
	}
	var refusal struct {
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &refusal); err != nil || refusal.Description == "" {
		return nil, fmt.Errorf("postern-dev answered %s", response.Status)
	}
	return nil, errors.New(refusal.Description)
}

func trusted(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}
