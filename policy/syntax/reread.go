package syntax

import (
	"slices"
	"sync"
)

// WithoutSpecs returns documents that Parse returned without what they say, to be remembered, and false
// where one of them is no ServicePolicy. See Reread.
func WithoutSpecs(documents []Document) ([]Document, bool) {
	all := slices.Clone(documents)
	for i := range all {
		if all[i].ServicePolicy == nil || len(all[i].Files) > 0 {
			return nil, false
		}
		all[i].ServicePolicy = nil
	}
	return all, true
}

// Reread returns what WithoutSpecs did, for the very name and text that Parse was given. What a document
// says is read when somebody asks for it.
func Reread(name string, text []byte, remembered []Document) []Document {
	parsed := sync.OnceValue(func() []Document {
		documents, err := Parse(name, text)
		if err != nil || len(documents) != len(remembered) {
			return make([]Document, len(remembered)) // it is another text: nobody takes these for policies
		}
		return documents
	})
	all := slices.Clone(remembered)
	for i := range all {
		all[i].Reread = func() *ServicePolicy { return parsed()[i].ServicePolicy }
	}
	return all
}
