# Build: docker build -t helix .            (make docker stamps the version)
# The base is empty by default; another one: docker build --build-arg BASE=alpine -t helix .
ARG GO_VERSION=1.26
ARG BASE=scratch

FROM golang:${GO_VERSION} AS build
WORKDIR /src
# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/helix ./cmd/helix \
 && mkdir -m 0700 /out/data

FROM ${BASE}
# Certificates for calls to providers; time zones are in the binary.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# The directory is there and owned before a volume is mounted over it, so that a fresh volume can be written.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/helix /helix
USER 65532:65532
WORKDIR /data
ENV DATA_DIR=/data LOG_FORMAT=json
VOLUME ["/data"]
EXPOSE 4100
# serve drains on SIGTERM for DRAIN_TIMEOUT (30 s): give it more than docker's 10 s, e.g. docker stop -t 40.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/helix", "healthcheck"]
ENTRYPOINT ["/helix"]
CMD ["serve"]
