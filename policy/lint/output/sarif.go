package output

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

// The objects of SARIF 2.1.0 that are written here, by its property names.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string            `json:"id"`
		Name                 string            `json:"name"`
		ShortDescription     sarifText         `json:"shortDescription"`
		FullDescription      sarifText         `json:"fullDescription"`
		Help                 sarifText         `json:"help"`
		HelpURI              string            `json:"helpUri"`
		DefaultConfiguration map[string]string `json:"defaultConfiguration"`
		Properties           map[string]any    `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		RelatedLocations    []sarifLocation   `json:"relatedLocations,omitempty"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		ID               int           `json:"id,omitempty"`
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
		Message          *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

// SARIF writes the report as a log of SARIF 2.1.0 with what GitHub's code scanning needs. What
// comments silence is left out: GitHub would open an alert for it.
func (w *Writer) SARIF(out io.Writer, r *lint.Report) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "postern lint", InformationURI: page, Rules: rules()}
	seen := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		result := sarifResult{
			RuleID: string(f.Code), RuleIndex: indexOf(f.Code), Level: level(f.Severity), Message: sarifText{f.Message},
			Locations: []sarifLocation{w.location(f.Position)},
		}
		for n, related := range f.Related {
			at := w.location(related.Position)
			at.ID, at.Message = n+1, &sarifText{related.Message}
			result.RelatedLocations = append(result.RelatedLocations, at)
		}
		print := w.fingerprint(f)
		seen[print]++
		result.PartialFingerprints = map[string]string{"primaryLocationLineHash": fmt.Sprintf("%s:%d", print, seen[print])}
		run.Results = append(run.Results, result)
	}
	return encode(out, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// rules returns every check, whether something was found or not.
func rules() []sarifRule {
	var all []sarifRule
	for _, c := range lint.Checks() {
		all = append(all, sarifRule{
			ID: string(c.Code), Name: string(c.Code), ShortDescription: sarifText{c.Title}, FullDescription: sarifText{c.Title + "."},
			Help: sarifText{c.Title + ". See " + PageOf(c.Code)}, HelpURI: PageOf(c.Code),
			DefaultConfiguration: map[string]string{"level": level(c.Severity)},
			Properties:           map[string]any{"tags": []string{"security", "policy"}, "precision": "very-high"},
		})
	}
	return all
}

func indexOf(code lint.Code) int {
	for i, c := range lint.Checks() {
		if c.Code == code {
			return i
		}
	}
	return -1
}

func level(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	default:
		return "note"
	}
}

// location writes a place. A whole file, or no place, is its first line: GitHub wants one.
func (w *Writer) location(p syntax.Position) sarifLocation {
	var at sarifLocation
	at.PhysicalLocation.ArtifactLocation = w.artifact(p.Source)
	at.PhysicalLocation.Region = &sarifRegion{max(p.Line, 1), w.column(p)}
	return at
}

// artifact writes a file. A relative name is below the root of the sources that are scanned.
func (w *Writer) artifact(source string) sarifArtifact {
	if source == "" {
		source = "." // all of the directory
	}
	name := path.Clean(strings.ReplaceAll(w.path(source), `\`, "/"))
	if path.IsAbs(name) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: name}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: name}).EscapedPath(), URIBaseID: "%SRCROOT%"}
}

// fingerprint is the same for a finding whose line was moved. Which of several it is, the caller
// adds.
func (w *Writer) fingerprint(f *lint.Finding) string {
	sum := sha256.Sum256([]byte(string(f.Code) + "\n" + w.path(f.Position.Source) + "\n" + strings.TrimSpace(w.line(f.Position))))
	return hex.EncodeToString(sum[:8])
}
