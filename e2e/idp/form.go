package idp

import (
	"html"
	"regexp"
	"strings"
)

// A form is what a page asks for.
type form struct {
	action string
	inputs map[string]string // name to the value that is there already
}

var (
	formElement = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	field       = regexp.MustCompile(`(?is)<(?:input|button)\b([^>]*)>`)
	attribute   = regexp.MustCompile(`(?is)([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

// findForm returns the first form of a page that is posted. It reads what the two providers of
// the tests write, and is no reader of HTML.
func findForm(page string) (form, bool) {
	for _, m := range formElement.FindAllStringSubmatch(page, -1) {
		a := attributes(m[1])
		if !strings.EqualFold(a["method"], "post") {
			continue
		}
		f := form{action: a["action"], inputs: map[string]string{}}
		f.take(m[2], "")
		if a["id"] != "" {
			f.take(page, a["id"]) // what stands elsewhere and says whose it is
		}
		return f, true
	}
	return form{}, false
}

// take adds the inputs and buttons of a text that say that they are of the form owner.
func (f form) take(text, owner string) {
	for _, in := range field.FindAllStringSubmatch(text, -1) {
		i := attributes(in[1])
		unticked := i["type"] == "checkbox" || i["type"] == "radio" && !strings.Contains(in[1], "checked")
		if i["name"] != "" && !unticked && i["form"] == owner {
			f.inputs[i["name"]] = i["value"]
		}
	}
}

// attributes returns those of a tag that have a value in quotes.
func attributes(tag string) map[string]string {
	all := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		all[strings.ToLower(m[1])] = html.UnescapeString(m[2] + m[3])
	}
	return all
}
