# One image for every part: serin controller, metrics, authz and proxy. It holds a static binary, the certificates of the
# public authorities (Slack is reached over TLS), and nothing else; it runs as a user that is not root.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o /serin ./cmd/serin

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /serin /serin
USER 65532:65532
ENTRYPOINT ["/serin"]
