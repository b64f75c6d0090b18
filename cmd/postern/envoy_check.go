package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/deploy/envoy/tree"
	"github.com/postern/postern/policy/directory"
	"github.com/spf13/cobra"
)

// envoyCheckCommand is postern envoy check: it names what weakens Postern in a configuration.
func envoyCheckCommand() *cobra.Command {
	var policies, secrets, clients, output string
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Name every setting of an Envoy configuration that weakens Postern",
		Long: `Reads a bootstrap or the answer of Envoy's /config_dump, as YAML or JSON, from FILE or, with -,
from standard input. For every setting that weakens Postern it prints where it stands, what it
permits and what to write instead. It ends with 0 when there is none, with 1 when there is one,
and with 2 when the file could not be read.

Where listeners, routes or filters are delivered to Envoy (xDS), the bootstrap does not show
them, and the finding not-seen says so: check the config_dump of the running Envoy.`,
		Example: `  postern envoy check envoy.yaml
  curl -s --unix-socket /run/envoy/admin.sock http://envoy/config_dump | postern envoy check -
  postern envoy check envoy.yaml --policies policies/`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := checkOptions(policies, secrets, clients)
			if err == nil {
				err = oneOf("output", output, "text", "json")
			}
			if err != nil {
				return err
			}
			name, text, err := readConfig(args[0], c.InOrStdin())
			if err != nil {
				return err
			}
			config, err := check.Read(name, text)
			if err != nil {
				return err
			}
			return printFindings(c.OutOrStdout(), check.Run(config, o), output)
		},
	}
	c.Flags().StringVar(&policies, "policies", "", "directory of policies: find headers that they read and Envoy hides")
	c.Flags().StringVar(&secrets, "secrets", "", "directory of what file: in a policy may name")
	c.Flags().StringVar(&clients, "client-certificates", "required", "required, or optional where callers without one are wanted")
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

func checkOptions(policies, secrets, clients string) (check.Options, error) {
	optional, err := optionalClients(clients)
	if err != nil || policies == "" {
		return check.Options{OptionalClients: optional}, err
	}
	content, err := directory.Load(policies, secrets)
	if err != nil {
		return check.Options{}, err
	}
	return check.Options{OptionalClients: optional, Headers: check.Reads(content.Documents)}, nil
}

// readConfig reads one byte more than can be parsed, so that the parser says what is too much.
func readConfig(name string, stdin io.Reader) (string, []byte, error) {
	in := stdin
	if name == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return "", nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, tree.MaxBytes+1))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return name, text, nil
}

func printFindings(out io.Writer, findings []check.Finding, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if findings == nil {
			findings = []check.Finding{}
		}
		if err := encoder.Encode(map[string][]check.Finding{"findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			if _, err := io.WriteString(out, f.String()); err != nil {
				return err
			}
		}
	}
	if len(findings) > 0 {
		return errFound
	}
	return nil
}
