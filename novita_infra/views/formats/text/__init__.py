"""The text format, for a person: lines with tones. The text is complete without colours."""

from novita_infra.views.output_formats import StreamFormat

FORMAT = StreamFormat("", "renderer:TextRenderer")
