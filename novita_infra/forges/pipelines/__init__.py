"""The files of pipelines, as text. A `run:` or `script:` holds fixed words alone: what others write is never in one."""
