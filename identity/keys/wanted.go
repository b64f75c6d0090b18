package keys

// maxWanted bounds how many kids are remembered. Who asks for more than these in one interval
// is not a client.
const maxWanted = 128

// wanted remembers which unknown kids were asked for, and which fetch answers.
type wanted struct {
	begun    uint64            // the number of the last fetch that began
	flying   bool              // that fetch is still under way
	answered uint64            // the number of the last good one
	asked    map[string]uint64 // by kid: the number of the last fetch that had begun when it was asked
	urgent   bool              // a fetch is asked for, for more than the kids in asked
}

// ask says whether the answer for kid is still to come. fresh says that a fetch began lately,
// so that an answer that was had is not asked for again.
func (w *wanted) ask(kid string, fresh bool) (pending bool) {
	at, known := w.asked[kid]
	switch {
	case known && w.answered <= at:
		return true
	case known && fresh:
		return false
	}
	if !known && len(w.asked) >= maxWanted {
		w.forget()
	}
	if !known && len(w.asked) >= maxWanted {
		w.urgent = true
		return true
	}
	if w.asked == nil {
		w.asked = map[string]uint64{}
	}
	w.asked[kid] = w.begun
	return true
}

// forget drops the kids whose answer was had.
func (w *wanted) forget() {
	for kid, at := range w.asked {
		if w.answered > at {
			delete(w.asked, kid)
		}
	}
}

// open says whether a fetch that has not begun is asked for.
func (w *wanted) open() bool {
	if w.urgent {
		return true
	}
	for _, at := range w.asked {
		if w.answered <= at {
			return true
		}
	}
	return false
}

// begin notes that the fetch of this number begins.
func (w *wanted) begin(number uint64) {
	w.begun = number
	w.flying = true
	w.urgent = false
}

// covered says whether the fetch that is under way answers for kid.
func (w *wanted) covered(kid string) bool {
	at, known := w.asked[kid]
	return w.flying && known && at < w.begun
}

// end notes that the last fetch is over, and whether it was good.
func (w *wanted) end(good bool) {
	w.flying = false
	if good {
		w.answered = w.begun
	}
}
