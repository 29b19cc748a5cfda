package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

// unknown stands in a column for what was not measured.
const unknown = "<none>"

// column is one column of what kubectl prints.
type column struct {
	metav1.TableColumnDefinition

	cell func(*smi.TrafficMetrics) any
}

func text(name, description string, cell func(*smi.TrafficMetrics) any) column {
	return column{metav1.TableColumnDefinition{Name: name, Type: "string", Description: description}, cell}
}

var (
	nameColumn = column{metav1.TableColumnDefinition{Name: "Name", Type: "string", Format: "name", Description: "What was measured."},
		func(m *smi.TrafficMetrics) any { return m.Name }}
	measuredColumns = []column{
		text("Success Rate", "Successes in percent of the requests of the window.", successRate),
		text("P99", "99 of 100 requests took this long or less.", p99),
		text("RPS", "Requests per second.", perSecond),
		text("Window", "Length of the window.", func(m *smi.TrafficMetrics) any { return m.Window.Duration.String() }),
		text("End", "When the window ended, in UTC.", func(m *smi.TrafficMetrics) any { return m.Timestamp.UTC().Format(time.TimeOnly) }),
	}
	splitColumns = append([]column{nameColumn,
		text("Backend", "The Service the numbers belong to.", func(m *smi.TrafficMetrics) any { return m.Backend.Name }),
		text("Weight", "The weight every proxy applies now.", weight)}, measuredColumns...)
	objectColumns = append([]column{nameColumn}, measuredColumns...)
	edgeColumns   = append([]column{nameColumn,
		text("Direction", "Whether the requests came from or went to the other end.", func(m *smi.TrafficMetrics) any { return m.Edge.Direction }),
		text("Other", "The other end.", otherEnd)}, measuredColumns...)
)

type (
	splitsTable  struct{}
	objectsTable struct{}
	edgesTable   struct{}
)

// ConvertToTable prints a backend per line.
func (splitsTable) ConvertToTable(_ context.Context, o, options runtime.Object) (*metav1.Table, error) {
	return table(splitColumns, o, options)
}

// ConvertToTable prints an object per line.
func (objectsTable) ConvertToTable(_ context.Context, o, options runtime.Object) (*metav1.Table, error) {
	return table(objectColumns, o, options)
}

// ConvertToTable prints an edge per line.
func (edgesTable) ConvertToTable(_ context.Context, o, options runtime.Object) (*metav1.Table, error) {
	return table(edgeColumns, o, options)
}

func table(columns []column, o, options runtime.Object) (*metav1.Table, error) {
	var items []smi.TrafficMetrics
	switch metrics := o.(type) {
	case *smi.TrafficMetrics:
		items = []smi.TrafficMetrics{*metrics}
	case *smi.TrafficMetricsList:
		items = metrics.Items
	default:
		return nil, fmt.Errorf("%T is not TrafficMetrics", o)
	}
	t := &metav1.Table{Rows: make([]metav1.TableRow, 0, len(items))}
	if asked, ok := options.(*metav1.TableOptions); !ok || !asked.NoHeaders {
		for _, c := range columns {
			t.ColumnDefinitions = append(t.ColumnDefinitions, c.TableColumnDefinition)
		}
	}
	for i := range items {
		row := metav1.TableRow{Object: runtime.RawExtension{Object: &items[i]}}
		for _, c := range columns {
			row.Cells = append(row.Cells, c.cell(&items[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func requests(m *smi.TrafficMetrics) (success, all float64) {
	success, _ = m.Count(smi.SuccessCount)
	failure, _ := m.Count(smi.FailureCount)
	return success, success + failure
}

func successRate(m *smi.TrafficMetrics) any {
	success, all := requests(m)
	if all == 0 {
		return unknown
	}
	return fmt.Sprintf("%.2f%%", 100*success/all)
}

func p99(m *smi.TrafficMetrics) any {
	latency, measured := m.Latency(smi.LatencyP99)
	if !measured {
		return unknown
	}
	return latency.Round(100 * time.Microsecond).String()
}

func perSecond(m *smi.TrafficMetrics) any {
	_, all := requests(m)
	return strconv.FormatFloat(all/m.Window.Seconds(), 'f', 1, 64)
}

func weight(m *smi.TrafficMetrics) any {
	if m.Backend.Weight == nil {
		return unknown
	}
	return strconv.FormatInt(*m.Backend.Weight, 10)
}

func otherEnd(m *smi.TrafficMetrics) any {
	if m.Edge.Resource.Namespace == "" {
		return m.Edge.Resource.Name
	}
	return m.Edge.Resource.Namespace + "/" + m.Edge.Resource.Name
}
