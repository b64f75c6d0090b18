// Package keys keeps the public keys of issuers current: from a URL, by discovery or from a
// file.
//
// Each source has a goroutine of its own that fetches in the background, so nobody ever waits
// for a key, and an issuer that hangs, lies or is down touches nothing but its own tokens:
//
//   - A fetch has 10 s, and a body at most 256 KiB, 16 KiB of headers and no compression. No
//     redirect is followed and no proxy is used: the answer comes from the host that was named,
//     over TLS 1.2 or later, or not at all. Addresses that only cloud metadata services and
//     the local link have are refused after the name is resolved, unless Options.Networks
//     allows them.
//   - An answer with an entity tag is asked for only if it has changed (RFC 9110 section
//     13.1.2); "not modified" is a good fetch. After a failure, and when a key is missing,
//     everything is asked for. What an issuer says of caching changes no schedule.
//   - What is not a JWK Set changes nothing: the last good set serves on, for as long as the
//     provider's MaxStale allows, and then none.
//   - Two fetches of one source begin at least 30 s apart, whatever the traffic, the failures
//     and the reloads. One fetch by discovery is two requests, one after the other.
//   - A file is read every 500 ms and compared by content, so any way of replacing it is seen.
//
// A token with an unknown kid asks by Want for a fetch ahead of time. Until one that began
// after the first question for that kid succeeded, the answer is to wait; afterwards the
// kid is simply not the issuer's.
//
// A Pool shares one source among all the providers that name the same keys, and lets it live
// on across reloads for as long as any of them does.
package keys
