package main

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs}
	output := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return output.print(c, "postern-dev "+version+" "+runtime.Version(), map[string]string{"version": version, "go": runtime.Version()})
	}
	return c
}

// An output is the value of --output.
type output string

func outputFlag(c *cobra.Command) *output {
	o := new(output)
	c.Flags().StringVar((*string)(o), "output", "text", "text or json")
	return o
}

// print writes one line: text, or value as JSON.
func (o output) print(c *cobra.Command, text string, value any) error {
	switch o {
	case "text":
		_, err := fmt.Fprintln(c.OutOrStdout(), text)
		return err
	case "json":
		return json.NewEncoder(c.OutOrStdout()).Encode(value)
	default:
		return fmt.Errorf("--output: %q is neither text nor json", string(o))
	}
}
