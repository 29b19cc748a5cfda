package live

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Frame is one picture.
type Frame struct {
	// Lines are the picture from the top.
	Lines []string
	// Over says that there will be no other.
	Over bool
}

// Draw makes the picture for a moment and a width.
type Draw func(now time.Time, width int) Frame

// Terminal is where a view is shown.
type Terminal struct {
	In          io.Reader
	Out         io.Writer
	Environment []string
}

// ErrLeft says that a person left before it was over.
var ErrLeft = errors.New("left before the end")

// Show redraws when something has changed and, for the clocks on the screen, once a second. It returns when the picture is the
// last one, when a person presses q or ^C (ErrLeft), or when the context ends.
func Show(ctx context.Context, t Terminal, changed <-chan struct{}, draw Draw) error {
	program := tea.NewProgram(&model{draw: draw}, tea.WithContext(ctx), tea.WithInput(t.In), tea.WithOutput(t.Out),
		tea.WithEnvironment(t.Environment), tea.WithoutSignalHandler())
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		for {
			select {
			case <-changed:
				program.Send(changedMsg{})
			case <-finished:
				return
			}
		}
	}()
	end, err := program.Run()
	switch m, ours := end.(*model); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case ours && m.left:
		return ErrLeft
	}
	return nil
}

type (
	changedMsg struct{}
	tickMsg    struct{}
)

// model is what bubbletea runs.
type model struct {
	draw          Draw
	frame         Frame
	width, height int
	// top is the first line that is shown, for pictures that are higher than the screen.
	top  int
	left bool
}

func tick() tea.Cmd { return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} }) }

// Init starts the clock.
func (m *model) Init() tea.Cmd { return tick() }

// Update takes in what happened.
func (m *model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	var next tea.Cmd
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case tickMsg:
		next = tick()
	case tea.KeyPressMsg:
		if m.key(message.String()) {
			return m, tea.Quit
		}
	case changedMsg:
	default:
		return m, nil
	}
	if m.width == 0 {
		return m, next
	}
	m.frame = m.draw(time.Now(), m.width)
	if m.frame.Over {
		return m, tea.Quit
	}
	return m, next
}

// key answers a key, and says whether it ends the view.
func (m *model) key(name string) bool {
	switch name {
	case "q", "ctrl+c", "esc":
		m.left = true
		return true
	case "up", "k":
		m.top--
	case "down", "j":
		m.top++
	case "pgup":
		m.top -= m.height
	case "pgdown", "space":
		m.top += m.height
	}
	return false
}

// View is the part of the picture that fits.
func (m *model) View() tea.View {
	lines := m.frame.Lines
	if m.height > 0 && len(lines) > m.height {
		m.top = min(max(m.top, 0), len(lines)-m.height)
		lines = lines[m.top : m.top+m.height]
	} else {
		m.top = 0
	}
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen = true
	return v
}
