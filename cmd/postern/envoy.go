package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/postern/postern/deploy/envoy"
	"github.com/spf13/cobra"
)

// envoyCommand is postern envoy: it prints an Envoy configuration that is safe by construction.
func envoyCommand() *cobra.Command {
	var f envoyFlags
	c := &cobra.Command{
		Use:   "envoy",
		Short: "Print an Envoy configuration for a protected workload, or check yours",
		Long: `Prints a complete bootstrap for Envoy 1.40, hardened and with the reason for each setting
beside it: callers come in over mTLS and are checked by Postern; for each --upstream the app
gets a plain HTTP port on loopback from which its requests go out over mTLS.

With --sds Postern hands Envoy its certificate and the bundles, and everything new of them.
Otherwise --svid-dir holds svid.pem, key.pem and bundle.pem, in PEM. Printed to standard output the
configuration is one file, and Envoy reads those three once. With --write it is three files,
and Envoy follows the SVID as it rotates: whoever rotates it renames the new files into place.`,
		Example: `  postern envoy --workload spiffe://shop.test/ns/shop/sa/orders --svid-dir /run/svid \
    --upstream pay=127.0.0.1:9001,pay.shop.test:8443,spiffe://shop.test/ns/shop/sa/pay > envoy.yaml
  envoy -c envoy.yaml

  postern envoy --workload spiffe://shop.test/ns/shop/sa/orders --svid-dir /run/svid --write /etc/envoy
  postern envoy --workload spiffe://shop.test/ns/shop/sa/orders --sds unix:///run/postern/sds.sock > envoy.yaml
  postern envoy check /etc/envoy/envoy.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			return f.print(c.OutOrStdout(), o)
		},
	}
	f.register(c.Flags())
	c.MarkFlagsMutuallyExclusive("snippet", "write")
	for _, files := range []string{"svid-dir", "trust-bundle", "client-ca"} {
		c.MarkFlagsMutuallyExclusive("sds", files)
	}
	c.AddCommand(envoyCheckCommand())
	return c
}

// print writes what the flags ask for, to the directory or to out.
func (f *envoyFlags) print(out io.Writer, o envoy.Options) error {
	switch {
	case f.write != "":
		return f.writeFiles(o)
	case f.snippet:
		text, err := envoy.Snippet(o)
		return f.emit(out, text, err)
	default:
		text, err := envoy.Bootstrap(o)
		return f.emit(out, text, err)
	}
}

func (f *envoyFlags) emit(out io.Writer, text string, err error) error {
	if err == nil && f.output == "json" {
		text, err = envoy.JSON(text)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return err
}

// writeFiles puts every file in place whole: Envoy may be watching two of them. The bootstrap
// comes last, since it names the others.
func (f *envoyFlags) writeFiles(o envoy.Options) error {
	if f.output != "yaml" {
		return errors.New("--write writes YAML alone")
	}
	files, err := envoy.Files(o, f.write)
	if err != nil {
		return fmt.Errorf("--write: %w", err)
	}
	if err := os.MkdirAll(f.write, 0o755); err != nil {
		return fmt.Errorf("--write: %w", err)
	}
	for _, file := range files {
		if err := writeFile(filepath.Join(f.write, file.Name), file.Text); err != nil {
			return err
		}
	}
	return nil
}

// writeFile replaces a file that anyone may read: a configuration holds no secret.
func writeFile(name, text string) error {
	temporary := name + ".new"
	if err := os.WriteFile(temporary, []byte(text), 0o644); err != nil {
		return fmt.Errorf("--write: %w", err)
	}
	if err := os.Rename(temporary, name); err != nil {
		return fmt.Errorf("--write: %w", errors.Join(err, os.Remove(temporary)))
	}
	return nil
}
