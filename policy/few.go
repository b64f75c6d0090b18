package policy

// maxFew is up to where a list takes the place of a map: most of what a tree holds is one or two of
// a kind, for which a map would take ten times the memory.
const maxFew = 8

// few is what a map is, for what there are mostly few of. The zero few and nil are empty.
type few[K comparable, V any] struct {
	list []pair[K, V]
	many map[K]V // nil until there are more than maxFew
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

// of returns the value of a key, the zero value when there is none.
func (f *few[K, V]) of(key K) (value V) {
	if f == nil {
		return value
	}
	if f.many != nil {
		return f.many[key]
	}
	for i := range f.list {
		if f.list[i].key == key {
			return f.list[i].value
		}
	}
	return value
}

// set gives a value to a key, in place of any that it has.
func (f *few[K, V]) set(key K, value V) {
	if f.many != nil {
		f.many[key] = value
		return
	}
	for i := range f.list {
		if f.list[i].key == key {
			f.list[i].value = value
			return
		}
	}
	if len(f.list) < maxFew {
		f.list = append(f.list, pair[K, V]{key, value})
		return
	}
	f.many = make(map[K]V, 2*maxFew)
	for _, p := range f.list {
		f.many[p.key] = p.value
	}
	f.many[key], f.list = value, nil
}

// all returns every key with its value, in any order. Nobody modifies it.
func (f *few[K, V]) all() []pair[K, V] {
	switch {
	case f == nil:
		return nil
	case f.many == nil:
		return f.list
	}
	all := make([]pair[K, V], 0, len(f.many))
	for key, value := range f.many {
		all = append(all, pair[K, V]{key, value})
	}
	return all
}
