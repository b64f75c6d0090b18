package tree

// flow reads a list or a mapping in brackets, over any number of lines.
func (s *scanner) flow() (Node, *Fault) {
	if err := s.enter(); err != nil {
		return Node{}, err
	}
	defer func() { s.depth-- }()
	n, closing := s.node(List), byte(']')
	if s.peek(0) == '{' {
		n.Kind, closing = Mapping, '}'
	}
	s.at++
	fields := s.newFields()
	for first := true; ; first = false {
		done, err := s.flowNext(&n, closing, first)
		if done {
			n.Items = s.nodes.keep(fields.begin)
			return n, nil
		}
		switch {
		case err != nil:
		case n.Kind == Mapping:
			err = s.flowField(fields)
		default:
			err = s.flowItem()
		}
		if err != nil {
			return Node{}, err
		}
	}
}

// flowNext goes to the next item, over a comma unless it is the first, or behind the closing
// bracket. A comma may stand before that.
func (s *scanner) flowNext(n *Node, closing byte, first bool) (done bool, err *Fault) {
	s.flowSpace()
	if s.end() {
		return false, s.unclosed(n)
	}
	if c := s.peek(0); !first && c == ',' {
		s.at++
		s.flowSpace()
	} else if !first && c != closing {
		return false, s.notNext(n, closing)
	}
	switch {
	case s.end():
		return false, s.unclosed(n)
	case s.peek(0) == closing:
		s.at++
		return true, nil
	case s.peek(0) == ',':
		return false, s.fail("a comma with nothing before it")
	}
	return false, nil
}

// flowSpace skips spaces, line ends and comments.
func (s *scanner) flowSpace() {
	for s.blank() && !s.end() {
		s.nextLine()
	}
}

func (s *scanner) flowItem() *Fault {
	item, err := s.flowValue()
	if err != nil {
		return err
	}
	if s.skipSpaces(); s.peek(0) == ':' {
		return s.fail("a field inside a list: close the list before it, or put it in {}, or in quotes if it is one value")
	}
	return s.push(item)
}

func (s *scanner) flowField(fields *fields) *Fault {
	if c := s.peek(0); c == '[' || c == '{' {
		return s.fail("a field's name is a word, not a list or a mapping")
	}
	key, err := s.flowValue()
	if err != nil {
		return err
	}
	behind := s.at
	if s.skipSpaces(); s.peek(0) != ':' {
		advice := ""
		if s.peek(0) == '}' {
			advice = ": a value that holds {} is put in quotes"
		}
		s.at = behind
		return s.fail("expected a colon and a value behind %s%s", shorten(key.Text), advice)
	}
	if s.at-int(key.Column)+1-s.start > maxKey {
		return s.fail("a field's name has at most %d bytes", maxKey)
	}
	s.at++
	value := Node{Line: key.Line, Column: key.Column}
	s.flowSpace()
	if c := s.peek(0); !s.end() && c != ',' && c != '}' {
		if value, err = s.flowValue(); err != nil {
			return err
		}
	}
	return fields.add(key, value)
}

func (s *scanner) flowValue() (Node, *Fault) {
	switch s.peek(0) {
	case '[', '{':
		return s.flow()
	case '"', '\'':
		return s.quoted()
	}
	return s.plain(true)
}

func (s *scanner) unclosed(n *Node) *Fault {
	if n.Kind == List {
		return &Fault{int(n.Line), int(n.Column), "the [ that opens here is never closed"}
	}
	return &Fault{int(n.Line), int(n.Column), "the { that opens here is never closed"}
}

// notNext says what is wrong with what follows an item.
func (s *scanner) notNext(n *Node, closing byte) *Fault {
	what := "list"
	if n.Kind == Mapping {
		what = "mapping"
	}
	switch c := s.peek(0); {
	case int32(s.line) != n.Line:
		return s.fail("expected a comma or %q: the %s that begins in line %d is not closed", string(closing), what, n.Line)
	case c == '{' || c == '[':
		return s.fail("%q inside a value: put the value in quotes", string(c))
	}
	return s.fail("expected a comma or %q, found %s", string(closing), s.describe())
}
