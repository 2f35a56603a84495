"""One ref of a remote: its newest commit as files by path, and commits on top of it by compare-and-swap.

A private bare repository in a temporary folder has what was fetched and what is pushed. Nothing is checked out, and the
repository of the project is not touched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import Problems, problem, reason
from novita_infra.state.backends.git.complaints import failure_of, is_missing_ref, is_race, refused_push
from novita_infra.state.backends.git.remotes import Remote
from novita_infra.state.objects.objects import ABSENT, Conflict, ObjectChange, OutOfReach

LIMIT: Final = 55.0
"""Seconds for all commands of one call."""
_OWN: Final = "refs/novita-infra/fetched"
"""The ref of the private repository that has the newest commit of the remote's."""
_STUCK: Final = 4
"""Pushes in a row that are refused as overtaken although the remote's commit has not changed."""


class GitRef:
    """A ref of the remote. Its methods may be called from any thread; one at a time works."""

    def __init__(self, find: Callable[[], Remote], ref: str, *, keeps_history: bool, limit: float = LIMIT) -> None:
        """`find` gives the remote, when it is first needed. Without history, a commit has no parent.

        `limit` is the time of a call, in seconds.
        """
        self._limit = limit
        self.ref = ref
        self._find = find
        self._keeps_history = keeps_history
        self._guard = threading.Lock()
        self._private: Path | None = None
        self._tip = ""
        """The commit that the remote had last; empty for none."""
        self._files: dict[str, str] = {}
        """The blobs of that commit by path."""
        self._known = False
        """Whether these are what the remote had last."""
        self._has_pushed = False

    def files(self) -> Mapping[str, str]:
        """The blobs of all files by path, as the remote has them now."""
        with self._guard:
            self._fetch(time.monotonic() + self._limit)
            return self._files

    def contents(self, blobs: Sequence[str]) -> list[bytes]:
        """The contents of blobs that `files` has named at any time. Asks no remote."""
        with self._guard:
            return self._read_blobs(blobs)

    def write(self, changes: Sequence[ObjectChange], message: str) -> None:
        """Makes the changes with one commit and one push. Raises as `Objects.write`; nothing is changed then.

        A commit of others in between costs a fetch and another push, if the files in question are as expected.
        """
        until = time.monotonic() + self._limit
        with self._guard:
            fresh, stuck = not self._known, 0
            if fresh:
                self._fetch(until)
            while True:
                refused = ""
                try:
                    files = self._after(changes)
                except Conflict:
                    if fresh:
                        raise
                else:
                    if files == self._files and fresh:  # nothing to push
                        return
                    if files != self._files:
                        refused = self._push(files, changes, message, until)
                        if not refused:
                            return
                if time.monotonic() >= until:
                    raise OutOfReach(f"{self._place}: other runs kept writing for {self._limit:g} s")
                before, fresh = self._tip, True
                self._fetch(until)
                if refused and self._has(refused):
                    return
                stuck = stuck + 1 if self._tip == before else 0
                if stuck > _STUCK:
                    raise OutOfReach(f"{self._place}: the server refuses to update it, and it has not changed")

    def _after(self, changes: Sequence[ObjectChange]) -> dict[str, str]:
        """The files after the changes. Raises Conflict."""
        files = dict(self._files)
        for change in changes:
            if change.expected is not None and files.get(change.key, ABSENT) != change.expected:
                raise Conflict(change.key)
            if change.data is None:
                files.pop(change.key, None)
            else:
                files[change.key] = blob_of(change.data)
        return files

    def _push(self, files: dict[str, str], changes: Sequence[ObjectChange], message: str, until: float) -> str:
        """Commits and pushes; returns the commit if it is refused because the remote has another one by now.

        The remote may have this very commit: libcurl repeats a request whose connection ends without an answer.
        """
        commit = self._commit(files, {change.key: change.data for change in changes}, message)
        lease = f"--force-with-lease={self.ref}:{self._tip}"
        options = ("--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no", lease)
        self._known, self._has_pushed = False, True
        code, report, complaints, trouble = self._talk("push", *options, "state", f"{commit}:{self.ref}", until=until)
        if code == 0 and not trouble:
            self._tip, self._files, self._known = commit, files, True
            return ""
        if not trouble and is_race(report):
            return commit
        answered = None if trouble else refused_push(report, complaints, place=self._place)
        raise answered or failure_of(complaints, trouble, place=self._place, pushes=True)

    def _has(self, commit: str) -> bool:
        """Whether the remote's commit is this one, or was made on top of it."""
        if not self._tip or not self._keeps_history:
            return self._tip == commit
        return self._run("rev-list", "--count", commit, f"^{self._tip}").strip() == b"0"

    def _fetch(self, until: float) -> None:
        """Brings the newest commit of the remote."""
        self._known = False
        depth = ("--depth=1",) if self._keeps_history and not self._tip and not self._has_pushed else ()
        code, _, complaints, trouble = self._talk(
            *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", *depth),
            *("state", f"+{self.ref}:{_OWN}"),
            until=until,
        )
        if code or trouble:
            if trouble or not is_missing_ref(complaints):
                raise failure_of(complaints, trouble, place=self._place, pushes=False)
            self._tip, self._files, self._known = "", {}, True
            return
        tip = self._run("rev-parse", "--verify", f"{_OWN}^{{commit}}").decode().strip()
        if tip != self._tip:
            self._files = _listed(self._run("ls-tree", "-r", "-z", "--full-tree", tip))
            self._tip = tip
        self._known = True

    def _commit(self, files: Mapping[str, str], changed: Mapping[str, bytes | None], message: str) -> str:
        """The id of a commit with these files, made of the last one and the changed ones."""
        text = message.encode()
        lines = [f"commit refs/novita-infra/next\nmark :1\ncommitter {self._remote.author} now\n".encode()]
        lines.append(b"data %d\n%b\n" % (len(text), text))
        if self._keeps_history and self._tip:
            lines.append(f"from {self._tip}\n".encode())
        else:
            lines += [f"M 100644 {blob} {path}\n".encode() for path, blob in files.items() if path not in changed]
        for path, data in changed.items():
            if data is not None:
                lines.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data))
            elif path in self._files:
                lines.append(f"D {path}\n".encode())
        lines.append(b"\nget-mark :1\ndone\n")
        return (
            self._run("fast-import", "--quiet", "--force", "--done", "--date-format=now", given=b"".join(lines))
            .decode()
            .strip()
        )

    def _read_blobs(self, blobs: Sequence[str]) -> list[bytes]:
        if not blobs:
            return []
        output = self._run("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
        found, at = [], 0
        for blob in blobs:
            end = output.index(b"\n", at)
            header = output[at:end].decode()
            if not header.startswith(f"{blob} blob "):
                raise problem(f"{self._place} is damaged: {header}", "git fsck in a clone of it shows more")
            size = int(header.rpartition(" ")[2])
            found.append(output[end + 1 : end + 1 + size])
            at = end + 2 + size
        return found

    @property
    def _remote(self) -> Remote:
        return self._find()

    @property
    def _place(self) -> str:
        return f"{self._remote.name} {self.ref.removeprefix('refs/heads/')}"

    @property
    def _folder(self) -> Path:
        """The private repository, which is made when it is first needed, and removed at the end."""
        if self._private is None:
            try:
                private = Path(tempfile.mkdtemp(prefix="novita-infra-git-"))
            except OSError as error:
                raise problem(
                    f"there is no temporary folder for git: {reason(error)}", "set TMPDIR to another"
                ) from error
            weakref.finalize(self, shutil.rmtree, private, ignore_errors=True)
            self._private = private
            self._run("init", "--quiet", "--bare", "--template=", str(private))
        return self._private

    def _run(self, *words: str, given: bytes = b"") -> bytes:
        """The output of a command in the private repository that talks to nobody."""
        code, output, complaints, late = self._command(words, given, self._folder, self._limit)
        if late:
            raise OutOfReach(f"git {words[0]} {late}")
        if code:
            lines = complaints.decode("utf-8", "replace").strip().split("\n")
            raise self._unusable(f"git {words[0]}: {lines[0].removeprefix('fatal: ')}")
        return output

    def _talk(self, *words: str, until: float) -> tuple[int, bytes, bytes, str]:
        """The code, the output, the complaints and the reason of an early end of a command that talks to the remote."""
        return self._command(words, b"", self._remote.folder, max(0.1, until - time.monotonic()))

    def _command(
        self, words: Sequence[str], given: bytes, folder: Path, timeout: float
    ) -> tuple[int, bytes, bytes, str]:
        """As `_talk`, for a command with an input. It ends with all that it started, such as ssh."""
        process = None
        try:
            process = subprocess.Popen(  # noqa: S603 -- git, with arguments of ours and ids
                [self._remote.program, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=self._remote.in_repository(self._folder),
                start_new_session=True,
            )
            output, complaints = process.communicate(given, timeout)
        except subprocess.TimeoutExpired:
            return -1, b"", b"", f"took more than {timeout:.1f} s"
        except OSError as error:
            raise self._unusable(reason(error)) from error
        finally:
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        return process.returncode, output, complaints, ""

    def _unusable(self, words: str) -> Problems:
        return problem(
            f"the temporary repository {self._private} cannot be used: {words}",
            "look whether its disk is full; TMPDIR names another folder",
        )


def _listed(output: bytes) -> dict[str, str]:
    """The blobs by path in the output of `ls-tree -r -z`."""
    files = {}
    for entry in output.split(b"\0"):
        about, _, path = entry.partition(b"\t")
        match about.decode().split(" "):
            case [_, "blob", blob]:
                files[path.decode("utf-8", "surrogateescape")] = blob
    return files


def blob_of(data: bytes) -> str:
    """The id that git gives a file with that content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
