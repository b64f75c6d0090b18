package logout

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/postern/postern/identity/reason"
)

// Path is where logouts are posted.
const Path = "/backchannel-logout"

const (
	maxBody    = 64 << 10
	parallel   = 8               // tokens that are verified at once
	patience   = 2 * time.Second // for one of these places, and for keys: providers wait no longer
	pause      = 50 * time.Millisecond
	retryAfter = 5 // seconds
	form       = "application/x-www-form-urlencoded"
)

// An Outcome is what came of one POST, for a log. It holds nothing secret.
type Outcome struct {
	Status int
	Logout Logout // zero unless the token was good
	Err    error  // why it is not 200
	Late   bool   // it comes after the answer, which was 503: see Run
}

// TriedAgain says that this is not the end: only keys were not there, and Run tries the logout again.
func (o Outcome) TriedAgain() bool {
	return !o.Late && o.Status == http.StatusServiceUnavailable && wantsKeys(o.Err)
}

// Handler answers the POSTs of providers (sections 2.5 and 2.8). write keeps what a token says, and
// returns when it is kept: only then the answer is 200. It is 400 for what is no good logout token,
// and 503 for what is worth sending again; where only keys were not there yet, Run tries it again as
// well. done is told each outcome. Both are called from several goroutines at once.
func (r *Receiver) Handler(write func(context.Context, Logout) error, done func(Outcome)) http.Handler {
	places := make(chan struct{}, parallel)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if q.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed, "a logout is posted")
			return
		}
		raw, err := readToken(w, q)
		if err != nil {
			answer(w, http.StatusBadRequest, err.Error())
			done(Outcome{Status: http.StatusBadRequest, Err: reason.Errorf(reason.BadRequest, "%w", err)})
			return
		}
		l, wait, err := r.await(q.Context(), places, raw)
		o := Outcome{Status: http.StatusOK, Logout: l, Err: err}
		if err == nil {
			if o.Err = write(q.Context(), l); o.Err != nil {
				r.Forget(l)
				wait = retryAfter
			}
		}
		switch {
		case o.Err == nil || errors.Is(err, errTaken):
			o.Err = nil
			w.WriteHeader(http.StatusOK)
		case err == nil || reason.Of(err).Unavailable():
			o.Status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", strconv.Itoa(max(1, wait)))
			answer(w, o.Status, "the logout cannot be taken now: send it again")
			if wantsKeys(err) {
				r.late.add(raw)
			}
		default:
			o.Status = http.StatusBadRequest
			answer(w, o.Status, "the logout token is refused: "+reason.Of(err).String())
		}
		done(o)
	})
}

// await verifies a token, and waits a while for keys that are being fetched: few providers send a
// logout again.
func (r *Receiver) await(ctx context.Context, places chan struct{}, raw string) (l Logout, wait int, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	for {
		l, wait, err = r.inPlace(ctx, places, raw)
		if !wantsKeys(err) {
			return l, wait, err
		}
		select {
		case <-ctx.Done():
			return l, wait, err
		case <-time.After(pause):
		}
	}
}

// inPlace verifies a token when there is room to.
func (r *Receiver) inPlace(ctx context.Context, places chan struct{}, raw string) (Logout, int, error) {
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
		return r.Verify(raw)
	case <-ctx.Done():
		return Logout{}, retryAfter, reason.Errorf(reason.Overloaded, "too many logouts at once")
	}
}

// readToken returns the one logout_token of a request. Other fields are not looked at, as section
// 2.5 has it.
func readToken(w http.ResponseWriter, q *http.Request) (string, error) {
	kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	switch {
	case err != nil || kind != form || len(q.Header.Values("Content-Type")) != 1:
		return "", errors.New("the content type is not " + form)
	case q.Header.Get("Content-Encoding") != "":
		return "", errors.New("the body is encoded")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil {
		return "", errors.New("the body could not be read, or has more than " + strconv.Itoa(maxBody) + " bytes")
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return "", errors.New("the body is no form") // the error would repeat a part of it
	}
	if tokens := fields["logout_token"]; len(tokens) == 1 && tokens[0] != "" {
		return tokens[0], nil
	}
	return "", errors.New("the body has not exactly one logout_token")
}

// answer refuses, as section 2.8 and RFC 6749 section 5.2 have it.
func answer(w http.ResponseWriter, status int, description string) {
	code := "invalid_request"
	if status == http.StatusServiceUnavailable {
		code = "temporarily_unavailable"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description}) // who went away needs no answer
}
