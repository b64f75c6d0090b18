// Package pattern matches SPIFFE IDs segment by segment.
//
// A pattern is a SPIFFE ID in which a whole path segment may be "*", which stands for any one
// segment, and whose last segment may be "**", which stands for one or more:
//
//	spiffe://shop.test/ns/shop/sa/web     this workload alone
//	spiffe://shop.test/ns/*/sa/web        in any namespace
//	spiffe://shop.test/ns/shop/**         everything in one namespace
//	spiffe://shop.test/**                 the whole trust domain
//
// The trust domain is always a literal, and there are no regular expressions: a pattern can be
// read by whoever reviews it. What is neither exact nor one of these two wildcards is refused.
package pattern
