# biaxial-compose in a container: docker build -t biaxial . && docker run --rm -v "$PWD:/music" biaxial --bars 16
FROM python:3.13-slim

WORKDIR /source
COPY requirements/compose.txt requirements/
RUN pip install --no-cache-dir -r requirements/compose.txt
COPY pyproject.toml README.md LICENSE LICENSES.md ./
COPY scripts/make/release_metadata.py scripts/make/
COPY data/chorales.csv data/
COPY biaxial biaxial
# The sampler is compiled once, here, and not when the container starts.
RUN pip install --no-cache-dir --no-deps . && biaxial-compose --bars 1 --output /tmp/compiled.mid

WORKDIR /music
ENTRYPOINT ["biaxial-compose"]
