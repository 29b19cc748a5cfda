package proxy

import (
	"io"
	"mime"
	"net/http"
	"strings"
)

// answered takes a pod's response in, and sees to it that the request is counted at its end.
func (x *exchange) answered(response *http.Response) *http.Response {
	if x.body != nil {
		x.body.settled.Store(true)
	}
	if response.StatusCode == http.StatusSwitchingProtocols || isEventStream(response.Header) {
		x.end(outcomeOf(response.StatusCode))
		return response
	}
	m := &meter{body: response.Body, exchange: x, response: response, left: response.ContentLength}
	m.grpc = isGRPC(response.Header) && response.StatusCode == http.StatusOK
	switch {
	case isEmpty(response):
		m.end()
		x.proxy.FlushInterval = 0
	case response.ContentLength > 0 && response.ContentLength <= bufferSize:
		if m.readAhead(); m.left == 0 {
			x.proxy.FlushInterval = 0
		}
	}
	response.Body = m
	return response
}

// meter counts an exchange when the last byte of the response's body was read from the pod, which is before that byte is
// written to the client.
type meter struct {
	body     io.ReadCloser
	exchange *exchange
	response *http.Response
	// left is how many bytes are still to be read from the pod; negative if nobody said.
	left int64
	// grpc says that the trailers decide about the outcome.
	grpc bool

	// ahead is what was read from the pod and not passed on yet, and aheadErr how that reading ended; buffer is where it is.
	ahead    []byte
	aheadErr error
	buffer   []byte
}

// readAhead reads the first piece of a short body. When that is all of it, which is the rule, the response can be written to the
// client in one go; otherwise every piece is written as it comes.
func (m *meter) readAhead() {
	m.buffer = buffers{}.Get()
	n, err := m.read(m.buffer[:m.left])
	m.ahead, m.aheadErr = m.buffer[:n], err
}

// Read implements io.Reader.
func (m *meter) Read(into []byte) (int, error) {
	if len(m.ahead) == 0 && m.aheadErr == nil {
		return m.read(into)
	}
	n := copy(into, m.ahead)
	if m.ahead = m.ahead[n:]; len(m.ahead) > 0 {
		return n, nil
	}
	return n, m.aheadErr
}

// read reads from the pod.
func (m *meter) read(into []byte) (int, error) {
	n, err := m.body.Read(into)
	if m.left > 0 {
		m.left -= int64(n)
	}
	switch {
	case err == io.EOF, err == nil && m.left == 0 && !m.grpc:
		m.end()
	case err == nil:
	case m.response.Request.Context().Err() != nil:
		m.exchange.cancel()
	default:
		m.exchange.end(outcomeFailure)
	}
	return n, err
}

// Close implements io.Closer. A body that is closed before its end is one that the client did not want to the end.
func (m *meter) Close() error {
	m.exchange.cancel()
	if m.buffer != nil {
		buffers{}.Put(m.buffer)
		m.buffer, m.ahead = nil, nil
	}
	return m.body.Close()
}

func (m *meter) end() {
	if m.grpc {
		m.exchange.end(outcomeOfGRPC(m.response))
		return
	}
	m.exchange.end(outcomeOf(m.response.StatusCode))
}

// isEmpty reports whether a response has no body, so that its header is its end.
func isEmpty(response *http.Response) bool {
	switch {
	case response.ContentLength == 0, response.Body == http.NoBody, response.Request.Method == http.MethodHead:
		return true
	default:
		return response.StatusCode == http.StatusNoContent || response.StatusCode == http.StatusNotModified
	}
}

func outcomeOf(status int) string {
	if status >= http.StatusInternalServerError {
		return outcomeFailure
	}
	return outcomeSuccess
}

// outcomeOfGRPC reads the status of a gRPC response that has ended: from the trailers, or from the header when there is nothing
// else to it. The failures are those that are the server's: UNKNOWN 2, DEADLINE_EXCEEDED 4, INTERNAL 13, UNAVAILABLE 14,
// DATA_LOSS 15, and no status at all.
func outcomeOfGRPC(response *http.Response) string {
	status := response.Trailer.Get("Grpc-Status")
	if status == "" {
		status = response.Header.Get("Grpc-Status")
	}
	switch status {
	case "", "2", "4", "13", "14", "15":
		return outcomeFailure
	default:
		return outcomeSuccess
	}
}

// isGRPC reports whether a header announces gRPC, which is HTTP/2 with the outcome in trailers. gRPC-Web is neither.
func isGRPC(header http.Header) bool {
	rest, found := strings.CutPrefix(header.Get("Content-Type"), "application/grpc")
	return found && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

func isEventStream(header http.Header) bool {
	contentType := header.Get("Content-Type")
	if !strings.HasPrefix(contentType, "text/event-stream") {
		return false
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "text/event-stream"
}
