"""YAML as people lay it out: read fast, changed by splicing, so that every other byte stays."""
