// Package keycloak fetches and runs a real Keycloak, and changes it by its Admin REST API.
//
// Fetch takes the distribution from Maven Central by its hash and has it built once for the
// options of Arguments (the "augmentation" of Quarkus, half a minute). A run gets a home of its
// own that links to it, with a database in memory, so nothing of a run is left for the next.
package keycloak
