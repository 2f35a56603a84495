"""Words in place of the symbols of a plan."""

from __future__ import annotations

import re
from collections.abc import Callable

from novita_infra.planning.plan.review import Review
from novita_infra.views.content.lines import line, plain, table_lines
from novita_infra.views.formats.text.worded import worded
from novita_infra.views.plan_lines.plan import plan_lines


def test_a_plan_reads_without_symbols(plan_of: Callable[[str], Review], golden: Callable[[str, str], None]) -> None:
    for name in ("mixed", "refused", "destroyed"):
        text = plain(worded(plan_lines(plan_of(name))))
        golden(f"plain_{name}.txt", text)
        assert re.findall(r"^ *(?:[~+!]|-/\+|\+/-|<=|=>|\.) .*", text, re.MULTILINE) == []


def test_a_value_that_looks_like_a_symbol_stays_as_it_is() -> None:
    assert plain(worded([line("      ", "# - + -> ~")])) == "      # - + -> ~\n"


def test_a_row_of_a_table_names_each_of_its_cells() -> None:
    table = table_lines([("i-1", "running")], heads=("ID", "STATUS"))
    assert plain(worded(table)) == "i-1\n  STATUS: running\n"
