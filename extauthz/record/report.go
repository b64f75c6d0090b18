package record

import (
	"time"

	"go.uber.org/zap"
)

// reportEvery bounds how often failures are logged.
const reportEvery = 10 * time.Second

// A reporter tells the operator of records that are lost, loudly and not too often.
type reporter struct {
	log      *zap.Logger
	last     time.Time // of the last report
	reported Counts    // what it said
	trouble  bool      // the last report was of trouble
}

// batch reports what became of one batch: err is that of the last record that failed.
func (r *reporter) batch(c Counts, err error) {
	lost := c.Dropped != r.reported.Dropped || c.Failed != r.reported.Failed
	switch {
	case lost && time.Since(r.last) >= reportEvery:
		r.trouble, r.last = true, time.Now()
		r.log.Error("decision records were lost", r.fields(c, err)...)
		r.reported = c
	case r.trouble && err == nil && !lost:
		r.trouble = false
		r.log.Info("decision records are written again", zap.Uint64("written", c.Written))
	}
}

// end reports what was lost and not reported yet.
func (r *reporter) end(c Counts) {
	if c.Dropped != r.reported.Dropped || c.Failed != r.reported.Failed {
		r.log.Error("decision records were lost", r.fields(c, nil)...)
	}
}

// fields says how many were lost since the last report, and why.
func (r *reporter) fields(c Counts, err error) []zap.Field {
	return []zap.Field{
		zap.Uint64("failed", c.Failed-r.reported.Failed),
		zap.Uint64("dropped", c.Dropped-r.reported.Dropped),
		zap.Error(err), // adds nothing when nil
	}
}
