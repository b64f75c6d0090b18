package syntax

import "fmt"

// Duplicates returns a fault for each document whose kind, namespace and name one before it has
// already, as *Errors; nil when there is none.
func Duplicates(documents []Document) error {
	type key struct{ kind, namespace, name string }
	first := make(map[key]Position, len(documents))
	var faults Errors
	for i := range documents {
		d := &documents[i]
		k := key{d.Kind, d.Namespace, d.Name}
		at, repeated := first[k]
		if !repeated {
			first[k] = d.Position
			continue
		}
		name := d.Name
		if d.Namespace != "" {
			name = d.Namespace + "/" + name
		}
		faults.Add(&Error{d.Position, fmt.Sprintf("the %s %s stands at %v already", d.Kind, name, at)})
	}
	return faults.Err()
}
