package condition

import (
	"math"
	"strconv"
	"strings"

	"github.com/postern/postern/identity"
)

// A bound says how large a value can be. What a value does not have is 0, and a bound that
// contains itself stands for JSON of any shape.
type bound struct {
	bytes float64 // of a string
	items float64 // of a list or a map
	keys  float64 // bytes of a key of a map literal
	deep  float64 // units that it takes to compare it as a whole
	elem  *bound  // of a list, a map, or what an optional has; nil: scalars
}

// unlimited is the cost and the bound of what there is no limit for.
func unlimited() (float64, bound) {
	endless := math.Inf(1)
	return endless, bound{bytes: endless, items: endless, deep: endless}
}

// bytesPerUnit is how much of a string is compared or copied for one unit.
const bytesPerUnit = 64

// textBound is the bound of a string.
func textBound(bytes float64) bound {
	return bound{bytes: bytes, deep: 1 + bytes/bytesPerUnit}
}

// listBound is the bound of a list of at most so many elements.
func listBound(items float64, elem bound) bound {
	return bound{items: items, deep: 1 + times(items, elem.deep), elem: &elem}
}

// textsBound is the bound of a list of strings, of each and of all together.
func textsBound(items, each, together float64) bound {
	b := listBound(items, textBound(each))
	b.deep = 1 + items + together/bytesPerUnit
	return b
}

// times is a product in which nothing of something endless is nothing.
func times(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return a * b
}

// element returns the bound of what b contains.
func (b bound) element() bound {
	if b.elem == nil {
		return bound{deep: 1}
	}
	return *b.elem
}

// join returns a bound for a value that has either.
func (b bound) join(other bound) bound {
	joined := bound{max(b.bytes, other.bytes), max(b.items, other.items), max(b.keys, other.keys), max(b.deep, other.deep), b.elem}
	switch {
	case joined.elem == nil:
		joined.elem = other.elem
	case other.elem != nil && other.elem != joined.elem:
		elem := joinElements(joined.elem, other.elem)
		joined.elem = &elem
	}
	return joined
}

// joinElements joins what two containers have. JSON contains itself, and takes in the other.
func joinElements(a, b *bound) bound {
	if a.elem != a && b.elem != b {
		return a.join(*b)
	}
	json := bound{}
	for _, x := range []*bound{a, b} {
		for more := true; more; x = x.elem {
			json.bytes, json.items, json.deep = max(json.bytes, x.bytes), max(json.items, x.items), max(json.deep, x.deep)
			more = x.elem != nil && x.elem != x
		}
	}
	json.elem = &json
	return json
}

// A profile says how large the values are that a condition reads.
type profile struct {
	text       float64 // bytes of a string
	path       bound   // its segments
	caller     bound   // the segments of the caller's path
	list       bound   // one of the user's
	actors     bound   // the user's
	header     bound   // its values
	parameters bound   // the values of one in the query
	claims     bound
	likely     bool // a claim that is added to is no list
	loops      bool // loops count; if not, they cost what comes before the first element
}

// atWorst is what the largest request can have: a credential has at most 64 KiB of claims, in
// which an element of a list takes at least two bytes; a path has 8 KiB, and a SPIFFE ID 2 KiB.
func atWorst() profile {
	const token, path, id = 64 << 10, 8 << 10, maxCaller
	return profile{
		text: token, path: textsBound(MaxSegment, path, path), caller: textsBound(id/2, id, id), list: textsBound(token/2, token, token),
		actors: actorsBound(identity.MaxActors, identity.MaxText), header: textsBound(MaxValues, MaxHeader, MaxHeader), parameters: textsBound(MaxParameters, MaxQuery, MaxQuery),
		claims: claimsBound(token, token/2), loops: true,
	}
}

// asUsual is a large request of those that are made: a condition must do for it.
func asUsual() profile {
	claims := claimsBound(256, 24)
	claims.elem.deep = 4 // most are texts
	return profile{
		text: 256, path: textsBound(16, 64, 256), caller: textsBound(16, 64, 256), list: textsBound(24, 64, 512),
		actors: actorsBound(2, 64), header: textsBound(4, 256, 512), parameters: textsBound(4, 64, 128),
		claims: claims, likely: true, loops: true,
	}
}

// atLeast is the request that has nothing.
func atLeast() profile {
	none := textsBound(0, 0, 0)
	return profile{path: none, caller: none, list: none, actors: actorsBound(0, 0), header: none, parameters: none, claims: bound{deep: 1}}
}

// claimsBound is the bound of JSON in which strings have so many bytes together, and lists and
// objects so many elements.
func claimsBound(bytes, items float64) bound {
	b := bound{bytes: bytes, items: items, deep: 1 + bytes/bytesPerUnit + lookupCost*items}
	b.elem = &b
	return b
}

// variable returns the bound of a variable by its name in a compiled condition.
func (p profile) variable(name string) bound {
	switch name {
	case "user.claims":
		return p.claims
	case "user.audiences", "user.scopes", "user.roles", "user.amr":
		return p.list
	case actorsVariable:
		return p.actors
	case "request.path":
		return p.path
	case "caller.segments":
		return p.caller
	case "request.time", "user.auth_time", "source.ip":
		return bound{deep: 1}
	}
	switch {
	case strings.HasPrefix(name, segmentVariable):
		return p.path.element()
	case strings.HasPrefix(name, restVariable):
		return p.path
	}
	return textBound(p.text)
}

// units writes a cost for a person.
func units(cost float64) string {
	if cost > 1e12 {
		return "without bound"
	}
	return strconv.FormatFloat(math.Ceil(cost), 'f', 0, 64)
}
