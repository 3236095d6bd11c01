# pipecli for a job of CI or cron: docker build -t pipecli . && docker run --rm -v "$PWD:/pipeline" pipecli check
# Other extras: docker build --build-arg EXTRAS=all -t pipecli .
FROM python:3.13-slim AS build
ARG EXTRAS=notify
COPY . /source
# Into a folder of its own, which the image below takes over; nothing of the build comes along.
RUN python -m venv --without-pip /opt/pipecli \
    && pip --python /opt/pipecli/bin/python install --no-cache-dir -c /source/constraints.txt "/source[$EXTRAS]"

FROM python:3.13-slim
# The pipeline is mounted and owned by a user of the host, which git would refuse without `safe.directory`.
# hadolint ignore=DL3008 # git and ssh as Debian mends them
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /pipeline \
    && useradd --create-home --uid 1000 pipecli
COPY --from=build /opt/pipecli /opt/pipecli
ENV PATH="/opt/pipecli/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /pipeline
ENTRYPOINT ["pipecli"]
CMD ["--help"]
