package record

// Queued returns how many records wait in the queue.
func Queued(w *Writer) int { return len(w.queue) }
