package proxy

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequestsAreForwardedAsTheyCame(t *testing.T) {
	tests := map[string]struct {
		client func(testing.TB) *http.Client
		want   string
	}{
		"HTTP/1.1": {client: newClient, want: "HTTP/1.1"},
		"HTTP/2 without TLS goes out as HTTP/1.1 to a port that promises nothing": {client: newHTTP2Client, want: "HTTP/1.1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s host=%s for=%q proto=%q custom=%q agent=%q hop=%q body=%s", r.Proto, r.Method, r.RequestURI,
					r.Host, r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"], r.Header["X-Custom"], r.Header["User-Agent"], r.Header["X-Hop"], body))
				w.WriteHeader(http.StatusAccepted)
				fmt.Fprint(w, "done")
			}))
			l.put()

			r, _ := http.NewRequest(http.MethodPost, l.url(80)+"/a%2Fb/../c?q=1;2&x=%zz", strings.NewReader("payload"))
			r.Host = "shop.example.com"
			r.Header.Set("X-Forwarded-For", "203.0.113.7")
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Add("X-Custom", "a")
			r.Header.Add("X-Custom", "b")
			r.Header.Set("User-Agent", "")
			if r.Proto == "HTTP/1.1" && name == "HTTP/1.1" {
				r.Header.Set("Connection", "X-Hop")
				r.Header.Set("X-Hop", "1")
			}
			response, err := tc.client(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			want := tc.want + ` POST /a%2Fb/../c?q=1;2&x=%zz host=shop.example.com for=["203.0.113.7, 127.0.0.1"] proto=["https"] custom=["a" "b"] agent=[] hop=[] body=payload`
			if diff := cmp.Diff(want, response.Header.Get("X-Seen")); diff != "" {
				t.Errorf("what the pod saw (-want +got):\n%s", diff)
			}
			if response.StatusCode != http.StatusAccepted || string(body) != "done" {
				t.Errorf("got %d %q", response.StatusCode, body)
			}
		})
	}
}

func TestPortsThatPromiseHTTP2AreSpokenToInHTTP2(t *testing.T) {
	for name, appProtocol := range map[string]string{"h2c": "kubernetes.io/h2c", "grpc": "grpc"} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			l.world.services[0].Spec.Ports[0].AppProtocol = &appProtocol
			l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, r.TLS == nil) }))
			l.put()
			for _, client := range []*http.Client{newClient(t), newHTTP2Client(t)} {
				if _, body := get(t, client, l.url(80)); body != "HTTP/2.0true" {
					t.Errorf("pod saw %s", body)
				}
			}
		})
	}
}

func TestGRPCGoesOutAsHTTP2WithItsTrailers(t *testing.T) {
	tests := map[string]struct {
		status  string
		inHead  bool
		outcome string
	}{
		"OK":                                    {status: "0", outcome: outcomeSuccess},
		"NOT_FOUND is the caller's fault":       {status: "5", outcome: outcomeSuccess},
		"UNAVAILABLE":                           {status: "14", outcome: outcomeFailure},
		"INTERNAL in a response without a body": {status: "13", inHead: true, outcome: outcomeFailure},
		"OK in a response without a body":       {status: "0", inHead: true, outcome: outcomeSuccess},
		"no status at all":                      {outcome: outcomeFailure},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/grpc+proto")
				w.Header().Set("X-Proto", r.Proto+" te="+r.Header.Get("Te"))
				if tc.inHead {
					w.Header().Set("Grpc-Status", tc.status)
					return
				}
				_, _ = io.Copy(w, r.Body)
				if tc.status != "" {
					w.Header().Set(http.TrailerPrefix+"Grpc-Status", tc.status)
				}
			}))
			l.put()
			r, _ := http.NewRequest(http.MethodPost, l.url(80)+"/shop.Cart/Add", strings.NewReader("message"))
			r.Header.Set("Content-Type", "application/grpc+proto")
			r.Header.Set("Te", "trailers")
			response, err := newHTTP2Client(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			status := response.Trailer.Get("Grpc-Status")
			if tc.inHead {
				status = response.Header.Get("Grpc-Status")
			} else if string(body) != "message" {
				t.Errorf("body %q", body)
			}
			if status != tc.status || response.Header.Get("X-Proto") != "HTTP/2.0 te=trailers" {
				t.Errorf("got status %q, %q", status, response.Header.Get("X-Proto"))
			}
			if diff := cmp.Diff(map[string]float64{"v1 " + tc.outcome: 1}, l.tally("serin_proxy_requests_total", labelBackend, labelOutcome)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTrailersOfHTTP1Pass(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("X-Sum", "of "+r.Trailer.Get("X-Sent"))
	}))
	l.put()
	r, _ := http.NewRequest(http.MethodPost, l.url(80), io.MultiReader(strings.NewReader("streamed")))
	r.Trailer = http.Header{"X-Sent": {"parts"}}
	response, err := newClient(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if string(body) != "streamed" || response.Trailer.Get("X-Sum") != "of parts" {
		t.Errorf("got %q with trailers %v", body, response.Trailer)
	}
}

func TestLargeBodiesPassInBothDirections(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	l.put()
	sent := make([]byte, 3<<20)
	_, _ = rand.Read(sent)
	for name, newClient := range clients {
		t.Run(name, func(t *testing.T) {
			client := newClient(t)
			response, err := client.Post(l.url(80), "application/octet-stream", bytes.NewReader(sent))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			hash := sha256.New()
			n, err := io.Copy(hash, response.Body)
			want := sha256.Sum256(sent)
			if err != nil || n != int64(len(sent)) || hex.EncodeToString(hash.Sum(nil)) != hex.EncodeToString(want[:]) {
				t.Errorf("%d bytes came back, error %v", n, err)
			}
		})
	}
}

func TestMethodsThatAreNotCarried(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodConnect, l.url(80), nil)
	response, err := newClient(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("CONNECT got %d", response.StatusCode)
	}
}

func TestAnUpgradeToHTTP2IsTakenOut(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "upgrade=%q connection=%q settings=%q", r.Header["Upgrade"], r.Header["Connection"], r.Header["Http2-Settings"])
	}))
	l.put()
	r, _ := http.NewRequest(http.MethodGet, l.url(80), nil)
	r.Header.Set("Connection", "Upgrade, HTTP2-Settings")
	r.Header.Set("Upgrade", "h2c")
	r.Header.Set("HTTP2-Settings", "AAMAAABkAAQAAP__")
	response, err := newClient(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if want := `upgrade=[] connection=[] settings=[]`; string(body) != want {
		t.Errorf("pod saw %s", body)
	}
}
