package mesh

// Keys is the file of the issuer's keys. It is in the policy directory when a document names it:
// a JSON file that none names is an error there.
const Keys = "keys.json"

// Provider is the document of the World's issuer, its keys in a file beside it.
const Provider = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt:
    issuer: https://idp.shop.test/
    audiences: [shop-api]
    algorithms: [ES256]
    jwks: {file: ` + Keys + `}
  claims: {scopes: scope, roles: [realm_access, roles]}
`

// Policy returns the document of a ServicePolicy of Orders with these routes, YAML of a list.
func Policy(routes string) string {
	return `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [` + Orders + `]
  routes:
` + routes
}
