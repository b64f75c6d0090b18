// Package svid proves the caller: it verifies the X.509-SVID that Envoy delivers with a
// request against the bundles of the trust domains, by the X.509-SVID specification.
//
// Everything in a Presented is hostile until the certificate was verified. Envoy in its many
// modes lets through two URI SANs, a DNS SAN that says spiffe://, certificate authorities,
// expired certificates and IDs of any grammar, so nothing it concludes is taken over: its
// principal is compared with the verified ID, never used. The one exception is Asserted, for
// meshes that deliver no certificate, and a caller proven that way says so.
//
// From x-forwarded-client-cert comes nothing but intermediate certificates, which prove
// nothing by themselves. The header is read only beside a certificate and must then be the one
// that this Envoy wrote (SANITIZE_SET): a single element that begins with the certificate's
// own hash.
//
// Nothing here does I/O, waits or remembers. Where bundles come from is package trust.
package svid
