package syntax

// manySeen is where an index begins to be faster than a search.
const manySeen = 16

// seen finds what stands somewhere twice. A nil one is for a single thing.
type seen struct {
	list  []Text
	index map[string]int
}

func newSeen(size int) *seen {
	switch {
	case size < 2:
		return nil
	case size > manySeen:
		return &seen{index: make(map[string]int, size)}
	}
	return &seen{list: make([]Text, 0, size)}
}

// add returns the line of an equal one that was added before, or 0. An empty one is not added.
func (s *seen) add(t Text) int {
	if s == nil || t.Value == "" {
		return 0
	}
	if s.index != nil {
		line := s.index[t.Value]
		if line == 0 {
			s.index[t.Value] = t.Position.Line
		}
		return line
	}
	for _, other := range s.list {
		if other.Value == t.Value {
			return other.Position.Line
		}
	}
	s.list = append(s.list, t)
	return 0
}
