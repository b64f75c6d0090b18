package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// shipped are the policies, as they stand in the folder.
//
//go:embed policies/*.yaml
var shipped embed.FS

// shippedAddress is where the identity provider is in the policies. The demo's has a free port.
const shippedAddress = "https://127.0.0.1:8440/"

// writePolicies copies the policies into the mesh's folder, where editing them is safe, and the
// certificate that they name into the folder of secrets.
func (m *mesh) writePolicies(context.Context) error {
	for _, folder := range []string{m.path("policies"), m.path("secrets")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	authority, err := os.ReadFile(m.where.CAFile)
	if err != nil {
		return err
	}
	if err := os.WriteFile(m.path("secrets", "idp-ca.pem"), authority, 0o600); err != nil {
		return err
	}
	names, err := fs.Glob(shipped, "policies/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := shipped.ReadFile(name)
		if err != nil {
			return err
		}
		ours := strings.ReplaceAll(string(text), shippedAddress, m.where.URL+"/")
		if err := m.writePolicy(path.Base(name), ours); err != nil {
			return err
		}
	}
	return nil
}

// writePolicy puts a policy in place as a whole.
func (m *mesh) writePolicy(name, text string) error {
	fresh := m.path("policies", "."+name)
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, m.path("policies", name))
}

// An edit replaces one text in a policy by another.
type edit struct {
	file, from, to string
}

// A change is what an edit did: where, and the line before and after it.
type change struct {
	line, column  int // from 1
	before, after string
}

// apply makes the edit.
func (m *mesh) apply(e edit) (change, error) {
	text, err := os.ReadFile(m.path("policies", e.file))
	if err != nil {
		return change{}, err
	}
	head, _, found := strings.Cut(string(text), e.from)
	if !found {
		return change{}, fmt.Errorf("%s has no %q", e.file, e.from)
	}
	edited := strings.Replace(string(text), e.from, e.to, 1)
	line := strings.Count(head, "\n")
	return change{
		line: line + 1, column: len(head) - strings.LastIndex(head, "\n"),
		before: strings.Split(string(text), "\n")[line], after: strings.Split(edited, "\n")[line],
	}, m.writePolicy(e.file, edited)
}
