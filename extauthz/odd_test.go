package extauthz

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// A messagePlace is a message within a check, by the numbers that lead to it, and the numbers of the
// fields that it may have here.
type messagePlace struct {
	at     []protowire.Number
	fields []protowire.Number
}

// messagePlaces are all those that a decision reads, or that Envoy sends.
func messagePlaces() map[string]messagePlace {
	return map[string]messagePlace{
		"check":       {nil, []protowire.Number{1}},
		"attributes":  {[]protowire.Number{1}, []protowire.Number{1, 2, 4, 10, 11, 12, 13}},
		"source":      {[]protowire.Number{1, 1}, []protowire.Number{1, 2, 3, 4, 5}},
		"address":     {[]protowire.Number{1, 1, 1}, []protowire.Number{1, 2, 3}},
		"socket":      {[]protowire.Number{1, 1, 1, 1}, []protowire.Number{1, 2, 3, 4, 5, 6}},
		"destination": {[]protowire.Number{1, 2}, []protowire.Number{1, 2, 3, 4, 5}},
		"own socket":  {[]protowire.Number{1, 2, 1, 1}, []protowire.Number{1, 2, 3, 4, 5, 6}},
		"request":     {[]protowire.Number{1, 4}, []protowire.Number{1, 2}},
		"time":        {[]protowire.Number{1, 4, 1}, []protowire.Number{1, 2}},
		"http":        {[]protowire.Number{1, 4, 2}, []protowire.Number{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}},
		"header_map":  {[]protowire.Number{1, 4, 2, 13}, []protowire.Number{1}},
		"header":      {[]protowire.Number{1, 4, 2, 13, 1}, []protowire.Number{1, 2, 3}},
		"session":     {[]protowire.Number{1, 12}, []protowire.Number{1}},
		"metadata":    {[]protowire.Number{1, 11}, []protowire.Number{1, 2}},
	}
}

// Fields on the wire.

func wireVarint(n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
}

func wireBytes(n protowire.Number, content string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), content)
}

func wireGroup(n protowire.Number, content string) []byte {
	out := append(protowire.AppendTag(nil, n, protowire.StartGroupType), content...)
	return protowire.AppendTag(out, n, protowire.EndGroupType)
}

