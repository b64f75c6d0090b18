package envoy

import "github.com/postern/postern/deploy/envoy/tree"

// JSON returns what this package printed as JSON. The comments are lost.
func JSON(config string) (string, error) {
	root, err := tree.Parse("the configuration", []byte(config))
	if err != nil {
		return "", err
	}
	return string(root.JSON()), nil
}
