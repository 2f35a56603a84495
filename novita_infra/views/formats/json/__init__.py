"""The JSON format, for a program: Terraform's representations of plan and state, and its UI messages."""

from novita_infra.views.output_formats import StreamFormat

FORMAT = StreamFormat("Print JSON and nothing else on stdout.", "renderer:JsonRenderer")