// everyType is a field of this number once in each wire type, and in odd forms of each.
func everyType(n protowire.Number) map[string][]byte {
	tag := func(t protowire.Type) []byte { return protowire.AppendTag(nil, n, t) }
	length := func(size ...byte) []byte { return append(tag(protowire.BytesType), size...) }
	bits := string(tag(protowire.VarintType)) + "\x01"
	return map[string][]byte{
		"a varint":           wireVarint(n, 1),
		"a varint of 10":     wireVarint(n, 1<<64-1),
		"a longer varint":    append(tag(protowire.VarintType), 0x81, 0x80, 0x00),
		"a varint of 11":     append(tag(protowire.VarintType), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
		"a varint of 65 bit": append(tag(protowire.VarintType), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
		"32 bit":             protowire.AppendFixed32(tag(protowire.Fixed32Type), 7),
		"64 bit":             protowire.AppendFixed64(tag(protowire.Fixed64Type), 7),
		"nothing":            wireBytes(n, ""),
		"a text":             wireBytes(n, "X"),
		"not UTF-8":          wireBytes(n, "a\xff"),
		"a surrogate":        wireBytes(n, "\xed\xa0\x80"),
		"NUL":                wireBytes(n, "\x00"),
		"a message":          wireBytes(n, string(wireBytes(1, "y"))),
		"an odd message":     wireBytes(n, string(wireVarint(1000, 1))),
		"a cut message":      wireBytes(n, "\x0a\x05y"),
		"a longer length":    length(0x81, 0x00, 'X'),
		"a length beyond":    length(0x7f),
		"a length of 2 GiB":  length(0x80, 0x80, 0x80, 0x80, 0x08),
		"a length of 2^63":   length(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
		"a length of 65 bit": length(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
		"a group":            wireGroup(n, ""),
		"a group of some":    wireGroup(n, bits),
		"groups in groups":   wireGroup(n, string(wireGroup(n, string(wireGroup(2, bits))))),
		"an open group":      tag(protowire.StartGroupType),
		"an end of a group":  tag(protowire.EndGroupType),
		"another's end":      append(tag(protowire.StartGroupType), protowire.AppendTag(nil, n+1, protowire.EndGroupType)...),
		"wire type 6":        append(protowire.AppendVarint(nil, uint64(n)<<3|6), 0),
		"wire type 7":        append(protowire.AppendVarint(nil, uint64(n)<<3|7), 0),
		"a longer tag":       append(longer(protowire.AppendTag(nil, n, protowire.BytesType)), 1, 'X'),
	}
}

// longer says the same number in one byte more.
func longer(varint []byte) []byte {
	varint[len(varint)-1] |= 0x80
	return append(varint, 0)
}

// oddNumbers are those of fields that no message here has: 0, the least that takes two bytes, the
// greatest, and one more, two that are more than 32 bits.
var oddNumbers = []uint64{0, 14, 15, 16, 1000, 1<<29 - 1, 1 << 29, 1 << 32, 1<<32 + 1}

// Odd returns checks that Envoy would not send, by what is odd about them, all made from a sound one:
// each message with each field once more, in each wire type; with fields of no known number; texts that
// are none; and what only one of the two ways of decoding might forgive.
func Odd(sound []byte) map[string][]byte {
	odd := map[string][]byte{}
	for name, place := range messagePlaces() {
		for _, n := range place.fields {
			for form, field := range everyType(n) {
				odd[fmt.Sprintf("%s.%d, %s", name, n, form)] = nested(sound, place.at, field)
				odd[fmt.Sprintf("%s.%d alone, %s", name, n, form)] = only(place.at, field)
			}
		}
		for _, n := range oddNumbers {
			for typ := range uint64(8) {
				field := append(protowire.AppendVarint(nil, n<<3|typ), 1, 0, 0, 0, 0, 0, 0, 0)
				odd[fmt.Sprintf("%s, number %d of type %d", name, n, typ)] = nested(sound, place.at, field)
			}
			if 0 < n && n < 1<<29 {
				for form, field := range everyType(protowire.Number(n)) {
					odd[fmt.Sprintf("%s, unknown %d, %s", name, n, form)] = nested(sound, place.at, field)
				}
			}
		}
	}
	for name, wire := range oddHeaders(sound) {
		odd["headers, "+name] = wire
	}
	for name, field := range oddAddresses() {
		odd["address, "+name] = nested(sound, []protowire.Number{1, 1}, field)
		odd["address alone, "+name] = only([]protowire.Number{1, 1}, field)
	}
	odd["all of it twice"] = append(sound[:len(sound):len(sound)], sound...)
	odd["all of it in the wrong order"] = backwards(sound, 4)
	return odd
}

// OddSeeds are some of the Odd, one of each sort: a fuzzer reads all seeds before it begins.
func OddSeeds(sound []byte) [][]byte {
	odd := Odd(sound)
	var seeds [][]byte
	for _, name := range slices.Sorted(maps.Keys(odd)) {
		for _, sort := range []string{"http.4, ", "http, unknown 1000, ", "http, number 0 ", "header.3, ", "headers, ", "address, ", "all of it"} {
			if strings.HasPrefix(name, sort) && !strings.HasSuffix(name, "second header_map") {
				seeds = append(seeds, odd[name])
			}
		}
	}
	return seeds
}

// only is a check with nothing but a field in the message to which numbers lead.
func only(numbers []protowire.Number, field []byte) []byte {
	for i := len(numbers) - 1; i >= 0; i-- {
		field = wireBytes(numbers[i], string(field))
	}
	return field
}

// oddHeaders are checks whose headers are in both encodings, or of an odd form in one.
func oddHeaders(sound []byte) map[string][]byte {
	header := func(parts ...[]byte) []byte {
		var all strings.Builder
		for _, p := range parts {
			all.Write(p)
		}
		return wireBytes(1, all.String())
	}
	key, value, raw := wireBytes(1, "x-a"), wireBytes(2, "by value"), wireBytes(3, "by raw_value")
	path := wireBytes(1, ":path")
	odd := map[string][]byte{}
	for name, field := range map[string][]byte{
		"value alone":           header(key, value),
		"raw_value alone":       header(key, raw),
		"both values":           header(key, value, raw),
		"both, the other way":   header(raw, value, key),
		"an empty raw_value":    header(key, value, wireBytes(3, "")),
		"two of each":           header(key, wireBytes(1, "x-b"), value, wireBytes(2, "2"), raw, wireBytes(3, "3")),
		"the last raw is empty": header(key, raw, wireBytes(3, "")),
		"no key":                header(value),
		"no key, raw":           header(raw),
		"nothing":               header(),
		"a second :path":        header(path, wireBytes(3, "/admin")),
		"a key that is bytes":   header(wireBytes(1, "x\xff"), value),
		"a value that is bytes": header(key, wireBytes(2, "\xff")),
		"a raw that is bytes":   header(key, wireBytes(3, "\xff\x00")),
	} {
		odd[name] = nested(sound, []protowire.Number{1, 4, 2, 13}, field)
		odd[name+", in a second header_map"] = nested(sound, []protowire.Number{1, 4, 2}, wireBytes(13, string(field)))
	}
	for name, entry := range map[string]string{
		"a field":           string(key) + string(value),
		"the value first":   string(value) + string(key),
		"no key":            string(value),
		"no value":          string(key),
		"nothing":           "",
		"two keys":          string(key) + string(wireBytes(1, "x-b")) + string(value),
		"two values":        string(key) + string(value) + string(wireBytes(2, "2")),
		"an unknown":        string(key) + string(value) + string(wireBytes(3, "3")),
		"a group":           string(key) + string(wireGroup(3, "")) + string(value),
		"a key of bytes":    string(wireBytes(1, "\xff")) + string(value),
		"a value of bytes":  string(key) + string(wireBytes(2, "\xff")),
		"a key as a number": string(wireVarint(1, 1)) + string(value),
	} {
		joined := wireBytes(3, entry)
		http := []protowire.Number{1, 4, 2}
		odd["joined and raw, "+name] = nested(sound, http, joined)
		odd["joined, "+name] = only(http, joined)
		odd["joined twice, "+name] = only(http, append(joined, wireBytes(3, string(key)+string(wireBytes(2, "again")))...))
		odd["joined, then raw, "+name] = only(http, append(joined, wireBytes(13, string(header(key, raw)))...))
	}
	return odd
}

// oddAddresses are addresses in which the last of a oneof counts, or what is there twice is merged.
func oddAddresses() map[string][]byte {
	socket := func(parts ...[]byte) string {
		var all strings.Builder
		for _, p := range parts {
			all.Write(p)
		}
		return string(wireBytes(1, all.String()))
	}
	ip, other := wireBytes(2, "10.9.9.9"), wireBytes(2, "10.8.8.8")
	pipe, internal := string(wireBytes(2, string(wireBytes(1, "/run/x")))), string(wireBytes(3, string(wireBytes(1, "listener"))))
	odd := map[string][]byte{}
	for name, address := range map[string]string{
		"a pipe":                      pipe,
		"an internal one":             internal,
		"a pipe, then a socket":       pipe + socket(ip),
		"a socket, then a pipe":       socket(ip) + pipe,
		"a socket, then internal":     socket(ip) + internal,
		"a socket, a pipe, a socket":  socket(ip) + pipe + socket(wireVarint(3, 1)),
		"two sockets":                 socket(ip) + socket(other),
		"two sockets, one of a port":  socket(ip) + socket(wireVarint(3, 1)),
		"two addresses in one socket": socket(ip, other),
		"a named port":                socket(ip, wireBytes(4, "http")),
		"a port, then its name":       socket(ip, wireVarint(3, 1), wireBytes(4, "http")),
		"a name that is bytes":        socket(ip, wireBytes(4, "\xff")),
		"a protocol of no name":       socket(ip, wireVarint(1, 77)),
		"an address that is bytes":    socket(wireBytes(2, "\xff")),
		"an empty socket":             socket(),
	} {
		odd[name] = wireBytes(1, address)
	}
	return odd
}

// backwards is the message with its fields in the reverse order, and so in the messages within, so
// many levels deep.
func backwards(message []byte, levels int) []byte {
	var fields [][]byte
	for len(message) > 0 {
		n, typ, tag := protowire.ConsumeTag(message)
		size := protowire.ConsumeFieldValue(n, typ, message[tag:])
		field := message[:tag+size]
		if inner, _ := protowire.ConsumeBytes(message[tag:]); typ == protowire.BytesType && levels > 0 && isMessage(inner) {
			field = protowire.AppendBytes(protowire.AppendTag(nil, n, typ), backwards(inner, levels-1))
		}
		fields = append(fields, field)
		message = message[tag+size:]
	}
	var out []byte
	for i := len(fields) - 1; i >= 0; i-- {
		out = append(out, fields[i]...)
	}
	return out
}

// isMessage says that all of b reads as fields. Some texts do.
func isMessage(b []byte) bool {
	for len(b) > 0 {
		_, _, n := protowire.ConsumeField(b)
		if n < 0 {
			return false
		}
		b = b[n:]
	}
	return true
}
