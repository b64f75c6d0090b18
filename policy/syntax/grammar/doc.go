// Package grammar has the words in which package syntax says what Postern's documents may hold:
// kinds of documents, objects, their fields in order, and the values behind them, each with a
// sentence for whoever writes one.
//
// The reader of package syntax goes by these tables, and syntax.Grammar returns them; so what is
// made of them (the JSON Schema for editors, the tables of fields in the documentation, the order
// in which a document is formatted) says what is read. They say less than the reader knows:
// what a string may hold beyond its pattern, and what must fit together across fields, they do
// not say.
package grammar
