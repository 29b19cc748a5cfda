package scrape

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/serin-dev/serin/metrics/window"
)

// maxCounter is the largest number up to which the text format, which states floats, states every integer exactly.
const maxCounter = 1 << 53

// Accepted is what a proxy is asked for: the protobuf form, which takes a tenth of the time to read, or the text form.
const Accepted = string(expfmt.FmtProtoDelim) + ";q=0.9,text/plain;version=" + expfmt.TextVersion + ";q=0.5"

// Parse reads what a proxy says, as protobuf if that is the format and else as text. Series that are not part of the contract
// are passed over.
func Parse(r io.Reader, format expfmt.Format) (*window.Snapshot, error) {
	p := parsing{snapshot: &window.Snapshot{Series: map[window.Series]window.Counts{}, Weights: map[window.Backend]int64{}}}
	read := p.readText
	if format == expfmt.FmtProtoDelim {
		read = p.readProtobuf
	}
	if err := read(r); err != nil {
		return nil, err
	}
	return p.snapshot, nil
}

func (p *parsing) readText(r io.Reader) error {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return err
	}
	for _, family := range families {
		if err := p.take(family); err != nil {
			return err
		}
	}
	return nil
}

func (p *parsing) readProtobuf(r io.Reader) error {
	buffered, limited := bufio.NewReader(r), protodelim.UnmarshalOptions{MaxSize: maxAnswer}
	for {
		var family dto.MetricFamily
		err := limited.UnmarshalFrom(buffered, &family)
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
		if err := p.take(&family); err != nil {
			return err
		}
	}
}

// take takes in one family, if it is part of the contract.
func (p *parsing) take(family *dto.MetricFamily) error {
	var kind dto.MetricType
	var take func(*dto.Metric) error
	switch family.GetName() {
	case requestsTotal:
		kind, take = dto.MetricType_COUNTER, p.takeRequests
	case requestDuration:
		kind, take = dto.MetricType_HISTOGRAM, p.takeDurations
	case backendWeight:
		kind, take = dto.MetricType_GAUGE, p.takeWeight
	case processStart:
		kind, take = dto.MetricType_GAUGE, p.takeStart
	default:
		return nil
	}
	if family.GetType() != kind {
		return fmt.Errorf("%s is a %s, want a %s", family.GetName(), family.GetType(), kind)
	}
	for _, metric := range family.GetMetric() {
		if err := take(metric); err != nil {
			return fmt.Errorf("%s: %w", family.GetName(), err)
		}
	}
	return nil
}

// parsing is a snapshot in the making.
type parsing struct {
	snapshot *window.Snapshot
	// outcomes are the series of which an outcome was stated already.
	outcomes map[outcome]bool
	// bounds are those of the last histogram: all of them have the same, so they share the memory.
	bounds []time.Duration
}

type outcome struct {
	series  window.Series
	success bool
}

func (p *parsing) takeRequests(m *dto.Metric) error {
	series, stated := seriesOf(m)
	n, err := whole(m.GetCounter().GetValue())
	if err != nil {
		return err
	}
	if stated != outcomeSuccess && stated != outcomeFailure {
		return fmt.Errorf("outcome %q is not %s or %s", stated, outcomeSuccess, outcomeFailure)
	}
	key := outcome{series: series, success: stated == outcomeSuccess}
	if p.outcomes[key] {
		return fmt.Errorf("the %s of %v are stated twice", stated, series)
	}
	if p.outcomes == nil {
		p.outcomes = map[outcome]bool{}
	}
	p.outcomes[key] = true
	counts := p.snapshot.Series[series]
	if key.success {
		counts.Success = n
	} else {
		counts.Failure = n
	}
	p.snapshot.Series[series] = counts
	return nil
}

func (p *parsing) takeDurations(m *dto.Metric) error {
	series, _ := seriesOf(m)
	counts := p.snapshot.Series[series]
	if len(counts.Latency.Counts) > 0 {
		return fmt.Errorf("the durations of %v are stated twice", series)
	}
	latency, err := p.histogram(m.GetHistogram())
	if err != nil {
		return fmt.Errorf("%v: %w", series, err)
	}
	counts.Latency = latency
	p.snapshot.Series[series] = counts
	return nil
}

func (p *parsing) takeWeight(m *dto.Metric) error {
	weight, err := whole(m.GetGauge().GetValue())
	if err != nil {
		return err
	}
	series, _ := seriesOf(m)
	backend := window.Backend{Namespace: series.Namespace, Split: series.Split, Apex: series.Apex, Backend: series.Backend}
	if _, twice := p.snapshot.Weights[backend]; twice {
		return fmt.Errorf("the weight of %v is stated twice", backend)
	}
	p.snapshot.Weights[backend] = int64(weight)
	return nil
}

func (p *parsing) takeStart(m *dto.Metric) error {
	seconds := m.GetGauge().GetValue()
	if math.IsNaN(seconds) || seconds < 0 || seconds > math.MaxInt64/1e9 {
		return fmt.Errorf("%v is not a time", seconds)
	}
	whole, fraction := math.Modf(seconds)
	p.snapshot.Started = time.Unix(int64(whole), int64(fraction*1e9))
	return nil
}

// seriesOf reads the labels; the outcome is returned apart.
func seriesOf(m *dto.Metric) (s window.Series, outcome string) {
	for _, label := range m.GetLabel() {
		value := label.GetValue()
		switch label.GetName() {
		case "namespace":
			s.Namespace = value
		case "split":
			s.Split = value
		case "apex":
			s.Apex = value
		case "backend":
			s.Backend = value
		case "workload":
			s.Workload = value
		case "pod":
			s.Pod = value
		case "caller_namespace":
			s.CallerNamespace = value
		case "caller_workload":
			s.CallerWorkload = value
		case "caller_pod":
			s.CallerPod = value
		case "outcome":
			outcome = value
		}
	}
	return s, outcome
}

// whole refuses what a cumulative counter or a weight cannot be.
func whole(value float64) (uint64, error) {
	if math.IsNaN(value) || value < 0 || value > maxCounter || value != math.Trunc(value) {
		return 0, fmt.Errorf("%v is not a whole number from 0 to 2^53", value)
	}
	return uint64(value), nil
}
