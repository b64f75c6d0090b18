package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern/postern/policy/syntax"
)

// policyDocuments reads every *.yaml below dir. Names that start with a dot are skipped.
func policyDocuments(dir string) ([]syntax.Document, error) {
	var documents []syntax.Document
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".yaml":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parsed, err := syntax.Parse(path, text)
		documents = append(documents, parsed...)
		return err
	})
	if err == nil && len(documents) == 0 {
		err = errors.New("there is no *.yaml in it")
	}
	if err != nil {
		return nil, fmt.Errorf("--policies %s: %w", dir, err)
	}
	return documents, nil
}
