package main

import (
	"fmt"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/policy/explain"
	"github.com/postern/postern/policy/syntax"
)

// fewWorkloads is how many are named in an error.
const fewWorkloads = 10

// checkWorkload says what is wrong with a --workload, and which the policies name: for what is no
// SPIFFE ID every policy would seem to protect nothing. Empty is none.
func checkWorkload(workload string, documents []syntax.Document) error {
	if workload == "" {
		return nil
	}
	_, err := spiffeid.FromString(workload)
	if err == nil {
		return nil
	}
	named := explain.Workloads(documents, "")
	switch {
	case len(named) == 0:
		return fmt.Errorf("--workload: %q is no SPIFFE ID: %w", workload, err)
	case len(named) > fewWorkloads:
		return fmt.Errorf("--workload: %q is no SPIFFE ID: %w; the policies name %d, such as %s", workload, err, len(named), named[0])
	}
	return fmt.Errorf("--workload: %q is no SPIFFE ID: %w; the policies name\n%s", workload, err, strings.Join(named, "\n"))
}

// whichWorkload asks for the workload where it cannot be told.
func whichWorkload(dir string, named []string) error {
	switch {
	case len(named) == 0:
		return fmt.Errorf("%s: no policy names a workload without *: --workload says which is asked", dir)
	case len(named) > fewWorkloads:
		return fmt.Errorf("%s: the policies name %d workloads: --workload says which is asked", dir, len(named))
	}
	return fmt.Errorf("%s: --workload says which is asked, of\n%s", dir, strings.Join(named, "\n"))
}
