// Package envoy prints an Envoy configuration that is safe by construction.
//
// Options say what one workload needs: where Envoy listens, where the app and Postern are, whose
// certificates it believes, and which services it calls. Bootstrap prints all of it, Snippet
// only what asks Postern, and Files a bootstrap that follows a rotating SVID together with the
// two files of secrets that it watches. What is printed is YAML with comments that say why each
// setting is there; JSON turns it into JSON.
//
// Every value is parsed before it is printed and printed between quotes, so that no flag can
// add a setting of its own. The sub-packages read instead of write:
//
//	tree    YAML or JSON of any Envoy configuration, with positions
//	check   names each setting of it that weakens Postern
//
// The generated Go types of Envoy's API are not linked: they alone would double the size of postern.
package envoy
