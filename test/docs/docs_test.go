package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/serin-dev/serin/controllers/gateway/route"
)

// root is the repository.
const root = "../.."

// link is a Markdown link; its second part is where it leads, without an anchor.
var link = regexp.MustCompile(`\[[^\]]*\]\(([^)#\s]+)[^)]*\)`)

// documents are the Markdown files of the repository.
func documents(t *testing.T) []string {
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata" || entry.Name() == "bin"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 3 {
		t.Fatalf("only %d documents found: %v", len(found), found)
	}
	return found
}

func TestEveryRelativeLinkLeadsSomewhere(t *testing.T) {
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			to := match[1]
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), to)); err != nil {
				t.Errorf("%s links to %s: %v", document, to, err)
			}
		}
	}
}

// named is what a row says of a test: its name in back quotes, or the words of a spec in quotes, and the file it is in.
var named = regexp.MustCompile("(?:`(Test\\w+)`|\"([^\"]+)\") in \\[[^\\]]*\\]\\(([^)]+)\\)")

func TestEverySituationIsShownByATestThatExists(t *testing.T) {
	if rows := shownRows(t, "what-happens-when.md", 3); rows < 40 {
		t.Errorf("only %d situations found", rows)
	}
}

func TestEveryFaultIsShownByATestThatExists(t *testing.T) {
	if rows := shownRows(t, "faults.md", 4); rows < 13 {
		t.Errorf("only %d faults found", rows)
	}
}

// shownRows checks the tests that the rows of a document's tables name in their last cell, and returns how many rows there are.
func shownRows(t *testing.T, name string, columns int) int {
	t.Helper()
	document := filepath.Join(root, "docs", name)
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || strings.Contains(line, "| shown by |") {
			continue
		}
		rows++
		if len(cells) != columns {
			t.Errorf("%d cells instead of %d: %s", len(cells), columns, line)
			continue
		}
		shown := cells[columns-1]
		if !link.MatchString(shown) {
			t.Errorf("no test is named: %s", line)
		}
		for _, match := range named.FindAllStringSubmatch(shown, -1) {
			exists(t, filepath.Dir(document), match)
		}
	}
	return rows
}

// exists checks that a file has the test that a row names, or the spec.
func exists(t *testing.T, folder string, match []string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(folder, match[3]))
	if err != nil {
		t.Error(err)
		return
	}
	if name := match[1]; name != "" && !strings.Contains(string(source), "func "+name+"(") {
		t.Errorf("%s has no test %s", match[3], name)
	}
	if words := match[2]; words != "" && !strings.Contains(string(source), `"`+words+`"`) {
		t.Errorf("%s has no spec %q", match[3], words)
	}
}

func TestEveryTranscriptIsInTheTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "what-happens-when.md"))
	if err != nil {
		t.Fatal(err)
	}
	told, err := filepath.Glob(filepath.Join(root, "analysis", "testdata", "*.golden"))
	if err != nil || len(told) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range told {
		if !strings.Contains(string(text), "/"+filepath.Base(path)+")") {
			t.Errorf("%s is not in the table", filepath.Base(path))
		}
	}
}

func TestEveryDataPlaneSaysWhatIsWrittenAndWhatWasTested(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "data-planes", "*.md"))
	if err != nil || len(pages) < len(route.Implementations) {
		t.Fatalf("only %d pages: %v", len(pages), err)
	}
	var all strings.Builder
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		if filepath.Base(page) == "README.md" {
			continue
		}
		for _, heading := range []string{"## What Serin writes", "## What was tested", "## What was not"} {
			if !strings.Contains(string(text), "\n"+heading+"\n") {
				t.Errorf("%s has no %q", page, heading)
			}
		}
	}
	for _, known := range route.Implementations {
		if !strings.Contains(all.String(), known.Name) {
			t.Errorf("no page speaks of %s, which the bridge knows", known.Name)
		}
	}
}
