package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

// complete lets the shell complete the values of flags and arguments, for every command below c
// that does not know better: those whose help lists all there are, and names of directories.
func complete(c *cobra.Command) {
	for _, sub := range c.Commands() {
		complete(sub)
	}
	if c.ValidArgsFunction == nil && strings.Contains(c.Use, "[DIR]") {
		c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		values := completionOf(f)
		if _, known := c.GetFlagCompletionFunc(f.Name); !known && values != nil {
			_ = c.RegisterFlagCompletionFunc(f.Name, values) // which fails for what is known, or no flag
		}
	})
}

// choices is the help of a flag that lists its values: "text, json or sarif".
var choices = regexp.MustCompile(`^[a-z0-9-]+(, [a-z0-9-]+)* or [a-z0-9-]+$`)

// completionOf returns how a flag is completed, nil for names of files.
func completionOf(f *pflag.Flag) cobra.CompletionFunc {
	if values := valuesOf(f); values != nil {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	switch {
	case strings.HasPrefix(f.Usage, "directory "):
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	case f.Value.Type() != "string":
		return cobra.NoFileCompletions
	}
	return nil
}

// valuesOf returns the values that a flag can have, nil where they are not known.
func valuesOf(f *pflag.Flag) []string {
	switch f.Name {
	case "only", "except":
		var codes []string
		for _, check := range lint.Checks() {
			codes = append(codes, string(check.Code))
		}
		return codes
	case "client-certificates":
		return []string{"required", "optional"}
	case "app-protocol":
		return []string{"http1", "http2", "downstream"}
	case "kind":
		var kinds []string
		for _, k := range syntax.Grammar().Kinds {
			kinds = append(kinds, k.Name)
		}
		return kinds
	}
	usage, _, _ := strings.Cut(f.Usage, ";")
	_, listed, _ := strings.Cut(usage, ": ")
	for _, text := range []string{usage, listed} {
		if choices.MatchString(text) {
			return strings.Split(strings.Replace(text, " or ", ", ", 1), ", ")
		}
	}
	return nil
}
