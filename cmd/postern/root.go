package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// version is set by the linker: -X main.version=v1.2.3.
var version string

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "postern",
		Short: "An external authorizer for Envoy that never fails open",
		Long: `Postern stands next to a workload. Envoy asks it about every request (ext_authz, gRPC),
and it answers from three proofs: which workload calls (SPIFFE mTLS), which person it
calls for (JWT), and what the service's own policy grants the two of them on that route.

Every flag of serve can also be given by an environment variable: --listen is POSTERN_LISTEN. So can
those that go with revoke --listen, which itself has to be on the command line.
Shells complete commands and flags with what postern completion prints; its help says how.
Exit codes: 0 fine, 1 found something wrong, 2 could not run.`,
		Version:       buildVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), envoyCommand(), schemaCommand(), testCommand(), initCommand(), fmtCommand(), lintCommand(), explainCommand(), revokeCommand())
	complete(root)
	return root
}

// fromEnvironment sets every flag that the command line left alone and the environment names; of
// those in only, where there are any.
func fromEnvironment(flags *pflag.FlagSet, only ...string) error {
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		if len(only) > 0 && !slices.Contains(only, f.Name) {
			return
		}
		name := "POSTERN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || f.Changed || err != nil {
			return
		}
		if e := set(f, value); e != nil {
			err = fmt.Errorf("the environment variable %s: %w", name, e)
		}
	})
	return err
}

// set sets a flag. One that can be repeated takes a value from each line.
func set(f *pflag.Flag, value string) error {
	f.Changed = true
	if s, ok := f.Value.(pflag.SliceValue); ok {
		return s.Replace(strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == ' ' }))
	}
	return f.Value.Set(value)
}

// buildVersion is the version that the linker set, else what the build knows of itself.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
