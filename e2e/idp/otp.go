package idp

import (
	"crypto/hmac"
	"crypto/sha1" // as every phone's app does: RFC 6238 section 1.2
	"encoding/binary"
	"fmt"
	"time"
)

// period is how long a one-time password lives.
const period = 30 * time.Second

// OTP returns the one-time password of six digits at a time: RFC 6238 over RFC 4226.
func OTP(secret string, at time.Time) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/int64(period/time.Second)))
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at4 := sum[len(sum)-1] & 0xf
	code := binary.BigEndian.Uint32(sum[at4:at4+4]) & 0x7fffffff
	return fmt.Sprintf("%06d", code%1_000_000)
}
