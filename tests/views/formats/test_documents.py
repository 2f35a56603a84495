"""Every output format, found by its package: golden texts, no secret, no control character."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest

from novita_infra import __version__
from novita_infra.account.bill_groups import OwnedLine, sums_by_group
from novita_infra.account.billing import BilledLine, MonthlyBill, Transaction
from novita_infra.account.metric_series import MetricSeries
from novita_infra.account.spans import DAY, TimeSpan
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.review import Review
from novita_infra.state.recovery.history import SavedState
from novita_infra.state.recovery.past import Past, RunTimes, StepTime
from novita_infra.state.state import LastRun, PlannedRate, State
from novita_infra.views.content.diagnostics import FailureContent, ValidationContent
from novita_infra.views.content.graph import graph_of, needs_of
from novita_infra.views.content.plan import DriftContent, PlanContent
from novita_infra.views.documents import WithDocuments, document_text
from novita_infra.views.output_formats import DocumentFormat, StreamFormat, output_formats, part_of_format
from novita_infra.views.renderer import RenderSettings
from novita_infra.views.results.account.billing import BillGroups, BillListing, KeyBillListing, bill_sums
from novita_infra.views.results.account.payments import month_listing, transaction_listing
from novita_infra.views.results.account.report import report_facts
from novita_infra.views.results.machines.metrics import metrics_facts
from novita_infra.views.results.orphans import orphan_listing

FORMATS = output_formats()
DOCUMENTS = [name for name, form in FORMATS.items() if isinstance(form, DocumentFormat)]
STREAMS = {name: form for name, form in FORMATS.items() if isinstance(form, StreamFormat)}
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "\x1b[31m\n| a | <b> [x](y) `c` ```\u202e"


@pytest.fixture(autouse=True)
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is the top of a repository: files are named from there."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def contents(plan_of: Callable[[str], Review]) -> Mapping[str, Mapping[str, Any]]:
    """Made-up content of every result that a document format may show, by result and name."""
    reviews = {name: plan_of(name) for name in ("mixed", "unchanged", "refused", "destroyed")}
    plan = reviews["mixed"].plan
    orphan = Orphan("instance", Live("i-1", HOSTILE, Phase.READY, "running", {}))
    span = (1_796_040_000, 1_796_043_600)
    days = TimeSpan(20_787 * DAY, 20_788 * DAY, DAY)
    amount = Fraction(123_456, 7)
    bill = BilledLine(
        start=days.start,
        end=days.end - 1,
        category="gpu",
        product=HOSTILE,
        owner="i-1",
        amount=amount,
        voucher=None,
        exact=True,
    )
    sums = bill_sums([bill], days)
    month = MonthlyBill(
        month="2026-10",
        id="b-1",
        status=HOSTILE,
        total=amount,
        before_discount=None,
        voucher=None,
        cash=None,
        debt=None,
        repaid=None,
        invoice="",
    )
    payment = Transaction(
        serial="s-1",
        at=days.start,
        type="recharge",
        channel="card",
        amount=amount,
        balance=None,
        state="success",
        note=HOSTILE,
        invoice="",
    )
    series = (
        MetricSeries("cpu", "", ((span[0] + 60, 12.5), (span[0] + 1800, 250.0), (span[1], 0.0))),
        MetricSeries("gpu", "", ((span[0], 40.0),)),
        *(MetricSeries("gpu", gpu, ((span[0], 80.0), (span[1], 0.0))) for gpu in ("0", HOSTILE)),
    )
    return {
        "metrics": {
            "some": metrics_facts("instance.web", "i-1", "running", span=span, interval=60, series=series),
            "none": metrics_facts("i-1", "i-1", HOSTILE, span=span, interval=60, series=()),
        },
        "plan": {name: PlanContent(review, "sha256:0123") for name, review in reviews.items()},
        "drift": {name: DriftContent(review) for name, review in reviews.items()},
        "validation": {
            "refused": ValidationContent(reviews["refused"].problems, None),
            "valid": ValidationContent((), 3, ("dev", "prod")),
        },
        "failure": {"hostile": FailureContent("plan", (Diagnostic(HOSTILE, HOSTILE, Origin(HOSTILE, 1, 2)),))},
        "orphans": {"one": orphan_listing([orphan], now=0.0), "none": orphan_listing([], now=0.0)},
        "bills": {"one": BillListing.of([OwnedLine(bill)], sums), "none": BillListing.of([], bill_sums([], days))},
        "key_bills": {"one": KeyBillListing.of([bill], sums)},
        "bill_groups": {"one": BillGroups.of(sums_by_group([OwnedLine(bill)], "product"), sums)},
        "monthly_bills": {"one": month_listing([month])},
        "transactions": {"one": transaction_listing([payment])},
        "report": {
            "mixed": report_facts(reviews["mixed"], orphans=[orphan], unlisted=["vpc"], past=_past(), now=span[1])
        },
        "graph": {
            "needs": graph_of(needs_of(plan)),
            "actions": graph_of(needs_of(plan), {change.address: change.action for change in plan.changes}),
        },
    }


def _texts(name: str, contents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The texts of a format by their title."""
    form = FORMATS[name]
    assert isinstance(form, DocumentFormat)
    missing = form.documents.keys() - contents.keys()
    assert not missing, f"add made-up content of these results to `contents` above: {', '.join(sorted(missing))}"
    return {
        f"{result} {case}": _lasting(document_text(name, content))
        for result in form.documents
        for case, content in contents[result].items()
    }


