package syntax

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

const byKubernetes = "is written by Kubernetes: leave it out"

var documentShape = shapeOf(grammar.Object{
	What: "a document",
	Says: "What every document has, in the shape of a Kubernetes object.",
	Fields: []grammar.Field{
		{Name: "apiVersion", Need: grammar.Required, Value: scalar(&grammar.Scalar{Enum: []string{apiVersion}}), Says: "The version of the language: `" + apiVersion + "`."},
		{Name: "kind", Need: grammar.Required, Value: scalar(&grammar.Scalar{Enum: kinds}), Says: "What the document is, and so what its `spec` says."},
		{Name: "metadata", Need: grammar.Required, Value: mapping(metadataShape), Says: "Its name, and where it belongs."},
		{Name: "spec", Need: grammar.Required, Says: "What the document says, by its kind."},
	},
}).refuses(map[string]string{"status": byKubernetes})

var metadataShape = shapeOf(grammar.Object{
	What: "metadata",
	Says: "The name of a document, and where it belongs.",
	Fields: []grammar.Field{
		{Name: "name", Need: grammar.Required, Value: scalar(subdomainText), Says: "Lower-case letters, digits, dashes and dots; unique for its kind and namespace."},
		{Name: "namespace", Value: scalar(labelText), Says: "A `ServicePolicy` has one. What belongs to the whole cluster has none."},
		{Name: "labels", Value: mapOf(noteName, scalar(noteText)), Says: "Strings, which Postern does not read."},
		{Name: "annotations", Value: mapOf(noteName, scalar(noteText)), Says: "Strings, which Postern does not read."},
	},
}).refuses(map[string]string{
	"creationTimestamp": byKubernetes, "deletionTimestamp": byKubernetes, "finalizers": byKubernetes, "generation": byKubernetes,
	"managedFields": byKubernetes, "ownerReferences": byKubernetes, "resourceVersion": byKubernetes, "selfLink": byKubernetes, "uid": byKubernetes,
})

// document reads one document of any kind.
func (r *reader) document(root *tree.Node) Document {
	d := Document{Position: r.position(root)}
	if r.foreign(root) {
		return d
	}
	o := r.object(root, documentShape)
	r.text(o.get("apiVersion"), nil)
	d.Kind = r.text(o.get("kind"), checkKind).Value
	r.metadata(o.get("metadata"), &d)
	spec := o.get("spec")
	if spec == nil {
		return d
	}
	switch d.Kind {
	case kindServicePolicy:
		d.ServicePolicy = r.servicePolicy(spec)
	case kindMeshPolicy:
		d.MeshPolicy = r.meshPolicy(spec)
	case kindIdentityProvider:
		r.identityProvider(spec, &d)
	case kindRevocation:
		d.Revocation = r.revocation(spec, &d)
	case kindPolicyTest:
		d.PolicyTest = r.policyTest(spec)
	}
	return d
}

// foreign reports a document of another API, of which nothing else is worth saying.
func (r *reader) foreign(root *tree.Node) bool {
	version := object{node: root}.get("apiVersion")
	if version == nil || version.Kind != tree.Scalar || version.Text == "" || version.Text == apiVersion {
		return false
	}
	r.fail(version, "apiVersion is %s, not %s", apiVersion, quote(version.Text))
	return true
}

// checkKind names the kind that was meant.
func checkKind(kind string) error {
	if slices.Contains(kinds, kind) {
		return nil
	}
	if near := Nearest(kind, kinds); near != "" {
		return message("unknown kind " + quote(kind) + `: did you mean "` + near + `"?`)
	}
	return message("unknown kind " + quote(kind) + ": the kinds are " + enumerate(kinds))
}

// message is an error that is one sentence.
type message string

func (m message) Error() string { return string(m) }

func (r *reader) metadata(n *tree.Node, d *Document) {
	o := r.object(n, metadataShape)
	d.Name = r.text(o.get("name"), checkSubdomain).Value
	r.stringMap(o.get("labels"), "labels")
	r.stringMap(o.get("annotations"), "annotations")
	namespace := o.get("namespace")
	switch need := namespaceOf(d.Kind); {
	case o.node == nil:
	case need == grammar.Refused && namespace != nil:
		r.fail(namespace, "%s belongs to the whole cluster: leave namespace out", d.Kind)
	case need == grammar.Required && namespace == nil:
		r.fail(o.node, "metadata of a %s needs namespace", d.Kind)
	default:
		d.Namespace = r.text(namespace, checkLabel).Value
	}
}

// stringMap checks labels and annotations as far as Kubernetes would; Postern has no use for them.
func (r *reader) stringMap(n *tree.Node, what string) {
	if n == nil {
		return
	}
	if n.Kind != tree.Mapping {
		r.fail(n, "expected %s (a mapping of strings), found %s", what, found(n))
		return
	}
	for key, value := range n.Fields() {
		if strings.TrimSpace(key.Text) == "" {
			r.fail(key, "a name in %s must not be empty", what)
		}
		if r.isString(key) {
			r.isString(value)
		}
	}
}
