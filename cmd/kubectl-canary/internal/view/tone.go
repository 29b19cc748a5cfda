package view

import (
	"charm.land/lipgloss/v2"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Tone is what a piece of text means; it decides the colour.
type Tone int

// Tones.
const (
	Normal Tone = iota
	// Faint is what matters little now.
	Faint
	// Title is a heading.
	Title
	// Present is where the rollout stands.
	Present
	// Fine is as it should be.
	Fine
	// Careful waits for a person, or may go wrong.
	Careful
	// Wrong has gone wrong.
	Wrong
)

// Paint colours a piece of text; it never changes its width.
type Paint func(Tone, string) string

// Plain leaves text as it is.
func Plain(_ Tone, text string) string { return text }

// Colours paints with the sixteen colours of the terminal, so that its own theme decides how they look.
func Colours() Paint {
	styles := map[Tone]lipgloss.Style{
		Normal:  lipgloss.NewStyle(),
		Faint:   lipgloss.NewStyle().Faint(true),
		Title:   lipgloss.NewStyle().Bold(true),
		Present: lipgloss.NewStyle().Foreground(lipgloss.Cyan),
		Fine:    lipgloss.NewStyle().Foreground(lipgloss.Green),
		Careful: lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		Wrong:   lipgloss.NewStyle().Foreground(lipgloss.Red),
	}
	return func(tone Tone, text string) string {
		style, known := styles[tone]
		if !known || text == "" {
			return text
		}
		return style.Render(text)
	}
}

func phaseTone(p v1alpha1.Phase) Tone {
	switch p {
	case v1alpha1.PhaseProgressing, v1alpha1.PhaseInitializing:
		return Present
	case v1alpha1.PhasePaused:
		return Careful
	case v1alpha1.PhasePromoting, v1alpha1.PhaseSucceeded:
		return Fine
	case v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack:
		return Wrong
	}
	return Normal
}

func verdictTone(v v1alpha1.Verdict) Tone {
	switch v {
	case v1alpha1.VerdictPass:
		return Fine
	case v1alpha1.VerdictFail:
		return Wrong
	case v1alpha1.VerdictHold, v1alpha1.VerdictNoData, v1alpha1.VerdictError:
	}
	return Careful
}

func outcomeTone(o v1alpha1.Outcome) Tone {
	switch o {
	case v1alpha1.OutcomePromoted:
		return Fine
	case v1alpha1.OutcomeRolledBack:
		return Wrong
	case v1alpha1.OutcomeSuperseded, v1alpha1.OutcomeReverted:
	}
	return Careful
}
