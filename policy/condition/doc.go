// Package condition compiles and evaluates the conditions of policies: CEL expressions over
// one request, its caller and its user.
package condition
