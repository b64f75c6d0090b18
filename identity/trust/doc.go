// Package trust is where trust bundles come from, live: the SPIFFE Workload API, or files that
// are watched. It also holds the X.509-SVID of our own that the Workload API issues.
//
// A source pushes a State, whole and immutable, when something changed, and only then. What
// was good serves on while its source is gone or says something that cannot be used, for a
// bounded time: the bundles are then marked with the time at which they go stale, and whoever
// verifies with them refuses from then on. A trust domain or an authority that an update
// leaves out is gone with that update.
//
// JWT bundles, for JWT-SVIDs, come from the same places in a JWTState, by the same rules. They are
// apart: an agent without any, or a fault in one, changes no State.
//
// Nothing here logs. Every fault is in State.Problems, State.Missing or JWTState.Problems, for the receiver to be
// loud about.
package trust
