# pipecli for a job of CI or cron: docker build -t pipecli . && docker run --rm -v "$PWD:/pipeline" pipecli check
FROM python:3.13-slim AS build
COPY . /source
# Into a folder of its own, which the image below takes over; nothing of the build comes along.
RUN python -m venv /opt/pipecli \
    && /opt/pipecli/bin/pip install --no-cache-dir -c /source/constraints.txt "/source[pdf,charts,notify]"

FROM python:3.13-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    # The pipeline is the host's, owned by another user there; git would refuse it.
    && git config --system --add safe.directory /pipeline \
    && useradd --create-home --uid 1000 pipecli
COPY --from=build /opt/pipecli /opt/pipecli
ENV PATH="/opt/pipecli/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1
USER pipecli
WORKDIR /pipeline
ENTRYPOINT ["pipecli"]
CMD ["--help"]
