"""A result as one page of HTML that needs no other file: for a browser, an artefact of a pipeline, or a mail."""

from novita_infra.views.output_formats import FAILURE, DocumentFormat

FORMAT = DocumentFormat(
    "Write it as one page of HTML, too, which needs no other file and no network.",
    {"plan": "plan:plan_page", "report": "report:report_page", FAILURE: "plan:failure_page"},
)
