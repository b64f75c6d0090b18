package record

// Queued returns how many records wait to be written.
func Queued(w *Writer) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting.ends)
}
