package directory

import (
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// changes notices that something happened in directories, until it is closed. Where notifications
// cannot be had it notices nothing, and polling is left.
type changes struct {
	seen    chan struct{} // one waits there when something happened
	watcher *fsnotify.Watcher
	done    chan struct{}
}

// notify begins to watch dir, its parent, in which dir may be replaced, and secrets, with every
// directory below that list finds.
func notify(dir, secrets string) *changes {
	c := &changes{seen: make(chan struct{}, 1), done: make(chan struct{})}
	watcher, err := fsnotify.NewWatcher()
	absolute, absErr := filepath.Abs(dir)
	if err != nil || absErr != nil {
		close(c.done)
		return c
	}
	c.watcher = watcher
	c.add(filepath.Dir(absolute))
	c.addTree(absolute)
	if secrets != "" {
		c.addTree(secrets)
	}
	go c.run(absolute)
	return c
}

// add ignores a failure: polling remains.
func (c *changes) add(dir string) { _ = c.watcher.Add(dir) }

// addTree watches dir before it looks what is in it, so that nothing comes unnoticed in between.
func (c *changes) addTree(dir string) {
	c.add(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	for _, folder := range list(root).folders {
		c.add(filepath.Join(dir, folder.name))
	}
}

func (c *changes) run(dir string) {
	defer close(c.done)
	parent := filepath.Dir(dir)
	for {
		select {
		case event, ok := <-c.watcher.Events:
			if !ok {
				return
			}
			if event.Name != dir && filepath.Dir(event.Name) == parent {
				continue // a neighbour of the directory
			}
		case _, ok := <-c.watcher.Errors: // some were lost
			if !ok {
				return
			}
		}
		select {
		case c.seen <- struct{}{}:
		default:
		}
	}
}

func (c *changes) close() {
	if c.watcher != nil {
		_ = c.watcher.Close() // nothing is left to do about an error
	}
	<-c.done
}
