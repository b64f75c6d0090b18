// Package directory loads policies from a directory and watches it.
//
// Every file below the directory whose name ends in .yaml is read. Names that begin with a dot
// are skipped, links are followed as long as they stay inside the directory: so the volume of a
// ConfigMap, whose files are links through ..data, can be used as it is, and is swapped whole.
// A *.yml, and a *.json that no document names, are errors rather than ignored: somebody took
// them for policies. Everything else (a README, an editor's backup) is ignored.
//
// A load is all or nothing: with any fault there is no content, and what changed while it was
// read is read again. See Watcher.Watch for what that is worth while files are written in place.
//
// Revocation documents are a part of a load, too, and a fault in one is a fault of it. But they do
// not wait for it: Watcher.WatchRevocations delivers them on their own, document by document.
package directory
