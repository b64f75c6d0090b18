package claims

// Bytes that values take in memory: about, and rather too many. Their texts are parts of the credential's,
// which whoever keeps it counts.
const (
	sizeUser   = 1 << 10 // a User and its lists
	sizeObject = 320     // the first group of a map
	sizeMember = 48      // of a map
	sizeValue  = 48      // an element of a list, and what it refers to
)

// Size returns about how many bytes v takes in memory beside its texts, and rather too many: who keeps it
// has to know.
func (v Verified) Size() int {
	if v.user == nil {
		return 0
	}
	return sizeUser + sizeOf(v.user.Claims)
}

// sizeOf returns what a decoded value takes. The depth of claims is bounded where they are parsed.
func sizeOf(value any) int {
	n := sizeValue
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			n += sizeOf(element)
		}
	case map[string]any:
		n += sizeObject
		for _, member := range v {
			n += sizeMember + sizeOf(member)
		}
	}
	return n
}
