package logout

import (
	"context"
	"net/http"
	"time"

	"github.com/postern/postern/identity/reason"
)

// A late logout is one whose keys were not there in time: its provider was told to send it again, and
// few do. So it is tried again here, for as long as its keys may come.
const (
	maxLate   = 64               // that wait at once; of more, none is tried again
	lateFor   = 90 * time.Second // twice as long as a fetch of keys can be put off, and some
	latePause = time.Second / 4
)

// wantsKeys says that a token may be good once there are other keys.
func wantsKeys(err error) bool {
	code := reason.Of(err)
	return code == reason.KeysPending || code == reason.KeysUnavailable
}

// later tries a token again until its keys are there, ctx ends or the time is up. It returns at once.
func (r *Receiver) later(ctx context.Context, raw string, write func(context.Context, Logout) error, done func(Outcome)) {
	select {
	case r.late <- struct{}{}:
	default:
		return // the provider was told that it is not taken
	}
	go func() {
		defer func() { <-r.late }()
		ctx, cancel := context.WithTimeout(ctx, lateFor)
		defer cancel()
		tick := time.NewTicker(latePause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			l, _, err := r.Verify(raw)
			if wantsKeys(err) {
				continue
			}
			if err == nil {
				if err = write(ctx, l); err != nil {
					r.Forget(l)
				}
			}
			o := Outcome{Status: http.StatusOK, Logout: l, Err: err, Late: true}
			switch {
			case err != nil && l.ID != "":
				o.Status = http.StatusServiceUnavailable
			case err != nil:
				o.Status = http.StatusBadRequest
			}
			done(o)
			return
		}
	}()
}
