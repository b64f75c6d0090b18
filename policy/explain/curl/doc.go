// Package curl reads a curl command line, as documentation has it and browsers copy it, and says
// which request curl would send.
//
// The line is read as bash reads it: words in single, double and $'…' quotes, and lines that go on
// after a backslash. Nothing is run and nothing is looked up: a variable, a substitution, a file of
// headers is an error that says where it stands. What follows a | is left out.
//
// Of curl's options there are those that shape a request, and the usual ones that do not. One that
// is not known is an error, for it may have shaped the request. Credentials of -u are refused: a
// password has no place here, and no IdentityProvider reads one.
//
// A Request has what curl adds by itself: accept, and the content-type of a body. It has no
// user-agent unless the line names one, since that would be this or that version of curl.
package curl
