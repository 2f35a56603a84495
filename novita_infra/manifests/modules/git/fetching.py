"""Fetches a folder of a repository at one commit: the least that the server can give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from novita_infra.manifests.modules.git.program import GitProgram, is_full, words_of
from novita_infra.manifests.modules.git.source import GitSource
from novita_infra.manifests.modules.git.trees import MOST_BYTES, MOST_FILES, TreeFile, UnfitTree, checked_name
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.programs.git_faults import ADVICE, git_fault_in
from novita_infra.programs.processes import Exited

_WANTED: Final = "refs/wanted"
_EVERY: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_NOT_BY_COMMIT: Final = (b"unadvertised object", b"not our ref", b"dumb http", b"shallow")
"""What servers say that give no single commit: of them all branches and tags are fetched."""
_FETCH: Final = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
_WITHOUT_BLOBS: Final = "--filter=blob:none"
"""Without the contents of files. A server that cannot do so sends all."""
_LONGEST_LIST: Final = 2**23
"""Bytes of the list of all files of a folder."""
_HEADING: Final = 128
"""Bytes of the line before the content of a file, and more."""
_ACCESS: Final = "git uses its own settings: try `git ls-remote` with the address, in this shell"
_LINK: Final = b"120000"
_SUBMODULE: Final = b"160000"


class _Entry(NamedTuple):
    """A file of a folder in a repository."""

    path: str
    object: bytes
    is_link: bool


def fetch_commit(git: GitProgram, source: GitSource, pinned: str = "") -> str:
    """Fetches the pinned commit without its history, or what the ref is now. Returns the commit. Raises NoModule."""
    git.folder.mkdir()
    made = git.run("init", "--quiet", "--bare", "--template=")
    if made.code:
        raise NoModule(f"git cannot make a repository: {words_of(made)}")
    commit = pinned or source.commit
    wanted = f"+{commit or source.ref or 'HEAD'}:{_WANTED}"
    fetched = git.run(*_FETCH, "--depth=1", _WITHOUT_BLOBS, "--", source.url, wanted)
    if fetched.code and any(words in fetched.complaints for words in _NOT_BY_COMMIT):
        fetched = git.run(*_FETCH, "--", source.url, *(_EVERY if commit else (wanted,)))
    if fetched.code:
        raise _not_fetched(git, source, fetched)
    resolved = git.run("rev-parse", "--verify", "--quiet", f"{commit or _WANTED}^{{commit}}")
    if resolved.code:
        hint = (
            "its history was rewritten, or the commit is misspelt; `novita-infra modules update` pins what is there now"
        )
        raise NoModule(f"{source.url} has no commit {commit}", hint)
    return resolved.output.decode("ascii").strip()


def fetched_files(git: GitProgram, source: GitSource, commit: str) -> list[TreeFile]:
    """Returns the files of the folder of the source at a commit that is fetched. Raises NoModule and UnfitTree."""
    listed = git.run("ls-tree", "-r", "-z", f"{commit}:{source.folder}", most_output=_LONGEST_LIST)
    if listed.code:
        hint = "look at the folder behind // and at the ref"
        raise NoModule(f"{source.url} has no folder {source.folder} at {source.ref or 'its default branch'}", hint)
    entries = _entries(listed.output)
    if len(entries) > MOST_FILES:
        raise UnfitTree(f"it holds {len(entries):,} files, and a module has at most {MOST_FILES:,}")
    objects = b"".join(entry.object + b"\n" for entry in entries)
    git.run(*_FETCH, _WITHOUT_BLOBS, "--no-write-fetch-head", "--stdin", "--", source.url, given=objects)  # all at once
    read = git.run("cat-file", "--batch", given=objects, most_output=MOST_BYTES + len(entries) * _HEADING)
    if read.code:
        raise _not_fetched(git, source, read)
    return [*_contents(entries, read.output)]


def _entries(listed: bytes) -> list[_Entry]:
    """Returns the files and links of `ls-tree`. What a submodule would hold is left out."""
    entries = []
    for line in listed.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.split(b" ")
        if mode != _SUBMODULE:
            entries.append(_Entry(checked_name(path), name, mode == _LINK))
    return entries


def _contents(entries: list[_Entry], data: bytes) -> Iterator[TreeFile]:
    """Yields the files with what `cat-file --batch` printed: a line with the length before each content."""
    at = 0
    for entry in entries:
        end = data.find(b"\n", at)
        name, _, length = data[at:end].rpartition(b" ")
        if not length.isdigit() or not name.startswith(entry.object):
            raise UnfitTree(f"the repository does not give {entry.path}")
        start, at = end + 1, end + 2 + int(length)
        yield TreeFile(entry.path, data[start : at - 1], entry.is_link)


def _not_fetched(git: GitProgram, source: GitSource, ended: Exited) -> NoModule:
    """Returns why nothing was fetched."""
    if is_full(git):
        return NoModule(f"{source.url} is too large: git fetches at most {git.most_bytes >> 20} MB")
    ref = f" at {source.ref}" if source.ref else ""
    fault = git_fault_in(ended.complaints.decode("utf-8", "replace"))
    hint = ADVICE.get(fault, _ACCESS) if fault else _ACCESS
    return NoModule(f"{source.url} cannot be fetched{ref}: {words_of(ended)}", hint)
