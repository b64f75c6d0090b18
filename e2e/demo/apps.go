package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// A sight is what an app was told by the sidecar, which it repeats in its answer. An app of real
// life would use it: to show alice her own orders and no others.
type sight struct {
	Service   string  `json:"service"`
	RequestID string  `json:"request_id"`
	Caller    string  `json:"caller,omitempty"`
	User      string  `json:"user,omitempty"`
	Provider  string  `json:"provider,omitempty"`
	Scopes    string  `json:"scopes,omitempty"`
	Orders    *answer `json:"orders,omitempty"` // of web: what orders answered
}

// An answer is a body of JSON, an app's or a refusal of Postern's.
type answer struct {
	sight
	Error  string `json:"error,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func see(service string, r *http.Request) sight {
	return sight{
		Service: service, RequestID: r.Header.Get("x-request-id"),
		Caller: r.Header.Get("x-postern-caller"), User: r.Header.Get("x-postern-user"),
		Provider: r.Header.Get("x-postern-provider"), Scopes: r.Header.Get("x-postern-scopes"),
	}
}

// ordersApp takes every request that reaches it: who may come is Postern's business.
func ordersApp() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if r.Method == http.MethodPost {
			status = http.StatusCreated
		}
		reply(w, status, see("orders", r))
	})
}

// webApp asks orders, at the address of its Envoy's listener, about everything below /account. It
// passes the person's token on, as it came.
func webApp(orders string) http.Handler {
	client := &http.Client{Timeout: 10 * time.Second}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, see("web", r)) })
	mux.HandleFunc("/account/", func(w http.ResponseWriter, r *http.Request) {
		target := orders + strings.TrimPrefix(r.URL.EscapedPath(), "/account")
		out, err := http.NewRequestWithContext(r.Context(), r.Method, target, nil)
		if err != nil {
			reply(w, http.StatusBadRequest, see("web", r))
			return
		}
		out.Header["Authorization"] = r.Header["Authorization"]
		status, body, err := fetch(client, out)
		if err != nil {
			status = http.StatusBadGateway
		}
		mine := see("web", r)
		mine.Orders = &body
		reply(w, status, mine)
	})
	return mux
}

// fetch sends a request and reads the JSON of its answer.
func fetch(client *http.Client, request *http.Request) (status int, body answer, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return 0, answer{}, err
	}
	_ = json.Unmarshal(text, &body) // Envoy's own refusals are no JSON; the status says enough
	return response.StatusCode, body, nil
}

func reply(w http.ResponseWriter, status int, body sight) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
