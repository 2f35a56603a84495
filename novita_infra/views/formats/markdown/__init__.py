"""Markdown for the comment of a pull request: a summary, what needs a permission, and folded details."""

from novita_infra.views.output_formats import FAILURE, DocumentFormat

FORMAT = DocumentFormat(
    "Write it as Markdown for the comment of a pull request, too.",
    {
        "plan": "plan:plan_markdown",
        "drift": "plan:drift_markdown",
        "orphans": "listing:listing_markdown",
        "bills": "listing:listing_markdown",
        "bill_groups": "listing:listing_markdown",
        "key_bills": "listing:listing_markdown",
        "monthly_bills": "listing:listing_markdown",
        "transactions": "listing:listing_markdown",
        FAILURE: "plan:failure_markdown",
    },
)
