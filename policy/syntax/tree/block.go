package tree

// block reads the value at the scanner's place, which is the first of its line or stands behind
// "- ". parent is the column of the block around it, -1 at the root. The scanner is left at the
// next content, at the beginning of a line.
func (s *scanner) block(parent int) (Node, *Fault) {
	if err := s.enter(); err != nil {
		return Node{}, err
	}
	defer func() { s.depth-- }()
	if s.dash() {
		return s.blockList()
	}
	key, ok, err := s.key()
	if err != nil {
		return Node{}, err
	}
	if ok {
		return s.blockMapping(key)
	}
	return s.inline(parent)
}

// dash says whether a list item begins here.
func (s *scanner) dash() bool {
	return !s.end() && s.peek(0) == '-' && (s.peek(1) == ' ' || s.peek(1) == '\n')
}

// blockList reads items of one column, each behind a dash.
func (s *scanner) blockList() (Node, *Fault) {
	list, column, top := s.node(List), s.column(), s.nodes.top()
	for s.dash() && s.column() == column {
		item, err := s.blockItem(column)
		if err != nil {
			return Node{}, err
		}
		if err = s.push(item); err != nil {
			return Node{}, err
		}
	}
	if !s.end() && s.column() > column {
		return Node{}, s.fail("this is indented more than the list items above, and belongs to none of them")
	}
	list.Items = s.nodes.keep(top)
	return list, nil
}

func (s *scanner) blockItem(column int) (Node, *Fault) {
	item := s.node(Nothing)
	s.at++
	if !s.blank() {
		return s.block(column)
	}
	s.nextLine()
	if s.skipLines(); !s.end() && s.column() > column {
		return s.block(column)
	}
	return item, nil
}

// blockMapping reads fields of one column. Its first key is read already.
func (s *scanner) blockMapping(key Node) (Node, *Fault) {
	mapping, column := Node{Kind: Mapping, Line: key.Line, Column: key.Column}, int(key.Column)-1
	fields := s.newFields()
	for {
		value, err := s.blockValue(column, key)
		if err != nil {
			return Node{}, err
		}
		if err = fields.add(key, value); err != nil {
			return Node{}, err
		}
		if s.end() || s.column() < column {
			mapping.Items = s.nodes.keep(fields.begin)
			return mapping, nil
		}
		var ok bool
		if key, ok, err = s.nextKey(column); !ok {
			return Node{}, err
		}
	}
}

// nextKey reads the key of one more field, or says what stands there instead.
func (s *scanner) nextKey(column int) (Node, bool, *Fault) {
	switch {
	case s.column() > column:
		return Node{}, false, s.deeper()
	case s.dash():
		return Node{}, false, s.fail("a list item among the fields of a mapping")
	}
	key, ok, err := s.key()
	if err == nil && !ok {
		n := s.node(Scalar)
		n.Text = s.restOfLine()
		err = notField(&n)
	}
	return key, ok, err
}

// deeper says why a line cannot be indented more than the field above it, which has its value.
func (s *scanner) deeper() *Fault {
	err := s.fail("this is indented more than the field above, which has its value already")
	if _, ok, _ := s.key(); !ok && !s.dash() {
		err.Message += ": a value of several lines begins with | and a new line"
	}
	return err
}

// blockValue reads what stands behind a field's colon, or below it. A list may stand in the
// field's own column.
func (s *scanner) blockValue(column int, key Node) (Node, *Fault) {
	if !s.blank() {
		if s.dash() {
			return Node{}, s.fail("a list begins on the line below its field")
		}
		return s.inline(column)
	}
	s.nextLine()
	s.skipLines()
	switch {
	case !s.end() && (s.column() > column || s.column() == column && s.dash()):
		return s.block(column)
	default:
		return Node{Line: key.Line, Column: key.Column}, nil
	}
}

// inline reads a value that begins on this line and is neither a block list nor a mapping.
func (s *scanner) inline(parent int) (Node, *Fault) {
	var n Node
	var err *Fault
	switch s.peek(0) {
	case '|', '>':
		return s.blockScalar(parent)
	case '[', '{':
		n, err = s.flow()
	case '"', '\'':
		n, err = s.quoted()
	default:
		n, err = s.plain(false)
	}
	if err != nil {
		return Node{}, err
	}
	if s.peek(0) == ':' {
		return Node{}, s.fail("a second colon on one line: put a value that holds \": \" in quotes")
	}
	if n.Quoted && !s.blank() {
		return Node{}, s.fail("the quotes end before this, and the value with them: put all of it in quotes of the other kind, or below a |")
	}
	return n, s.finishLine()
}
