"""Modules from real git repositories: pins, the cache, what is refused, and what may go wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from git_repositories import GIT_ENVIRON, BareRepository
from manifest_files import INSTANCE, loaded, manifest, one, refused, write

from novita_infra.manifests.modules.git.fetching import fetch_commit, fetched_files
from novita_infra.manifests.modules.git.lock_file import read_pins
from novita_infra.manifests.modules.git.program import git_program
from novita_infra.manifests.modules.git.source import git_source
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.manifests.project.loading import Project
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.manifests.pinning import write_pins

pytestmark = pytest.mark.process  # every fetch runs git six times

HEAD = "apiVersion: novita-infra/v1\n"
INTERFACE = f"{HEAD}kind: ModuleInterface\ninputs: {{gpus: {{type: integer, default: 1}}}}\n"
LOCK = "novita-infra.lock.yaml"


def module(image: str = "one", **more: str) -> dict[str, str | bytes]:
    """The files of a repository with the module `train`."""
    node = manifest("Instance", "head", f"  product: {{gpu: RTX 4090}}\n  image: {image}\n  gpuCount: ${{var.gpus}}\n")
    files = {"train/novita-infra-module.yaml": INTERFACE, "train/nodes.yaml": node, "README.md": "hello", **more}
    return {name.replace("__", "/"): text for name, text in files.items()}


def use(source: str, name: str = "train") -> str:
    return f"---\n{HEAD}kind: Module\nmetadata: {{name: {name}}}\nspec:\n  source: {source}\n"


@dataclass
class Fleet:
    """A project, a repository with its module, and a cache."""

    folder: Path
    repository: BareRepository
    environ: Mapping[str, str]

    @property
    def cache(self) -> Path:
        return Path(self.environ["NOVITA_INFRA_CACHE"], "modules")

    @property
    def lock(self) -> str:
        return (self.folder / LOCK).read_text()

    def write(self, *texts: str) -> Fleet:
        write(self.folder, {"fleet.yaml": "".join(texts)})
        return self

    def uses(self, folder: str = "train", ref: str = "") -> Fleet:
        return self.write(use(self.repository.source(folder, ref)))

    def pin(self, *names: str, moved: bool = True) -> Fleet:
        write_pins(self.folder, self.environ, moved=names if moved else None)
        return self

    def load(self) -> Project:
        return loaded(self.folder, {}, environ=self.environ)

    def image(self) -> object:
        return one(self.load(), "module.train.instance.head").spec["image"]

    def refused(self) -> list[str]:
        return refused(self.folder, {}, environ=self.environ)

    def not_pinned(self) -> list[str]:
        with pytest.raises(Problems) as caught:
            self.pin()
        return [str(item) for item in caught.value.diagnostics]

    def commit(self) -> str:
        (pin,) = read_pins(self.folder)[0].values()
        return pin.commit


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    environ = GIT_ENVIRON | {"NOVITA_INFRA_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    return Fleet(tmp_path / "fleet", BareRepository.made(tmp_path / "modules.git"), environ)


def test_a_module_from_git_is_loaded_as_the_lock_file_pins_it(fleet: Fleet) -> None:
    first = fleet.repository.commit(module("one"), tag="v1")
    fleet.uses(ref="v1").pin()
    assert fleet.lock == (
        "# Written by `novita-infra modules`. Keep it under version control.\n"
        "apiVersion: novita-infra/v1\nkind: ModuleLock\nmodules:\n"
        f"  git::{fleet.repository.url}?ref=v1:\n    commit: {first}\n    folders:\n"
        "      train: sha256:" + fleet.lock.rpartition(":")[2]
    )
    head = one(fleet.load(), "module.train.instance.head")
    assert (head.spec["image"], head.spec["gpuCount"]) == ("one", 1)
    assert head.origin.file == f"git::{fleet.repository.url}?ref=v1//train/nodes.yaml"


def test_a_moved_tag_moves_nothing_before_an_update(fleet: Fleet) -> None:
    fleet.repository.commit(module("one"), tag="v1")
    fleet.uses(ref="v1").pin()
    second = fleet.repository.commit(module("two"), tag="v1")
    shutil.rmtree(fleet.cache)
    assert fleet.image() == "one"
    assert fleet.pin(moved=False).image() == "one"
    assert (fleet.pin().image(), fleet.commit()) == ("two", second)


def test_a_commit_that_a_forced_push_left_is_found_while_the_server_has_it(fleet: Fleet) -> None:
    first = fleet.repository.commit(module("one"))
    fleet.uses(ref="main").pin()
    fleet.repository.commit(module("two"))
    shutil.rmtree(fleet.cache)
    assert fleet.image() == "one"
    fleet.repository.git("gc", "--quiet", "--prune=now")
    shutil.rmtree(fleet.cache)
    assert fleet.refused() == [
        f"fleet.yaml:6:11: {fleet.repository.url} has no commit {first}; its history was rewritten, or the commit is "
        "misspelt; `novita-infra modules update` pins what is there now"
    ]
    assert fleet.pin().image() == "two"


def test_a_warm_cache_needs_neither_the_repository_nor_git(fleet: Fleet) -> None:
    fleet.repository.commit(module("one"))
    fleet.uses().pin()
    shutil.rmtree(fleet.repository.path)
    fleet.environ = {**fleet.environ, "PATH": ""}
    assert fleet.image() == "one"
    shutil.rmtree(fleet.cache)
    assert fleet.refused() == [
        "fleet.yaml:6:11: there is no program git; install git, or look at PATH: it fetches the modules"
    ]


def test_changed_files_in_the_cache_are_fetched_again_or_refused(fleet: Fleet) -> None:
    fleet.repository.commit(module("one"))
    fleet.uses().pin()
    (folder,) = fleet.cache.iterdir()
    for damage in (
        lambda: (folder / "nodes.yaml").write_text("evil"),
        lambda: (folder / "more.yaml").write_text("evil"),
        (folder / "nodes.yaml").unlink,
        lambda: (folder / "nodes.yaml").rename(folder / "moved.yaml"),
    ):
        damage()
        assert fleet.image() == "one"
    (folder / "nodes.yaml").write_text("evil")
    shutil.rmtree(fleet.repository.path)
    (found,) = fleet.refused()
    assert found.startswith(
        f"fleet.yaml:6:11: the files of git::{fleet.repository.url}//train in the cache were changed; "
        f"{fleet.repository.url} cannot be fetched: "
    )
    assert [*fleet.cache.iterdir()] == [folder]


def test_an_edited_digest_is_refused(fleet: Fleet) -> None:
    commit = fleet.repository.commit(module("one"))
    fleet.uses().pin()
    text = fleet.lock
    (fleet.folder / LOCK).write_text(f"{text[:-3]}{'00' if text[-3:-1] != '00' else '11'}\n")
    assert fleet.refused() == [
        f"fleet.yaml:6:11: the files of git::{fleet.repository.url}//train at {commit} are not those that {LOCK} pins; "
        f"{LOCK} was edited, or the repository was tampered with: look at both before `modules update`"
    ]


def test_a_source_without_a_pin_is_refused_with_the_command(fleet: Fleet) -> None:
    fleet.repository.commit(module())
    name = f"git::{fleet.repository.url}"
    message = f"fleet.yaml:6:11: {LOCK} does not pin {name}//train; run `novita-infra modules install`"
    assert fleet.uses().refused() == [message]
    fleet.pin(moved=False).load()
    assert fleet.uses(ref="main").refused() == [message.replace("//train", "?ref=main//train")]


def test_only_named_modules_move_and_pins_that_nothing_uses_go(fleet: Fleet) -> None:
    fleet.repository.commit(module("one"))
    other = BareRepository.made(fleet.folder.parent / "other.git")
    other.commit(module("one"))
    both = (use(fleet.repository.source("train")), use(other.source("train"), "eval"))
    fleet.write(*both).pin()
    fleet.repository.commit(module("two"))
    second = other.commit(module("two"))
    fleet.pin("module.eval")
    assert fleet.image() == "one"
    assert read_pins(fleet.folder)[0][other.source()].commit == second
    fleet.write(both[0]).pin(moved=False)
    assert [*read_pins(fleet.folder)[0]] == [fleet.repository.source()]
    with pytest.raises(Problems, match='there is no module "trian"; did you mean "train"'):
        fleet.pin("trian")


def test_modules_of_modules_come_from_the_same_commit_or_name_their_own(fleet: Fleet) -> None:
    other = BareRepository.made(fleet.folder.parent / "other.git")
    other.commit({"novita-infra-module.yaml": INTERFACE, "net.yaml": manifest("VPC", "net", "  cluster: c1\n")})
    inner = {
        "train__inner.yaml": use("../common", "common") + use(other.source(), "net"),
        "common__novita-infra-module.yaml": INTERFACE,
        "common__disk.yaml": manifest("VPC", "disk", "  cluster: c2\n"),
    }
    first = fleet.repository.commit(module("one", **inner))
    fleet.uses().pin()
    assert [str(item.address) for item in fleet.load().declared] == [
        "module.train.instance.head",
        "module.train.module.common.vpc.disk",
        "module.train.module.net.vpc.net",
    ]
    pins, _ = read_pins(fleet.folder)
    assert [*pins[fleet.repository.source()].digests] == ["common", "train"]
    assert [*pins[other.source()].digests] == [""]
    assert pins[fleet.repository.source()].commit == first
    fleet.repository.commit(module("two", **inner) | {"common/disk.yaml": manifest("VPC", "d", "  cluster: c3\n")})
    shutil.rmtree(fleet.cache)
    assert "module.train.module.common.vpc.disk" in {str(item.address) for item in fleet.load().declared}


def test_a_module_from_a_server_reaches_no_repository_of_this_machine(fleet: Fleet) -> None:
    private = BareRepository.made(fleet.folder.parent / "private.git")
    private.commit({"novita-infra-module.yaml": INTERFACE})
    fleet.repository.commit(module() | {"train/x.yaml": use(private.source())})
    server = "https://git.invalid/modules.git"
    rewritten = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{fleet.repository.url}.insteadOf"}
    fleet.environ = {**fleet.environ, **rewritten, "GIT_CONFIG_VALUE_0": server}
    assert fleet.write(use(f"git::{server}//train")).not_pinned() == [
        f"git::{server}//train/x.yaml:6:11: a module from a server uses no repository of this machine; "
        "a module from a server comes with its own modules, or names others on servers"
    ]


def test_files_and_secrets_are_read_in_the_folder_of_the_module_alone(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    node = manifest("RegistryAuth", "hub", "  username: ${file('name.txt')}\n  password: {fromFile: token.txt}\n")
    inside = {"train__auth.yaml": node, "train__name.txt": "ada", "train__token.txt": "from-git"}
    fleet.repository.commit(module(**inside))
    auth = one(fleet.uses().pin().load(), "module.train.registry_auth.hub").spec
    assert (auth["username"], auth["password"].source) == ("ada", "file:token.txt")
    name = f"git::{fleet.repository.url}//train/auth.yaml"
    for path in ("../../../secret.txt", str(tmp_path / "secret.txt"), "../token.txt"):
        fleet.repository.commit(module(**inside | {"train__auth.yaml": node.replace("token.txt", path)}))
        assert fleet.pin().refused() == [
            f"{name}:7:13: a module from git reads no file outside of its folder; "
            "give it the secret as a variable with sensitive: true"
        ]
    fleet.repository.commit(module(**inside | {"train__auth.yaml": node.replace("name.txt", "../README.md")}))
    (found,) = fleet.pin().refused()
    assert found.startswith(f"{name}:6:20: this is no path inside of the project's folder")


def link(repository: BareRepository, target: str, path: str = "a") -> str:
    """A tree of the module with a link in it."""
    entries: dict[str, tuple[str, str]] = {
        "novita-infra-module.yaml": ("100644", repository.blob(INTERFACE)),
        "below": ("040000", repository.tree({"back": ("120000", repository.blob(".."))})),
        path: ("120000", repository.blob(target)),
    }
    return repository.tree({"train": ("040000", repository.tree(entries))})


@pytest.mark.parametrize("target", ["/etc/passwd", "../README.md", "below/back/../x", "..", "below/../../x"])
def test_a_link_out_of_the_module_is_refused(fleet: Fleet, target: str) -> None:
    fleet.repository.commit(link(fleet.repository, target))
    assert fleet.uses().not_pinned() == [
        f"fleet.yaml:6:11: git::{fleet.repository.url}//train is refused: the link a in it leads out of the module; "
        "look at what is in the repository"
    ]
    assert not (fleet.folder / LOCK).exists()
    assert [*fleet.cache.iterdir()] == []


def test_a_link_inside_of_the_module_is_followed(fleet: Fleet) -> None:
    files = fleet.repository.files(module())
    nodes = fleet.repository.blob(manifest("Instance", "head", INSTANCE))
    entries = {
        "novita-infra-module.yaml": ("100644", fleet.repository.blob(INTERFACE)),
        "real.txt": ("100644", nodes),
        "nodes.yaml": ("120000", fleet.repository.blob("real.txt")),
        "sub": ("160000", fleet.repository.commit(files, branch="other")),
    }
    tree = {"train": ("040000", fleet.repository.tree(entries))}
    fleet.repository.commit(fleet.repository.tree(tree))
    assert fleet.uses().pin().image() == "pytorch/pytorch:2.4.0"


def in_tree(repository: BareRepository, name: str, *, folder: str = "") -> str:
    """A tree of the module with an entry of this name, in the module or in a folder of it."""
    entry = {name: ("100644", repository.blob("x"))}
    entries = {
        "novita-infra-module.yaml": ("100644", repository.blob(INTERFACE)),
        **({folder: ("040000", repository.tree(entry))} if folder else entry),
    }
    return repository.tree({"train": ("040000", repository.tree(entries))})


@pytest.mark.parametrize(
    ("name", "folder", "message"),
    [
        (".git", "", "it holds .git, which belongs to another repository"),
        ("config", ".GIT", "it holds .GIT/config, which belongs to another repository"),
        ("hooks", ".git", "it holds .git/hooks, which belongs to another repository"),
        ("..", "", "the name .. in it is no path"),
        ("x", "..", "the name ../x in it is no path"),
        ("a\\b", "", "the name a\\b in it is no path"),
        ("a\nb", "", "the name of a file in it is not UTF-8 text that can be printed"),
        ("\u202ea", "", "the name of a file in it is not UTF-8 text that can be printed"),
    ],
)
def test_a_hostile_name_is_refused(fleet: Fleet, name: str, folder: str, message: str) -> None:
    fleet.repository.commit(in_tree(fleet.repository, name, folder=folder))
    assert fleet.uses().not_pinned() == [
        f"fleet.yaml:6:11: git::{fleet.repository.url}//train is refused: {message}; look at what is in the repository"
    ]


def test_a_module_with_too_many_or_too_large_files_is_refused(fleet: Fleet) -> None:
    blob = ("100644", fleet.repository.blob("x"))
    many = fleet.repository.tree({f"{number}.txt": blob for number in range(2001)})
    fleet.repository.commit(fleet.repository.tree({"train": ("040000", many)}))
    (found,) = fleet.uses().not_pinned()
    assert "is refused: it holds 2,001 files, and a module has at most 2,000" in found
    large = ("100644", fleet.repository.blob(bytes(33 * 2**20)))
    fleet.repository.commit(fleet.repository.tree({"train": ("040000", fleet.repository.tree({"x": large}))}))
    (found,) = fleet.not_pinned()
    assert found == (
        "fleet.yaml:6:11: git cat-file: it printed more than 32 MB; try again; a module is a small folder of manifests"
    )


def test_what_lies_beside_the_module_in_its_repository_is_not_fetched(fleet: Fleet, tmp_path: Path) -> None:
    commit = fleet.repository.commit(module() | {"weights.bin": Random(1).randbytes(3 * 2**20)})
    source = git_source(fleet.repository.source("train"))
    git = replace(git_program(fleet.environ, tmp_path / "one"), most_bytes=2**20)
    with pytest.raises(NoModule, match=f"{fleet.repository.url} is too large: git fetches at most 1 MB"):
        fetch_commit(git, source)
    fleet.repository.git("config", "uploadpack.allowFilter", "true")
    git = replace(git, folder=tmp_path / "two")
    assert fetch_commit(git, source) == commit
    assert [file.path for file in fetched_files(git, source, commit)] == ["nodes.yaml", "novita-infra-module.yaml"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("git::ext::sh -c 'touch x'", "this is no address of a repository; it begins with git::https://"),
        ("git::http://example.com/m.git", "this is no address of a repository; it begins with git::https://"),
        ("git::--upload-pack=x", "this is no address of a repository; it begins with"),
        ("git::ssh://-oProxyCommand=x/m.git", "this is no host of a repository; such as"),
        ("git::https://host/m.git?ref=--exec=x", "this is no ref of git; it is a branch"),
        ("git::https://host/m.git?ref=a:b", "this is no ref of git"),
        ("git::https://host/m.git?ref=a..b", "this is no ref of git"),
        ("git::https://host/m.git?depth=1", "the source of a module has no parameter but ref"),
        ("git::https://host/m.git//a/../b", "this is no folder of a repository; it stands behind two slashes"),
        ("git::https://host/m.git//.git/hooks", "this is no folder of a repository"),
        ("git::https://host/", "this is no path of a repository"),
        ("git::file://host/m.git", "a repository on this machine has no host; write three slashes"),
        ("git::https://${var.host}/m.git", "the source of a module takes no expressions"),
        (
            "git::git@github.com:acme/m.git",
            "this is no address of a repository; write git::ssh://git@github.com/acme/m.git",
        ),
    ],
)
def test_a_source_that_is_no_repository_is_explained(fleet: Fleet, source: str, message: str) -> None:
    (found,) = fleet.write(use(f'"{source}"')).refused()
    assert found.startswith(f"fleet.yaml:6:11: {message}")
    assert fleet.not_pinned() == [found]


@pytest.mark.parametrize(
    "source",
    [
        "git::https://ada:hunter2hunter2@host/m.git",
        "git::https://hunter2hunter2@host/m.git",
        "git::ssh://ada:hunter2hunter2@host/m.git",
        "https://ada:hunter2hunter2@host/m.git",
    ],
)
def test_credentials_in_a_source_are_refused_and_never_shown(fleet: Fleet, source: str) -> None:
    (found,) = fleet.write(use(source)).refused()
    assert "hunter2hunter2" not in found
    if source.startswith("git::"):
        assert found == (
            "fleet.yaml:6:11: the source of a module holds no credentials; leave out what stands before the @: git "
            "asks its credential helper, and ssh takes its keys"
        )


def test_what_git_says_of_a_failure_is_shown_without_credentials(fleet: Fleet) -> None:
    rewritten = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "url.ext::sh -c 'echo ada:hunter2hunter2@host >&2'.insteadOf",
        "GIT_CONFIG_VALUE_0": fleet.repository.url,
    }
    fleet.environ = {**fleet.environ, **rewritten}
    (found,) = fleet.uses().not_pinned()
    assert "cannot be fetched: fatal: transport 'ext' not allowed" in found
    assert found.endswith("; use file, http, https or ssh")
    fleet.environ = {**fleet.environ, "GIT_CONFIG_COUNT": "0"}
    shutil.rmtree(fleet.repository.path)
    (found,) = fleet.not_pinned()
    assert found.startswith(f"fleet.yaml:6:11: {fleet.repository.url} cannot be fetched: fatal: ")
    assert found.endswith("; git uses its own settings: try `git ls-remote` with the address, in this shell")


def test_no_hook_of_the_user_and_no_filter_runs(fleet: Fleet, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-checkout", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "config"
    config.write_text(
        f'[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[filter "x"]\n\tsmudge = touch {tmp_path}/ran\n'
    )
    fleet.repository.commit(module(**{"train__.gitattributes": "* filter=x\n"}))
    fleet.environ = {**fleet.environ, "GIT_CONFIG_GLOBAL": str(config), "GIT_DIR": str(tmp_path / "nowhere")}
    assert fleet.uses().pin().image() == "one"
    assert not (tmp_path / "ran").exists()


def test_several_processes_at_once_fetch_into_one_cache(fleet: Fleet) -> None:
    fleet.repository.commit(module("one"))
    fleet.uses().pin()
    shutil.rmtree(fleet.cache)
    command = [sys.executable, "-m", "novita_infra", "validate", str(fleet.folder)]
    runs = [subprocess.Popen(command, env=fleet.environ, stdout=subprocess.PIPE) for _ in range(3)]
    assert [run.communicate()[0] for run in runs] == [b"Valid: 1 resource.\n"] * 3
    (folder,) = fleet.cache.iterdir()
    assert len(folder.name) == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: "", "1:1: this is no lock file; mend it, or remove it and run `novita-infra modules install`"),
        (lambda text: text.replace("ModuleLock", "Lock"), "2:1: this is no lock file"),
        (lambda text: text.replace("commit: ", "commit: x"), "6:13: this is no lock file"),
        (lambda text: text.replace("sha256:", "md5:"), "8:14: this is no lock file"),
        (lambda text: f"<<<<<<< ours\n{text}=======\n", "1:1: "),
    ],
)
def test_a_damaged_lock_file_is_reported_once_at_its_place(
    fleet: Fleet, change: Callable[[str], str], message: str
) -> None:
    fleet.repository.commit(module())
    fleet.uses().pin()
    (fleet.folder / LOCK).write_text(change(fleet.lock))
    found = fleet.write(use(fleet.repository.source("train")), use(fleet.repository.source("train"), "b")).refused()
    assert len({line.partition(";")[0] for line in found}) == len(found)
    assert found[0].startswith(f"{LOCK}:{message}")
    assert all(line.startswith(LOCK) for line in found)
    assert fleet.not_pinned() == found


def test_without_a_home_there_is_no_cache(fleet: Fleet) -> None:
    fleet.repository.commit(module())
    fleet.uses().pin()
    fleet.environ = {"PATH": fleet.environ["PATH"]}
    assert fleet.refused() == [
        "fleet.yaml:6:11: there is no cache folder for modules from git; set HOME, or NOVITA_INFRA_CACHE"
    ]


def test_a_folder_or_a_ref_that_is_not_there_is_reported(fleet: Fleet) -> None:
    fleet.repository.commit(module())
    (found,) = fleet.uses("trian").not_pinned()
    assert found == (
        f"fleet.yaml:6:11: {fleet.repository.url} has no folder trian at its default branch; "
        "look at the folder behind // and at the ref"
    )
    (found,) = fleet.uses(ref="v9").not_pinned()
    assert found.startswith(
        f"fleet.yaml:6:11: {fleet.repository.url} cannot be fetched at v9: fatal: couldn't find remote ref v9"
    )
