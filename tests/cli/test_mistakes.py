"""Mistakes that people make, each with the exact message: what is wrong, where, and what to type next.

A new case is one entry of a table. Bad manifests with their messages are in `tests/manifests/bad/`.
"""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from command_tree import commands_of

from novita_infra.cli import root
from novita_infra.cli.lazy import with_two_dashes
from tests.cli.conftest import FLEET, PROJECT, Invoke

COMMANDS = commands_of(root)
UNKNOWN = {
    # options of Terraform
    "apply -destroy": "No such option '-destroy'. To delete all resources: novita-infra destroy",
    "plan --refresh-only": "No such option '--refresh-only'. Did you mean '--refresh=only'?",
    "apply --lock=false": "No such option '--lock'. Did you mean '--lock-timeout'?",
    "init -upgrade": "No such option '-upgrade'. There are no providers and backends to install.",
    "-chdir=lab plan": "No such option '-chdir'. The folder is an argument: novita-infra plan FOLDER",
    # an option before the command, or of another command
    "--sim plan": "No such option '--sim'. It stands after the command: novita-infra plan --sim",
    "plan --auto-approve": "No such option '--auto-approve'. It is an option of apply, destroy, keys, sweep "
    "and others.",
    "init --sim": "No such option '--sim'. It is an option of validate, plan, apply, destroy and others.",
    "drift --out x": "No such option '--out'. It is an option of plan, ssh-config, ci init, sim record.",
    # options of other tools: none of them leads to an option that replaces or deletes something
    "plan -q": "No such option '-q'. Progress goes to stderr, results to stdout: novita-infra plan 2> progress.log",
    "plan -v": "No such option '-v'. To see each call of the API: NOVITA_INFRA_LOG=info novita-infra plan",
    "apply -yes": "No such option '-yes'. Did you mean '--auto-approve'?",
    "plan -refresh-only": "No such option '-refresh-only'. Did you mean '--refresh=only'?",
    "plan -output=json": "No such option '-output'. Did you mean '--json'?",
    "apply -environment prod": "No such option '-environment'. Did you mean '--env'?",
    "show -o json": "No such option '-o'. Did you mean '--json'?",
    "apply --yes": "No such option '--yes'. Did you mean '--auto-approve'?",
    "apply --force": "No such option '--force'. Did you mean '--auto-approve'?",
    "destroy --force": "No such option '--force'. Did you mean '--auto-approve'?",
    "plan --force": "No such option '--force'. It is an option of state push.",
    "state rm --force instance.a": "No such option '--force'. It is an option of state push.",
    "apply --dry-run": "No such option '--dry-run'. To see what would be done: novita-infra plan",
    "plan --format json": "No such option '--format'. Did you mean '--json'?",
    # a letter too many
    "plan --sims": "No such option '--sims'. Did you mean '--estimate' or '--sarif' or '--sim'?",
    "apply --autoapprove": "No such option '--autoapprove'. Did you mean '--auto-approve'?",
    # commands of other tools
    "aply": 'No such command "aply". Did you mean "apply"?',
    "refresh": 'No such command "refresh". To read the live objects into the state: novita-infra apply --refresh=only',
    "taint instance.a": 'No such command "taint". To replace a resource: novita-infra apply --replace ADDR',
    "workspace select prod": 'No such command "workspace". To choose an environment: novita-infra plan --env NAME',
    "console": 'No such command "console". To see the values of expressions: novita-infra render',
    "force-unlock 123": 'No such command "force-unlock". To free the lock of a dead run: novita-infra state lock break',
    "diff": 'No such command "diff". To see what apply would do: novita-infra plan',
    "test": 'No such command "test". To check the manifests: novita-infra validate',
    "version": 'No such command "version". To see the version: novita-infra --version',
    "help plan": 'No such command "help". To see the help of a command: novita-infra COMMAND --help',
    "state unlock": 'No such command "unlock". To free the lock of a dead run: novita-infra state lock break',
    "state delete instance.a": 'No such command "delete". To remove records: novita-infra state rm ADDR',
    "sim server": 'No such command "server". Did you mean "serve"?',
    # values of another form
    "apply --parallelism many": "Invalid value for '--parallelism' (env var: 'NOVITA_INFRA_PARALLELISM'): 'many' is "
    "not a valid whole number.",
    "sim serve --port abc": "Invalid value for '--port': 'abc' is not a valid whole number.",
    "sim serve --latency-ms 5s": "Invalid value for '--latency-ms': '5s' is not a valid number.",
}
"""Command line -> message."""


