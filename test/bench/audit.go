package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// event is what is read of an audit.k8s.io/v1 Event.
type event struct {
	Verb      string `json:"verb"`
	User      user   `json:"user"`
	As        user   `json:"impersonatedUser"`
	UserAgent string `json:"userAgent"`
	URI       string `json:"requestURI"`
	Object    struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	Stage string    `json:"stage"`
	Began time.Time `json:"requestReceivedTimestamp"`
}

type user struct {
	Username string `json:"username"`
}

// kind is what a request is counted under.
type kind struct{ Verb, Resource string }

func (k kind) String() string { return k.Verb + " " + k.Resource }

// kind of an event.
func (e event) kind() kind {
	resource := e.Object.Resource
	if e.Object.Subresource != "" {
		resource += "/" + e.Object.Subresource
	}
	if resource == "" {
		resource, _, _ = strings.Cut(e.URI, "?")
	}
	return kind{e.Verb, resource}
}

// perProcess says that a request is made once per controller, however many Canaries there are: watches, which one process
// keeps open for all, and the lease by which several controllers agree on one.
func (k kind) perProcess() bool { return k.Verb == "watch" || k.Resource == "leases" }

// counts are numbers of requests by kind.
type counts map[kind]int

// sum of the requests that are made for Canaries, or of the others.
func (c counts) sum(of func(kind) bool) int {
	total := 0
	for k, n := range c {
		if of(k) {
			total += n
		}
	}
	return total
}

func perCanary(k kind) bool { return !k.perProcess() }

// lines name the kinds and their numbers, the greatest first.
func (c counts) lines(of func(kind) bool) []string {
	kinds := slices.SortedFunc(maps.Keys(c), func(a, b kind) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), strings.Compare(a.String(), b.String()))
	})
	var out []string
	for _, k := range kinds {
		if of(k) {
			out = append(out, fmt.Sprintf("%d %s", c[k], k))
		}
	}
	return out
}

// record reads the API server's audit log as it grows, and counts the requests of one account.
type record struct {
	file    *os.File
	reader  *bufio.Reader
	part    []byte
	account string
	// newest is when the last counted request that was made for a Canary began.
	newest time.Time
}

func openRecord(path, account string) (*record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &record{file: file, reader: bufio.NewReaderSize(file, 1<<20), account: account}, nil
}

func (r *record) close() error { return r.file.Close() }

// read counts what has been written since the last call.
func (r *record) read() (counts, error) {
	found := counts{}
	for {
		line, err := r.reader.ReadBytes('\n')
		r.part = append(r.part, line...)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		var e event
		if err := json.Unmarshal(r.part, &e); err != nil {
			return nil, fmt.Errorf("the audit log says %q: %w", r.part, err)
		}
		r.part = r.part[:0]
		r.count(e, found)
	}
}

// count adds an event. A watch is written when it begins and when it ends, and counts when it begins.
func (r *record) count(e event, found counts) {
	watch := e.Verb == "watch"
	if (e.As.Username != r.account && e.User.Username != r.account) || watch != (e.Stage == "ResponseStarted") {
		return
	}
	found[e.kind()]++
	if perCanary(e.kind()) && e.Began.After(r.newest) {
		r.newest = e.Began
	}
}
