package cli

import (
	"io"
	"os"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"
)

// width is the number of columns of a terminal, 0 if the writer is none.
func width(to io.Writer) int {
	file, ok := to.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// interactive says whether the output is a terminal that can be redrawn.
func (w World) interactive() bool {
	for _, variable := range w.Environment {
		if variable == "TERM=dumb" {
			return false
		}
	}
	return width(w.Out) > 0
}

// keys is the input if it is a terminal, else nothing.
func (w World) keys() io.Reader {
	if file, ok := w.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// paint is colourful on a terminal that has colours, unless NO_COLOR says otherwise.
func (w World) paint() view.Paint {
	if colorprofile.Detect(w.Out, w.Environment) < colorprofile.ANSI {
		return view.Plain
	}
	return view.Colours()
}

// options are those of a picture that is drawn once.
func (w World) options() view.Options {
	return view.Options{Now: w.Now(), Width: width(w.Out), Paint: w.paint()}
}