def _past() -> Past:
    """A past with a run that was interrupted."""
    storage, trainer = Address("network_storage", "data"), Address("instance", "trainer")
    run = LastRun("apply", HOSTILE, 1_796_030_000.0, planned=PlannedRate("100000", "250000"))
    state = State(lineage="l", key="k", serial=3, last_run=run)
    steps = (StepTime(storage, "create", 1000.0, 1030.0, 1002.0), StepTime(trainer, "upgrade", 1002.0, ended=HOSTILE))
    return Past((SavedState(state, 1_796_030_000.0, 10, present=True),), RunTimes(run, steps))


def _lasting(text: str) -> str:
    """The text without the version, and without the style and the script of a page, which are files of their own."""
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", text, flags=re.DOTALL)
    text = re.sub("'sha256-[^']*'", "'sha256-'", text)
    return re.sub(rf'(?<=["\s]){re.escape(__version__)}(?=["\s.])', "VERSION", text)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_format_reads_as_its_golden_texts(
    name: str, contents: Mapping[str, Mapping[str, Any]], golden: Callable[[str, str], None]
) -> None:
    golden(f"{name}.txt", "\n".join(f"===== {title} =====\n{text}" for title, text in _texts(name, contents).items()))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_secret_and_no_control_character_reaches_a_document(
    name: str, contents: Mapping[str, Mapping[str, Any]], clear: str
) -> None:
    for title, text in _texts(name, contents).items():
        assert clear not in text, title
        assert CONTROL.search(text) is None, title


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_format_shows_every_result_without_a_secret(
    name: str, contents: Mapping[str, Mapping[str, Any]], clear: str, tmp_path: Path
) -> None:
    renderer = part_of_format(name, STREAMS[name].renderer)(RenderSettings(tmp_path, lambda: 0.0))
    for result in ("plan", "drift", "validation", "orphans"):
        for case, content in contents[result].items():
            out = io.StringIO()
            with redirect_stdout(out), redirect_stderr(out):
                renderer.result(content)
            assert out.getvalue(), f"{result} {case}"
            assert clear not in out.getvalue(), f"{result} {case}"


def test_only_the_default_format_has_no_flag() -> None:
    assert [name for name, form in STREAMS.items() if not form.help] == ["text"]


def test_a_document_is_written_beside_what_the_renderer_shows(
    contents: Mapping[str, Mapping[str, Any]], tmp_path: Path
) -> None:
    class Listener:
        def result(self, content: Any) -> None:
            shown.append(content)

    shown: list[Any] = []
    content, file, renderer = contents["graph"]["needs"], tmp_path / "needs.dot", cast("Any", Listener())
    WithDocuments(renderer, {"dot": file}).result(content)
    assert shown == [content]
    assert file.read_text(encoding="utf-8") == document_text("dot", content)


def test_a_format_refuses_a_result_that_it_does_not_show(contents: Mapping[str, Mapping[str, Any]]) -> None:
    with pytest.raises(Problems, match="does not show this"):
        document_text("dot", contents["plan"]["mixed"])
