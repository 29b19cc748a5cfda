# One image for every part: serin controller, metrics, authz and proxy. It holds a static binary, the certificates of the
# public authorities (Slack is reached over TLS) as the golang image has them, and nothing else; it runs as a user that is not
# root. make image builds the same without a container engine; with one, for two architectures:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REPO/serin:TAG --push .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w" -o /serin ./cmd/serin

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /serin /serin
USER 65532:65532
ENTRYPOINT ["/serin"]