@pytest.mark.parametrize("words", UNKNOWN)
def test_an_unknown_word_leads_to_the_one_of_this_program(run: Invoke, words: str) -> None:
    result = run(*shlex.split(words))
    message, _, advice = result.stderr.partition("\n")
    assert message == f"error: {UNKNOWN[words]}"
    assert advice.startswith("Try 'novita-infra")
    assert (result.exit_code, result.stdout) == (1, "")


SPELLINGS = {
    "plan --sim -out=p.niplan": "plan --sim --out=p.niplan",
    "plan --sim -out p.niplan": "plan --sim --out p.niplan",
    "plan --sim -target=network_storage.data -var size=30": "plan --sim --target=network_storage.data --var size=30",
    "plan --sim -destroy": "plan --sim --destroy",
    "apply --sim -auto-approve": "apply --sim --auto-approve",
    "apply --sim -auto-approve -json": "apply --sim --auto-approve --json",
    "plan -help": "plan --help",
    "-help": "--help",
    "-version": "--version",
}
"""Command line in the spelling of Terraform -> the same in ours."""


@pytest.mark.parametrize("words", SPELLINGS)
def test_an_option_in_the_spelling_of_terraform_is_understood_with_a_hint(words: str) -> None:
    single = [word.partition("=")[0] for word in shlex.split(words) if word.startswith("-") and word[1] != "-"]
    context = click.Context(root if words.startswith("-") else COMMANDS[words.split(maxsplit=1)[0]])
    with redirect_stderr(io.StringIO()) as stderr:
        spelled = with_two_dashes(context, shlex.split(words))
    assert shlex.join(spelled) == SPELLINGS[words]
    assert stderr.getvalue() == "".join(f"{word} is read as -{word}.\n" for word in single)


def test_a_plan_in_the_spelling_of_terraform_is_made_and_applied(run: Invoke, project: Path) -> None:
    assert run("plan", "--sim", "-out=p.niplan").stderr.startswith("-out is read as --out.\n")
    assert (project / "p.niplan").exists()
    result = run("apply", "--sim", "-y", "-t", "network_storage.data")
    assert "1 created" in result.stderr


def test_the_words_of_another_command_are_left_as_they_are() -> None:
    words = ["--seed", "1", "novita-infra", "apply", "-auto-approve"]
    assert with_two_dashes(click.Context(COMMANDS["sim run"]), words) == words
    assert with_two_dashes(click.Context(COMMANDS["ssh"]), ["a", "--", "-json"]) == ["a", "--", "-json"]


@dataclass(frozen=True)
class Mistake:
    """A command that cannot do what was meant, with everything that it writes to stderr."""

    words: str
    stderr: str
    code: int = 1
    files: Mapping[str, str | None] = field(default_factory=dict)
    """Written into the project; None removes one."""
    before: tuple[str, ...] = ()
    """Commands that run before the files are written; they succeed."""
    environ: Mapping[str, str] = field(default_factory=dict)
    stdout: str | None = ""
    """None: not looked at."""


