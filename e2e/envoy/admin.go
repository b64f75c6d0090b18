package envoy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Admin asks Envoy's admin interface: a method, and a path with its query ("/stats?format=json").
// A status other than 200 is an error.
func (e *Envoy) Admin(ctx context.Context, method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := e.admin.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	return string(body), nil
}

// Stat returns the value of one counter or gauge by its whole name, and 0 for one that Envoy
// has not made yet: it makes many at their first use.
func (e *Envoy) Stat(ctx context.Context, name string) (int64, error) {
	filter := url.QueryEscape("^" + regexp.QuoteMeta(name) + "$")
	body, err := e.Admin(ctx, http.MethodGet, "/stats?filter="+filter)
	if err != nil {
		return 0, err
	}
	_, value, ok := strings.Cut(strings.TrimSpace(body), ": ")
	if !ok {
		return 0, nil
	}
	return strconv.ParseInt(value, 10, 64)
}

// Listeners returns where each listener is bound, by its name: host:port, or a socket's path.
func (e *Envoy) Listeners(ctx context.Context) (map[string]string, error) {
	body, err := e.Admin(ctx, http.MethodGet, "/listeners?format=json")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Statuses []struct {
			Name  string `json:"name"`
			Local struct {
				Socket struct {
					Address string `json:"address"`
					Port    int    `json:"port_value"`
				} `json:"socket_address"`
				Pipe struct {
					Path string `json:"path"`
				} `json:"pipe"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, fmt.Errorf("listeners: %w", err)
	}
	bound := map[string]string{}
	for _, s := range answer.Statuses {
		bound[s.Name] = s.Local.Pipe.Path
		if s.Local.Pipe.Path == "" {
			bound[s.Name] = net.JoinHostPort(s.Local.Socket.Address, strconv.Itoa(s.Local.Socket.Port))
		}
	}
	return bound, nil
}
