// Package revoke writes and lifts entries of Revocation documents.
//
// Each document is one file of the folder revocations below the policies, which holds it alone and is
// named as it is. An entry stands on lines of its own, so that one is added or taken out without
// touching another, or a comment. Several operators, and whoever writes a document by hand, may be at
// work at once:
//
//   - a Store locks the folder while it changes a file of it;
//   - it reads what is there strictly, and refuses a file that holds anything else;
//   - it writes beside the file, syncs, and renames: nobody ever reads half of one;
//   - before that it reads the new text as Postern will, and holds that exactly what was asked for has
//     changed in it, whatever the old one looked like.
//
// Where Add writes, entries that ended a day ago are taken out, and those that a new one covers, but
// only from a file that Add has made. A
// document without entries stays, for an empty one takes back what was in it at once, while a file that
// is gone can also be one that cannot be read.
package revoke
