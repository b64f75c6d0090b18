package main

import (
	"github.com/postern/postern/policy/schema"
	"github.com/spf13/cobra"
)

// schemaCommand is postern schema: it prints what editors check documents by.
func schemaCommand() *cobra.Command {
	var kind, output string
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of policies, for editors",
		Long: `Prints the JSON Schema (draft 2020-12) of every kind of document, or with --kind of one, made of
the tables by which Postern reads them. An editor that knows it proposes fields, says what each is
for, and marks what is misspelt or misplaced; whatever the schema refuses, Postern refuses, too.
It sees the structure of one document and not what it means: postern lint sees that.`,
		Example: `  postern schema > postern.schema.json

  # then, as the first line of a policy, for editors that use yaml-language-server:
  # yaml-language-server: $schema=postern.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := oneOf("output", output, "json"); err != nil {
				return err
			}
			text := schema.All()
			if kind != "" {
				var err error
				if text, err = schema.Kind(kind); err != nil {
					return err
				}
			}
			_, err := c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringVar(&kind, "kind", "", "the one kind that is meant, such as ServicePolicy; default: every kind")
	c.Flags().StringVar(&output, "output", "json", "json")
	return c
}
