// Package image builds Postern's image with the real buildah and runs it, as a user without
// privileges and without a daemon. The tests have the build tag e2e_image, since they take
// a minute and need buildah:
//
//	make e2e-image
package image
