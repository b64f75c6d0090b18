# The image of Postern: one static binary, the public certificate authorities, and the folder of
# its socket. "make image" puts them into dist/image and builds this; docs/operations.md says how
# to run it. No base image is pulled, so there is none to pin: what goes in is pinned by go.sum.

# Everything, put together and tried. A binary that is not static, or is built for another
# machine, fails here and not in a pod.
FROM scratch AS tried
COPY dist/image/ /
USER 65532:65532
RUN ["/postern", "--version"]

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="postern" \
      org.opencontainers.image.description="An external authorizer for Envoy that never fails open" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=tried /postern /postern
COPY --from=tried /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=tried --chown=65532:65532 /run/ /run/
# By number: Kubernetes' runAsNonRoot cannot look up a name, and there is no file to look in.
USER 65532:65532
ENTRYPOINT ["/postern"]
CMD ["serve"]
