// Package tap sits between Envoy and Postern and keeps every question and its answer, so that a
// test can compare what Postern was asked and what it said with what the upstream received.
package tap
