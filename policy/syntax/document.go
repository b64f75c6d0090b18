package syntax

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/tree"
)

// apiVersion is the one version of the group there is.
const apiVersion = "postern.dev/v1alpha1"

// The kinds of documents that this version reads.
const (
	kindServicePolicy    = "ServicePolicy"
	kindMeshPolicy       = "MeshPolicy"
	kindIdentityProvider = "IdentityProvider"
	kindRevocation       = "Revocation"
	kindPolicyTest       = "PolicyTest"
)

// kinds is in the order in which errors name them.
var kinds = []string{kindServicePolicy, kindMeshPolicy, kindIdentityProvider, kindRevocation, kindPolicyTest}

const byKubernetes = "is written by Kubernetes: leave it out"

var documentShape = &shape{
	what:    "a document",
	fields:  []string{"apiVersion", "kind", "metadata", "spec"},
	refused: map[string]string{"status": byKubernetes},
}

var metadataShape = &shape{
	what:   "metadata",
	fields: []string{"name", "namespace", "labels", "annotations"},
	refused: map[string]string{
		"creationTimestamp": byKubernetes, "deletionTimestamp": byKubernetes, "finalizers": byKubernetes, "generation": byKubernetes,
		"managedFields": byKubernetes, "ownerReferences": byKubernetes, "resourceVersion": byKubernetes, "selfLink": byKubernetes, "uid": byKubernetes,
	},
}

// document reads one document of any kind.
func (r *reader) document(root *tree.Node) Document {
	d := Document{Position: r.position(root)}
	if r.foreign(root) {
		return d
	}
	o := r.object(root, documentShape)
	r.text(o.need("apiVersion"), nil)
	d.Kind = r.text(o.need("kind"), checkKind).Value
	r.metadata(o.need("metadata"), &d)
	spec := o.need("spec")
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
	if near := nearest(kind, kinds); near != "" {
		return message("unknown kind " + quote(kind) + `: did you mean "` + near + `"?`)
	}
	return message("unknown kind " + quote(kind) + ": the kinds are " + enumerate(kinds))
}

// message is an error that is one sentence.
type message string

func (m message) Error() string { return string(m) }

func (r *reader) metadata(n *tree.Node, d *Document) {
	o := r.object(n, metadataShape)
	d.Name = r.text(o.need("name"), checkSubdomain).Value
	r.stringMap(o.get("labels"), "labels")
	r.stringMap(o.get("annotations"), "annotations")
	namespace := o.get("namespace")
	switch {
	case o.node == nil:
	case isClusterWide(d.Kind) && namespace != nil:
		r.fail(namespace, "%s belongs to the whole cluster: leave namespace out", d.Kind)
	case d.Kind == kindServicePolicy && namespace == nil:
		r.fail(o.node, "metadata of a %s needs namespace", d.Kind)
	default:
		d.Namespace = r.text(namespace, checkLabel).Value
	}
}

func isClusterWide(kind string) bool {
	return kind == kindMeshPolicy || kind == kindIdentityProvider || kind == kindRevocation
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
