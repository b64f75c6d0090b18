// Package template reads the path templates of routes.
//
// A template is a path in which a whole segment may be a variable:
//
//	/healthz                  this path alone
//	/orders/{id}              one segment, which is not empty
//	/files/{rest...}          one or more segments, of which only the last may be empty
//	/orders/                  a trailing slash is an empty last segment: another path than /orders
//	/                         one empty segment
//
// Literals are written decoded and match exactly. Templates are sets of paths: the
// intersection of two is empty or again a template, which is what lets package policy see to it
// that "the narrowest template that matches" is a question with one answer.
package template
