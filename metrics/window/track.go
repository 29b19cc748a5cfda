package window

import (
	"encoding/binary"
	"slices"
	"sort"
)

// rowsPerChunk bounds how many rows are decoded to answer for one tick.
const rowsPerChunk = 32

// track is the history of one series: rows of cumulative numbers at ticks, kept only where a number changed. Rows are
// stored as variable-length differences to the row before, because ten thousand series for ten minutes would otherwise be
// hundreds of megabytes.
type track struct {
	chunks []chunk
}

// chunk is a run of rows. The first row is base, the others are encoded in data.
type chunk struct {
	first, last int64
	rows        int
	base        []uint64
	data        []byte
}

// add appends a row that lies step above the row added last.
func (t *track) add(tick int64, step, row []uint64) {
	if n := len(t.chunks); n == 0 || t.chunks[n-1].rows == rowsPerChunk {
		t.chunks = append(t.chunks, chunk{first: tick, last: tick, rows: 1, base: slices.Clone(row)})
		return
	}
	c := &t.chunks[len(t.chunks)-1]
	c.data = binary.AppendUvarint(c.data, uint64(tick-c.last))
	for _, difference := range step {
		c.data = binary.AppendUvarint(c.data, difference)
	}
	c.last, c.rows = tick, c.rows+1
}

// at writes the numbers as they stood at the tick into row: zeros before the track began.
func (t *track) at(tick int64, row []uint64) {
	clear(row)
	if i := t.chunkAt(tick); i >= 0 {
		copy(row, t.chunks[i].base)
		t.chunks[i].sum(t.chunks[i].first, tick, row)
	}
}

// between writes how much the numbers grew after tick from, up to and including tick to, into row.
func (t *track) between(from, to int64, row []uint64) {
	i, k := t.chunkAt(from), t.chunkAt(to)
	if i == k && i >= 0 {
		clear(row)
		t.chunks[i].sum(from, to, row)
		return
	}
	before := make([]uint64, len(row))
	t.at(from, before)
	t.at(to, row)
	for i := range row {
		row[i] -= before[i]
	}
}

// chunkAt is the index of the chunk that says what was at the tick, -1 before the track began.
func (t *track) chunkAt(tick int64) int {
	return sort.Search(len(t.chunks), func(i int) bool { return t.chunks[i].first > tick }) - 1
}

// sum adds the differences of the rows after tick from, up to and including tick to.
func (c *chunk) sum(from, to int64, row []uint64) {
	data, now := c.data, c.first
	for len(data) > 0 {
		step, n := binary.Uvarint(data)
		if data, now = data[n:], now+int64(step); now > to {
			return
		}
		for k := range row {
			difference, n := binary.Uvarint(data)
			data = data[n:]
			if now > from {
				row[k] += difference
			}
		}
	}
}

// changedAfter reports whether there is a row after the tick.
func (t *track) changedAfter(tick int64) bool {
	n := len(t.chunks)
	return n > 0 && t.chunks[n-1].last > tick
}

// trim forgets rows that no tick from oldest on needs.
func (t *track) trim(oldest int64) {
	drop := 0
	for drop+1 < len(t.chunks) && t.chunks[drop+1].first <= oldest {
		drop++
	}
	if drop > 0 {
		t.chunks = slices.Delete(t.chunks, 0, drop)
	}
}
