package condition

import (
	"strings"
	"testing"
)

// TestWordsForWhatIsMissing holds that CEL's word for a variable is not what a person reads.
func TestWordsForWhatIsMissing(t *testing.T) {
	for message, want := range map[string]string{
		"no such attribute(s): user.claims":        "there is no user",
		"no such attribute(s): user.roles":         "there is no user",
		"no such attribute(s): user.acr":           "the credential has no acr",
		"no such attribute(s): caller.id":          "there is no caller",
		"no such attribute(s): @segment 3":         "the path has fewer segments than the route's",
		"no such attribute(s): @rest 3":            "the path has fewer segments than the route's",
		"no such attribute(s): request.other":      "there is no request.other",
		"no such key: a":                           "there is no a",
		"no such key: " + strings.Repeat("k", 100): "there is no " + strings.Repeat("k", 64) + "…",
		"anything else":                            "anything else",
	} {
		if got := explainEvaluation(message); got != want {
			t.Errorf("%s is %q, want %q", message, got, want)
		}
	}
}
