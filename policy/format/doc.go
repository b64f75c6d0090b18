// Package format writes policy files in their one canonical form, with their comments.
//
// The form:
//
//   - Fields stand in the order of the reference (docs/policy.md): apiVersion, kind, metadata,
//     spec; name first in routes and rules. What the author names (groups, headers, labels) and
//     the items of lists stay in the author's order.
//   - Two spaces of indent. The dash of a list item stands in the column of the field that holds
//     the list.
//   - A list or mapping that was written in brackets stays so, on one line, if that line has at
//     most Width columns and there is no comment inside; otherwise it is written line by line.
//     What was written line by line stays so.
//   - A string is plain where YAML can read it so in that place, else in double quotes. One that
//     holds a double quote or a backslash, and no single quote, is in single quotes, so that
//     conditions stay readable. Invisible characters are escaped. Texts below | and > keep their
//     lines; the sign for their end is the one that says what the text is.
//   - Comments keep their words and their node: those above a field or item stay above it, those
//     beside it stay beside it, and both move with it. Those above the first field of a document
//     are the document's and stay first. Comments beside lines that follow one another begin in
//     one column, one space behind the longest of them that has at most 80 columns.
//   - A comment that is indented more than what follows, or clings to what is above it with a
//     blank line below, belongs to what is above.
//   - Blank lines stay, one at most in a place, but not at the beginning or end of a block, and
//     not in brackets. "---" stands between documents alone. Lines end in \n without spaces
//     before it, the last one too, but for what is part of a text below | or >.
//
// The form depends on nothing but the text, and formatting twice is formatting once. Whatever is
// written is read again first: if it did not mean the same, or if a comment were missing, it
// would be an error and not a result. The digest of a document is of its text, so it is another
// afterwards.
package format
