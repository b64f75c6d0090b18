package trust_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/trust"
)

// A source pushes what it knows, whole, whenever it changed.
func Example() {
	dir, _ := os.MkdirTemp("", "trust")
	defer os.RemoveAll(dir)
	ca, _ := mint.NewCA("shop.test")
	_ = os.WriteFile(filepath.Join(dir, "shop.pem"), ca.BundlePEM(), 0o600)

	file, _ := trust.ParseFile("shop.test=" + filepath.Join(dir, "shop.pem"))
	files, _ := trust.OpenFiles([]trust.File{file}, 24*time.Hour)

	ctx, cancel := context.WithCancel(context.Background())
	err := files.Run(ctx, func(s trust.State) {
		for _, d := range s.Bundles.Domains() {
			fmt.Println(d.Name, d.Authorities, len(s.Lacks(time.Now())))
		}
		cancel()
	})
	fmt.Println(err)
	// Output:
	// shop.test 1 0
	// <nil>
}