NO_MANIFEST = (
    "is no manifest; name a project folder, or a manifest in a .yaml, .yml or .json file; a saved plan is for "
    "`novita-infra show` and `novita-infra apply`\n"
)
NO_STATE = "There is no state at state/default.json. If there was one, look for its objects: novita-infra orphans\n"
APPLIED = ("apply --sim --auto-approve",)
PLANNED = (*APPLIED, "plan --sim --out p.niplan --var size=30")
NETWORK = """\
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net}
spec: {cluster: us-ca-nas-2}
"""
CONFLICT = "spec:\n<<<<<<< HEAD\n  a: 1\n=======\n  a: 2\n>>>>>>> main\n"
ABOVE = {"novita-infra.yaml": None, "fleet.yaml": None, "lab/novita-infra.yaml": PROJECT, "lab/fleet.yaml": FLEET}
"""The folder above a project."""
NO_PROJECT = "error: there are no manifests in .; name the folder of the project: lab\n"
MISTAKES = {
    # files of another sort
    "a saved plan given to destroy": Mistake(
        "destroy --sim p.niplan", f"error: p.niplan {NO_MANIFEST}", before=PLANNED
    ),
    "a saved plan given to plan": Mistake("plan --sim p.niplan", f"error: p.niplan {NO_MANIFEST}", before=PLANNED),
    "a text given to destroy": Mistake(
        "destroy --sim notes.txt", f"error: notes.txt {NO_MANIFEST}", files={"notes.txt": "hello\n"}, before=APPLIED
    ),
    "a manifest that was never applied given to destroy": Mistake(
        "destroy --sim more.yaml",
        "",
        code=0,
        files={"more.yaml": NETWORK},
        before=("apply --sim --auto-approve fleet.yaml",),
        stdout="""\
Plan to destroy project small, environment default:

No changes. The state holds none of these resources.
Cost of environment default: $0.00167/h, $1.20/month, as before
      if nobody comes back: no bound for network_storage.data $0.00167/h (never swept)
""",
    ),
    "a saved plan that does not exist": Mistake(
        "apply --sim nope.niplan",
        "error: nope.niplan: there is no such file or folder; name a project folder, a manifest file or a plan that "
        "`novita-infra plan --out FILE` saved\n",
    ),
    "options beside a saved plan": Mistake(
        "apply p.niplan --allow-data-loss network_storage.data --target network_storage.data",
        "error: p.niplan is a saved plan: it carries its own environment, variables and options; leave out --target "
        "and --allow-data-loss, or make a new plan\n",
        before=PLANNED,
    ),
    "variables in the form of Terraform": Mistake(
        "plan --sim --var-file prod.tfvars",
        "error: prod.tfvars:1:1: a file of variables is a mapping of names to values; write each as NAME: VALUE, "
        "not NAME = VALUE\n     1 | ********\n       | ^\n",
        files={"prod.tfvars": "size = 2\n"},
    ),
    # another folder, no state
    "destroy above the project": Mistake("destroy --sim --auto-approve", NO_PROJECT, files=ABOVE),
    "plan above the project": Mistake("plan --sim", NO_PROJECT, files=ABOVE),
    "state list above the project": Mistake("state list", NO_PROJECT, files=ABOVE),
    "output above the project": Mistake("output", NO_PROJECT, files=ABOVE),
    "state list without a state": Mistake("state list", NO_STATE, code=0),
    "output without a state": Mistake("output", NO_STATE, code=0),
    "show without a state": Mistake("show", NO_STATE, code=0, stdout=None),
    "a plan whose state is gone": Mistake(
        "apply p.niplan",
        "error: there is no state at state/default.json, and p.niplan can be applied only with the state that it was "
        "made with; run this in the project that the plan was made for; if the state is lost, see "
        "`novita-infra plan`\n",
        code=5,
        files=dict.fromkeys(f"state/default.{end}" for end in ("json", "json.backup", "journal.backup")),
        before=PLANNED,
    ),
    "a state with a merge conflict": Mistake(
        "state list",
        "error: state/default.json:2:1: the file holds marks of a merge conflict; `novita-infra state repair` joins "
        "both sides where that is safe; else put back one side whole, with `git checkout --ours` or `--theirs` for the "
        "state and its journal, and adopt what the other side created: novita-infra orphans\n"
        "     2 | ********\n       | ^\n",
        files={"state/default.json": CONFLICT},
    ),
    "a state of Terraform": Mistake(
        "state list",
        "error: state/default.json is a state of Terraform; move it away; novita-infra writes a state of its own "
        "there\n",
        files={"state/default.json": '{"version": 4, "terraform_version": "1.5.0", "serial": 1, "resources": []}'},
    ),
    "a folder in place of the state": Mistake(
        "state list",
        "error: state/default.json: is a directory; something else is in its place: move it away\n",
        files={"state/default.json/x": ""},
    ),
    "a file in place of the folder of states": Mistake(
        "state list",
        "error: state/default.json: not a directory; something else is in its place: move it away\n",
        files={"state": ""},
    ),
    "megabytes of data among the manifests": Mistake(
        "validate",
        "error: huge.yaml:1:1: the file has 1,200,002 bytes and is no manifest; to leave the file out, write ignore: "
        '["huge.yaml"] into novita-infra.yaml\n'
        f"     1 | [{'********, ' * 9}********,\n       | ^\n",
        files={"huge.yaml": f"[{'1, ' * 400_000}]"},
    ),
    "a manifest under the name of a file of variables": Mistake(
        "validate",
        "warning: more.vars.yaml:1:1: the file holds a manifest, and is not read: by its name it holds variables or a "
        "scenario; rename it\n     1 | apiVersion: novita-infra/v1\n       | ^\n",
        code=0,
        files={"more.vars.yaml": NETWORK, "prod.vars.yaml": "size: 7\n"},
        stdout="Valid: 1 resource.\n",
    ),
    "a manifest with a merge conflict": Mistake(
        "validate",
        "error: more.yaml:2:1: the file holds marks of a merge conflict; keep one side, and remove the lines with "
        "<<<, === and >>>\n     2 | ********\n       | ^\n",
        files={"more.yaml": CONFLICT},
    ),
    # the environment
    "an API key in quotes": Mistake(
        "plan",
        "error: the API key is in quotes; set NOVITA_API_KEY without them\n",
        environ={"NOVITA_API_KEY": '"sk_4711"'},
    ),
    "an API key after Bearer": Mistake(
        "plan",
        'error: the API key begins with "Bearer "; set NOVITA_API_KEY to the key alone\n',
        environ={"NOVITA_API_KEY": "Bearer sk_4711"},
    ),
    "an API key with a line break": Mistake(
        "plan",
        "error: the API key holds a character that no key has, after 4 others; check NOVITA_API_KEY\n",
        environ={"NOVITA_API_KEY": "sk_4\n711"},
    ),
    "a misspelt variable of the environment": Mistake(
        "validate",
        "warning: the environment variable NOVITA_INFRA_VAR_Size sets no variable of this project; did you mean "
        '"NOVITA_INFRA_VAR_size"?\n',
        code=0,
        environ={"NOVITA_INFRA_VAR_Size": "7", "NOVITA_INFRA_VAR_region": "of another project"},
        stdout="Valid: 1 resource.\n",
    ),
    "a budget that is exceeded": Mistake(
        "plan --sim",
        "error: environment default would cost $0.00167 per hour at the most, over its budget of $0.001; the plan's "
        "part: +$0.00167; most of all cost network_storage.data $0.00167; plan less, or raise budget.perHour in the "
        "project file\n",
        code=6,
        files={"novita-infra.yaml": PROJECT + "budget: {perHour: 0.001}\n"},
        stdout=None,
    ),
    "a policy that prints nothing": Mistake(
        "plan --sim",
        'error: novita-infra.yaml:11:12: the policy "silent" gave no verdict: it printed nothing; a policy prints '
        '{"deny": [], "warn": []}; without a verdict nothing is applied; mend the policy, or let it be '
        "`onError: warn`\n    11 | policies: [{file: silent.py}]\n       |            ^\n",
        code=5,
        files={"novita-infra.yaml": PROJECT + "policies: [{file: silent.py}]\n", "silent.py": "pass\n"},
        stdout=None,
    ),
    # the simulator
    "a program that sim run does not find": Mistake(
        "sim run apply",
        "error: there is no program apply; write the whole command, such as: novita-infra sim run -- novita-infra "
        "apply\n",
    ),
    "another file as the account of the simulator": Mistake(
        "sim serve --db notes.txt",
        "error: notes.txt is no simulator account (file is not a database); choose another --db\n",
        files={"notes.txt": "hello\n"},
    ),
    "a manifest as a scenario": Mistake(
        "sim serve --scenario fleet.yaml",
        "error: fleet.yaml:1:1: this is a manifest, not a scenario; `novita-infra schema scenario` prints the keys of "
        "a scenario\n     1 | apiVersion: novita-infra/v1\n       | ^\n",
    ),
    "an unknown key of a scenario": Mistake(
        "sim serve --scenario bad.scenario.yaml",
        "error: bad.scenario.yaml:2:8: invalid parameter fault: is not a field here; known: events, faults, limits, "
        "name, quirks, says, statusWords, timings, unpullable\n     2 | fault: []\n       |        ^\n",
        files={"bad.scenario.yaml": "name: bad\nfault: []\n"},
    ),
    "an unknown operation of a fault": Mistake(
        "sim serve --scenario bad.scenario.yaml",
        "error: bad.scenario.yaml:4:16: invalid parameter faults[0].operation: is no operation; did you mean "
        "instances.create?\n     4 |   - ********: ********\n       |               ^\n",
        files={"bad.scenario.yaml": "name: bad\nsays: A lost create.\nfaults:\n  - operation: instance.create\n"},
    ),
    # records
    "an address moved to itself": Mistake(
        "state mv network_storage.data network_storage.data",
        "error: both addresses are network_storage.data; nothing is left to move\n",
        before=APPLIED,
    ),
    "an address moved to another kind": Mistake(
        "state mv network_storage.data instance.data",
        "error: network_storage.data cannot become instance.data, which is of another kind; move within one kind\n",
        before=APPLIED,
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_with_what_to_type_next(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mistake = MISTAKES[name]
    for words in mistake.before:
        assert run(*shlex.split(words)).exit_code == 0
    for file, text in mistake.files.items():
        if text is None:
            (project / file).unlink()
        else:
            (project / file).parent.mkdir(parents=True, exist_ok=True)
            (project / file).write_text(text)
    for variable, value in mistake.environ.items():
        monkeypatch.setenv(variable, value)
    result = run(*shlex.split(mistake.words))
    assert (result.stderr, result.exit_code) == (mistake.stderr, mistake.code)
    assert mistake.stdout is None or result.stdout == mistake.stdout
