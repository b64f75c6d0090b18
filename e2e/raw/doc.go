// Package raw sends exact bytes: requests that no HTTP library would send, over HTTP/1.1 and
// HTTP/2, with or without a client certificate.
//
// HTTP1 writes what it is given and reads answers with as few opinions as it can. HTTP2 frames
// any header fields, illegal ones too, and tells an answer from a reset stream and a connection
// that went away. Both have one deadline for everything.
package raw
