package prometheus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Series is a series with numbers of certain times.
type Series struct {
	Name   string
	Labels map[string]string
	Points []Point
}

// Point is a number at a time. NaN says that the series ends there, as it does when its target cannot be scraped.
type Point struct {
	At     time.Time
	Number float64
}

// What is sent, as the OpenTelemetry protocol has it in JSON. A gauge keeps its name, and a query does not see the difference.
type (
	export struct {
		ResourceMetrics []resourceMetrics `json:"resourceMetrics"`
	}
	resourceMetrics struct {
		ScopeMetrics []scopeMetrics `json:"scopeMetrics"`
	}
	scopeMetrics struct {
		Metrics []metric `json:"metrics"`
	}
	metric struct {
		Name  string `json:"name"`
		Gauge gauge  `json:"gauge"`
	}
	gauge struct {
		DataPoints []dataPoint `json:"dataPoints"`
	}
	dataPoint struct {
		Time       string      `json:"timeUnixNano"`
		Number     *float64    `json:"asDouble,omitempty"`
		Flags      int         `json:"flags,omitempty"`
		Attributes []attribute `json:"attributes"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value struct {
			String string `json:"stringValue"`
		} `json:"value"`
	}
)

// noNumber is the flag of a point that ends its series.
const noNumber = 1

// Load puts series into the server, as they would be if they had been scraped at those times. When it returns, queries see
// them. Times must not be older than a day.
func (s *Server) Load(ctx context.Context, loaded ...Series) error {
	var metrics []metric
	for _, one := range loaded {
		metrics = append(metrics, one.encode())
	}
	body, err := json.Marshal(export{[]resourceMetrics{{[]scopeMetrics{{metrics}}}}})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/otlp/v1/metrics", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body) // the status says enough without it
		return fmt.Errorf("Prometheus does not take the series: %s: %s", response.Status, text)
	}
	return nil
}

func (s Series) encode() metric {
	attributes := []attribute{}
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		a := attribute{Key: name}
		a.Value.String = s.Labels[name]
		attributes = append(attributes, a)
	}
	m := metric{Name: s.Name, Gauge: gauge{DataPoints: []dataPoint{}}}
	for _, p := range s.Points {
		point := dataPoint{Time: strconv.FormatInt(p.At.UnixNano(), 10), Attributes: attributes}
		if math.IsNaN(p.Number) {
			point.Flags = noNumber
		} else {
			point.Number = &p.Number
		}
		m.Gauge.DataPoints = append(m.Gauge.DataPoints, point)
	}
	return m
}
