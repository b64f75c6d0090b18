package directory

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// A notifier tells those who wait for changes in directories that something happened there. One
// inotify instance serves all of them, since there are few for all processes of a user. Where
// notifications cannot be had it tells nothing, and polling is left.
type notifier struct {
	dir     string // absolute
	secrets string // "" for none

	mu      sync.Mutex
	waiting map[*changes]bool
	watcher *fsnotify.Watcher // nil while nobody waits, or where there is none
	done    chan struct{}     // closed when watcher tells nothing any more
}

// newNotifier returns a notifier of dir, its parent, in which dir may be replaced, and secrets, with
// every directory below that list finds.
func newNotifier(dir, secrets string) *notifier {
	n := &notifier{dir: dir, secrets: secrets, waiting: map[*changes]bool{}}
	if absolute, err := filepath.Abs(dir); err == nil {
		n.dir = absolute
	}
	return n
}

// changes is what one who waits is told, until it is closed.
type changes struct {
	seen chan struct{} // one waits there when something happened
	of   *notifier
}

// changes begins to wait. It looks anew which directories there are.
func (n *notifier) changes() *changes {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := &changes{seen: make(chan struct{}, 1), of: n}
	n.waiting[c] = true
	if n.watcher == nil {
		n.open()
	}
	if n.watcher == nil {
		return c
	}
	n.add(filepath.Dir(n.dir))
	n.addTree(n.dir)
	if n.secrets != "" {
		n.addTree(n.secrets)
	}
	return c
}

func (n *notifier) open() {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return
	}
	n.watcher, n.done = watcher, make(chan struct{})
	go n.run(watcher, n.done)
}

// add ignores a failure: polling remains.
func (n *notifier) add(dir string) { _ = n.watcher.Add(dir) }

// addTree watches dir before it looks what is in it, so that nothing comes unnoticed in between.
func (n *notifier) addTree(dir string) {
	n.add(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	for _, folder := range list(root).folders {
		n.add(filepath.Join(dir, folder.name))
	}
}

func (n *notifier) run(watcher *fsnotify.Watcher, done chan struct{}) {
	defer close(done)
	parent := filepath.Dir(n.dir)
	for {
		select {
		case event, ok := <-watcher.Events:
			if !ok {
				return
			}
			if event.Name != n.dir && filepath.Dir(event.Name) == parent {
				continue // a neighbour of the directory
			}
		case _, ok := <-watcher.Errors: // some were lost
			if !ok {
				return
			}
		}
		n.tell()
	}
}

func (n *notifier) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.waiting {
		select {
		case c.seen <- struct{}{}:
		default:
		}
	}
}

// close ends the waiting. When nobody waits any more nothing is watched.
func (c *changes) close() {
	n := c.of
	n.mu.Lock()
	delete(n.waiting, c)
	watcher, done := n.watcher, n.done
	if len(n.waiting) > 0 || watcher == nil {
		n.mu.Unlock()
		return
	}
	n.watcher = nil
	n.mu.Unlock()
	_ = watcher.Close() // nothing is left to do about an error
	<-done
}
