package house_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// reaches are the packages of the standard library that the golden list names: those that touch
// the network, the file system, other processes or raw memory. The others are tools.
var reaches = []string{"C", "crypto/tls", "net", "net/http", "os", "os/exec", "os/signal", "plugin", "syscall", "unsafe"}

// TestImportsAreThoseOnTheList makes every new import show in review.
func TestImportsAreThoseOnTheList(t *testing.T) {
	standard := standardLibrary(t)
	var b strings.Builder
	for _, p := range packages(t) {
		if p.in("e2e") {
			continue // imports what it likes
		}
		fmt.Fprintln(&b, p.path())
		for _, i := range p.Imports {
			if !standard[i] || slices.Contains(reaches, i) {
				fmt.Fprintln(&b, "\t"+strings.TrimPrefix(i, module+"/"))
			}
		}
	}
	golden(t, "imports.txt", b.String())
}

// TestTheSidecarLinksTheModulesOnTheList makes every new module in the sidecar show in review.
func TestTheSidecarLinksTheModulesOnTheList(t *testing.T) {
	all, err := list("-deps", "./cmd/postern")
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, p := range all {
		if p.Module != nil && p.Module.Path != module {
			modules = append(modules, p.Module.Path)
		}
	}
	slices.Sort(modules)
	golden(t, "postern-modules.txt", strings.Join(slices.Compact(modules), "\n")+"\n")
}

// standardLibrary returns every package of it that something of ours depends on.
func standardLibrary(t *testing.T) map[string]bool {
	all, err := list("-deps", "./...")
	if err != nil {
		t.Fatal(err)
	}
	standard := map[string]bool{}
	for _, p := range all {
		standard[p.ImportPath] = p.Standard
	}
	return standard
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	if got == want {
		return
	}
	t.Errorf("%s is not what it was. If that is meant: go test ./e2e/house -update\n%s", name, difference(want, got))
}

// difference lists the lines that are in one text alone, each below the last line that is not
// indented.
func difference(want, got string) string {
	was, is := entries(want), entries(got)
	var b strings.Builder
	for _, e := range was {
		if !slices.Contains(is, e) {
			fmt.Fprintln(&b, "- "+e)
		}
	}
	for _, e := range is {
		if !slices.Contains(was, e) {
			fmt.Fprintln(&b, "+ "+e)
		}
	}
	return b.String()
}

func entries(text string) []string {
	var all []string
	head := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if inner, ok := strings.CutPrefix(line, "\t"); ok {
			line = head + ": " + inner
		} else {
			head = line
		}
		all = append(all, line)
	}
	return all
}
